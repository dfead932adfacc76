//! What a scenario is pointed at: a Canyon started for it, or a server that runs already.

use crate::Result;
use crate::options::Options;
use crate::process::Meter;
use crate::server::{self, Server};
use canyon::protocol::signature;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The app that clients and publishers use.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) key: String,
    secret: String,
}

/// A server that speaks the Pusher protocol. One that was started for the scenario stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    /// Unknown if the command line did not say it: then nothing is known of processor time and memory.
    pub(crate) pid: Option<u32>,
    /// Only Canyon has one.
    pub(crate) queue: Option<PathBuf>,
    server: Option<Server>,
}

impl Target {
    /// A fresh Canyon, or the server of the command line.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        Self::with(options, &json!({}))
    }

    /// The same, where a Canyon gets `settings` for its app; another server must have such settings already.
    pub(crate) fn with(options: &Options, settings: &Value) -> Result<Self> {
        if let Options { url: Some(url), app: Some(id), key: Some(key), secret: Some(secret), pid, .. } =
            options
        {
            let app = App { id: id.clone(), key: key.clone(), secret: secret.clone() };
            return Ok(Self { address: url.0, app, pid: *pid, queue: None, server: None });
        }
        let server = Server::with(options, settings)?;
        Ok(Self {
            address: server.address,
            app: App {
                id: server::APP.to_owned(),
                key: server::KEY.to_owned(),
                secret: server::SECRET.to_owned(),
            },
            pid: Some(server.pid()),
            queue: Some(server.queue()),
            server: Some(server),
        })
    }

    /// Somebody who answers like a server and checks nothing.
    pub(crate) fn bare(address: SocketAddr, pid: u32) -> Self {
        Self { address, app: App::none(), pid: Some(pid), queue: None, server: None }
    }

    /// The Canyon that was started.
    pub(crate) fn canyon(&self) -> Result<&Server> {
        self.server.as_ref().ok_or_else(|| "this needs a Canyon of its own: leave --url out".into())
    }

    /// Reads the server's processor time from now on, if its process is known.
    pub(crate) fn meter(&self) -> Result<Option<Meter>> {
        self.pid.map(Meter::start).transpose()
    }
}

impl App {
    /// The app of somebody who is no server, and checks nothing.
    pub(crate) fn none() -> Self {
        Self { id: String::new(), key: String::new(), secret: String::new() }
    }

    /// Lower-case hex HMAC-SHA256, as the protocol signs everything.
    pub(crate) fn sign(&self, text: &str) -> String {
        signature::sign(&self.secret, &[text])
    }
}
