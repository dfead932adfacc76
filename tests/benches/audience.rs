//! Subscribers who count what they get, and take the time it was on its way.

use crate::course::Course;
use crate::process::Meter;
use crate::publishing::Publishing;
use crate::stamp::{self, Stamp};
use crate::statistics::{Samples, median};
use crate::swarm::{Receiver, Swarm};
use crate::tally::{Faults, Tally};
use crate::target::Target;
use crate::{Result, process};
use std::time::{Duration, Instant};

/// Nothing has come for so long: what is missing then is lost.
const SILENCE: Duration = Duration::from_secs(3);

/// No measurement takes this long.
const PATIENCE: Duration = Duration::from_secs(90);

/// What connecting has stirred up settles meanwhile.
const SETTLE: Duration = Duration::from_millis(300);

/// Times kept, at most.
const MOST_TIMES: usize = 8_000_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) swarm: Swarm,
    ears: Ears,
}

/// What the clients have heard.
#[derive(Debug)]
struct Ears {
    tally: Tally,
    /// Whether times are taken. While the server is saturated they would only say how long its queue is.
    is_timed: bool,
    /// Nanoseconds of each delivery.
    times: Vec<f64>,
    /// Of each event, when its first and its last receiver had it.
    events: Vec<(f64, f64)>,
}

/// What a measurement found.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) times: Times,
    /// Deliveries per second.
    pub(crate) per_second: f64,
    pub(crate) deliveries: f64,
    pub(crate) seconds: f64,
    /// Processor seconds of the sender, if they are known.
    pub(crate) sender: Option<f64>,
    /// Processor seconds of the clients, and of the publishing thread.
    pub(crate) generator: (f64, f64),
    pub(crate) faults: Faults,
    pub(crate) remark: Option<String>,
}

/// Nanoseconds from publishing to receiving.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times {
    pub(crate) all: Vec<f64>,
    pub(crate) first: Vec<f64>,
    pub(crate) last: Vec<f64>,
}

impl Audience {
    /// The subscribers of a course.
    pub(crate) fn gather(target: &Target, course: &Course) -> Result<Self> {
        let swarm = Swarm::subscribe(target, course.clients, |client| course.channel(client))?;
        std::thread::sleep(SETTLE);
        Ok(Self::of(swarm, course.clients, course.publishers(), !course.is_saturated()))
    }

    pub(crate) fn of(swarm: Swarm, clients: usize, publishers: usize, is_timed: bool) -> Self {
        let tally = Tally::new(clients, publishers);
        let ears = Ears { tally, is_timed, times: Vec::new(), events: Vec::new() };
        Self { swarm, ears }
    }

    /// Receives until every client has every event of a course.
    pub(crate) fn hear(
        &mut self,
        course: &Course,
        target: &Target,
        publishing: Publishing,
    ) -> Result<Outcome> {
        let meter = target.meter()?;
        let watch = Watch::start();
        let per_event = (course.clients * course.publishers()) as u64;
        while !publishing.is_done() && watch.has_patience() {
            self.turn()?;
            publishing.tell(self.ears.tally.deliveries);
        }
        let published = publishing.join()?;
        self.hear_rest(published.events * per_event, &watch)?;
        let mut outcome = self.outcome(published.events, &watch, meter.as_ref())?;
        outcome.generator.1 = published.processor;
        outcome.remark = published.remark;
        Ok(outcome)
    }

    /// Receives until every client has `events` events of a process that sends them unasked.
    pub(crate) fn hear_from(&mut self, sender: u32, events: u64, clients: usize) -> Result<Outcome> {
        let meter = Meter::start(sender)?;
        let watch = Watch::start();
        self.hear_rest(events * clients as u64, &watch)?;
        self.outcome(events, &watch, Some(&meter))
    }

    fn hear_rest(&mut self, deliveries: u64, watch: &Watch) -> Result<()> {
        let mut progress = (Instant::now(), self.ears.tally.deliveries);
        while self.ears.tally.deliveries < deliveries && watch.has_patience() {
            self.turn()?;
            if self.ears.tally.deliveries > progress.1 {
                progress = (Instant::now(), self.ears.tally.deliveries);
            } else if progress.0.elapsed() > SILENCE {
                break;
            }
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<()> {
        self.swarm.turn(Duration::from_millis(20), &mut self.ears)
    }

    fn outcome(&mut self, events: u64, watch: &Watch, meter: Option<&Meter>) -> Result<Outcome> {
        let seconds = watch.started.elapsed().as_secs_f64();
        let deliveries = self.ears.tally.deliveries as f64;
        let all = std::mem::take(&mut self.ears.times);
        let (first, last) = self.ears.events.drain(..).filter(|(first, _)| first.is_finite()).unzip();
        Ok(Outcome {
            times: Times { all, first, last },
            per_second: deliveries / seconds,
            deliveries,
            seconds,
            sender: meter.map(Meter::used).transpose()?,
            generator: ((process::thread_time() - watch.busy).as_secs_f64(), 0.0),
            faults: self.ears.tally.faults(events),
            remark: None,
        })
    }
}

impl Receiver for Ears {
    fn event(&mut self, client: usize, stamp: Stamp) {
        self.tally.count(client, stamp);
        if !self.is_timed || self.times.len() >= MOST_TIMES {
            return;
        }
        let time = stamp::now().saturating_sub(stamp.nanoseconds) as f64;
        self.times.push(time);
        let number = stamp.number() as usize;
        if self.events.len() <= number {
            self.events.resize(number + 1, (f64::INFINITY, 0.0));
        }
        let (first, last) = &mut self.events[number];
        *first = first.min(time);
        *last = last.max(time);
    }
}

/// When hearing began, and what this thread had used till then.
struct Watch {
    started: Instant,
    busy: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { started: Instant::now(), busy: process::thread_time() }
    }

    fn has_patience(&self) -> bool {
        self.started.elapsed() < PATIENCE
    }
}

/// Subscribes, publishes and hears, once.
pub(crate) fn attend(target: &Target, course: Course) -> Result<Outcome> {
    let mut audience = Audience::gather(target, &course)?;
    let publishing = Publishing::start(target, course)?;
    audience.hear(&course, target, publishing)
}

/// Several outcomes of the same thing.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Vec<Outcome>);

impl Outcomes {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0.push(outcome);
    }

    fn median(&self, what: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.0.iter().map(what).collect())
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.median(|outcome| outcome.per_second)
    }

    /// Processor seconds of the sender per million deliveries, if they are known.
    pub(crate) fn sender(&self) -> Option<f64> {
        self.0
            .iter()
            .all(|outcome| outcome.sender.is_some())
            .then(|| self.median(|outcome| outcome.sender.unwrap_or_default() * 1e6 / outcome.deliveries))
    }

    /// Processor seconds per million deliveries of the clients.
    pub(crate) fn clients(&self) -> f64 {
        self.median(|outcome| outcome.generator.0 * 1e6 / outcome.deliveries)
    }

    /// Per cent of one processor that clients and publisher take.
    pub(crate) fn generator(&self) -> f64 {
        self.median(|outcome| (outcome.generator.0 + outcome.generator.1) * 100.0 / outcome.seconds)
    }

    pub(crate) fn times(&self, which: impl Fn(&Times) -> &Vec<f64>) -> Samples {
        let mut samples = Samples::default();
        self.0.iter().for_each(|outcome| samples.add(which(&outcome.times).clone()));
        samples
    }

    pub(crate) fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        self.0.iter().for_each(|outcome| faults.add(outcome.faults));
        faults
    }

    pub(crate) fn remark(&self) -> Option<&String> {
        self.0.iter().find_map(|outcome| outcome.remark.as_ref())
    }
}
