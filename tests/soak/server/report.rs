//! The table of what happened, and the promises.

use crate::course::{Outcome, REGULARS};
use crate::samples::{Allowance, Growth, Sample, all, between, growth, slope};
use crate::score::{Check, Score};
use crate::world::lock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the allocator may keep, and what comes and goes with the clients of the moment.
const MEMORY: Allowance = Allowance { share: 0.10, amount: 6e6 };

/// The parent does nothing but wait.
const PARENT_MEMORY: Allowance = Allowance { share: 0.0, amount: 1e6 };

/// Connections come and go between two figures of one page.
const FDS: Allowance = Allowance { share: 0.0, amount: 8.0 };

const NOTHING: Allowance = Allowance { share: 0.0, amount: 0.0 };

/// Below this a slope is no leak but noise: a tenth of it in the time of the soak would not be seen otherwise.
const SLOPE: f64 = 1e6;

/// Of a stretch shorter than this nothing can be said.
const LONG: Duration = Duration::from_secs(120);

/// Lines of the log that are due to what was done to the server, besides those of its crashes.
const EXPECTED: [&str; 6] = [
    "a webhook fails, and is tried again",
    "events for a webhook were dropped",
    "not taken: the rings of their publishers were full",
    "limit=\"header_bytes\"",
    "limit=\"body_bytes\"",
    "limit=\"message_bytes\"",
];

struct Figures {
    server: Growth,
    server_fds: Growth,
    parent: Growth,
    parent_fds: Growth,
    parent_threads: Growth,
    /// Bytes a minute, and over how much time.
    slope: (f64, Duration),
}

fn figures(outcome: &Outcome) -> Figures {
    let window = |(from, to): (Duration, Duration)| between(&outcome.samples, from, to);
    let (warm, late, still) =
        (window(outcome.plan.warm()), window(outcome.plan.late()), window(outcome.plan.still()));
    let of = |figure: fn(&Sample) -> f64| growth(warm, late, figure);
    let time = outcome.plan.still().1.saturating_sub(outcome.plan.still().0);
    Figures {
        server: of(|sample| sample.server_bytes),
        server_fds: of(|sample| sample.other_fds),
        parent: of(|sample| sample.parent_bytes),
        parent_fds: of(|sample| sample.parent_fds),
        parent_threads: of(|sample| sample.parent_threads),
        slope: (slope(still, |sample| sample.server_bytes), time),
    }
}

/// Prints the table.
pub(crate) fn summarise(outcome: &Outcome) {
    let (tally, figures) = (&outcome.world.tally, figures(outcome));
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
    let pauses = lock(&tally.pauses).clone();
    let longest = pauses.iter().copied().fold(0.0, f64::max);
    let megabytes = |growth: Growth| format!("{:.2} -> {:.2}", growth.before / 1e6, growth.after / 1e6);
    let plain = |growth: Growth| format!("{} -> {}", growth.before, growth.after);
    let grown = |name: &str| format!("{:.0}", all(&outcome.grown, name));
    let (events, failed) = {
        let told = lock(&outcome.told);
        (told.events, told.failed)
    };
    let rows = [
        ("seconds", format!("{:.0}", outcome.plan.whole.as_secs_f64())),
        ("events published, by channel", outcome.world.ledger.events().to_string()),
        ("  from the queue, as the server counts", grown("canyon_events_total{entrance=\"queue\"}")),
        ("  over HTTP", grown("canyon_events_total{entrance=\"http\"}")),
        ("  whispers", count(&tally.whispers)),
        ("PHP processes", count(&tally.php_processes)),
        ("deliveries to well-behaved clients", count(&tally.deliveries)),
        ("connections of theirs", count(&tally.connections)),
        ("  after a crash", count(&tally.reconnections)),
        ("  ended with a reset", count(&tally.resets)),
        ("subscriptions back in time after a crash", count(&tally.protected)),
        ("  deliveries lost with the memory of the dead", count(&tally.missed)),
        ("  deliveries repeated", count(&tally.repeated)),
        ("slow clients hung up on", grown("canyon_clients_closed_total{reason=\"slow\"}")),
        ("silent clients hung up on", grown("canyon_clients_closed_total{reason=\"silent\"}")),
        ("connections refused", grown("canyon_connections_refused_total")),
        ("webhook events told, and requests failed", format!("{events}, {failed}")),
        ("reloads", pauses.len().to_string()),
        ("  longest pause, ms", format!("{longest:.1}")),
        ("crashes", outcome.world.crashes().to_string()),
        ("MB of the server, warm and at the end", megabytes(figures.server)),
        ("  slope of the last generation, kB a minute", format!("{:.1}", figures.slope.0 / 1e3)),
        ("descriptors besides connections", plain(figures.server_fds)),
        ("  before and after everybody", format!("{} -> {}", outcome.fds.0, outcome.fds.1)),
        ("MB of the parent", megabytes(figures.parent)),
        ("descriptors of the parent", plain(figures.parent_fds)),
        ("threads of the parent", plain(figures.parent_threads)),
    ];
    println!();
    rows.iter().for_each(|(name, value)| println!("{name:48}{value:>22}"));
    println!("\n{:48}{:>11}{:>11}", "garbage", "sent", "ended");
    for (kind, (sent, ended)) in &*lock(&tally.garbage) {
        println!("{kind:48}{sent:>11}{ended:>11}");
    }
    println!();
}

/// Lines of the log that should not be there.
pub(crate) fn complaints(log: &str, crashes: usize) -> Vec<String> {
    let is_crash = |line: &&str| line.contains("the server was killed by signal 9; a new one starts");
    let mut complaints: Vec<String> = log
        .lines()
        .filter(|line| !is_crash(line) && !EXPECTED.iter().any(|expected| line.contains(expected)))
        .map(str::to_owned)
        .collect();
    let told = log.lines().filter(is_crash).count();
    if told != crashes {
        complaints.push(format!("{told} crashes are told of, and there were {crashes}"));
    }
    complaints
}

/// Judges every promise.
pub(crate) fn judge(outcome: &Outcome, score: &mut Score) {
    checks(outcome).into_iter().for_each(|check| score.judge(check));
}

fn checks(outcome: &Outcome) -> Vec<Check> {
    let (wrongs, figures) = (outcome.world.wrongs(), figures(outcome));
    let flat = |sentence: &str, growth: Growth, allowance: Allowance| {
        Check::that(sentence, growth.is_flat(allowance), format!("{growth:?}"))
    };
    let left: Vec<String> = [
        "canyon_connections{",
        "canyon_subscriptions{",
        "canyon_channels{",
        "canyon_users{",
        "canyon_inbox_bytes{",
    ]
    .into_iter()
    .filter(|gauge| all(&outcome.last_page, gauge) > 0.0)
    .map(|gauge| format!("{gauge}...}} {}", all(&outcome.last_page, gauge)))
    .collect();
    let complaints = complaints(&outcome.log, outcome.world.crashes());
    let absent = absent(outcome);
    let (present, wrong) = {
        let told = lock(&outcome.told);
        (told.present().join(", "), told.wrong)
    };
    let (slope, time) = figures.slope;
    let status = outcome.ended;
    vec![
        Check::new("nothing was lost, but what a dead server had in its memory", &wrongs.lost),
        Check::new("nothing came twice or in another order", &wrongs.doubled),
        Check::new("nothing came that nobody should have got", &wrongs.strange),
        Check::that(
            "every regular has its verdict",
            outcome.regulars_missing == 0,
            format!("{} of {REGULARS} have none", outcome.regulars_missing),
        ),
        Check::new("no well-behaved client was disconnected, but by a crash", &wrongs.disconnected),
        Check::new("no well-behaved client or request was refused anything", &wrongs.refused),
        Check::new("everybody knows who is there, and nobody was told otherwise", &wrongs.presence),
        Check::new("garbage was refused or hung up on, and careless clients too", &wrongs.garbage),
        Check::new("every reload succeeded", &wrongs.reloads),
        Check::new("metrics were served all the time, and no counter fell", &wrongs.metrics),
        Check::new("nobody who publishes had trouble", &wrongs.publishers),
        Check::that(
            "PHP had nothing to say",
            outcome.php_said.is_empty(),
            outcome.php_said.chars().take(2000).collect(),
        ),
        Check::that("nobody is left, nor anything of anybody", left.is_empty(), left.join(", ")),
        Check::that("webhooks were told of everybody who left", present.is_empty(), present),
        Check::that("webhooks were signed and understood", wrong == 0, format!("{wrong} were not")),
        flat("the server's memory is flat", figures.server, MEMORY),
        Check::that(
            "the last generation's memory does not grow",
            time < LONG || slope < SLOPE,
            format!("{slope:.0} bytes a minute"),
        ),
        flat("the server's descriptors are flat", figures.server_fds, FDS),
        flat(
            "the server has as many descriptors as before",
            Growth { before: outcome.fds.0, after: outcome.fds.1 },
            NOTHING,
        ),
        flat("the parent's memory is flat", figures.parent, PARENT_MEMORY),
        flat("the parent's descriptors are flat", figures.parent_fds, NOTHING),
        flat("the parent's threads are flat", figures.parent_threads, NOTHING),
        Check::that("there is no zombie", outcome.zombies.is_empty(), format!("{:?}", outcome.zombies)),
        Check::that(
            "no file is left in the queue directory",
            outcome.left_behind.is_empty(),
            outcome.left_behind.join(" "),
        ),
        Check::that(
            "the log tells of nothing else",
            complaints.is_empty(),
            complaints.iter().take(10).cloned().collect::<Vec<_>>().join("\n  "),
        ),
        Check::that(
            "the server ended in good order",
            status.is_some_and(|status| status.success()),
            format!("{status:?}"),
        ),
        Check::that(
            "there was trouble of every kind",
            absent.is_empty(),
            format!("there was not: {}", absent.join(", ")),
        ),
    ]
}

/// What should have happened at least once.
fn absent(outcome: &Outcome) -> Vec<&'static str> {
    let tally = &outcome.world.tally;
    let is = |counter: &AtomicU64| counter.load(Ordering::Relaxed) > 0;
    let grown = |name: &str| all(&outcome.grown, name) > 0.0;
    let happened = [
        (lock(&tally.pauses).len() > 1, "reloads"),
        (outcome.world.crashes() > 0, "a crash"),
        (is(&tally.protected), "somebody back in time after a crash"),
        (is(&tally.whispers), "a whisper"),
        (is(&tally.resets), "a reset"),
        (tally.php_processes.load(Ordering::Relaxed) > 4, "PHP processes replaced"),
        (grown("canyon_events_total{entrance=\"http\"}"), "an event over HTTP"),
        (grown("canyon_clients_closed_total{reason=\"slow\"}"), "a slow client"),
        // In a minute with a crash in it nobody is silent for long enough.
        (
            grown("canyon_clients_closed_total{reason=\"silent\"}") || outcome.plan.whole < LONG,
            "a silent client",
        ),
        (grown("canyon_webhook_retries_total"), "a webhook told again"),
        (lock(&tally.garbage).len() == 27, "garbage of every kind"),
    ];
    happened.iter().filter(|(did, _)| !did).map(|(_, what)| *what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read_line_by_line() {
        let crash =
            "ERROR the server was killed by signal 9; a new one starts in 0 s, events wait in their queues";
        let webhook = "WARN a webhook fails, and is tried again app=1";
        let log = [crash, webhook, crash].join("\n");
        assert_eq!(complaints(&log, 2), Vec::<String>::new());
        assert_eq!(complaints(&log, 1).len(), 1, "one crash too many");
        assert_eq!(complaints("", 1).len(), 1, "a crash that nobody told of");
        let strange = [
            "ERROR a thread panicked",
            "thread 'x' panicked at y",
            "ERROR the server was killed by signal 11; a new one starts",
        ];
        for line in strange {
            assert_eq!(complaints(line, 0), [line]);
        }
    }
}
