//! Whether the subscriber of a quiet channel has to wait while a busy one is served.
//!
//! The busy channel is always being fanned out to: as soon as the last subscriber has an event, the next one is published.
//! So nothing piles up before the quiet channel's events, and what they wait for is the work of one fan-out. The floor is
//! a process for each worker, which share as many sockets, and one more that sends to one: what the processors alone make
//! of it.

use crate::audience::{Audience, Outcome, Outcomes, attend};
use crate::course::{Course, Way};
use crate::fanout::DATA;
use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::publishing::Publishing;
use crate::report::{Report, Row, Unit};
use crate::target::Target;
use crate::{Result, process};
use std::time::Duration;

/// Events per second on the quiet channel.
const PACE: f64 = 50.0;

/// How long the busy channel is busy before the quiet one begins, and after it has ended.
const MARGIN: f64 = 0.7;

/// Clients beside the crowd.
const OTHERS: usize = 10;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let seconds = options.pick(5.0, 1.0);
    let clients = process::most_connections().min(options.pick(10_000, 2_000)) - OTHERS;
    let quiet = Course { topic: "quiet", ..Course::new(way, 1, DATA) }.at(PACE).for_seconds(seconds);
    let busy =
        Course { ahead: Some(1), ..Course::new(way, clients, DATA) }.for_seconds(seconds + 2.0 * MARGIN);
    let [mut alone, mut beside, mut crowd, mut floor] = <[Outcomes; 4]>::default();
    for _ in 0..options.pick(2, 1) {
        let target = Target::open(options)?;
        alone.add(attend(&target, quiet)?);
        let mut audience = Audience::gather(&target, &busy)?;
        let publishing = Publishing::start(&target, busy)?;
        let hear = || audience.hear(&busy, &target, publishing);
        let (busy_outcome, quiet_outcome) = both(hear, || attend(&target, quiet))?;
        crowd.add(busy_outcome);
        beside.add(quiet_outcome);
        drop((audience, target));
        floor.add(bare(options, busy, &quiet)?);
    }
    let title = format!("a quiet channel beside one with {clients} subscribers, published {}", way.name());
    let mut report = Report::new("quiet", title);
    let calm = alone.times(|times| &times.all);
    report.add(Row::tails("quiet channel, alone", &calm));
    let measured = Row::tails("quiet channel, beside the busy one", &beside.times(|times| &times.all));
    report.add(measured.beside("alone", calm.quantile(0.5)));
    let bare = floor.times(|times| &times.all);
    report.add(Row::tails("  send() to one beside send() to all", &bare).beside("alone", calm.quantile(0.5)));
    report.add(Row::new("busy channel, deliveries", Unit::PerSecond, crowd.per_second()));
    [&alone, &beside, &crowd].into_iter().for_each(|outcomes| report.count(outcomes.faults()));
    report.note("The next event of the busy channel is published when the last of its subscribers has the one before.");
    Ok(vec![report])
}

/// Runs `busy` on another thread, and `quiet` a moment later on this one.
fn both(
    busy: impl FnOnce() -> Result<Outcome> + Send,
    quiet: impl FnOnce() -> Result<Outcome>,
) -> Result<(Outcome, Outcome)> {
    std::thread::scope(|scope| {
        let busy = scope.spawn(busy);
        std::thread::sleep(Duration::from_secs_f64(MARGIN));
        let quiet = quiet()?;
        Ok((busy.join().map_err(|_| "the thread of the busy channel panicked")??, quiet))
    })
}

/// The times of a process that sends to one socket while others send to many.
fn bare(options: &Options, busy: Course, quiet: &Course) -> Result<Outcome> {
    let senders = options.workers.or(std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let share = Course { clients: busy.clients / senders, ..busy };
    let trial = Floor::start(Plan::of(&share, 1, 10))?.run()?;
    let rounds = trial.per_second / share.clients as f64 * share.time.as_secs_f64();
    let start = || Floor::start(Plan::of(&share, 1, rounds.ceil() as usize));
    let many = (0..senders).map(|_| start()).collect::<Result<Vec<_>>>()?;
    let one = Floor::start(Plan::of(quiet, 1, 0))?;
    std::thread::scope(|scope| {
        let many: Vec<_> = many.into_iter().map(|floor| scope.spawn(|| floor.run())).collect();
        std::thread::sleep(Duration::from_secs_f64(MARGIN));
        let quiet = one.run();
        for thread in many {
            thread.join().map_err(|_| "a thread of the floor panicked")??;
        }
        quiet
    })
}
