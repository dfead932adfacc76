//! A course measured beside its floors, in turn, so that all see the same moods of the machine.

use crate::Result;
use crate::audience::{Outcomes, attend};
use crate::course::Course;
use crate::floor::{Floor, Plan};
use crate::options::Options;
use crate::publishing::Publishing;
use crate::report::{Report, Row, Unit};
use crate::statistics::median;
use crate::target::Target;
use std::time::Duration;

/// Bytes that a saturated floor sends, at most.
const MOST_BYTES: usize = 512 << 20;

/// Calls of `send()` that it makes, at most.
const MOST_CALLS: usize = 200_000;

/// What was found of a course and of each of its floors.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) measured: Outcomes,
    pub(crate) floors: Vec<(usize, Outcomes)>,
}

impl Comparison {
    /// Measures `course`, and a bare loop of `send()` with each number of frames at a time.
    pub(crate) fn measure(options: &Options, course: Course, batches: &[usize]) -> Result<Self> {
        let floors = batches.iter().map(|&batch| (batch, Outcomes::default())).collect();
        let mut all = Self { measured: Outcomes::default(), floors };
        for _ in 0..options.repeats() {
            all.measured.add(attend(&Target::open(options)?, course)?);
            for (batch, outcomes) in &mut all.floors {
                let plan = Plan::of(&course, *batch, rounds(options, &course, *batch));
                outcomes.add(Floor::start(plan)?.run()?);
            }
        }
        Ok(all)
    }

    /// Adds the rows that a course at a pace has.
    pub(crate) fn report_paced(&self, report: &mut Report, name: &str) {
        let times = self.measured.times(|times| &times.all);
        let mut row = Row::times(format!("{name}, latency"), &times);
        let floor = self.floors.first().map(|(batch, floor)| (frames(*batch), floor));
        if let Some((frames, floor)) = &floor {
            row = row.beside(frames, floor.times(|times| &times.all).quantile(0.5));
        }
        report.add(row);
        if let Some((frames, floor)) = &floor {
            report.add(Row::times(format!("  {frames}, latency"), &floor.times(|times| &times.all)));
        }
        self.report_processor(report, name);
    }

    /// Adds the rows of a course that goes as fast as it can.
    pub(crate) fn report_saturated(&self, report: &mut Report, name: &str) {
        let row = || Row::new(format!("{name}, deliveries"), Unit::PerSecond, self.measured.per_second());
        if self.floors.is_empty() {
            report.add(row());
        }
        for (batch, floor) in &self.floors {
            report.add(row().beside(frames(*batch), floor.per_second()));
        }
        self.report_processor(report, name);
    }

    /// Adds what the same events cost the server when nobody listens, and what is left of a delivery's price without that.
    pub(crate) fn report_unheard(
        &self,
        options: &Options,
        report: &mut Report,
        name: &str,
        course: Course,
    ) -> Result<()> {
        let all =
            (0..options.repeats()).map(|_| unheard(options, course)).collect::<Result<Option<Vec<f64>>>>()?;
        let (Some(all), Some(sender)) = (all, self.measured.sender()) else { return Ok(()) };
        let unheard = median(all);
        let deliveries_per_second = course.deliveries() as f64 / course.pause.as_secs_f64();
        let rest = sender - unheard * 1e6 / deliveries_per_second;
        let mut row = Row::new("  less those that nobody listens to", Unit::SecondsPerMillion, rest);
        if let Some((batch, floor)) = self.floors.first()
            && let Some(floor) = floor.sender()
        {
            row = row.beside(frames(*batch), floor);
        }
        report.add(row);
        report.add(Row::new(format!("  {name} that nobody listens to"), Unit::Percent, unheard * 100.0));
        report.note(
            "What events cost that nobody listens to: in Canyon, looking at the queue again and again.",
        );
        Ok(())
    }

    fn report_processor(&self, report: &mut Report, name: &str) {
        report.count(self.measured.faults());
        if let Some(remark) = self.measured.remark() {
            report.remark(remark);
        }
        report.remark(format!(
            "{name}: the clients take {:.2} s/M, clients and publisher {:.0} % of a core.",
            self.measured.clients(),
            self.measured.generator()
        ));
        let Some(sender) = self.measured.sender() else { return };
        let row = || Row::new(format!("{name}, processor"), Unit::SecondsPerMillion, sender);
        if self.floors.is_empty() {
            report.add(row());
        }
        for (batch, floor) in &self.floors {
            let Some(floor) = floor.sender() else { continue };
            report.add(row().beside(frames(*batch), floor));
        }
    }
}

/// The part of a core that a server takes for the events of a course without any subscriber, if its process is known.
fn unheard(options: &Options, course: Course) -> Result<Option<f64>> {
    let target = Target::open(options)?;
    let publishing = Publishing::start(&target, course)?;
    let Some(meter) = target.meter()? else { return Ok(None) };
    while !publishing.is_done() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let part = meter.used()? / meter.seconds();
    publishing.join()?;
    Ok(Some(part))
}

fn frames(batch: usize) -> String {
    format!("send() of {batch} frame{}", if batch == 1 { "" } else { "s" })
}

/// Rounds of a saturated floor: enough to be measured, and not so many that it takes long.
fn rounds(options: &Options, course: &Course, batch: usize) -> usize {
    let by_bytes = MOST_BYTES / (course.frame() * batch * course.clients);
    let by_calls = MOST_CALLS / course.clients;
    (by_bytes.min(by_calls) / options.pick(1, 4)).max(3)
}
