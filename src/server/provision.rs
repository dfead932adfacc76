//! What others have for a server that begins: systemd the listening sockets, a former server everything.

use super::{Listener, Server};
use crate::config::{Config, ListenAddress};
use crate::error::Error;
use crate::systemd::Activated;
use crate::tls::Tls;
use std::borrow::Cow;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub struct Provision {
    /// The sockets that systemd has opened.
    pub sockets: Vec<Activated>,
    /// The way to the server to take over from, if there is one.
    pub former: Option<UnixStream>,
}

impl Provision {
    /// What there is for a process that nobody but a supervisor has started.
    ///
    /// # Errors
    /// If a socket that systemd gives is none that can be listened on.
    pub fn from_environment() -> io::Result<Self> {
        Ok(Self { sockets: Activated::from_environment()?, former: None })
    }
}

impl Server {
    /// [`Server::start`], [`Server::start_observed`] or [`Server::take_over`], whichever `provision` is for, with the sockets
    /// that systemd has for it. Without any `listen` in the configuration it is they where the server listens.
    ///
    /// # Errors
    /// As those, or if systemd gives a socket for an address that is not configured.
    pub fn begin_with(config: &Config, is_observed: bool, provision: Provision) -> Result<Self, Error> {
        let Provision { sockets, former } = provision;
        let config = with_addresses(config, &sockets);
        match former {
            Some(former) => Self::succeed(&config, is_observed, sockets, former),
            None => Self::launch(&config, is_observed, sockets),
        }
    }
}

fn with_addresses<'a>(config: &'a Config, sockets: &[Activated]) -> Cow<'a, Config> {
    if config.is_listen_set || sockets.is_empty() {
        return Cow::Borrowed(config);
    }
    let listen = sockets.iter().map(|socket| socket.address().clone()).collect();
    Cow::Owned(Config { listen, ..config.clone() })
}

/// The listening sockets of a configuration: systemd's first, then those of the former server, and new ones.
pub(super) fn listen(
    config: &Config,
    mut sockets: Vec<Activated>,
    mut theirs: Vec<(ListenAddress, OwnedFd)>,
    tls: Option<&Arc<Tls>>,
) -> Result<Vec<Listener>, Error> {
    // Before anything is bound: the address that is configured in its place may well be taken by it.
    let is_wanted = |socket: &&Activated| config.listen.iter().any(|address| socket.is_for(address));
    if let Some(socket) = sockets.iter().find(|socket| !is_wanted(socket)) {
        return Err(Error::Activation(unwanted(socket, config)));
    }
    let listener = |address: &ListenAddress| {
        if let Some(place) = sockets.iter().position(|socket| socket.is_for(address)) {
            return Listener::activated(address, sockets.remove(place), tls);
        }
        match theirs.iter().position(|(theirs, _)| theirs == address) {
            Some(place) => Listener::inherit(address, theirs.swap_remove(place).1, tls),
            None => Listener::bind(address, tls),
        }
    };
    config.listen.iter().map(listener).collect()
}

fn unwanted(socket: &Activated, config: &Config) -> String {
    let configured: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
    format!(
        "systemd gives the socket {:?} for {}, and this server listens on {}: let ListenStream= and listen (or --host and \
         --port) name the same address, or set no listen at all",
        socket.name(),
        socket.address(),
        configured.join(", ")
    )
}
