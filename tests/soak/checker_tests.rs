//! That the checker finds what it is there to find: made-up deliveries, each with one thing wrong.

use crate::checker::{Checker, Claim, Tally, Verdict};
use crate::message::{After, Message};

fn message(id: u32, seq: u64) -> Message {
    Message { id, seq, length: 100, after: After::default() }
}

fn after(message: Message, id: u32, count: u64) -> Message {
    Message { after: After { id, count }, ..message }
}

/// What happens to the checker.
enum Step {
    Got(Message),
    Torn,
    ConsumerKilled,
    ConsumerLeft,
}

use Step::{ConsumerKilled, ConsumerLeft, Got, Torn};

fn check(steps: Vec<Step>, claims: &[(u32, u64)]) -> (Verdict, Tally) {
    let claims = claims.iter().map(|(id, returned)| (*id, Claim { returned: *returned, killed: true }));
    let mut checker = Checker::default();
    for step in steps {
        match step {
            Got(message) => checker.delivered(Some(message)),
            Torn => checker.delivered(None),
            ConsumerKilled => checker.consumer_killed(),
            ConsumerLeft => checker.consumer_left(),
        }
    }
    checker.conclude(&claims.collect())
}

/// Torn, missing, foreign, disordered, acausal, repeated.
fn counts(verdict: &Verdict) -> [u64; 6] {
    let Verdict { torn, missing, foreign, disordered, acausal, repeated } = verdict;
    [torn, missing, foreign, disordered, acausal, repeated].map(|breaches| breaches.count)
}

const FINE: [u64; 6] = [0; 6];

fn stream(id: u32, seqs: impl IntoIterator<Item = u64>) -> Vec<Step> {
    seqs.into_iter().map(|seq| Got(message(id, seq))).collect()
}

#[test]
fn what_holds_is_found_to_hold() {
    let steps = vec![Got(message(1, 0)), Got(after(message(2, 0), 1, 1)), Got(message(1, 1))];
    let (verdict, tally) = check(steps, &[(1, 2), (2, 1), (3, 0)]);
    assert_eq!(counts(&verdict), FINE);
    assert_eq!((tally.delivered, tally.bytes, tally.causes, tally.in_flight), (3, 300, 1, 0));
}

#[test]
fn a_torn_message_is_found() {
    let (verdict, _) = check(vec![Got(message(1, 0)), Torn], &[(1, 1)]);
    assert_eq!(counts(&verdict), [1, 0, 0, 0, 0, 0]);
}

#[test]
fn a_missing_message_is_found_wherever_it_is_missing() {
    for absent in 0..5 {
        let (verdict, _) = check(stream(1, (0..5).filter(|seq| *seq != absent)), &[(1, 5)]);
        assert_eq!(counts(&verdict), [0, 1, 0, 0, 0, 0]);
        assert!(verdict.missing.first[0].starts_with(&format!("1/{absent} ")));
    }
    assert_eq!(counts(&check(vec![], &[(1, 3)]).0), [0, 3, 0, 0, 0, 0]);
}

#[test]
fn swapped_messages_are_found_and_are_not_missing() {
    let (verdict, _) = check(stream(1, [0, 2, 1, 3]), &[(1, 4)]);
    assert_eq!(counts(&verdict), [0, 0, 0, 1, 0, 0]);
}

#[test]
fn an_effect_before_its_cause_is_found() {
    let early = vec![Got(message(1, 0)), Got(after(message(2, 0), 1, 2)), Got(message(1, 1))];
    assert_eq!(counts(&check(early, &[(1, 2), (2, 1)]).0), [0, 0, 0, 0, 1, 0]);

    let never_heard_of = vec![Got(after(message(2, 0), 1, 1)), Got(message(1, 0))];
    assert_eq!(counts(&check(never_heard_of, &[(1, 1), (2, 1)]).0), [0, 0, 0, 0, 1, 0]);

    let behind_a_gap = vec![Got(message(1, 1)), Got(after(message(2, 0), 1, 2)), Got(message(1, 0))];
    assert_eq!(counts(&check(behind_a_gap, &[(1, 2), (2, 1)]).0), [0, 0, 0, 1, 1, 0]);
}

#[test]
fn a_duplicate_is_found() {
    let (verdict, tally) = check(stream(1, [0, 1, 1, 2]), &[(1, 3)]);
    assert_eq!((counts(&verdict), tally.duplicates), ([0, 0, 0, 0, 0, 1], 0));
}

#[test]
fn a_killed_consumer_explains_one_duplicate_of_its_last_delivery() {
    let mut steps = stream(1, 0..3);
    steps.push(ConsumerKilled);
    steps.extend(stream(1, 2..4));
    let (verdict, tally) = check(steps, &[(1, 4)]);
    assert_eq!((counts(&verdict), tally.duplicates, tally.delivered), (FINE, 1, 4));
}

#[test]
fn a_killed_consumer_explains_neither_a_second_nor_an_older_duplicate() {
    let cases = [vec![2, 2], vec![1, 2], vec![3, 2]];
    for again in cases {
        let mut steps = stream(1, 0..3);
        steps.push(ConsumerKilled);
        steps.extend(stream(1, again));
        assert_eq!(check(steps, &[(1, 4)]).0.repeated.count, 1);
    }
}

#[test]
fn a_message_can_come_thrice_if_two_consumers_were_killed_with_it() {
    let mut steps = stream(1, [0]);
    steps.push(ConsumerKilled);
    steps.extend(stream(1, [0]));
    steps.push(ConsumerKilled);
    // Killed before it delivered anything.
    steps.push(ConsumerKilled);
    steps.extend(stream(1, [0, 1]));
    let (verdict, tally) = check(steps, &[(1, 2)]);
    assert_eq!((counts(&verdict), tally.duplicates), (FINE, 2));
}

#[test]
fn a_duplicate_may_wait_until_what_overtook_it_has_come() {
    // Publisher 2 drew its ticket first and published later; then publisher 1's last one comes again.
    let mut steps = stream(1, [0]);
    steps.push(ConsumerKilled);
    steps.extend(stream(2, [0]));
    steps.push(ConsumerKilled);
    steps.extend(stream(2, [0]));
    steps.extend(stream(1, [0]));
    let (verdict, tally) = check(steps, &[(1, 1), (2, 1)]);
    assert_eq!((counts(&verdict), tally.duplicates), (FINE, 2));
}

#[test]
fn a_consumer_that_left_in_good_order_explains_no_duplicate() {
    let mut steps = stream(1, 0..2);
    steps.push(ConsumerLeft);
    // The next one is killed before it delivers anything.
    steps.push(ConsumerKilled);
    steps.extend(stream(1, 1..3));
    assert_eq!(counts(&check(steps, &[(1, 3)]).0), [0, 0, 0, 0, 0, 1]);
}

#[test]
fn the_one_publish_under_way_at_a_kill_may_arrive_and_no_other() {
    let (verdict, tally) = check(stream(1, 0..3), &[(1, 2)]);
    assert_eq!((counts(&verdict), tally.in_flight), (FINE, 1));
    assert_eq!(counts(&check(stream(1, 0..4), &[(1, 2)]).0), [0, 0, 1, 0, 0, 0]);
}

#[test]
fn a_publisher_that_was_not_killed_has_no_publish_under_way() {
    let mut checker = Checker::default();
    (0..3).for_each(|seq| checker.delivered(Some(message(1, seq))));
    let claims = [(1, Claim { returned: 2, killed: false })];
    assert_eq!(counts(&checker.conclude(&claims.into()).0), [0, 0, 1, 0, 0, 0]);
}

#[test]
fn messages_of_publishers_that_nobody_started_are_found() {
    assert_eq!(counts(&check(stream(9, [0]), &[(1, 0)]).0), [0, 0, 1, 0, 0, 0]);
}
