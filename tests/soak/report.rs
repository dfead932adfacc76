//! The summary, and each promise as a counted test.

use crate::act::Outcome;
use crate::publishers::FAMILIES;
use crate::score::{Check, Score};

/// The largest ring of a publisher, with the page at its head.
const RING_BYTES: u64 = 256 * 1024 + 4096;

/// What may lie in spill files for one ring.
const SPILL_BYTES: u64 = 8 * 1024 * 1024;

/// Rings beyond the most publishers that lived at once. Those of killed ones stay until the consumer looks or a new
/// publisher takes them, and a publisher tries only some before it makes its own. A leak would be one per kill.
const SPARE_RINGS: usize = 6;

/// Prints the table of what happened.
pub(crate) fn summarise(outcomes: &[Outcome]) {
    type Figure = (&'static str, fn(&Outcome) -> String);
    let figures: &[Figure] = &[
        ("seconds", |o| format!("{:.0}", o.seconds)),
        ("publishers that published", |o| o.publishers.to_string()),
        ("  processes started", |o| o.doings.started.to_string()),
        ("  forked after their first publish", |o| o.doings.forked.to_string()),
        ("  killed with SIGKILL", |o| o.doings.killed.to_string()),
        ("  paused with SIGSTOP", |o| o.doings.paused.to_string()),
        ("  ended by themselves", |o| o.doings.ended.to_string()),
        ("  at once, at most", |o| o.census.publishers.to_string()),
        ("consumers killed with SIGKILL", |o| o.troubles.killed.to_string()),
        ("  paused with SIGSTOP", |o| o.troubles.paused.to_string()),
        ("  replaced in good order", |o| o.troubles.left.to_string()),
        ("events delivered", |o| o.tally.delivered.to_string()),
        ("  MB", |o| format!("{:.0}", o.tally.bytes as f64 / 1e6)),
        ("  larger than a ring takes (files)", |o| o.tally.large.to_string()),
        ("  naming one that came before", |o| o.tally.causes.to_string()),
        ("  published, but killed before it knew", |o| o.tally.in_flight.to_string()),
        ("duplicates after a consumer's SIGKILL", |o| o.tally.duplicates.to_string()),
        ("refused by a full queue, tried again", |o| o.refusals.to_string()),
        ("rings at once, at most", |o| o.census.rings.to_string()),
        ("  more than publishers, at most", |o| o.census.surplus.to_string()),
        ("spill files at once, at most", |o| o.census.spills.to_string()),
        ("KB in the queue directory, at most", |o| (o.census.bytes / 1024).to_string()),
    ];
    println!("\n{:40}{}", "", columns(outcomes.iter().map(|outcome| outcome.plan.name.to_owned())));
    for (name, figure) in figures {
        println!("{name:40}{}", columns(outcomes.iter().map(figure)));
    }
}

fn columns(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| format!("{cell:>14}")).collect()
}

/// Judges every promise.
pub(crate) fn judge(outcome: &Outcome, score: &mut Score) {
    println!("\n{}", outcome.plan.name);
    checks(outcome).into_iter().for_each(|check| score.judge(check));
}

fn checks(outcome: &Outcome) -> Vec<Check> {
    let Outcome { verdict, tally, doings, troubles, census, refusals, .. } = outcome;
    let most_rings = census.publishers + SPARE_RINGS;
    let most_bytes = most_rings as u64 * (RING_BYTES + SPILL_BYTES);
    let happened = [
        (doings.started > FAMILIES as u64, "processes started anew"),
        (doings.forked > 0, "a process that forked"),
        (doings.killed > 0, "a publisher killed"),
        (doings.paused > 0, "a publisher paused"),
        (doings.ended > 0, "a publisher that ended by itself"),
        (tally.causes > 0, "a message that named one before it"),
        (tally.large > 0, "a message in a file of its own"),
        (*refusals > 0, "a full queue"),
        (troubles.paused > 0, "a paused consumer"),
        (troubles.killed > 0 || !outcome.plan.kills_consumers, "a killed consumer"),
        (census.rings > 0, "a ring in the directory"),
    ];
    let absent: Vec<&str> = happened.iter().filter(|(did, _)| !did).map(|(_, what)| *what).collect();
    let left = &outcome.left_behind;
    vec![
        Check::new("no message came torn", &verdict.torn),
        Check::new("nothing is missing of any publish that returned", &verdict.missing),
        Check::new("nothing came that was not published", &verdict.foreign),
        Check::new("each publisher's messages came in its order", &verdict.disordered),
        Check::new("what was published before came before, across processes", &verdict.acausal),
        Check::new("nothing came twice except once across a consumer's SIGKILL", &verdict.repeated),
        Check::that("no file is left in the queue directory", left.is_empty(), left.join(" ")),
        Check::that(
            &format!("rings were bounded by {} living publishers and {SPARE_RINGS}", census.publishers),
            census.rings <= most_rings && census.bytes <= most_bytes,
            format!("there were {} rings, {} bytes", census.rings, census.bytes),
        ),
        Check::new("every process ended as it should", &doings.bad_ends),
        Check::new("the consumer had nothing to complain of", &troubles.complaints),
        Check::that(
            "no publisher complained",
            outcome.php_said.is_empty(),
            outcome.php_said.chars().take(2000).collect(),
        ),
        Check::that(
            "there was trouble of every kind",
            absent.is_empty(),
            format!("there was not: {}", absent.join(", ")),
        ),
    ]
}
