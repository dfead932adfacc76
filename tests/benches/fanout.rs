//! One channel with many subscribers: what a delivery costs, beside a bare `send()` to the same number of sockets.
//!
//! Every client checks that it gets every event once and in order.

use crate::Result;
use crate::comparison::Comparison;
use crate::course::{Course, Way};
use crate::options::Options;
use crate::process;
use crate::report::Report;

/// Subscribers, unless a scenario is about their number.
pub(crate) const CLIENTS: usize = 1_000;

/// Bytes of an event's data, unless a scenario is about their number.
pub(crate) const DATA: usize = 256;

/// Events per second of everything that is paced.
const PACE: f64 = 20.0;
const NAME: &str = "20 events/s";

const SHARED: &str = "Server and clients share the processors. \"s/M\" is processor time of the sender per million deliveries.";

/// 1,000 subscribers, 256 bytes.
pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let mut report = Report::new("fanout", title(CLIENTS, DATA, way));
    let course = Course::new(way, CLIENTS, DATA);
    let comparison = paced(options, course, &mut report)?;
    comparison.report_unheard(options, &mut report, NAME, at_pace(options, course))?;
    saturated(options, course, &[1, 10, 100], &mut report)?;
    report.note(SHARED);
    Ok(vec![report])
}

/// The same with small and with large events.
pub(crate) fn sizes(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let mut reports = Vec::new();
    for (scenario, data) in [("fanout of 64 B", 64), ("fanout of 8 KiB", 8 << 10)] {
        let mut report = Report::new(scenario, title(CLIENTS, data, way));
        let course = Course::new(way, CLIENTS, data);
        paced(options, course, &mut report)?;
        saturated(options, course, &[1, 10], &mut report)?;
        reports.push(report);
    }
    Ok(reports)
}

/// Large events that nobody waits with: the server has to hold the publisher back, and nobody who reads may be hung up on.
pub(crate) fn flood(options: &Options) -> Result<Vec<Report>> {
    const DATA: usize = 8 << 10;
    let way = Way::best(options);
    let title = format!("{DATA} bytes of data, as fast as they can be published {}", way.name());
    let mut report = Report::new("flood", title);
    for clients in [1, 100, CLIENTS] {
        let course = Course { ahead: Some(u64::MAX / 2), ..Course::new(way, clients, DATA) };
        let course = course.for_seconds(options.pick(2.0, 0.5));
        Comparison::measure(options, course, &[])?
            .report_saturated(&mut report, &format!("{clients} subscribers"));
    }
    report.note("A subscriber that is hung up on ends the run.");
    report.note(SHARED);
    Ok(vec![report])
}

/// 10,000 subscribers, or as many as there may be.
pub(crate) fn crowd(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let clients = process::most_connections().min(options.pick(10_000, 2_000));
    let mut report = Report::new("crowd", title(clients, DATA, way));
    let course = Course::new(way, clients, DATA);
    Comparison::measure(options, course.at(1.0).for_seconds(options.pick(3.0, 2.0)), &[1])?
        .report_paced(&mut report, "1 event/s");
    saturated(options, course, &[1, 10], &mut report)?;
    let few = Course::new(way, CLIENTS, DATA).for_seconds(options.pick(1.0, 0.5));
    Comparison::measure(options, few, &[])?.report_saturated(&mut report, "saturated, 1,000 of them");
    report.note(SHARED);
    if clients < options.pick(10_000, 2_000) {
        report.note(format!("The limit of open files allows {clients} connections."));
    }
    Ok(vec![report])
}

/// Published over the HTTP API, whatever else the server has.
pub(crate) fn http(options: &Options) -> Result<Vec<Report>> {
    let mut report = Report::new("http", title(CLIENTS, DATA, Way::Http { batch: 1 }));
    let course = |batch| Course::new(Way::Http { batch }, CLIENTS, DATA);
    paced(options, course(1), &mut report)?;
    for (batch, name) in [(1, "1 event a request"), (10, "10 events a request")] {
        let time = options.pick(1.5, 0.5);
        Comparison::measure(options, course(batch).for_seconds(time), &[batch])?
            .report_saturated(&mut report, name);
    }
    report.note(format!(
        "Signed requests; saturated: {} at a time, each on its own connection.",
        course(1).publishers()
    ));
    report.note(SHARED);
    Ok(vec![report])
}

/// Client events of a member of a private channel.
pub(crate) fn whispers(options: &Options) -> Result<Vec<Report>> {
    let mut report = Report::new("whispers", title(CLIENTS, DATA, Way::Whispers));
    let course = Course::new(Way::Whispers, CLIENTS, DATA);
    paced(options, course, &mut report)?;
    saturated(options, course, &[1, 10], &mut report)?;
    report.note(
        "One client whispers to all others. Saturated: it waits as soon as 64 KiB are on their way to each.",
    );
    report.note(SHARED);
    Ok(vec![report])
}

fn at_pace(options: &Options, course: Course) -> Course {
    course.at(PACE).for_seconds(options.pick(3.0, 1.0))
}

fn paced(options: &Options, course: Course, report: &mut Report) -> Result<Comparison> {
    let comparison = Comparison::measure(options, at_pace(options, course), &[1])?;
    comparison.report_paced(report, NAME);
    Ok(comparison)
}

fn saturated(options: &Options, course: Course, batches: &[usize], report: &mut Report) -> Result<()> {
    let course = course.for_seconds(options.pick(1.5, 0.5));
    Comparison::measure(options, course, batches)?.report_saturated(report, "saturated");
    Ok(())
}

fn title(clients: usize, data: usize, way: Way) -> String {
    format!("{clients} subscribers of one channel, {data} bytes of data, published {}", way.name())
}
