//! The server that is measured.

use crate::Result;
use crate::children::{Directory, Process};
use crate::options::Options;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const APP: &str = "4242";
pub(crate) const KEY: &str = "bench-key";
pub(crate) const SECRET: &str = "bench-secret";

/// Where a queue stands in the directory that goes with it.
pub(crate) fn queue(directory: &Directory) -> PathBuf {
    directory.path().join("queue")
}

/// What a PHP script finds in its environment.
pub(crate) type Environment = Vec<(&'static str, OsString)>;

/// The environment of a script that publishes into a queue in `directory`, and of whoever drains it.
pub(crate) fn environment(directory: &Directory) -> Environment {
    vec![
        ("CANYON_QUEUE", queue(directory).into()),
        ("CANYON_APP_ID", APP.into()),
        ("CANYON_APP_KEY", KEY.into()),
        ("CANYON_APP_SECRET", SECRET.into()),
        // What a script leaves behind goes with the directory.
        ("TMPDIR", directory.path().into()),
    ]
}

/// `canyon serve` on a free port of loopback, with one app and a queue of its own. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
    environment: Environment,
    /// Goes when the server has gone.
    directory: Directory,
}

impl Server {
    pub(crate) fn start(options: &Options) -> Result<Self> {
        Self::with(options, &json!({}))
    }

    /// A server whose app has some settings that are not the defaults.
    pub(crate) fn with(options: &Options, settings: &Value) -> Result<Self> {
        let directory = Directory::create()?;
        let mut environment = environment(&directory);
        let program = setting("CANYON_BIN")?;
        let mut process = Process::start(
            Command::new(&program)
                .args(["serve", "--no-parent"])
                // Whoever runs this may have settings of an own server in the environment.
                .env_clear()
                .env("CANYON_SETTINGS", configuration(options, &queue(&directory), settings).to_string())
                .env("CANYON_LOG", "warn")
                .stderr(Stdio::inherit()),
        )?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").ok_or("canyon serve did not start")?;
        let address: SocketAddr = address.parse()?;
        environment.push(("CANYON_HOST", address.ip().to_string().into()));
        environment.push(("CANYON_PORT", address.port().to_string().into()));
        Ok(Self { process, address, environment, directory })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// For a script that publishes to this server.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn queue(&self) -> PathBuf {
        queue(&self.directory)
    }

    /// For everything that is to go when the server goes.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// What the server is told. Clients may whisper as fast as they can.
fn configuration(options: &Options, queue: &Path, settings: &Value) -> Value {
    let mut app = json!({"id": APP, "key": KEY, "secret": SECRET, "queue": queue, "client_event_rate": 0, "max_subscriptions_per_connection": 0});
    for (name, value) in settings.as_object().into_iter().flatten() {
        app[name] = value.clone();
    }
    let mut all = json!({
        "listen": ["127.0.0.1:0"], "app": [app], "max_frames_per_second": 0, "max_bytes_per_second": 0,
    });
    if let Some(workers) = options.workers {
        all["workers"] = workers.get().into();
    }
    all
}

/// A name that `tests/setup/env.sh` exports.
pub(crate) fn setting(name: &str) -> Result<String> {
    let value = std::env::var(name).unwrap_or_default();
    if value.is_empty() {
        return Err(format!("{name} is not set; run tests/bench, which sources tests/setup/env.sh").into());
    }
    Ok(value)
}
