//! Several real processes at once: nothing torn, nothing missing, and the order that was promised.

use crate::place::{Place, Process, arguments, check_journal, until};

/// Starts producers 1 to `processes` with `count` messages each.
fn start(place: &Place, processes: u32, count: u64, largest: usize) -> Vec<Process> {
    let spawn = |id| {
        let id = format!("id={id}");
        place.spawn_producer(&arguments(&[&id, &format!("count={count}"), &format!("largest={largest}")]))
    };
    (1..=processes).map(spawn).collect()
}

#[test]
fn eight_processes_at_once_lose_tear_and_reorder_nothing() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let producers = start(&place, 8, 5000, 2000);
    producers.into_iter().for_each(|producer| drop(producer.finish()));
    consumer.finish();
    let expected: Vec<_> = (1..=8).map(|id| (id, 5000)).collect();
    let journal = place.journal();
    check_journal(&journal, &expected, 0);
    assert_eq!(journal.len(), 8 * 5000);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}

#[test]
fn messages_of_all_sizes_up_to_large_files_stay_in_order() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let producers = start(&place, 3, 300, 400_000);
    producers.into_iter().for_each(|producer| drop(producer.finish()));
    consumer.finish();
    check_journal(&place.journal(), &[(1, 300), (2, 300), (3, 300)], 0);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}

#[test]
fn what_was_published_before_is_delivered_before_whoever_published_it() {
    const ROUNDS: u64 = 2000;
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let noise = start(&place, 2, 30_000, 300);
    // Each link pushes only after the push of the link before it has returned, in another process.
    let mut links: Vec<_> =
        (10..13).map(|id| place.spawn_producer(&arguments(&[&format!("id={id}"), &"mode=chain"]))).collect();
    for round in 0..ROUNDS {
        for link in &mut links {
            link.tell(&round.to_string());
            assert_eq!(link.line(), "pushed");
        }
    }
    links.into_iter().chain(noise).for_each(|producer| drop(producer.finish()));
    consumer.finish();

    let journal = place.journal();
    check_journal(&journal, &[(1, 30_000), (2, 30_000), (10, ROUNDS), (11, ROUNDS), (12, ROUNDS)], 0);
    let chain: Vec<_> =
        journal.iter().filter(|entry| entry.id >= 10).map(|entry| (entry.seq, entry.id)).collect();
    let expected: Vec<_> = (0..ROUNDS).flat_map(|round| (10..13).map(move |id| (round, id))).collect();
    assert!(chain == expected, "the chain was delivered out of order");
}

#[test]
fn a_producer_that_begins_to_exist_between_two_pushes_keeps_the_order_too() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let noise = start(&place, 1, 20_000, 300);
    // Every link is a new process with a ring nobody has seen yet, and stays until all is done.
    let links: Vec<_> = (100..160)
        .map(|id| {
            let mut link = place.spawn_producer(&arguments(&[&format!("id={id}"), &"mode=hold"]));
            assert_eq!(link.line(), "pushed");
            link
        })
        .collect();
    links.into_iter().chain(noise).for_each(|producer| drop(producer.finish()));
    consumer.finish();
    let chain: Vec<_> = place.journal().iter().map(|entry| entry.id).filter(|id| *id >= 100).collect();
    assert_eq!(chain, (100..160).collect::<Vec<_>>());
}

#[test]
fn processes_that_come_and_go_without_a_server_leave_one_ring_for_the_server_that_comes() {
    let place = Place::new();
    for id in 1..=30 {
        place.spawn_producer(&arguments(&[&format!("id={id}"), &"count=3"])).finish();
    }
    assert_eq!(place.left_behind().len(), 1);
    place.spawn_consumer(&[]).finish();
    check_journal(&place.journal(), &(1..=30).map(|id| (id, 3)).collect::<Vec<_>>(), 0);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}

#[test]
fn a_server_that_comes_late_and_leaves_early_is_replaced_without_a_loss() {
    let place = Place::new();
    let producers = start(&place, 4, 50_000, 600);
    for _ in 0..10 {
        let delivered = place.delivered();
        let consumer = place.spawn_consumer(&[]);
        until("more is delivered", || place.delivered() > delivered + 1000);
        consumer.kill();
    }
    assert!(place.delivered() < 4 * 50_000, "the last server had nothing left to do");
    let consumer = place.spawn_consumer(&[]);
    producers.into_iter().for_each(|producer| drop(producer.finish()));
    consumer.finish();
    check_journal(&place.journal(), &[(1, 50_000), (2, 50_000), (3, 50_000), (4, 50_000)], 10);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}
