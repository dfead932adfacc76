//! How long events are on their way while the server has half of the work that it can do: until the first of the
//! subscribers has an event, and until the last one has it.
//!
//! The floor, a bare `send()` to each socket, has half of what it can do too, which is another rate.

use crate::audience::{Outcomes, attend};
use crate::course::{Course, Way};
use crate::fanout::DATA;
use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::report::{Report, Row};
use crate::target::Target;
use crate::{Result, process};

/// Rounds in which the floor shows how fast it is.
const CALLS: usize = 100_000;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let title = format!("at half of the saturation rate, {DATA} bytes of data, published {}", way.name());
    let mut report = Report::new("delays", title);
    let most = process::most_connections().min(options.pick(10_000, 2_000));
    for clients in [10, 1_000, most] {
        measure(options, Course::new(way, clients, DATA), &mut report)?;
    }
    report.note("First, last: until the first and the last subscriber has an event. The floor has half of its own rate.");
    Ok(vec![report])
}

fn measure(options: &Options, course: Course, report: &mut Report) -> Result<()> {
    let clients = course.clients;
    let (mut measured, mut floor) = (Outcomes::default(), Outcomes::default());
    let target = Target::open(options)?;
    let saturated = attend(&target, course.for_seconds(options.pick(1.5, 0.5)))?;
    report.count(saturated.faults);
    let half = |deliveries: f64| deliveries / clients as f64 / 2.0;
    let paced = |per_second: f64| course.at(half(per_second)).for_seconds(options.pick(1.5, 0.5));
    let bare = Floor::start(Plan::of(&course, 1, (CALLS / clients).max(3)))?.run()?;
    for _ in 0..options.repeats() {
        measured.add(attend(&target, paced(saturated.per_second))?);
        floor.add(Floor::start(Plan::of(&paced(bare.per_second), 1, 0))?.run()?);
    }
    report.count(measured.faults());
    let name = format!("{clients}, {:.0} events/s", half(saturated.per_second));
    report.add(Row::tails(format!("{name}: first"), &measured.times(|times| &times.first)));
    report.add(Row::tails(format!("{name}: last"), &measured.times(|times| &times.last)));
    report.add(Row::tails(format!("{name}: all"), &measured.times(|times| &times.all)));
    let name = format!("  send(), {:.0} events/s", half(bare.per_second));
    report.add(Row::tails(format!("{name}: last"), &floor.times(|times| &times.last)));
    report.add(Row::tails(format!("{name}: all"), &floor.times(|times| &times.all)));
    report.note(format!(
        "{clients}: clients and publisher take {:.0} % of a core, taking the times included.",
        measured.generator()
    ));
    let achieved = measured.per_second() / clients as f64;
    if achieved < 0.9 * half(saturated.per_second) {
        report.note(format!("{clients}: the publisher got through only {achieved:.0} events/s."));
    }
    Ok(())
}
