//! The parent, seen from a generation.

use super::generation::{KNOWS_ALIVE, MARK};
use super::pulse;
use super::words::{Order, Word};
use crate::config::Config;
use crate::handover::wire::Wire;
use crate::server::{Given, Provision, Server};
use crate::systemd::Activated;
use parking_lot::Mutex;
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The way to the parent. If the parent dies, so does this process, at once: nobody would stop it, and it would keep its
/// place from the next one.
#[derive(Debug)]
pub struct Parent {
    /// Shared with the thread that says that this process is alive.
    wire: Arc<Mutex<Wire>>,
    orders: UnboundedReceiver<(Order, Vec<OwnedFd>)>,
}

impl Parent {
    /// Finds the parent that started this process; `None` if nobody did who is one.
    ///
    /// # Errors
    /// If the parent is not where it should be.
    pub fn find() -> io::Result<Option<Self>> {
        Self::find_with(|| {})
    }

    /// The same, for a host that has to be woken when there is something to do.
    ///
    /// # Errors
    /// As [`Parent::find`].
    pub fn find_with(wake: impl Fn() + Send + 'static) -> io::Result<Option<Self>> {
        if std::env::var_os(MARK).is_none() {
            return Ok(None);
        }
        let stream = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
        stream.peer_addr().map_err(|_| {
            let why = format!("{MARK} is set, but standard input does not lead to a canyon that set it");
            io::Error::new(io::ErrorKind::InvalidInput, why)
        })?;
        let (order, orders) = unbounded_channel();
        let mut listening = Wire::patient(stream.try_clone()?);
        std::thread::Builder::new().name("canyon-parent".to_owned()).spawn(move || {
            while let Ok((said, descriptors)) = listening.receive::<Order>() {
                if order.send((said, descriptors)).is_err() {
                    break;
                }
                wake();
            }
            // Without a farewell: the process is as if it had been killed with its parent.
            let _ = kill_process(getpid(), Signal::KILL);
        })?;
        Ok(Some(Self { wire: Arc::new(Mutex::new(Wire::patient(stream))), orders }))
    }

    /// Says that the configuration is good, and waits to begin; what there is to begin with.
    ///
    /// # Errors
    /// If the parent says something else.
    pub fn begin(&mut self) -> io::Result<Provision> {
        self.say(&Word::Prepared)?;
        let mut provision = Provision::default();
        loop {
            match self.orders.blocking_recv() {
                Some((Order::Sockets { names }, sockets)) => {
                    let sockets = names.into_iter().zip(sockets);
                    let sockets = sockets.map(|(name, socket)| Activated::new(name, socket));
                    provision.sockets = sockets.collect::<io::Result<_>>()?;
                }
                Some((Order::Begin, former)) => {
                    provision.former = former.into_iter().next().map(UnixStream::from);
                    return Ok(provision);
                }
                _ => return Err(io::Error::other("the parent does not say how to begin")),
            }
        }
    }

    /// Says that this process serves, and from now on every second that it is alive.
    ///
    /// # Errors
    /// If the parent is dead.
    pub fn serving(&mut self, config: &Config, server: &Server) -> io::Result<()> {
        let queues = config.apps.iter().filter_map(|app| app.queue.as_ref());
        let queues = queues.map(|queue| queue.canonicalize().unwrap_or_else(|_| queue.clone())).collect();
        let known: u32 = std::env::var(MARK).ok().and_then(|known| known.parse().ok()).unwrap_or(1);
        let has_pulse = known >= KNOWS_ALIVE;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.say(&Word::Serving { queues, version, drain_seconds: config.drain_seconds, has_pulse })?;
        if has_pulse {
            let wire = Arc::clone(&self.wire);
            pulse::start(server.liveness(), move |connections| {
                wire.lock().send(&Word::Alive { connections }, &[]).is_ok()
            })?;
        }
        Ok(())
    }

    /// Says why this process cannot serve.
    pub fn failed(&mut self, why: &impl ToString) {
        let _ = self.say(&Word::Failed(why.to_string()));
    }

    /// Says what came of giving.
    ///
    /// # Errors
    /// If the parent is dead.
    pub fn gave(&mut self, given: &Result<Given, String>) -> io::Result<()> {
        self.say(&match given {
            Ok(given) => Word::Given {
                clients: given.clients,
                requests: given.requests,
                left_behind: given.left_behind,
                drained: given.drained,
                pause_us: u64::try_from(given.pause.as_micros()).unwrap_or(u64::MAX),
            },
            Err(why) => Word::Kept(why.clone()),
        })
    }

    /// Waits until everything is to be given to a successor; the way to it.
    pub async fn succession(&mut self) -> UnixStream {
        loop {
            match self.orders.recv().await {
                Some((Order::Give, channel)) => {
                    if let Some(channel) = channel.into_iter().next() {
                        return channel.into();
                    }
                }
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The same without waiting.
    pub fn take_succession(&mut self) -> Option<UnixStream> {
        match self.orders.try_recv() {
            Ok((Order::Give, channel)) => channel.into_iter().next().map(UnixStream::from),
            _ => None,
        }
    }

    fn say(&mut self, word: &Word) -> io::Result<()> {
        self.wire.lock().send(word, &[])
    }
}

/// Whether this process was started as a generation.
#[must_use]
pub fn is_generation() -> bool {
    std::env::var_os(MARK).is_some()
}
