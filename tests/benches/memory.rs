//! What idle connections take: memory and processor time, and what it costs to come in.

use crate::options::Options;
use crate::report::{Report, Row, Unit};
use crate::swarm::Swarm;
use crate::target::Target;
use crate::{Result, process};
use std::time::{Duration, Instant};

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let wanted = options.pick(10_000, 2_000);
    let count = wanted.min(process::most_connections());
    let mut report = Report::new("memory", format!("{count} idle connections, each subscribed"));
    if count < wanted {
        report.note(format!("{wanted} were wanted; the limit of open files allows {count}."));
    }
    let settle = Duration::from_secs(options.pick(2, 1));
    let target = Target::open(options)?;
    std::thread::sleep(settle);
    let empty = target.pid.map(process::resident_bytes).transpose()?;

    let (started, meter) = (Instant::now(), target.meter()?);
    let swarm = Swarm::subscribe(&target, count, |_| "news".to_owned())?;
    let seconds = started.elapsed().as_secs_f64();
    let used = meter.map(|meter| meter.used()).transpose()?;

    std::thread::sleep(settle);
    let full = target.pid.map(process::resident_bytes).transpose()?;
    let meter = target.meter()?;
    std::thread::sleep(Duration::from_secs(options.pick(10, 2)));
    let idle = meter.map(|meter| meter.percent()).transpose()?;
    drop(swarm);

    if let (Some(empty), Some(full)) = (empty, full) {
        let per_connection = full.saturating_sub(empty) as f64 / count as f64;
        report.add(Row::new("server without connections", Unit::Bytes, empty as f64));
        report.add(Row::new("server with all of them", Unit::Bytes, full as f64));
        report.add(Row::new("each connection", Unit::Bytes, per_connection));
    }
    report.add(Row::new("connect and subscribe", Unit::PerSecond, count as f64 / seconds));
    if let (Some(used), Some(idle)) = (used, idle) {
        report.add(Row::new("connect and subscribe, server", Unit::Nanoseconds, used * 1e9 / count as f64));
        report.add(Row::new("processor while idle", Unit::Percent, idle));
    }
    report.note("Resident memory of the server; the kernel's socket buffers come on top and are the same for any server.");
    report.note("One public channel, one client process on the same machine.");
    Ok(vec![report])
}
