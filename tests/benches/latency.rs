//! From `publish()` in PHP to one WebSocket client.
//!
//! The event carries the time at which it was published; the client, another process, reads the same clock when the event
//! is there. The floor is a `send()` on a connected socket at the same pace, received by the same client.

use crate::Result;
use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::php::Php;
use crate::report::{Report, Row};
use crate::stamp;
use crate::statistics::Samples;
use crate::swarm::Swarm;
use crate::tally::Tally;
use crate::target::Target;
use std::time::{Duration, Instant};

const CHANNEL: &str = "orders";

/// Bytes of a frame of `stamped.php`, about.
const LEN: usize = 380;

/// Events of which the time is not taken: they attach and find everybody asleep.
const WARM_UP: u64 = 3;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let php = Php::latest()?;
    let mut report = Report::new("latency", format!("publish() in PHP {} to one client", php.version));
    for (name, pause, count, repeats) in [
        ("one event every 5 ms", Duration::from_millis(5), options.pick(600, 60), options.repeats()),
        ("one event every 1.05 s", Duration::from_millis(1050), options.pick(24, 4), 1),
    ] {
        let (mut measured, mut floor) = (Samples::default(), Samples::default());
        for _ in 0..repeats {
            measured.add(through_server(options, &php, pause, count)?);
            floor.add(bare(pause, count)?);
        }
        report.add(Row::times(name, &measured).beside("send(), same pace", floor.quantile(0.5)));
        report.add(Row::times("  send() and receive, same pace", &floor));
    }
    Ok(vec![report])
}

fn through_server(options: &Options, php: &Php, pause: Duration, count: u64) -> Result<Vec<f64>> {
    let target = Target::open(options)?;
    let mut swarm = Swarm::subscribe(&target, 1, |_| CHANNEL.to_owned())?;
    let (events, pause_us) = (count + WARM_UP, pause.as_micros().to_string());
    let process =
        php.start("stamped.php", &[CHANNEL, &events.to_string(), &pause_us], target.canyon()?.environment())?;
    let samples = receive(&mut swarm, pause, events)?;
    process.wait()?;
    Ok(samples)
}

fn bare(pause: Duration, count: u64) -> Result<Vec<f64>> {
    let events = count + WARM_UP;
    let rounds = events as usize;
    let plan = Plan { clients: 1, len: LEN, batch: 1, pause, channels: 1, rounds, is_woken: false };
    let outcome = Floor::start(plan)?.run()?;
    if outcome.faults.sum() > 0 {
        return Err("not every event of the floor arrived".into());
    }
    Ok(outcome.times.all[WARM_UP as usize..].to_vec())
}

/// Receives `events` events, none missing and none out of order; nanoseconds each was on its way.
fn receive(swarm: &mut Swarm, pause: Duration, events: u64) -> Result<Vec<f64>> {
    let mut tally = Tally::new(1, 1);
    let mut samples = Vec::new();
    let patience = Instant::now() + pause * (events as u32) * 2 + Duration::from_secs(10);
    while tally.deliveries < events {
        if Instant::now() > patience {
            return Err(format!("only {} of {events} events arrived", tally.deliveries).into());
        }
        swarm.turn(Duration::from_millis(500), &mut |client, stamp| {
            let now = stamp::now();
            tally.count(client, stamp);
            if stamp.sequence >= WARM_UP {
                samples.push(now.saturating_sub(stamp.nanoseconds) as f64);
            }
        })?;
    }
    let faults = tally.faults(events).sum();
    if faults > 0 {
        return Err(format!("{faults} of {events} events were lost, doubled or out of order").into());
    }
    Ok(samples)
}
