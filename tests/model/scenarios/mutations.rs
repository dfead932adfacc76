//! That the model can fail: each fault put into the queue makes some scenario fail, for the right reason.

use std::process::Command;

/// Runs a scenario again in a process of its own, with a fault; gives back whether it passed, and what it printed.
fn run(scenario: &str, mutation: &str) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", scenario, "--nocapture"])
        .env("CANYON_MUTATION", mutation)
        .env("LOOM_MAX_PREEMPTIONS", "2")
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(text.contains("running 1 test"), "no scenario is called {scenario}: {text}");
    (output.status.success(), text)
}

/// A fault that is none: something else does the same.
fn harmless(mutation: &str, scenario: &str) {
    let (passed, text) = run(scenario, mutation);
    assert!(passed, "{scenario} fails with {mutation}: {text}");
}

fn caught(mutation: &str, scenario: &str, complaint: &str) {
    let (passed, text) = run(scenario, mutation);
    assert!(!passed, "{scenario} does not notice {mutation}: {text}");
    assert!(text.contains(complaint), "{scenario} fails with {mutation}, but not with {complaint:?}: {text}");
}

const RACE: &str = "Causality violation: Concurrent";
const ASLEEP: &str = "deadlock";
const WRONG: &str = "an outcome that must not be";

#[test]
fn a_weaker_tail_is_noticed() {
    caught("tail.change=relaxed", "order::one_publisher", RACE);
    caught("tail.load=relaxed", "order::one_publisher", RACE);
    caught("tail.change=acqrel", "sleep::no_wake_up_is_lost", ASLEEP);
    caught("tail.change=acqrel", "room::filling_wakes_a_napping_server", ASLEEP);
}

#[test]
fn a_weaker_head_is_noticed() {
    caught("head.store=relaxed", "room::overwriting_what_was_read", RACE);
    caught("head.load=relaxed", "room::overwriting_what_was_read", RACE);
}

#[test]
fn a_weaker_ticket_is_noticed() {
    caught("ticket.change=relaxed", "order::causal_chain", WRONG);
    // The draw must release: acquiring alone is not enough.
    caught("ticket.change=acquire", "order::causal_chain", WRONG);
    caught("ticket.load=relaxed", "order::causal_chain", WRONG);
}

#[test]
fn a_missing_limit_is_noticed() {
    caught("ticket.load=max", "order::causal_chain", WRONG);
}

#[test]
fn a_weaker_handshake_is_noticed() {
    caught("sleeping.load=acquire", "sleep::no_wake_up_is_lost", ASLEEP);
    caught("fence=none,sleeping.store=release", "sleep::no_wake_up_is_lost", ASLEEP);
    // Either of the two would do; both are kept, since a sleep costs a system call anyway.
    harmless("fence=none", "sleep::no_wake_up_is_lost");
    harmless("sleeping.store=release", "sleep::no_wake_up_is_lost");
}

/// What the module's page says to need no order of its own.
#[test]
fn some_orderings_carry_nothing() {
    harmless("sleeping.change=relaxed", "sleep::no_wake_up_of_two_is_lost");
    let generation = "generation.change=relaxed,generation.load=relaxed";
    harmless(generation, "order::causal_chain_through_a_new_ring");
    harmless(generation, "sleep::a_new_publisher_wakes_a_sleeping_server");
    let moved = "moved.store=relaxed,moved.load=relaxed";
    harmless(moved, "moved::a_publisher_attaches_to_a_renamed_directory");
    harmless(moved, "moved::a_publisher_is_at_work");
    let closed = "closed.store=relaxed,closed.load=relaxed";
    harmless(closed, "death::a_publisher_leaves");
    harmless(closed, "death::adopting_races_with_reaping");
}

#[test]
fn a_weaker_doorbell_is_noticed() {
    caught("doorbell.change=relaxed", "sleep::a_waker_is_never_missed", ASLEEP);
}
