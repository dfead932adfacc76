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

mod broadcast;
mod children;
mod fanout;
mod floor;
mod latency;
mod load;
mod memory;
mod php;
mod process;
mod publish;
mod push;
mod redis;
mod report;
mod server;
#[path = "../support/signals.rs"]
mod signals;
mod stamp;
mod statistics;
mod swarm;
mod waiting;
mod ways;

use report::Report;
use std::error::Error;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Size {
    quick: bool,
}

impl Size {
    /// `full`, or `quick` where all that counts is whether it works.
    fn pick<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How often a short measurement is repeated; its median is shown.
    fn repeats(self) -> usize {
        self.pick(3, 1)
    }
}

type Scenario = fn(Size) -> Result<Vec<Report>>;

const SCENARIOS: &[(&str, &str, Scenario)] = &[
    ("publish", "Canyon\\Publisher::publish() in PHP", publish::run),
    ("load", "one to eight publishing processes, and payloads of three sizes", load::run),
    ("ways", "publish() beside Redis, a Unix datagram and signed HTTP", ways::run),
    ("broadcast", "broadcast() in Laravel", broadcast::run),
    ("latency", "from publish() in PHP to one WebSocket client", latency::run),
    ("memory", "what idle connections take", memory::run),
    ("fanout", "one channel with 1,000 subscribers", fanout::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == floor::COMMAND) {
        return finish(floor::send(&arguments[1..]));
    }
    match chosen(&arguments) {
        Ok((scenarios, size)) => finish(measure(&scenarios, size)),
        Err(help) => {
            eprintln!("{help}");
            ExitCode::from(2)
        }
    }
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

/// The scenarios named on the command line; all of them if none is.
fn chosen(arguments: &[String]) -> std::result::Result<(Vec<Scenario>, Size), String> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut scenarios = Vec::new();
    for name in arguments.iter().filter(|argument| *argument != "--quick") {
        let known = SCENARIOS.iter().find(|(known, ..)| known == name);
        scenarios.push(known.ok_or_else(|| usage(name))?.2);
    }
    if scenarios.is_empty() {
        scenarios.extend(SCENARIOS.iter().map(|(.., scenario)| *scenario));
    }
    Ok((scenarios, Size { quick }))
}

fn usage(unknown: &str) -> String {
    let mut text = format!("there is no scenario {unknown:?}\n\nusage: tests/bench [--quick] [NAME...]\n");
    for (name, what, _) in SCENARIOS {
        text += &format!("\n  {name:<10} {what}");
    }
    text
}

fn measure(scenarios: &[Scenario], size: Size) -> Result<()> {
    children::stop_on_signals()?;
    process::raise_descriptor_limit()?;
    println!("{}", report::machine(size.quick));
    let mut reports = Vec::new();
    let mut failed = None;
    for scenario in scenarios {
        match scenario(size) {
            Ok(done) => {
                done.iter().for_each(|report| println!("{}", report.json()));
                reports.extend(done);
            }
            // What was measured before is shown all the same.
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    reports.iter().for_each(|report| println!("\n{}", report.table()));
    failed.map_or(Ok(()), Err)
}
