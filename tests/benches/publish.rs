//! What `Canyon\Publisher::publish()` costs in PHP: 300 bytes of data, a running server on the other side.
//!
//! The floors are a native PHP call that does nothing, made under the same conditions, and, where the server sleeps and
//! must be woken, a bare wake of a thread after the same silence. The cost of reading the clock is taken off everywhere.

use crate::options::Options;
use crate::php::{Php, Series};
use crate::process::Meter;
use crate::push::lone_pushes;
use crate::report::{Report, Row, Unit};
use crate::server::Server;
use crate::statistics::Samples;
use crate::{Result, waiting};
use canyon::queue::NAP;
use std::collections::BTreeMap;
use std::time::Duration;

const NO_OP: &str = "no-op call";

/// A silence after which the server sleeps.
const SILENCE: Duration = Duration::from_millis(1050);

pub(crate) fn run(options: &Options) -> Result<Vec<Report>> {
    Php::all()?.iter().map(|php| measure(php, options)).collect()
}

fn measure(php: &Php, options: &Options) -> Result<Report> {
    let mut report = Report::new("publish", format!("publish(), PHP {}", php.version));
    let server = Server::start(options)?;
    sustained(php, options, &server, &mut report)?;
    let wait = options.pick("60000", "3000");
    one_by_one(php, options, &server, ("one every 20 us", &[wait, "20"]), &mut report)?;
    let pause = options.pick("1200", "120");
    one_by_one(php, options, &server, ("one every 5 ms", &[pause, "5000"]), &mut report)?;
    report.add(bare_pushes(&server, options.pick(1200, 120), Duration::from_millis(5))?);
    after_silence(php, options, &server, &mut report)?;
    first(php, options, &server, &mut report)?;
    report.note(
        "Without the time of reading the clock. \"No-op call\" is gc_enabled(), called in the same way.",
    );
    Ok(report)
}

/// Runs a script several times; the samples by series, each run one repeat.
fn repeat(
    php: &Php,
    repeats: usize,
    arguments: &[&str],
    server: &Server,
) -> Result<BTreeMap<String, Samples>> {
    let mut all: BTreeMap<String, Samples> = BTreeMap::new();
    for _ in 0..repeats {
        let series: Series = php.run("publish.php", arguments, server.environment())?;
        for (name, samples) in series {
            all.entry(name).or_default().add(samples);
        }
    }
    Ok(all)
}

fn series<'a>(all: &'a BTreeMap<String, Samples>, name: &str) -> Result<&'a Samples> {
    all.get(name).ok_or_else(|| format!("publish.php printed no series {name:?}").into())
}

/// As fast as it goes, in batches; with one channel, with two and with 100.
fn sustained(php: &Php, options: &Options, server: &Server, report: &mut Report) -> Result<()> {
    for (channels, name, count) in [
        ("1", "sustained", options.pick(400_000, 20_000)),
        ("2", "sustained, 2 channels", options.pick(400_000, 20_000)),
        ("100", "sustained, 100 channels", options.pick(40_000, 4_000)),
    ] {
        let all = repeat(php, options.repeats(), &["sustained", &count.to_string(), channels], server)?;
        let empty_loop = series(&all, "loop")?.quantile(0.5);
        let publish = series(&all, "publish")?.less(empty_loop);
        let no_op = series(&all, "no-op")?.less(empty_loop).quantile(0.5);
        report.add(Row::times(name, &publish).beside(NO_OP, no_op));
        let full = series(&all, "full")?.quantile(0.5);
        report.note(format!(
            "{name}: means of batches of 100; {full:.0} of {} batches met a full queue and do not count.",
            count / 100
        ));
    }
    Ok(())
}

/// One publish at a time, each the first thing after a pause.
fn one_by_one(
    php: &Php,
    options: &Options,
    server: &Server,
    (name, arguments): (&str, &[&str]),
    report: &mut Report,
) -> Result<()> {
    let arguments = [&["paced"], arguments].concat();
    let meter = Meter::start(server.pid())?;
    let all = repeat(php, options.repeats(), &arguments, server)?;
    let busy = meter.percent()?;
    let clock = series(&all, "clock")?;
    let overhead = clock.quantile(0.5);
    let no_op = series(&all, "no-op")?.less(overhead);
    report.add(Row::times(name, &series(&all, "publish")?.less(overhead)).beside(NO_OP, no_op.quantile(0.5)));
    report.add(Row::times("  no-op call, likewise", &no_op));
    report.add(Row::times("  the clock itself (taken off above)", clock));
    let naps = waiting::naps(NAP, options.pick(3000, 300))?;
    report.add(Row::new("  server meanwhile", Unit::Percent, busy).beside("bare naps", naps));
    Ok(())
}

/// One publish at a time, each waking the server.
fn after_silence(php: &Php, options: &Options, server: &Server, report: &mut Report) -> Result<()> {
    let count = options.pick(48, 6);
    let (slots, pause) = (count.to_string(), SILENCE.as_micros().to_string());
    // Both sleep nearly always, so they can do it at the same time.
    let floor = std::thread::spawn(move || waiting::futex_wakes(count, SILENCE));
    let fifo = std::thread::spawn(move || waiting::fifo_wakes(count, SILENCE));
    let meter = Meter::start(server.pid())?;
    let all = repeat(php, 1, &["paced", &slots, &pause], server)?;
    let busy = meter.percent()?;
    let mut wakes = Samples::default();
    wakes.add(floor.join().map_err(|_| "the thread that wakes another panicked")?);
    let mut fifo_wakes = Samples::default();
    fifo_wakes.add(fifo.join().map_err(|_| "the thread that writes into a FIFO panicked")??);
    let overhead = series(&all, "clock")?.quantile(0.5);
    let publish = series(&all, "publish")?.less(overhead);
    report.add(Row::times("after 1 s of silence", &publish).beside("futex wake", wakes.quantile(0.5)));
    report.add(Row::times("  futex wake, likewise", &wakes));
    report.add(Row::times("  write to a FIFO, likewise", &fifo_wakes));
    report.add(Row::times("  no-op call, likewise", &series(&all, "no-op")?.less(overhead)));
    report.add(bare_pushes(server, count, SILENCE)?);
    report.add(Row::new("  server meanwhile", Unit::Percent, busy));
    Ok(())
}

/// What the push into the queue costs without PHP and its call.
fn bare_pushes(server: &Server, count: usize, pause: Duration) -> Result<Row> {
    let mut pushes = Samples::default();
    pushes.add(lone_pushes(&server.queue(), count, pause)?);
    Ok(Row::times("  bare push from Rust, likewise", &pushes))
}

/// The first publish of a process, which attaches to the queue.
fn first(php: &Php, options: &Options, server: &Server, report: &mut Report) -> Result<()> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..options.pick(30, 5) {
        for (name, samples) in php.run("publish.php", &["first"], server.environment())? {
            all.entry(name).or_default().extend(samples);
        }
    }
    for (name, samples) in all {
        let mut of_all_processes = Samples::default();
        of_all_processes.add(samples);
        let what = format!("{name} of a process");
        report.add(Row::times(what, &of_all_processes));
    }
    Ok(())
}
