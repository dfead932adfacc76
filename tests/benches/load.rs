//! Several publishers at once, and payloads of several sizes, into a queue that is drained and checked as fast as it goes.
//!
//! The consumer is this process: it decodes every event and counts what is missing, out of order or torn. So the figures
//! are those of the queue, without a server's work.

use crate::Result;
use crate::children::Directory;
use crate::options::Options;
use crate::php::Php;
use crate::report::{Report, Row, Unit};
use crate::server::{environment, queue};
use crate::statistics::{Samples, median};
use canyon::event::Event;
use canyon::queue::{Consumer, ConsumerOptions, Record};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// No run takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    let php = Php::latest()?;
    let mut report = Report::new("load", format!("publishers and payloads, PHP {}", php.version));
    for (publishers, bytes) in [(1, 300), (2, 300), (8, 300), (1, 64), (1, 8192)] {
        let events = options.pick(most(bytes), 20_000) / publishers;
        let (mut each, mut rates) = (Samples::default(), Vec::new());
        for _ in 0..options.repeats() {
            let (samples, rate) = drained(&php, publishers, bytes, events)?;
            each.add(samples);
            rates.push(rate);
        }
        let name = format!("{publishers} x {bytes} B: one publish()");
        report.add(Row::times(name, &each));
        report.add(Row::new("  all of them, checked", Unit::PerSecond, median(rates)));
    }
    report.note("Means of batches of 100 without the loop; what met a full queue is published again and does not count.");
    report.note("Every event was read and checked: none missing, torn, twice or out of order.");
    Ok(vec![report])
}

/// Events enough for a second or so: a shorter run would tell how processes begin and end.
fn most(bytes: usize) -> usize {
    if bytes > 1000 { 400_000 } else { 2_000_000 }
}

/// Lets `publishers` processes publish `events` each; nanoseconds per publish, and events per second over all.
fn drained(php: &Php, publishers: usize, bytes: usize, events: usize) -> Result<(Vec<f64>, f64)> {
    let directory = Directory::create()?;
    let mut consumer = Consumer::open(ConsumerOptions::new(queue(&directory)))?;
    let environment = environment(&directory);
    let start = directory.path().join("start");
    let mut processes = Vec::new();
    for publisher in 0..publishers {
        let arguments = [publisher, events, bytes].map(|number| number.to_string());
        let start = start.to_string_lossy().into_owned();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([start.as_str()]).collect();
        processes.push(php.start("load.php", &arguments, &environment)?);
    }
    let mut check = Check::default();
    let patience = Instant::now() + PATIENCE;
    // Each publishes once when it is ready; then all begin together.
    drain_until(&mut consumer, &mut check, patience, publishers)?;
    std::fs::write(&start, "")?;
    let began = Instant::now();
    drain_until(&mut consumer, &mut check, patience, publishers * (events + 1))?;
    let rate = (publishers * events) as f64 / began.elapsed().as_secs_f64();
    let mut samples = Vec::new();
    for process in processes {
        let mut series = php.read(process, "load.php")?;
        samples.extend(series.remove("publish").ok_or("load.php printed no series")?);
    }
    Ok((samples, rate))
}

fn drain_until(consumer: &mut Consumer, check: &mut Check, patience: Instant, count: usize) -> Result<()> {
    while check.count < count {
        if Instant::now() > patience {
            return Err(format!("only {} of {count} events came", check.count).into());
        }
        let drained = consumer.drain(512, &mut |record: Record<'_>| {
            check.record(record.payload);
            ControlFlow::Continue(())
        });
        if !drained.more {
            consumer.wait(Duration::from_millis(100));
        }
    }
    match check.wrong.take() {
        Some(wrong) => Err(wrong.into()),
        None => Ok(()),
    }
}

/// The next event of every publisher.
#[derive(Debug, Default)]
struct Check {
    next: BTreeMap<u64, u64>,
    count: usize,
    wrong: Option<String>,
}

impl Check {
    /// The data is `publisher:number:padding:number`: torn, its two ends would not agree.
    fn record(&mut self, payload: &[u8]) {
        self.count += 1;
        let data = Event::decode(payload).map(|event| event.data).unwrap_or_default();
        let mut parts = data.split(':');
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
        let (publisher, first) = (number(), number());
        let last = parts.next_back().and_then(|part| part.parse().ok());
        let next = self.next.entry(publisher.unwrap_or(u64::MAX)).or_default();
        if first.is_none() || first != last || first != Some(*next) {
            self.wrong.get_or_insert_with(|| {
                format!("publisher {publisher:?}: {first:?} to {last:?} instead of {next}")
            });
        }
        *next += 1;
    }
}
