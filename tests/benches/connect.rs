//! What it costs to come in: to connect, to be upgraded, and to subscribe to a public, a private or a presence channel.

use crate::Result;
use crate::answering::Answering;
use crate::options::Options;
use crate::process;
use crate::report::{Report, Row, Unit};
use crate::statistics::median;
use crate::swarm::Swarm;
use crate::target::Target;
use std::time::{Duration, Instant};

/// Members of one presence channel. Many on one channel are the scenario `presence`.
const ROOM: usize = 10;

/// The channel of a client, by its number.
type Naming = fn(usize) -> String;

/// What connecting costs.
#[derive(Debug, Default)]
struct Costs {
    per_second: Vec<f64>,
    /// Processor nanoseconds of the server per connection.
    processor: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let wanted = options.pick(10_000, 1_000);
    let count = wanted.min(process::most_connections());
    let mut report = Report::new("connect", format!("{count} clients connect and subscribe, 256 at a time"));
    if count < wanted {
        report.note(format!("{wanted} were wanted; the limit of open files allows {count}."));
    }
    let kinds: [(&str, Naming); 3] = [
        ("public", |_| "news".to_owned()),
        ("private", |_| "private-news".to_owned()),
        ("presence", |number| format!("presence-room-{}", number / ROOM)),
    ];
    let mut floor = Costs::default();
    let mut costs: [Costs; 3] = Default::default();
    // In turn, so that all see the same moods of the machine.
    for _ in 0..options.repeats() {
        for ((_, channel), costs) in kinds.iter().zip(&mut costs) {
            costs.measure(&Target::open(options)?, count, *channel)?;
        }
        let answering = Answering::start(0, 0)?;
        floor.measure(&answering.target(), count, kinds[0].1)?;
    }
    for ((kind, _), costs) in kinds.iter().zip(&costs) {
        let row = Row::new(format!("{kind}, connections"), Unit::PerSecond, median(costs.per_second.clone()));
        report.add(row.beside("accept and answer", median(floor.per_second.clone())));
    }
    for ((kind, _), costs) in kinds.iter().zip(&costs) {
        if !costs.processor.is_empty() {
            let processor = median(costs.processor.clone());
            let row = Row::new(format!("{kind}, processor for each"), Unit::Nanoseconds, processor);
            report.add(row.beside("accept and answer", median(floor.processor.clone())));
        }
    }
    report.note(format!("Presence: {ROOM} members on each channel."));
    report.note("\"accept and answer\": one epoll loop that accepts, and answers upgrade and subscription with fixed bytes.");
    report.note(
        "Clients and server share the processors, and the clients sign their subscriptions themselves.",
    );
    Ok(vec![report])
}

impl Costs {
    fn measure(&mut self, target: &Target, count: usize, channel: Naming) -> Result<()> {
        // What starting has stirred up settles first.
        std::thread::sleep(Duration::from_millis(200));
        let (started, meter) = (Instant::now(), target.meter()?);
        let swarm = Swarm::subscribe(target, count, channel)?;
        self.per_second.push(count as f64 / started.elapsed().as_secs_f64());
        if let Some(meter) = meter {
            self.processor.push(meter.used()? * 1e9 / count as f64);
        }
        drop(swarm);
        Ok(())
    }
}
