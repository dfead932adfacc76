//! The big proof of the hand-over: ten thousand clients, a stream of events from the queue and over HTTP, ten reloads in a
//! row, and nobody misses, doubles, reorders or loses anything.
//!
//! `make reload-proof` runs it; `RELOAD_CLIENTS`, `RELOAD_RATE` (events a second) and `RELOAD_COUNT` change its size. It
//! ends by itself, after some two seconds for each reload.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod audience;
mod publishing;
mod trouble;

use audience::Audience;
use publishing::Publishers;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use trouble::Trouble;

/// Time between two reloads.
const BETWEEN: Duration = Duration::from_millis(1000);

/// Time for what is on its way to arrive at the end.
const SETTLE: Duration = Duration::from_secs(20);

/// A kind of channel for each: public, private, presence.
const KINDS: [&str; 3] = ["lobby", "private-room", "presence-room"];

/// Clients of one channel.
const AUDIENCE_OF_A_CHANNEL: usize = 20;

struct Served {
    child: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl Served {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = format!(
            "listen = ['127.0.0.1:0', 'unix:{}']\nqueue = '{}'\nmax_frames_per_second = 0\nmax_bytes_per_second = 0\n[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\nclient_event_rate = 0\n",
            directory.path().join("http.sock").display(),
            directory.path().join("queue").display()
        );
        std::fs::write(directory.path().join("canyon.toml"), config).unwrap();
        let mut child = canyon()
            .arg("serve")
            .arg("--config")
            .arg(directory.path().join("canyon.toml"))
            .env("CANYON_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line
            .split(", ")
            .next()
            .and_then(|tcp| tcp.trim_end().rsplit(':').next())
            .and_then(|port| port.parse().ok());
        Self { child, port: port.expect("canyon serve starts"), directory }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("http.sock")
    }

    fn queue(&self) -> PathBuf {
        self.directory.path().join("queue")
    }

    /// Reloads; what it says, and how many clients it handed over.
    fn reload(&self) -> (String, usize) {
        let config = self.directory.path().join("canyon.toml");
        let output = canyon().arg("reload").arg("--config").arg(config).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
        let clients = text.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap();
        (text, clients)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn canyon() -> Command {
    let binary = std::env::var_os("CANYON_BIN").expect("CANYON_BIN names the server's binary");
    let mut command = Command::new(Path::new(&binary));
    command.env_clear();
    command
}

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
    let served = Served::start();
    let channels = channels(clients);
    let begun = Instant::now();
    let audience = Audience::connect(served.port, clients, &channels);
    let mut trouble = Trouble::connect(served.port, &served.socket());
    println!("{clients} clients on {} channels connected in {:.1?}", channels.len(), begun.elapsed());
    audience.watch();
    let publishers = Publishers::start(&served.queue(), served.port, channels, rate);
    std::thread::sleep(BETWEEN);
    let begun = Instant::now();
    for number in 1..=count {
        trouble.begin();
        let (text, given) = served.reload();
        println!("reload {number}: {text}");
        assert_eq!(given, clients + trouble.clients());
        trouble.end();
        std::thread::sleep(BETWEEN);
    }
    let lasted = begun.elapsed();
    let published = publishers.stop();
    let report = audience.finish(&published, SETTLE);
    println!(
        "{} events ({} from the queue, {} over HTTP) in {lasted:.1?}, {} deliveries; longest time without any delivery: {:.1?}",
        published.queue() + published.http(),
        published.queue(),
        published.http(),
        report.deliveries,
        report.longest_silence,
    );
    println!(
        "{} disconnects, {} lost, {} doubled or reordered, {} joins or leaves shown, {} HTTP requests refused",
        report.disconnects, report.lost, report.disordered, report.presence, published.refused
    );
    let is_perfect =
        report.disconnects + report.lost + report.disordered + report.presence + published.refused == 0;
    assert!(is_perfect, "somebody noticed");
    println!("nobody noticed");
}
