//! Subscribers who never read: what becomes of them, of the server's memory, and of the others.
//!
//! With the small limit that is set here, a client is hopeless when 1 MiB waits for it beyond what the kernel holds. Some
//! begin to read again after a while: if they do so in time, they lose nothing; just after they were given up, they find
//! the close code; later, the end. All of that is counted.

use crate::audience::{Outcomes, attend};
use crate::course::{Course, Way};
use crate::options::Options;
use crate::report::{Report, Row, Unit};
use crate::stamp::Stamp;
use crate::swarm::{Receiver, Swarm};
use crate::tally::{Faults, Tally};
use crate::target::Target;
use crate::{Result, process};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 1_000;

/// Clients who never read.
const DEAF: usize = 40;

/// Clients who begin to read one after the other while events flow.
const LATE: usize = 10;

/// Bytes of an event's data.
const DATA: usize = 8 << 10;

/// Events per second.
const PACE: f64 = 40.0;

/// Largest event that the app takes.
const MAX_EVENT: usize = 64 << 10;

/// What Canyon lets wait for a client, in largest events.
const HOPELESS: usize = 16;

/// The close code of a client that is too slow.
const TOO_SLOW: u16 = 4100;

/// How long is read what the server and the kernel still have for the slow clients.
const REST: Duration = Duration::from_secs(4);

/// How a slow client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is connected.
    Open,
    /// It read this close code.
    Code(u16),
    /// It found the end without a code.
    Silent,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let course = |clients| {
        Course::new(Way::best(options), clients, DATA).at(PACE).for_seconds(options.pick(12.0, 8.0))
    };
    let (mut without, mut with) = (Outcomes::default(), Outcomes::default());
    let (mut growth, mut calm_growth) = (Vec::new(), Vec::new());
    let (mut ends, mut faults) = (Vec::new(), Faults::default());
    // In turn, so that both see the same moods of the machine.
    for _ in 0..options.pick(2, 1) {
        let target = open(options)?;
        let (outcome, grown) = watched(&target, || attend(&target, course(CLIENTS)))?;
        without.add(outcome);
        calm_growth.extend(grown);
        drop(target);

        let target = open(options)?;
        let mut slow = Slow::subscribe(&target)?;
        let others = course(CLIENTS - DEAF - LATE);
        let is_over = AtomicBool::new(false);
        let (outcome, grown) = std::thread::scope(|scope| {
            let waking = scope.spawn(|| slow.wake(others.time, &is_over));
            let outcome = watched(&target, || attend(&target, others));
            is_over.store(true, Ordering::Relaxed);
            waking.join().map_err(|_| "the thread of the late clients panicked")??;
            outcome
        })?;
        let events = (outcome.deliveries / others.clients as f64) as u64;
        with.add(outcome);
        growth.extend(grown);
        slow.read_all()?;
        ends.extend(slow.deaf_ends.0.iter().map(|ear| (true, ear.end)));
        ends.extend(slow.late_ends.0.iter().map(|ear| (false, ear.end)));
        for ear in slow.deaf_ends.0.iter().chain(&slow.late_ends.0) {
            faults.add(ear.faults(events));
        }
    }
    let title =
        format!("{CLIENTS} subscribers, {} of them slow; {DATA} bytes of data, {PACE} events/s", DEAF + LATE);
    let mut report = Report::new("slow", title);
    let runs = ends.len() / (DEAF + LATE);
    let count = |deaf: bool, which: fn(End) -> bool| {
        ends.iter().filter(|(is_deaf, end)| *is_deaf == deaf && which(*end)).count() as f64
    };
    let row = Row::new("never read: hung up on", Unit::Count, count(true, |end| end != End::Open));
    report.add(row.beside("of", (runs * DEAF) as f64));
    report.add(Row::new(
        "read late: in time, nothing lost",
        Unit::Count,
        count(false, |end| end == End::Open),
    ));
    report.add(Row::new("  closed with 4100", Unit::Count, count(false, |end| end == End::Code(TOO_SLOW))));
    report.add(Row::new("  found the end", Unit::Count, count(false, |end| end == End::Silent)));
    let other = |end| matches!(end, End::Code(code) if code != TOO_SLOW);
    report.add(Row::new("closed with another code", Unit::Count, count(true, other) + count(false, other)));
    let (calm, beside) = (without.times(|times| &times.all), with.times(|times| &times.all));
    report.add(Row::times("the others' events", &beside).beside("without slow clients", calm.quantile(0.5)));
    let row = Row::new("  99 of 100 within", Unit::Nanoseconds, beside.quantile(0.99));
    report.add(row.beside("without slow clients", calm.quantile(0.99)));
    let most = |values: &[f64]| values.iter().copied().fold(f64::NAN, f64::max);
    let (calm, beside) = (most(&calm_growth), most(&growth));
    if !beside.is_nan() {
        report.add(
            Row::new("memory grew by, at most", Unit::Bytes, beside).beside("without slow clients", calm),
        );
        let bound = (HOPELESS * MAX_EVENT * (DEAF + LATE)) as f64;
        report.add(
            Row::new("  the same", Unit::Bytes, beside).beside("limit of an outbox x slow clients", bound),
        );
    }
    report.count(without.faults());
    report.count(with.faults());
    report.count(faults);
    report.note(format!("max_event_bytes is {MAX_EVENT} here: an outbox may hold {HOPELESS} times that."));
    report.note("Clients share the frames that wait for them, so memory grows by one outbox rather than by all of them.");
    Ok(vec![report])
}

fn open(options: &Options) -> Result<Target> {
    Target::with(options, &json!({"max_event_bytes": MAX_EVENT}))
}

/// Does something, and says how much the server's memory grew meanwhile, at most.
fn watched<T>(target: &Target, act: impl FnOnce() -> Result<T>) -> Result<(T, Option<f64>)> {
    let Some(pid) = target.pid else { return Ok((act()?, None)) };
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let before = process::resident_bytes(pid)?;
            let mut most = before;
            while !is_over.load(Ordering::Relaxed) {
                most = most.max(process::resident_bytes(pid)?);
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((most - before) as f64)
        });
        let done = act();
        is_over.store(true, Ordering::Relaxed);
        let grown = watching.join().map_err(|_| "the thread that watches the memory panicked")??;
        Ok((done?, Some(grown)))
    })
}

/// The slow clients. Each of those who read late is a swarm of its own.
struct Slow {
    deaf: Swarm,
    deaf_ends: Ears,
    late: Vec<Swarm>,
    late_ends: Ears,
}

/// What several clients have heard.
struct Ears(Vec<Ear>);

/// What one client has heard, and how it ended.
struct Ear {
    end: End,
    tally: Tally,
}

impl Slow {
    fn subscribe(target: &Target) -> Result<Self> {
        let swarm = |count| {
            let mut swarm = Swarm::new(target.address, target.app.clone())?;
            swarm.is_distant = true;
            swarm.add(count, count, |_| vec!["news-0".to_owned()], &mut |_, _| {})?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(swarm)
        };
        let late = (0..LATE).map(|_| swarm(1)).collect::<Result<_>>()?;
        Ok(Self { deaf: swarm(DEAF)?, deaf_ends: Ears::of(DEAF), late, late_ends: Ears::of(LATE) })
    }

    /// Has one client after the other begin to read, until all do or events end.
    fn wake(&mut self, time: Duration, is_over: &AtomicBool) -> Result<()> {
        let started = Instant::now();
        while !is_over.load(Ordering::Relaxed) {
            let share = started.elapsed().as_secs_f64() / time.as_secs_f64();
            let awake = ((share * LATE as f64) as usize).min(LATE);
            for (swarm, ear) in self.late.iter_mut().zip(&mut self.late_ends.0).take(awake) {
                swarm.turn(Duration::ZERO, ear)?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Reads what is there for everybody, as long as something may come.
    fn read_all(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < REST {
            self.deaf.turn(Duration::from_millis(10), &mut self.deaf_ends)?;
            for (swarm, ear) in self.late.iter_mut().zip(&mut self.late_ends.0) {
                swarm.turn(Duration::ZERO, ear)?;
            }
        }
        Ok(())
    }
}

impl Ears {
    fn of(clients: usize) -> Self {
        Self((0..clients).map(|_| Ear { end: End::Open, tally: Tally::new(1, 1) }).collect())
    }
}

impl Ear {
    /// Whoever was not hung up on has every event; the others every one up to some point.
    fn faults(&self, events: u64) -> Faults {
        self.tally.faults(if self.end == End::Open { events } else { 0 })
    }
}

impl Receiver for Ears {
    fn event(&mut self, client: usize, stamp: Stamp) {
        self.0[client].event(0, stamp);
    }

    fn gone(&mut self, client: usize, code: Option<u16>) -> Result<()> {
        self.0[client].gone(0, code)
    }
}

impl Receiver for Ear {
    fn event(&mut self, _: usize, stamp: Stamp) {
        self.tally.count(0, stamp);
    }

    fn gone(&mut self, _: usize, code: Option<u16>) -> Result<()> {
        self.end = code.map_or(End::Silent, End::Code);
        Ok(())
    }
}
