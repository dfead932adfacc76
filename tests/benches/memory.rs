//! What idle connections take: memory and processor time, and what it costs to come in.

use crate::process::Meter;
use crate::report::{Report, Row, Unit};
use crate::server::Server;
use crate::swarm::Swarm;
use crate::{Result, Size, process};
use std::time::Duration;

pub(crate) fn run(size: Size) -> Result<Vec<Report>> {
    let wanted = size.pick(10_000, 2_000);
    let count = wanted.min(process::most_connections());
    let mut report = Report::new("memory", format!("{count} idle connections, each subscribed"));
    if count < wanted {
        report.note(format!("{wanted} were wanted; the limit of open files allows {count}."));
    }
    let settle = Duration::from_secs(size.pick(2, 1));
    let server = Server::start()?;
    let pid = server.pid();
    std::thread::sleep(settle);
    let empty = process::resident_bytes(pid)?;

    let meter = Meter::start(pid)?;
    let swarm = Swarm::subscribe(server.address, count, |_| "news".to_owned())?;
    let (seconds, used) = (meter.seconds(), meter.used()?);

    std::thread::sleep(settle);
    let full = process::resident_bytes(pid)?;
    let per_connection = full.saturating_sub(empty) as f64 / count as f64;
    let meter = Meter::start(pid)?;
    std::thread::sleep(Duration::from_secs(size.pick(10, 2)));
    let idle = meter.percent()?;
    drop(swarm);

    report.add(Row::new("server without connections", Unit::Bytes, empty as f64));
    report.add(Row::new("server with all of them", Unit::Bytes, full as f64));
    report.add(Row::new("each connection", Unit::Bytes, per_connection));
    report.add(Row::new("connect and subscribe", Unit::PerSecond, count as f64 / seconds));
    report.add(Row::new("connect and subscribe, server", Unit::Nanoseconds, used * 1e9 / count as f64));
    report.add(Row::new("processor while idle", Unit::Percent, idle));
    report.note("Resident memory of the server; the kernel's socket buffers come on top and are the same for any server.");
    report.note("One public channel, one client process on the same machine.");
    Ok(vec![report])
}
