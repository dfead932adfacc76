//! What idle connections take: memory, before and after a burst of large events through each of them, and processor time.

use crate::answering::Answering;
use crate::audience::Audience;
use crate::course::{Course, Way};
use crate::options::Options;
use crate::publishing::Publishing;
use crate::report::{Report, Row, Unit};
use crate::swarm::Swarm;
use crate::target::Target;
use crate::{Result, process};
use std::time::Duration;

/// The most that is tried.
const MOST: usize = 50_000;

/// Bytes of an event of the burst.
const BURST_DATA: usize = 8 << 10;

/// Events of the burst, about: as many as are published in that time at this pace.
const BURST: (f64, f64) = (1_000.0, 0.032);

/// Members of one presence channel. Many on one channel are the scenario `presence`.
const ROOM: usize = 10;

/// Connections of which the processor time is measured.
const IDLE: usize = 10_000;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let most = process::most_connections().min(options.pick(MOST, 2_000));
    let mut report = Report::new("memory", "idle connections, each subscribed: memory of the server");
    let sizes = [1_000, 10_000, most];
    let mut sizes: Vec<usize> = sizes.into_iter().filter(|&size| size <= most).collect();
    sizes.dedup();
    for &count in &sizes {
        public(options, count, &mut report)?;
        presence(options, count, &mut report)?;
    }
    if most < MOST && !options.quick {
        report.note(format!(
            "Stopped at {most} connections of {MOST}: the limit of open files, for the server as for its clients, is {}.",
            process::descriptor_limit()
        ));
    }
    report.note("Resident memory; the kernel's socket buffers come on top and are the same for any server.");
    report.note(format!("Presence: {ROOM} members on each channel. \"accept and answer\": a loop that keeps the sockets and a flag for each."));
    Ok(vec![report])
}

/// Subscribers of one channel, then a burst to all of them.
fn public(options: &Options, count: usize, report: &mut Report) -> Result<()> {
    // First: so many clients there cannot be twice.
    let floor = bare(options, count)?;
    let target = Target::open(options)?;
    let Some(empty) = settled(options, &target)? else { return Ok(()) };
    let course = Course::new(Way::best(options), count, BURST_DATA).at(BURST.0).for_seconds(BURST.1);
    let mut audience = Audience::gather(&target, &course)?;
    let full = settled(options, &target)?.unwrap_or_default();
    if count == 1_000 {
        report.add(Row::new("server without connections", Unit::Bytes, empty));
    }
    let each = (full - empty).max(0.0) / count as f64;
    let row = Row::new(format!("{count}: each"), Unit::Bytes, each);
    report.add(row.beside("accept and answer", floor));
    if count == IDLE || options.quick && count < IDLE {
        let meter = target.meter()?;
        quiet_turns(&mut audience.swarm, Duration::from_secs(options.pick(10, 1)))?;
        if let Some(meter) = meter {
            report.add(Row::new(format!("{count}: processor while idle"), Unit::Percent, meter.percent()?));
        }
    }
    let publishing = Publishing::start(&target, course)?;
    let outcome = audience.hear(&course, &target, publishing)?;
    report.count(outcome.faults);
    let after = settled(options, &target)?.unwrap_or_default();
    let events = outcome.deliveries / count as f64;
    let row = Row::new(
        format!("{count}: each, after {events} x {BURST_DATA} bytes"),
        Unit::Bytes,
        (after - empty).max(0.0) / count as f64,
    );
    report.add(row.beside("before", each));
    Ok(())
}

/// Members of many small presence channels.
fn presence(options: &Options, count: usize, report: &mut Report) -> Result<()> {
    let target = Target::open(options)?;
    let Some(empty) = settled(options, &target)? else { return Ok(()) };
    let swarm = Swarm::subscribe(&target, count, |number| format!("presence-room-{}", number / ROOM))?;
    let full = settled(options, &target)?.unwrap_or_default();
    drop(swarm);
    report.add(Row::new(
        format!("{count}: each, presence"),
        Unit::Bytes,
        (full - empty).max(0.0) / count as f64,
    ));
    Ok(())
}

/// Bytes that each connection takes where nothing is known of it.
fn bare(options: &Options, count: usize) -> Result<f64> {
    let answering = Answering::start(0, 0)?;
    let target = answering.target();
    let empty = settled(options, &target)?.unwrap_or_default();
    let swarm = Swarm::subscribe(&target, count, |_| "news".to_owned())?;
    let full = settled(options, &target)?.unwrap_or_default();
    drop(swarm);
    Ok((full - empty).max(0.0) / count as f64)
}

/// The server's memory when what has happened is over.
fn settled(options: &Options, target: &Target) -> Result<Option<f64>> {
    std::thread::sleep(Duration::from_millis(options.pick(1_500, 500)));
    Ok(target.pid.map(process::resident_bytes).transpose()?.map(|bytes| bytes as f64))
}

/// Answers what has to be answered, for a while in which nothing happens.
fn quiet_turns(swarm: &mut Swarm, time: Duration) -> Result<()> {
    let started = std::time::Instant::now();
    while started.elapsed() < time {
        swarm.turn(Duration::from_millis(200), &mut |_, _| {})?;
    }
    Ok(())
}
