//! One channel with many subscribers: what a delivery costs, beside a bare `send()` to the same number of sockets.
//!
//! Published through the queue by a thread of this process. Every client checks that it gets every event once and in
//! order.

use crate::Result;
use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::process::Meter;
use crate::report::{Report, Row, Unit};
use crate::server::APP;
use crate::stamp::{self, Stamp};
use crate::statistics::{Samples, median};
use crate::swarm::Swarm;
use crate::tally::Tally;
use crate::target::Target;
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const CHANNEL: &str = "news";
const CLIENTS: usize = 1_000;

/// Bytes of an event's data.
const DATA: usize = 256;

/// Bytes of such an event's frame, about.
const LEN: usize = 320;

/// No measurement takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pace of the paced measurement.
const PAUSE: Duration = Duration::from_millis(50);

/// Latencies kept: all of a paced measurement. Of a saturated one they would only say how long the queue is.
const MOST_LATENCIES: usize = 100_000;

/// A thread that publishes.
type Publisher = JoinHandle<std::result::Result<(), String>>;

/// What one measurement found.
struct Outcome {
    latencies: Vec<f64>,
    per_second: f64,
    /// Processor seconds of the sender per million deliveries.
    processor: f64,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let mut report =
        Report::new("fanout", format!("{CLIENTS} subscribers of one channel, {DATA} bytes of data"));
    saturated(options, &mut report)?;
    paced(options, &mut report)?;
    report.note("Server and clients share the processors. \"s/M\" is processor time of the sender per million deliveries.");
    Ok(vec![report])
}

/// Events published without a pause: always more of them wait than the server can send.
fn saturated(options: &Options, report: &mut Report) -> Result<()> {
    let events = options.pick(6_000, 1_000);
    let outcomes = repeat(options, || through_server(options, events, Duration::ZERO))?;
    let rounds = options.pick(200, 50);
    let plan = |batch, rounds| Plan { clients: CLIENTS, len: LEN, batch, pause: Duration::ZERO, rounds };
    let floors = [
        ("send() of 1 frame", repeat(options, || bare(plan(1, rounds)))?),
        ("send() of 10 frames", repeat(options, || bare(plan(10, rounds)))?),
        ("send() of 100 frames", repeat(options, || bare(plan(100, rounds)))?),
    ];
    let outcome = middle(&outcomes);
    for (floor, outcomes) in &floors {
        let row = Row::new("saturated, deliveries", Unit::PerSecond, outcome.per_second);
        report.add(row.beside(*floor, middle(outcomes).per_second));
    }
    for (floor, outcomes) in &floors {
        let row = Row::new("saturated, processor", Unit::SecondsPerMillion, outcome.processor);
        report.add(row.beside(*floor, middle(outcomes).processor));
    }
    Ok(())
}

/// Twenty events a second.
fn paced(options: &Options, report: &mut Report) -> Result<()> {
    let rounds = options.pick(80, 20);
    let plan = Plan { clients: CLIENTS, len: LEN, batch: 1, pause: PAUSE, rounds };
    let (mut measured, mut floor) = (Vec::new(), Vec::new());
    // In turn, so that both see the same moods of the machine.
    for _ in 0..options.repeats() {
        measured.push(through_server(options, rounds, PAUSE)?);
        floor.push(bare(plan)?);
    }
    let latencies = |outcomes: &[Outcome]| {
        let mut samples = Samples::default();
        outcomes.iter().for_each(|outcome| samples.add(outcome.latencies.clone()));
        samples
    };
    let (ours, bare) = (latencies(&measured), latencies(&floor));
    let name = "send() of 1 frame";
    report.add(Row::times("20 events/s, latency", &ours).beside(name, bare.quantile(0.5)));
    report.add(Row::times("  send() of 1 frame, latency", &bare));
    let row = Row::new("20 events/s, processor", Unit::SecondsPerMillion, middle(&measured).processor);
    report.add(row.beside(name, middle(&floor).processor));
    Ok(())
}

/// The medians of what several repeats found; latencies apart, which have quantiles of their own.
fn middle(outcomes: &[Outcome]) -> Outcome {
    Outcome {
        latencies: Vec::new(),
        per_second: median(outcomes.iter().map(|outcome| outcome.per_second).collect()),
        processor: median(outcomes.iter().map(|outcome| outcome.processor).collect()),
    }
}

fn repeat(options: &Options, measure: impl Fn() -> Result<Outcome>) -> Result<Vec<Outcome>> {
    (0..options.repeats()).map(|_| measure()).collect()
}

fn through_server(options: &Options, events: usize, pause: Duration) -> Result<Outcome> {
    let target = Target::open(options)?;
    let mut swarm = Swarm::subscribe(&target, CLIENTS, |_| CHANNEL.to_owned())?;
    // What connecting has stirred up settles first.
    std::thread::sleep(Duration::from_millis(300));
    let publisher = publish(&target.canyon()?.queue(), events as u64, pause)?;
    let outcome = receive(&mut swarm, target.canyon()?.pid(), events as u64);
    publisher.join().map_err(|_| "the publishing thread panicked")??;
    outcome
}

fn bare(plan: Plan) -> Result<Outcome> {
    let mut floor = Floor::start(plan)?;
    floor.go()?;
    let pid = floor.pid();
    receive(&mut floor.swarm, pid, (plan.rounds * plan.batch) as u64)
}

/// Receives until every client has every event.
fn receive(swarm: &mut Swarm, pid: u32, events: u64) -> Result<Outcome> {
    let meter = Meter::start(pid)?;
    let patience = Instant::now() + PATIENCE;
    let mut tally = Tally::new(CLIENTS, 1);
    let mut latencies = Vec::new();
    while tally.deliveries < events * CLIENTS as u64 {
        if Instant::now() > patience {
            return Err(format!("not everything arrived: {} deliveries", tally.deliveries).into());
        }
        swarm.turn(Duration::from_millis(50), &mut |client, stamp| {
            tally.count(client, stamp);
            if latencies.len() < MOST_LATENCIES {
                latencies.push(stamp::now().saturating_sub(stamp.nanoseconds) as f64);
            }
        })?;
    }
    let (seconds, used) = (meter.seconds(), meter.used()?);
    let faults = tally.faults(events).sum();
    if faults > 0 {
        return Err(format!("{faults} deliveries were lost, doubled or out of order").into());
    }
    let deliveries = tally.deliveries as f64;
    Ok(Outcome { latencies, per_second: deliveries / seconds, processor: used * 1e6 / deliveries })
}

/// Publishes from a thread, with a pause before each event.
fn publish(queue: &Path, events: u64, pause: Duration) -> Result<Publisher> {
    let mut producer = Producer::attach(ProducerOptions::new(queue))?;
    let patience = Instant::now() + PATIENCE;
    Ok(std::thread::spawn(move || {
        for number in 0..events {
            std::thread::sleep(pause);
            while push(&mut producer, Stamp::now(number)).map_err(|error| error.to_string())? == Push::Full {
                if Instant::now() > patience {
                    return Err(format!("the queue stayed full after {number} events"));
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        Ok(())
    }))
}

fn push(producer: &mut Producer, stamp: Stamp) -> Result<Push> {
    let data = stamp.data(DATA);
    let draft = Draft {
        app: APP.as_bytes(),
        channels: std::iter::once(CHANNEL.as_bytes()),
        name: b"OrderShipped",
        data: data.as_bytes(),
        except: None,
    };
    let event = draft.encode()?;
    Ok(producer.push(event.len(), |writer| event.write(|piece| writer.put(piece)))?)
}
