//! Children that inherit a producer.

use crate::place::{Place, arguments, check_journal, until};

/// Parent and child publish at once after a fork; then one of them is killed while the other stays idle.
fn fork_and_kill(mode: &str, kill_parent: bool) {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let mut parent =
        place.spawn_producer(&arguments(&[&"id=1", &"count=3000", &format!("mode={mode}"), &"largest=900"]));
    let mut child = None;
    let mut said = [parent.line(), parent.line()];
    said.sort();
    for line in &said {
        if let Some(pid) = line.strip_prefix("child is ") {
            child = Some(pid.parse::<i32>().unwrap());
        }
    }
    assert_eq!(said[1], "child pushed");
    let child = rustix::process::Pid::from_raw(child.unwrap()).unwrap();
    assert_eq!(place.names("ring.").len(), 2, "parent and child have a ring each");
    if kill_parent {
        // The child's own ring must not depend on its parent's.
        let parent_stdin = parent.kill_but_keep_stdin();
        until("the parent's ring is gone while the child lives", || place.names("ring.").len() == 1);
        drop(parent_stdin);
    } else {
        rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
        until("the child's ring is gone while the parent lives", || place.names("ring.").len() == 1);
        parent.finish();
    }
    consumer.finish();
    check_journal(&place.journal(), &[(1, 3000), (2, 3000)], 0);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}

#[test]
fn a_forked_child_publishes_into_a_ring_of_its_own() {
    fork_and_kill("fork", false);
}

#[test]
fn a_forked_child_survives_its_killed_parent_and_the_parents_ring_does_not() {
    fork_and_kill("fork", true);
}

#[test]
fn an_idle_forked_child_does_not_keep_its_dead_parents_ring() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let mut parent = place.spawn_producer(&arguments(&[&"id=1", &"count=50", &"mode=fork-idle"]));
    assert_eq!(parent.line(), "child is idle");
    assert_eq!(place.names("ring.").len(), 1);
    let child_lives_until_here = parent.kill_but_keep_stdin();
    until("the parent's ring is gone while the child lives", || place.names("ring.").is_empty());
    drop(child_lives_until_here);
    consumer.finish();
    check_journal(&place.journal(), &[(1, 50)], 0);
}

#[test]
fn a_child_cloned_behind_the_c_librarys_back_publishes_into_a_ring_of_its_own() {
    fork_and_kill("clone", false);
    fork_and_kill("clone", true);
}

#[test]
fn a_child_that_only_exits_takes_nothing_with_it() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let mut parent = place.spawn_producer(&arguments(&[&"id=1", &"count=500", &"mode=fork-exit"]));
    assert_eq!(parent.line(), "pushed");
    assert_eq!(place.names("ring.").len(), 1);
    parent.finish();
    consumer.finish();
    check_journal(&place.journal(), &[(1, 500)], 0);
}
