//! `canyon serve` as its users run it, with its parent; and what it says of itself.

use crate::Result;
use crate::php::existing;
use crate::place::Place;
use crate::process::{PATIENCE, Process};
use crate::world::{APP, START_HOLD};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Seconds until a client that does not read is hung up on.
const SEND_TIMEOUT: u32 = 3;

/// The largest event: little enough that a few of these, for which a client may be behind, are soon together.
const EVENT_BYTES: u32 = 64 << 10;

/// Seconds until a client that says nothing is asked whether it lives.
const ACTIVITY_TIMEOUT: u32 = 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Served {
    process: Process,
    pub(crate) address: SocketAddr,
    config: PathBuf,
    metrics: PathBuf,
}

/// Figures by the names that Prometheus sees, with their labels.
pub(crate) type Page = BTreeMap<String, f64>;

impl Served {
    pub(crate) fn start(place: &Place, webhooks: u16) -> Result<Self> {
        let (config, metrics) = (place.path().join("canyon.toml"), place.path().join("metrics.sock"));
        // A port that stays the same when a generation starts from the beginning.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (id, key, secret) = (APP.id, APP.key, APP.secret);
        let settings = format!(
            "listen = ['127.0.0.1:{port}']\nqueue = '{}'\nmetrics = 'unix:{}'\nworkers = 2\n\
             send_timeout = {SEND_TIMEOUT}\nstart_hold = {START_HOLD}\n\
             [[app]]\nid = '{id}'\nkey = '{key}'\nsecret = '{secret}'\nactivity_timeout = {ACTIVITY_TIMEOUT}\nmax_event_bytes = {EVENT_BYTES}\n\
             [[app.webhooks]]\nurl = 'http://127.0.0.1:{webhooks}/hooks'\n",
            place.queue().display(),
            metrics.display(),
        );
        std::fs::write(&config, settings)?;
        let mut command = canyon()?;
        command.args(["serve", "--config"]).arg(&config).env("CANYON_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(place.log("server.log")?);
        let mut process = Process::start(&mut command)?;
        let output = process.child().stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ");
        let address =
            address.ok_or_else(|| format!("canyon serve did not start: {}", place.logged("server.log")))?;
        Ok(Self { process, address: address.parse()?, config, metrics })
    }

    pub(crate) fn parent(&mut self) -> u32 {
        self.process.child().id()
    }

    /// `canyon reload`: what it says.
    pub(crate) fn reload(&self) -> std::result::Result<String, String> {
        let output = canyon()
            .map_err(|error| error.to_string())?
            .arg("reload")
            .arg("--config")
            .arg(&self.config)
            .output();
        let output = output.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Ends the generation that serves, as a crash would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let parent = self.parent();
        let child = match children(parent)[..] {
            [child] => child,
            ref others => return Err(format!("there is no one generation to kill: {others:?}").into()),
        };
        let pid = Pid::from_raw(child).ok_or("a process without a number")?;
        Ok(kill_process(pid, Signal::KILL)?)
    }

    /// `GET /metrics`.
    pub(crate) fn page(&self) -> Result<Page> {
        let mut stream = UnixStream::connect(&self.metrics)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, page) = answer.split_once("\r\n\r\n").ok_or("no answer for metrics")?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(
                format!("metrics are answered with {}", head.lines().next().unwrap_or_default()).into()
            );
        }
        let samples =
            page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        samples.map(|(name, value)| Ok((name.to_owned(), value.parse()?))).collect()
    }

    /// Ends it with SIGTERM; how it ended, if it did in time.
    pub(crate) fn stop(&mut self) -> Result<Option<ExitStatus>> {
        self.process.signal(Signal::TERM)?;
        let patience = Instant::now() + PATIENCE;
        while self.process.ended()?.is_none() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process.ended()
    }

    /// An end that nobody asked for.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.ended()
    }
}

fn canyon() -> Result<Command> {
    let mut command = Command::new(existing("CANYON_BIN", "make server")?);
    // Whoever runs this may have settings of an own server in the environment.
    command.env_clear();
    Ok(command)
}

/// The children of a process, those included that have ended and were not waited for.
pub(crate) fn children(pid: u32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = |thread: &Path| std::fs::read_to_string(thread.join("children")).unwrap_or_default();
    threads
        .flat_map(|thread| children(&thread.path()).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
