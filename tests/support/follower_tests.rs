//! That a follower finds what it is there to find.

use super::*;

/// A ledger of one channel with a source that has begun so many events.
fn ledger(begun: u64) -> Ledger {
    let ledger = Ledger::new(1);
    let source = ledger.open();
    (0..begun).for_each(|_| {
        source.begin(0);
    });
    ledger
}

fn begin(ledger: &Ledger, count: u64) {
    (0..count).for_each(|_| {
        ledger.sources()[0].begin(0);
    });
}

fn lost(result: Result<(), Fault>) -> u64 {
    match result {
        Err(Fault::Lost(count, _)) => count,
        other => panic!("nothing was lost: {other:?}"),
    }
}

fn is_doubled(result: &Result<(), Fault>) -> bool {
    matches!(result, Err(Fault::Doubled(_)))
}

fn crash(ledger: &Ledger, is_protected: bool) -> Crash {
    Crash { floor: Arc::new(ledger.floor()), is_protected }
}

#[test]
fn what_is_as_it_should_be_is_no_fault() {
    let ledger = ledger(3);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 3);
    for number in 2..6 {
        assert_eq!(follower.event(0, number), Ok(()));
    }
    assert_eq!((follower.missing(&ledger), follower.conclude(&ledger)), (0, vec![]));
}

#[test]
fn the_first_event_may_be_any_that_had_begun_and_the_next_one() {
    for first in 0..=3 {
        assert_eq!(Follower::join(0, &ledger(3)).event(0, first), Ok(()));
    }
    assert_eq!(lost(Follower::join(0, &ledger(3)).event(0, 5)), 2);
}

#[test]
fn a_source_that_comes_later_begins_with_nought() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    ledger.open();
    assert_eq!(lost(follower.event(1, 1)), 1);
    assert_eq!(follower.event(1, 2), Ok(()));
}

#[test]
fn gaps_doubles_and_swaps_are_found() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    assert_eq!(follower.event(0, 0), Ok(()));
    assert!(is_doubled(&follower.event(0, 0)));
    assert_eq!(lost(follower.event(0, 3)), 2);
    assert!(is_doubled(&follower.event(0, 2)));
    assert_eq!(follower.event(0, 4), Ok(()));
}

#[test]
fn what_is_missing_or_too_much_in_the_end_is_found() {
    let ledger = ledger(2);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 2);
    assert_eq!(follower.missing(&ledger), 2, "nothing came, and two began after it had joined");
    assert_eq!(follower.event(0, 2), Ok(()));
    assert_eq!(follower.missing(&ledger), 1);
    assert_eq!(lost(Err(follower.conclude(&ledger).remove(0))), 1);
    assert_eq!(follower.event(0, 3), Ok(()));
    assert_eq!(follower.conclude(&ledger), []);
    assert_eq!(follower.event(0, 4), Ok(()));
    assert!(is_doubled(&Err(follower.conclude(&ledger).remove(0))), "only four were published");
}

#[test]
fn of_a_source_with_an_uncertain_end_nothing_need_have_come() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 4);
    assert_eq!(follower.event(0, 0), Ok(()));
    ledger.sources()[0].end(false);
    assert_eq!((follower.missing(&ledger), follower.conclude(&ledger)), (0, vec![]));
}

#[test]
fn a_crash_excuses_what_had_begun_before_it_and_one_repetition() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 5);
    (0..3).for_each(|number| assert_eq!(follower.event(0, number), Ok(())));
    let crash = crash(&ledger, true);
    begin(&ledger, 2);
    follower.rejoin(&ledger, crash);
    assert_eq!(follower.event(0, 2), Ok(()), "what was being delivered comes again");
    assert!(is_doubled(&follower.event(0, 1)));
    assert_eq!(follower.event(0, 5), Ok(()));
    assert_eq!((follower.missed, follower.repeated), (2, 1));
    assert_eq!(follower.event(0, 6), Ok(()));
    assert_eq!(follower.conclude(&ledger), []);
}

#[test]
fn a_crash_excuses_nothing_that_was_published_after_it() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 3);
    assert_eq!(follower.event(0, 0), Ok(()));
    let crash = crash(&ledger, true);
    begin(&ledger, 4);
    follower.rejoin(&ledger, crash);
    assert_eq!(lost(follower.event(0, 5)), 2, "3 and 4 had waited in the queue");
    assert_eq!(follower.missed, 2);
}

#[test]
fn who_is_back_too_late_misses_what_was_delivered_meanwhile() {
    let ledger = ledger(0);
    let mut follower = Follower::join(0, &ledger);
    begin(&ledger, 3);
    let crash = crash(&ledger, false);
    begin(&ledger, 4);
    follower.rejoin(&ledger, crash);
    assert_eq!(lost(follower.event(0, 8)), 1, "7 began after it was back");
    assert_eq!(follower.event(0, 9), Ok(()));
}

#[test]
fn after_a_crash_nothing_may_be_missing_in_the_end_that_was_published_after_it() {
    for (is_protected, faults) in [(true, 1), (false, 0)] {
        let ledger = ledger(0);
        let mut follower = Follower::join(0, &ledger);
        begin(&ledger, 2);
        let crash = crash(&ledger, is_protected);
        begin(&ledger, 1);
        follower.rejoin(&ledger, crash);
        assert_eq!(follower.conclude(&ledger).len(), faults);
    }
}
