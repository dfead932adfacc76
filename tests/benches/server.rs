//! The server that is measured.

use crate::Result;
use crate::children::{Directory, Process};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const APP: &str = "4242";
pub(crate) const KEY: &str = "bench-key";
pub(crate) const SECRET: &str = "bench-secret";

/// `canyon serve` on a free port of loopback, with one app and a queue of its own. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
    queue: PathBuf,
    directory: Directory,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let directory = Directory::create()?;
        let queue = directory.path().join("queue");
        let program = setting("CANYON_BIN")?;
        let mut process = Process::start(
            Command::new(&program)
                .args(["serve", "--listen", "127.0.0.1:0", "--queue"])
                .arg(&queue)
                // Whoever runs this may have settings of an own server in the environment.
                .env_clear()
                .env("CANYON_APP_ID", APP)
                .env("CANYON_APP_KEY", KEY)
                .env("CANYON_APP_SECRET", SECRET)
                .env("CANYON_LOG", "warn")
                .stderr(Stdio::inherit()),
        )?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").ok_or("canyon serve did not start")?;
        Ok(Self { address: address.parse()?, process, queue, directory })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// For everything that is to go when the server goes.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn queue(&self) -> &Path {
        &self.queue
    }
}

/// A name that `tests/setup/env.sh` exports.
pub(crate) fn setting(name: &str) -> Result<String> {
    let value = std::env::var(name).unwrap_or_default();
    if value.is_empty() {
        return Err(format!("{name} is not set; run tests/bench, which sources tests/setup/env.sh").into());
    }
    Ok(value)
}
