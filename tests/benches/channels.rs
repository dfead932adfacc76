//! Many small channels: an event for each of ten clients, a hundred channels in turn.
//!
//! There the price of an event counts, not that of a delivery. The floor is a loop that is woken for each event through a
//! pipe, and does ten `send()`s.

use crate::Result;
use crate::comparison::Comparison;
use crate::course::{Course, Way};
use crate::fanout::DATA;
use crate::options::Options;
use crate::publishing::Publishing;
use crate::report::{Report, Row, Unit};
use crate::statistics::median;
use crate::target::Target;
use std::time::Duration;

const CHANNELS: usize = 100;
const SUBSCRIBERS: usize = 10;

/// Events per second over all channels.
const PACE: f64 = 200.0;

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let way = Way::best(options);
    let title = format!("{CHANNELS} channels of {SUBSCRIBERS} subscribers, published {}", way.name());
    let mut report = Report::new("channels", title);
    let course = Course { channels: CHANNELS, ..Course::new(way, CHANNELS * SUBSCRIBERS, DATA) };
    let paced = course.at(PACE).for_seconds(options.pick(5.0, 1.5));
    let comparison = Comparison::measure(options, paced, &[1])?;
    comparison.report_paced(&mut report, "200 events/s");
    let unheard =
        (0..options.repeats()).map(|_| unheard(options, &paced)).collect::<Result<Option<Vec<f64>>>>()?;
    if let (Some(sender), Some(unheard)) = (comparison.measured.sender(), unheard) {
        let unheard = median(unheard);
        let unheard_each = unheard * 1e6 / (PACE * SUBSCRIBERS as f64);
        let mut row = Row::new(
            "the same, less those nobody listens to",
            Unit::SecondsPerMillion,
            sender - unheard_each,
        );
        let floor = comparison.floors.first().and_then(|(_, floor)| floor.sender());
        if let Some(floor) = floor {
            row = row.beside("send() of 1 frame", floor);
        }
        report.add(row);
        report.add(Row::new("200 events/s that nobody listens to", Unit::Percent, unheard * 100.0));
        report.note(
            "What events cost that nobody listens to: in Canyon, looking at the queue again and again.",
        );
    }
    let saturated = course.for_seconds(options.pick(2.0, 0.5));
    Comparison::measure(options, saturated, &[1])?.report_saturated(&mut report, "saturated");
    report.note("The floor at a pace is woken by a line in a pipe for each event.");
    Ok(vec![report])
}

/// The part of a core that a server takes for a course without any subscriber.
fn unheard(options: &Options, course: &Course) -> Result<Option<f64>> {
    let target = Target::open(options)?;
    let publishing = Publishing::start(&target, *course)?;
    let Some(meter) = target.meter()? else { return Ok(None) };
    while !publishing.is_done() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let part = meter.used()? / meter.seconds();
    publishing.join()?;
    Ok(Some(part))
}
