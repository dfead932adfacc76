//! The thread that answers those who watch the server: it does so however busy the workers are.

use super::listener::Listener;
use crate::config::{ListenAddress, Secret};
use crate::error::Error;
use crate::fork_guard::ForkGuard;
use crate::hub::{Hub, Socket};
use crate::limits::is_exhaustion;
use crate::sparing::Sparing;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, Semaphore};
use tokio::task::LocalSet;

/// Connections at a time: enough for all who should be asking.
const MOST: usize = 32;

/// Attempts to listen in the place of another server before the log tells that there are none yet.
const PATIENT_ATTEMPTS: u32 = 100;

/// Pause after an accept that failed, or a bind.
const PAUSE: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(super) struct Monitor {
    address: ListenAddress,
    listener: Option<Listener>,
}

/// The same listener, as the runtime of the thread knows it.
#[derive(Debug)]
enum Door {
    Tcp(ForkGuard<TcpListener>),
    Unix(ForkGuard<UnixListener>),
}

impl Door {
    fn of(listener: &Listener) -> io::Result<Self> {
        let copy = listener.as_fd().try_clone_to_owned()?;
        Ok(match listener {
            Listener::Unix(..) => Self::Unix(ForkGuard::new(UnixListener::from_std(copy.into())?)),
            Listener::Tcp(_) | Listener::Tls(..) => {
                Self::Tcp(ForkGuard::new(TcpListener::from_std(copy.into())?))
            }
        })
    }

    async fn accept(&self) -> io::Result<Socket> {
        Ok(match self {
            Self::Tcp(listener) => Socket::Tcp(ForkGuard::new(listener.accept().await?.0.into_std()?)),
            Self::Unix(listener) => Socket::Unix(ForkGuard::new(listener.accept().await?.0.into_std()?)),
        })
    }
}

impl Monitor {
    pub(super) fn bind(address: &ListenAddress) -> Result<Self, Error> {
        Listener::bind(address, None)
            .map(|listener| Self { address: address.clone(), listener: Some(listener) })
    }

    /// One that listens as soon as another server does not any more.
    pub(super) fn after_another(address: &ListenAddress) -> Self {
        Self { address: address.clone(), listener: None }
    }

    /// Where it listens: the port that the system chose, if it listens.
    pub(super) fn address(&self) -> io::Result<ListenAddress> {
        self.listener.as_ref().map_or_else(|| Ok(self.address.clone()), Listener::address)
    }

    /// Answers until told to stop.
    pub(super) fn run(self, hub: &Arc<Hub>, token: Option<&Secret>, stop: &Notify) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = async {
            let Self { address, listener } = self;
            let listener = match listener {
                Some(listener) => listener,
                None => wait_for(&address).await,
            };
            accept(&Door::of(&listener)?, hub, token).await
        };
        LocalSet::new().block_on(&runtime, async {
            tokio::select! {
                done = answer => done,
                () = stop.notified() => Ok(()),
            }
        })
    }
}

/// Waits for the address, which the server before has until it is gone.
async fn wait_for(address: &ListenAddress) -> Listener {
    let mut complaints = Sparing::default();
    for attempt in 1_u32.. {
        match Listener::bind(address, None) {
            Ok(listener) => return listener,
            Err(error) if attempt >= PATIENT_ATTEMPTS && complaints.note().is_some() => {
                tracing::warn!(%error, "there are no metrics yet");
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    std::future::pending().await
}

async fn accept(door: &Door, hub: &Arc<Hub>, token: Option<&Secret>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        match door.accept().await {
            Ok(socket) => {
                let (hub, token) = (Arc::clone(hub), token.cloned());
                tokio::task::spawn_local(async move {
                    if let Err(error) = crate::http::monitor(hub, token, socket).await {
                        tracing::debug!(%error, "a connection for metrics ended early");
                    }
                    drop(place);
                });
            }
            // The accepting thread writes of it.
            Err(error) if is_exhaustion(&error) => tokio::time::sleep(PAUSE).await,
            // A client that was gone before it was accepted.
            Err(_) => {}
        }
    }
}
