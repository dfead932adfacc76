//! All clients come back at the same time, as after an outage, while others are there already and get events.
//!
//! Every connect() is issued without waiting for any other. The floor is a loop that accepts and answers with fixed bytes,
//! and sends the same events to as many that are there.

use crate::answering::Answering;
use crate::course::{Course, Way};
use crate::options::Options;
use crate::publishing::Publishing;
use crate::report::{Report, Row, Unit};
use crate::stamp::{self, Stamp};
use crate::statistics::{Samples, median};
use crate::swarm::{Receiver, Swarm};
use crate::tally::{Faults, Tally};
use crate::target::Target;
use crate::{Result, process};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Those who are there already.
const RESIDENTS: usize = 100;

/// Events per second that they get.
const PACE: f64 = 50.0;

/// Bytes of an event's data.
const DATA: usize = 256;

/// Descriptors that neither side uses for newcomers.
const SPARE: usize = RESIDENTS + 50;

/// No avalanche takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is caught in the avalanche.
struct Scene {
    target: Target,
    newcomers: usize,
    /// Events go to the residents before the avalanche, and for so long altogether.
    before: Duration,
    time: Duration,
}

/// What one avalanche was like.
#[derive(Debug, Default)]
struct Outcome {
    served: usize,
    /// Nanoseconds from the first connect() until each newcomer was subscribed.
    arrivals: Vec<f64>,
    /// Processor nanoseconds of the server per newcomer.
    processor: Option<f64>,
    residents: Residents,
}

/// Nanoseconds that events were on their way to the residents.
#[derive(Debug, Default)]
struct Residents {
    before: Vec<f64>,
    during: Vec<f64>,
    faults: Faults,
}

/// Several outcomes.
#[derive(Debug, Default)]
struct Outcomes(Vec<Outcome>);

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let wanted = options.pick(10_000, 1_000);
    let newcomers = wanted.min(process::most_connections() - SPARE);
    let scene = |target| {
        let before = Duration::from_secs_f64(options.pick(2.0, 0.5));
        Scene { target, newcomers, before, time: before + Duration::from_secs_f64(options.pick(3.0, 1.0)) }
    };
    let (mut measured, mut floor) = (Outcomes::default(), Outcomes::default());
    for _ in 0..options.repeats() {
        let course = |scene: &Scene| {
            Course::new(Way::best(options), RESIDENTS, DATA).at(PACE).for_seconds(scene.time.as_secs_f64())
        };
        let ours = scene(Target::open(options)?);
        let publish = || Ok(Some(Publishing::start(&ours.target, course(&ours))?));
        measured.0.push(ours.endure(publish)?);
        let answering = Answering::start(RESIDENTS, PACE as usize)?;
        floor.0.push(scene(answering.target()).endure(|| Ok(None))?);
    }
    let title = format!("{newcomers} clients connect at once, beside {RESIDENTS} that get {PACE} events/s");
    let mut report = Report::new("avalanche", title);
    if newcomers < wanted {
        report.note(format!("{wanted} were wanted; the limit of open files allows {newcomers}."));
    }
    let least = |outcomes: &Outcomes| outcomes.0.iter().map(|outcome| outcome.served).min().unwrap_or(0);
    let (bare, least) = (least(&floor), least(&measured));
    let row = Row::new(format!("served of {newcomers}, in the worst run"), Unit::Count, least as f64);
    report.add(row.beside("accept and answer", bare as f64));
    const FLOOR: &str = "accept and answer";
    let last = |outcome: &Outcome| outcome.arrivals.iter().copied().fold(0.0, f64::max);
    report.add(
        Row::new("all are subscribed after", Unit::Nanoseconds, measured.median(last))
            .beside(FLOOR, floor.median(last)),
    );
    let arrivals = |outcome: &Outcome| outcome.arrivals.clone();
    let row = Row::times("each is subscribed after", &measured.samples(arrivals));
    report.add(row.beside(FLOOR, floor.samples(arrivals).quantile(0.5)));
    let processor = |outcome: &Outcome| outcome.processor.unwrap_or(f64::NAN);
    if measured.0.iter().all(|outcome| outcome.processor.is_some()) {
        let row = Row::new("processor for each", Unit::Nanoseconds, measured.median(processor));
        report.add(row.beside(FLOOR, floor.median(processor)));
    }
    let (calm, bare_calm) = (measured.samples(before), floor.samples(before));
    let (stormy, bare_stormy) = (measured.samples(during), floor.samples(during));
    report.add(Row::times("the others' events, before", &calm).beside(FLOOR, bare_calm.quantile(0.5)));
    report.add(Row::times("the others' events, during", &stormy).beside(FLOOR, bare_stormy.quantile(0.5)));
    let row = Row::new("  99 of 100 of these within", Unit::Nanoseconds, stormy.quantile(0.99));
    report.add(row.beside(FLOOR, bare_stormy.quantile(0.99)));
    measured.0.iter().for_each(|outcome| report.count(outcome.residents.faults));
    report.note("Every connect() is issued at once, from several source addresses; the clients share the processors with the server.");
    report
        .note("A client that the server turns away, hangs up on or leaves alone ends the run with an error.");
    Ok(vec![report])
}

fn before(outcome: &Outcome) -> Vec<f64> {
    outcome.residents.before.clone()
}

fn during(outcome: &Outcome) -> Vec<f64> {
    outcome.residents.during.clone()
}

impl Scene {
    fn endure(&self, publish: impl FnOnce() -> Result<Option<Publishing>>) -> Result<Outcome> {
        let mut residents = Swarm::subscribe(&self.target, RESIDENTS, |_| "news-0".to_owned())?;
        std::thread::sleep(Duration::from_millis(300));
        let publishing = publish()?;
        let began = Instant::now();
        let is_over = AtomicBool::new(false);
        let mut outcome = Outcome::default();
        let mut ears = Ears { tally: Tally::new(RESIDENTS, 1), times: Vec::new(), last: 0 };
        let window = std::thread::scope(|scope| {
            let listening = scope.spawn(|| ears.listen(&mut residents, &is_over));
            std::thread::sleep(self.before);
            let avalanche = self.avalanche(&mut outcome);
            // The rest of the events, and time for the last of them to arrive.
            std::thread::sleep((self.time + Duration::from_secs(1)).saturating_sub(began.elapsed()));
            let events = publishing.map(Publishing::join).transpose();
            is_over.store(true, Ordering::Relaxed);
            listening.join().map_err(|_| "the thread of the residents panicked")??;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((avalanche?, events?))
        });
        let ((start, end), published) = window?;
        // The floor goes on sending: there, what the clients have seen last is all that counts.
        let events = published.map_or(ears.last, |published| published.events);
        let residents = &mut outcome.residents;
        residents.faults = ears.tally.faults(events);
        for (sent, time) in ears.times {
            match sent {
                _ if sent < start => residents.before.push(time),
                _ if sent <= end => residents.during.push(time),
                _ => {}
            }
        }
        Ok(outcome)
    }

    /// Lets the newcomers come; when it began and ended.
    fn avalanche(&self, outcome: &mut Outcome) -> Result<(u64, u64)> {
        let mut swarm = Swarm::new(self.target.address, self.target.app.clone())?;
        let mut arrivals = Arrivals { start: stamp::now(), times: &mut outcome.arrivals, gone: 0 };
        let (started, meter) = (Instant::now(), self.target.meter()?);
        swarm.launch(self.newcomers, |_| "lobby".to_owned())?;
        while swarm.ready() + arrivals.gone < self.newcomers && started.elapsed() < PATIENCE {
            swarm.turn(Duration::from_millis(100), &mut arrivals)?;
        }
        let window = (arrivals.start, stamp::now());
        outcome.served = swarm.ready();
        let used = meter.map(|meter| meter.used()).transpose()?;
        outcome.processor = used.map(|used| used * 1e9 / self.newcomers as f64);
        Ok(window)
    }
}

/// When the newcomers are subscribed, and how many were hung up on.
struct Arrivals<'a> {
    start: u64,
    times: &'a mut Vec<f64>,
    gone: usize,
}

impl Receiver for Arrivals<'_> {
    fn event(&mut self, _: usize, _: Stamp) {}

    fn notice(&mut self, _: usize, text: &[u8]) {
        let is_success = text.windows(22).any(|window| window == b"subscription_succeeded");
        if is_success {
            self.times.push(stamp::now().saturating_sub(self.start) as f64);
        }
    }

    fn gone(&mut self, _: usize, _: Option<u16>) -> Result<()> {
        self.gone += 1;
        Ok(())
    }
}

/// What the residents hear: of each delivery, when it was published and how long it was on its way.
struct Ears {
    tally: Tally,
    times: Vec<(u64, f64)>,
    /// Events that somebody has seen.
    last: u64,
}

impl Ears {
    fn listen(&mut self, swarm: &mut Swarm, is_over: &AtomicBool) -> Result<()> {
        while !is_over.load(Ordering::Relaxed) {
            swarm.turn(Duration::from_millis(20), self)?;
        }
        Ok(())
    }
}

impl Receiver for Ears {
    fn event(&mut self, client: usize, stamp: Stamp) {
        self.tally.count(client, stamp);
        self.last = self.last.max(stamp.number() + 1);
        self.times.push((stamp.nanoseconds, stamp::now().saturating_sub(stamp.nanoseconds) as f64));
    }
}

impl Outcomes {
    fn median(&self, what: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.0.iter().map(what).collect())
    }

    fn samples(&self, which: impl Fn(&Outcome) -> Vec<f64>) -> Samples {
        let mut samples = Samples::default();
        self.0.iter().for_each(|outcome| samples.add(which(outcome)));
        samples
    }
}
