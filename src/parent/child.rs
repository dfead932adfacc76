//! The parent, seen from a generation.

use super::generation::MARK;
use super::words::{self, Order, Word};
use crate::config::Config;
use crate::handover::wire::Wire;
use crate::server::Given;
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The way to the parent. If the parent dies, so does this process, at once: nobody would stop it, and it would keep its
/// place from the next one.
#[derive(Debug)]
pub struct Parent {
    wire: Wire,
    orders: UnboundedReceiver<(Order, Option<UnixStream>)>,
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
                let along = descriptors.into_iter().next().map(|descriptor: OwnedFd| descriptor.into());
                if order.send((said, along)).is_err() {
                    break;
                }
                wake();
            }
            // Without a farewell: the process is as if it had been killed with its parent.
            let _ = kill_process(getpid(), Signal::KILL);
        })?;
        Ok(Some(Self { wire: Wire::patient(stream), orders }))
    }

    /// Says that the configuration is good, and waits to begin; the way to the server to take over from, if there is one.
    ///
    /// # Errors
    /// If the parent says something else.
    pub fn begin(&mut self) -> io::Result<Option<UnixStream>> {
        self.say(&Word::Prepared)?;
        match self.orders.blocking_recv() {
            Some((Order::Begin, channel)) => Ok(channel),
            _ => Err(io::Error::other("the parent does not say how to begin")),
        }
    }

    /// Says that this process serves.
    ///
    /// # Errors
    /// If the parent is dead.
    pub fn serving(&mut self, config: &Config) -> io::Result<()> {
        let queues = config.apps.iter().filter_map(|app| app.queue.as_ref());
        let queues = queues.map(|queue| queue.canonicalize().unwrap_or_else(|_| queue.clone())).collect();
        self.say(&Word::Serving { queues })
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
                Some((Order::Give, Some(channel))) => return channel,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The same without waiting.
    pub fn take_succession(&mut self) -> Option<UnixStream> {
        match self.orders.try_recv() {
            Ok((Order::Give, channel)) => channel,
            _ => None,
        }
    }

    fn say(&mut self, word: &Word) -> io::Result<()> {
        words::send(&mut self.wire, word, None)
    }
}

/// Whether this process was started as a generation.
#[must_use]
pub fn is_generation() -> bool {
    std::env::var_os(MARK).is_some()
}
