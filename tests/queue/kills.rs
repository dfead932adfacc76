//! SIGKILL at every point inside an operation.

use crate::place::{Place, arguments, check_journal, until};

/// Producers that are killed at a stop, one after another, while another one publishes undisturbed.
fn kill_producers_at(point: &str, least: usize, largest: usize, returned: u64) {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    // Stays to the end: a ring that it left could be adopted by a victim that is to make one.
    let witness = place.spawn_producer(&arguments(&[&"id=1", &"count=20000", &"largest=200", &"mode=hold"]));
    let mut expected = vec![(1, 20_000)];
    for id in 10..20u32 {
        let progress = place.beside(&format!("progress.{id}"));
        let victim = place.spawn_producer(&arguments(&[
            &format!("id={id}"),
            &"count=1000",
            &format!("least={least}"),
            &format!("largest={largest}"),
            &format!("stop={point}:{}", if returned == 0 { 1 } else { returned + 1 }),
            &format!("progress={}", progress.display()),
        ]));
        victim.kill_at_stop(point);
        let pushed =
            std::fs::read(progress).map_or(0, |bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
        assert_eq!(pushed, returned);
        expected.push((id, pushed));
    }
    witness.finish();
    consumer.finish();
    check_journal(&place.journal(), &expected, 0);
    assert_eq!(place.left_behind(), Vec::<String>::new(), "after kills at {point}");
}

#[test]
fn producers_killed_after_taking_their_ticket_publish_nothing_and_harm_nobody() {
    kill_producers_at("TicketTaken", 0, 500, 30);
}

#[test]
fn producers_killed_half_way_through_the_copy_publish_nothing_and_harm_nobody() {
    kill_producers_at("HalfCopied", 0, 5000, 30);
}

#[test]
fn producers_killed_before_publishing_publish_nothing_and_harm_nobody() {
    kill_producers_at("RecordWritten", 0, 500, 30);
}

#[test]
fn producers_killed_after_publishing_have_published() {
    kill_producers_at("RecordPublished", 0, 500, 30);
}

#[test]
fn producers_killed_after_writing_a_spill_file_leave_none() {
    kill_producers_at("SpillWritten", 100_000, 900_000, 3);
}

#[test]
fn producers_killed_while_making_their_ring_leave_nothing() {
    for point in ["RingCreated", "RingReady", "RingNamed"] {
        kill_producers_at(point, 0, 500, 0);
    }
}

#[test]
fn a_ring_abandoned_inside_a_push_is_adopted_as_if_the_push_had_never_begun() {
    let cases = [("HalfCopied", 0, 5000), ("RecordWritten", 0, 500), ("SpillWritten", 100_000, 900_000)];
    for (point, least, largest) in cases {
        let place = Place::new();
        let victim = place.spawn_producer(&arguments(&[
            &"id=10",
            &"count=100",
            &format!("least={least}"),
            &format!("largest={largest}"),
            &format!("stop={point}:4"),
        ]));
        victim.kill_at_stop(point);
        // The heirs write where the victim was writing, small and large.
        for (id, largest) in [(11, 100), (12, largest)] {
            let heir = arguments(&[
                &format!("id={id}"),
                &"count=2",
                &format!("least={}", largest / 2),
                &format!("largest={largest}"),
            ]);
            place.spawn_producer(&heir).finish();
        }
        assert_eq!(place.names("ring.").len(), 1, "{point}: the ring was not adopted");
        place.spawn_consumer(&[]).finish();
        let journal = place.journal();
        let pushed = journal.iter().filter(|entry| entry.id == 10).count() as u64;
        check_journal(&journal, &[(10, pushed), (11, 2), (12, 2)], 0);
        assert_eq!(place.left_behind(), Vec::<String>::new());
    }
}

/// A server that is killed at a stop again and again, each time a little later.
fn kill_consumers_at(point: &str, largest: usize) -> usize {
    let place = Place::new();
    let spawn = |id| {
        let id = format!("id={id}");
        place.spawn_producer(&arguments(&[&id, &"count=400", &format!("largest={largest}")]))
    };
    let producers: Vec<_> = (1..=3).map(spawn).collect();
    for nth in 1..=10 {
        place.spawn_consumer(&arguments(&[&format!("stop={point}:{}", nth * 7)])).kill_at_stop(point);
    }
    let consumer = place.spawn_consumer(&[]);
    producers.into_iter().for_each(|producer| drop(producer.finish()));
    consumer.finish();
    let twice = check_journal(&place.journal(), &[(1, 400), (2, 400), (3, 400)], 10);
    assert_eq!(place.left_behind(), Vec::<String>::new());
    twice
}

#[test]
fn a_server_killed_after_a_delivery_repeats_that_one_and_loses_none() {
    assert_eq!(kill_consumers_at("Delivered", 500), 10);
}

#[test]
fn a_server_killed_after_noting_a_delivery_repeats_and_loses_none() {
    assert_eq!(kill_consumers_at("DeliveryNoted", 500), 0);
    assert_eq!(kill_consumers_at("DeliveryNoted", 300_000), 0);
}

#[test]
fn a_server_killed_while_it_clears_away_dead_producers_loses_nothing() {
    for point in ["ReapLocked", "ReapDrained"] {
        let place = Place::new();
        for id in 1..=5 {
            // Killed, so that a ring stays: an orderly end would leave it to the next one.
            let victim = place.spawn_producer(&arguments(&[
                &format!("id={id}"),
                &"count=9",
                &"stop=RecordPublished:9",
            ]));
            victim.kill_at_stop("RecordPublished");
            place.spawn_consumer(&arguments(&[&format!("stop={point}:1")])).kill_at_stop(point);
        }
        place.spawn_consumer(&[]).finish();
        check_journal(&place.journal(), &(1..=5).map(|id| (id, 9)).collect::<Vec<_>>(), 0);
        assert_eq!(place.left_behind(), Vec::<String>::new());
    }
}

#[test]
fn producers_killed_at_any_moment_lose_nothing_that_returned() {
    let place = Place::new();
    let consumer = place.spawn_consumer(&[]);
    let mut expected = Vec::new();
    for id in 1..=40u32 {
        let progress = place.beside(&format!("progress.{id}"));
        let victim = place.spawn_producer(&arguments(&[
            &format!("id={id}"),
            &"count=100000000",
            &"largest=3000",
            &format!("progress={}", progress.display()),
        ]));
        let pushed =
            || std::fs::read(&progress).map_or(0, |bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
        until("the victim has begun", || pushed() > u64::from(id) * 10);
        victim.kill();
        expected.push((id, pushed()));
    }
    consumer.finish();
    check_journal(&place.journal(), &expected, 0);
    assert_eq!(place.left_behind(), Vec::<String>::new());
}
