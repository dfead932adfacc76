//! `make bench`: what publishing costs in PHP and in Laravel, how long events travel, what a connection and a
//! delivery cost the server, each beside a floor of the machine that was measured in the same run.
//!
//! ```text
//!  tests/bench ──> bench ──┬── starts `canyon serve` on loopback, and reads its memory and processor time from /proc
//!                          ├── runs PHP scripts that publish, and take the time of their calls
//!                          ├── is the WebSocket clients: one thread, one epoll, one read buffer, no JSON
//!                          └── starts itself anew as the floor: a thread that does nothing but send()
//! ```
//!
//! Every scenario prints one line of JSON as soon as it is done; the tables come last. All is bounded in number and
//! time, and whatever was started is stopped again by its process id.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod answering;
mod audience;
mod avalanche;
mod broadcast;
mod channels;
mod children;
mod client;
mod comparison;
mod connect;
mod course;
mod delays;
mod fanout;
mod floor;
mod http;
mod latency;
mod load;
mod memory;
mod options;
mod php;
mod presence;
mod process;
mod publish;
mod publishing;
mod push;
mod queue;
mod quiet;
mod redis;
mod report;
mod server;
#[path = "../support/signals.rs"]
mod signals;
mod slow;
mod stamp;
mod statistics;
mod subscriptions;
mod swarm;
mod tally;
mod target;
mod waiting;
mod ways;
mod whisper;

use clap::Parser;
use options::Options;
use report::Report;
use std::error::Error;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Something to measure.
struct Scenario {
    name: &'static str,
    what: &'static str,
    /// Whether it publishes from PHP or reads what only Canyon has, so that no other server can be measured.
    needs_canyon: bool,
    run: fn(&Options) -> Result<Vec<Report>>,
}

impl Scenario {
    /// One for every server that speaks the protocol.
    const fn any(name: &'static str, what: &'static str, run: fn(&Options) -> Result<Vec<Report>>) -> Self {
        Self { name, what, needs_canyon: false, run }
    }

    /// One for Canyon alone.
    const fn canyon(
        name: &'static str,
        what: &'static str,
        run: fn(&Options) -> Result<Vec<Report>>,
    ) -> Self {
        Self { name, what, needs_canyon: true, run }
    }
}

const SCENARIOS: &[Scenario] = &[
    Scenario::canyon("publish", "Canyon\\Publisher::publish() in PHP", publish::run),
    Scenario::canyon("load", "one to eight publishing processes, and payloads of three sizes", load::run),
    Scenario::canyon("ways", "publish() beside Redis, a Unix datagram and signed HTTP", ways::run),
    Scenario::canyon("broadcast", "broadcast() in Laravel", broadcast::run),
    Scenario::canyon("latency", "from publish() in PHP to one WebSocket client", latency::run),
    Scenario::any("memory", "what idle connections take", memory::run),
    Scenario::any("fanout", "one channel with 1,000 subscribers, 256 bytes of data", fanout::run),
    Scenario::any("sizes", "the same with 64 bytes and with 8 KiB", fanout::sizes),
    Scenario::any("flood", "8 KiB as fast as it can be published, and nobody hung up on", fanout::flood),
    Scenario::any("crowd", "the same with 10,000 subscribers", fanout::crowd),
    Scenario::any("http", "the same over the HTTP API, one and ten events in a request", fanout::http),
    Scenario::any("whispers", "the same as client events of a member of a private channel", fanout::whispers),
    Scenario::any("delays", "how long events are on their way at half of the saturation rate", delays::run),
    Scenario::any("quiet", "a quiet channel while a busy one is fanned out to 10,000", quiet::run),
    Scenario::any("channels", "100 channels of 10 subscribers", channels::run),
    Scenario::any("connect", "what connecting and subscribing costs", connect::run),
    Scenario::any(
        "avalanche",
        "10,000 clients that connect at once, beside 100 that get events",
        avalanche::run,
    ),
    Scenario::any("slow", "5 % of 1,000 subscribers never read", slow::run),
    Scenario::any("presence", "500 to 10,000 members join one channel at once", presence::run),
    Scenario::any("subscriptions", "coming and going with 1,000 to 100,000 channels", subscriptions::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == floor::COMMAND => return finish(floor::send(rest)),
        Some((first, rest)) if first == answering::COMMAND => return finish(answering::answer(rest)),
        _ => {}
    }
    finish(measure(&Options::parse()))
}

fn finish(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<()> {
    children::stop_on_signals()?;
    process::raise_descriptor_limit()?;
    println!("{}", report::machine(options));
    let mut reports = Vec::new();
    let mut failed = None;
    let is_wanted =
        |name: &str| options.scenarios.is_empty() || options.scenarios.iter().any(|one| one == name);
    for scenario in SCENARIOS.iter().filter(|scenario| is_wanted(scenario.name)) {
        let done = if scenario.needs_canyon && options.url.is_some() {
            Ok(vec![Report::skipped(scenario.name, scenario.what)])
        } else {
            (scenario.run)(options)
        };
        match done {
            Ok(done) => {
                done.iter().for_each(|report| println!("{}", report.json()));
                reports.extend(done);
            }
            // What was measured before is shown all the same.
            Err(error) => {
                failed = Some(format!("{}: {error}", scenario.name));
                break;
            }
        }
    }
    reports.iter().for_each(|report| println!("\n{}", report.table()));
    let faults = reports.iter().map(Report::faults).sum::<u64>();
    if faults > 0 && failed.is_none() {
        failed = Some(format!("{faults} deliveries were lost, doubled or out of order: see the tables"));
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
