//! Many small channels: an event for each of ten clients, a hundred channels in turn.
//!
//! There the price of an event counts, not that of a delivery. The floor is a loop that is woken for each event through a
//! pipe, and does ten `send()`s.

use crate::Result;
use crate::comparison::Comparison;
use crate::course::{Course, Way};
use crate::fanout::DATA;
use crate::options::Options;
use crate::report::Report;

const CHANNELS: usize = 100;
const SUBSCRIBERS: usize = 10;

/// Events per second over all channels.
const PACE: f64 = 200.0;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let title = format!("{CHANNELS} channels of {SUBSCRIBERS} subscribers, published {}", way.name());
    let mut report = Report::new("channels", title);
    let course = Course { channels: CHANNELS, ..Course::new(way, CHANNELS * SUBSCRIBERS, DATA) };
    let paced = course.at(PACE).for_seconds(options.pick(4.0, 1.5));
    let comparison = Comparison::measure(options, paced, &[1])?;
    comparison.report_paced(&mut report, "200 events/s");
    comparison.report_unheard(options, &mut report, "200 events/s", paced)?;
    let saturated = course.for_seconds(options.pick(1.5, 0.5));
    Comparison::measure(options, saturated, &[1])?.report_saturated(&mut report, "saturated");
    report.note("The floor at a pace is woken by a line in a pipe for each event.");
    Ok(vec![report])
}
