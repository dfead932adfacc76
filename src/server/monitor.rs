//! The thread that answers those who watch the server: it does so however busy the workers are.

use super::listener::Listener;
use crate::config::{ListenAddress, Secret};
use crate::fork_guard::ForkGuard;
use crate::hub::{Hub, Socket};
use crate::limits::is_exhaustion;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::LocalSet;

/// Connections at a time: enough for all who should be asking.
const MOST: u32 = 32;

/// Pause after an accept that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Time at the end for those who have connected to ask, and to get their answer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// One of those that there are, until it is dropped.
type Place = Option<OwnedSemaphorePermit>;

/// What the thread should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Accepting,
    /// Whoever connects waits: for this server or for its successor, which has the socket too.
    Resting,
    /// Who has asked is answered, and nobody else.
    Ended,
}

/// What the thread needs.
#[derive(Debug)]
pub(super) struct Monitor {
    listener: Arc<Listener>,
    phase: Receiver<Phase>,
}

/// The thread, as its server holds it.
#[derive(Debug)]
pub(super) struct Watch {
    /// As configured, and as it is.
    pub(super) asked: ListenAddress,
    pub(super) address: ListenAddress,
    listener: Arc<Listener>,
    phase: Sender<Phase>,
    pub(super) thread: Option<JoinHandle<()>>,
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

impl Watch {
    /// A monitor behind `listener`, of which the thread is yet to be started.
    pub(super) fn new(
        asked: &ListenAddress,
        listener: Listener,
        phase: Phase,
    ) -> io::Result<(Self, Monitor)> {
        let (address, listener) = (listener.address()?, Arc::new(listener));
        let (phase, receiver) = channel(phase);
        let monitor = Monitor { listener: Arc::clone(&listener), phase: receiver };
        Ok((Self { asked: asked.clone(), address, listener, phase, thread: None }, monitor))
    }

    pub(super) fn set(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// See [`Listener::set_given`].
    pub(super) fn set_given(&self, is_given: bool) {
        self.listener.set_given(is_given);
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Monitor {
    /// Answers until told to stop.
    pub(super) fn run(self, hub: &Arc<Hub>, token: Option<&Secret>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.answer(hub, token))
    }

    async fn answer(mut self, hub: &Arc<Hub>, token: Option<&Secret>) -> io::Result<()> {
        let door = Door::of(&self.listener)?;
        let places = Arc::new(Semaphore::new(MOST as usize));
        loop {
            let phase = *self.phase.borrow_and_update();
            let next = async {
                match phase {
                    Phase::Accepting => accept(&door, &places).await,
                    Phase::Resting | Phase::Ended => std::future::pending().await,
                }
            };
            if phase == Phase::Ended {
                break;
            }
            tokio::select! {
                biased;
                changed = self.phase.changed() => if changed.is_err() { break },
                (place, socket) = next => self.serve(socket, hub, token, place),
            }
        }
        // Everybody's place is free once everybody has left.
        let _ = tokio::time::timeout(LAST_WORDS, places.acquire_many(MOST)).await;
        Ok(())
    }

    fn serve(&self, socket: Socket, hub: &Arc<Hub>, token: Option<&Secret>, place: Place) {
        let (hub, token, mut phase) = (Arc::clone(hub), token.cloned(), self.phase.clone());
        tokio::task::spawn_local(async move {
            let end = async move {
                // If nobody could tell it any more, that would be the end as well.
                let _ = phase.wait_for(|phase| *phase == Phase::Ended).await;
            };
            if let Err(error) = crate::http::monitor(hub, token, socket, end).await {
                tracing::debug!(%error, "a connection for metrics ended early");
            }
            drop(place);
        });
    }
}

/// Waits for a place, and for somebody to take it.
async fn accept(door: &Door, places: &Arc<Semaphore>) -> (Place, Socket) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match door.accept().await {
            Ok(socket) => return (place, socket),
            // The accepting thread writes of it.
            Err(error) if is_exhaustion(&error) => tokio::time::sleep(PAUSE).await,
            // A client that was gone before it was accepted.
            Err(_) => {}
        }
    }
}
