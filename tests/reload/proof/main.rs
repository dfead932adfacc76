//! The big proof of the hand-over: ten thousand clients, a stream of events from PHP through the extension, from Rust and
//! over HTTP, ten reloads in a row, and nobody misses, doubles, reorders or loses anything.
//!
//! `make reload-proof` runs it; `RELOAD_CLIENTS`, `RELOAD_RATE` (events a second) and `RELOAD_COUNT` change its size.
//! `FORM=artisan` has the server run as `php artisan canyon:start`, reloaded by `canyon:reload`; `FORM=mixed` changes between
//! that and the binary at each reload. It ends by itself, after some two seconds for each reload.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod audience;
#[allow(dead_code, reason = "here nothing crashes")]
#[path = "../../support/follower.rs"]
mod follower;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../../support/http_request.rs"]
mod http_request;
#[path = "../../support/ledger.rs"]
mod ledger;
#[path = "../../support/php.rs"]
mod php;
#[path = "../../support/php_publishers.rs"]
mod php_publishers;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../../support/poster.rs"]
mod poster;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../../support/process.rs"]
mod process;
mod publishing;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../../support/random.rs"]
mod random;
mod served;
mod trouble;

use audience::Audience;
use ledger::Ledger;
use publishing::Publishers;
use served::{Form, Served};
use std::sync::Arc;
use std::time::{Duration, Instant};
use trouble::Trouble;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Time between two reloads.
const BETWEEN: Duration = Duration::from_millis(1000);

/// Time for what is on its way to arrive at the end.
const SETTLE: Duration = Duration::from_secs(20);

/// A kind of channel for each: public, private, presence.
const KINDS: [&str; 3] = ["lobby", "private-room", "presence-room"];

/// Clients of one channel.
const AUDIENCE_OF_A_CHANNEL: usize = 20;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// The channels of so many clients, each kind in turn.
fn channels(clients: usize) -> Vec<String> {
    let count = clients.div_ceil(AUDIENCE_OF_A_CHANNEL);
    (0..count).map(|number| format!("{}-{number}", KINDS[number % KINDS.len()])).collect()
}

fn main() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let clients = setting("RELOAD_CLIENTS", 10_000);
    let (rate, count) = (setting("RELOAD_RATE", 2_400), setting("RELOAD_COUNT", 10));
    let served = Served::start(Form::from_environment().unwrap()).unwrap();
    let channels = channels(clients);
    let ledger = Arc::new(Ledger::new(channels.len()));
    let begun = Instant::now();
    let audience = Audience::connect(served.port, clients, &channels, &ledger);
    let mut trouble = Trouble::connect(served.port, &served.socket());
    println!("{clients} clients on {} channels connected in {:.1?}", channels.len(), begun.elapsed());
    audience.watch();
    let publishers = Publishers::start(&served, &ledger, &channels, rate).unwrap();
    std::thread::sleep(BETWEEN);
    let begun = Instant::now();
    for number in 1..=count {
        trouble.begin();
        let (text, given) = served.reload(number).unwrap();
        println!("reload {number}: {text}");
        assert_eq!(given, clients + trouble.clients());
        trouble.end();
        std::thread::sleep(BETWEEN);
    }
    let lasted = begun.elapsed();
    let published = publishers.stop();
    let report = audience.finish(&ledger, SETTLE);
    println!(
        "{} events ({} from {} PHP processes and {} from this one through the queue, {} over HTTP) in {lasted:.1?}, {} deliveries; \
         longest time without any delivery: {:.1?}",
        published.php + published.queue + published.http,
        published.php,
        published.php_processes,
        published.queue,
        published.http,
        report.deliveries,
        report.longest_silence,
    );
    println!(
        "{} disconnects, {} lost, {} doubled or reordered, {} joins or leaves shown, {} HTTP requests refused",
        report.disconnects, report.lost, report.disordered, report.presence, published.refused
    );
    assert!(published.complaints.is_empty(), "PHP complains: {}", published.complaints);
    let is_perfect = report.disconnects + report.disordered + report.presence + published.refused == 0;
    assert!(is_perfect && report.lost == 0, "somebody noticed");
    println!("nobody noticed");
}
