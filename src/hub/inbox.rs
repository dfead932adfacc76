//! The way to a worker from every other thread.

use super::Subscriber;
use crate::fork_guard::ForkGuard;
use crate::handover::halt::Halt;
use crate::protocol::{Close, EncodedFrame, SocketId};
use crate::tls::Tls;
use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// Bytes waiting for one worker over which publishers are held up.
const MARK: usize = 16 << 20;

/// What a frame counts for each of its receivers. A small frame for ten thousand is much work for a worker: without this,
/// many seconds of it could pile up under the mark.
const PLACE_IN_OUTBOX: usize = 32;

/// One thing for a worker to do.
#[derive(Debug)]
pub(crate) enum Letter {
    /// A frame for the subscribers of a channel.
    Deliver(Delivery),
    /// Subscriptions that count from here on.
    Admit(Admission),
    /// A presence channel to be settled when the turn is over.
    Settle { app: usize, channel: Arc<str> },
    /// A frame for one connection.
    Send { slot: usize, socket_id: SocketId, frame: EncodedFrame },
    /// One connection to be closed.
    Close { slot: usize, socket_id: SocketId, close: Close },
    /// An accepted socket.
    Adopt(Socket),
    /// Stand still, because another process may take over.
    Halt(Halt),
    /// Measure how long what came before takes to the sockets: it was published then.
    Follow { published: Instant },
    /// Close every connection, one after the other over this time.
    Dismiss { over: Duration },
    /// Close every connection and end; clients get `grace` to hang up.
    Stop { grace: Duration },
}

/// A frame for the subscribers of a channel.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) app: usize,
    pub(crate) channel: Arc<str>,
    /// One frame, or several in one buffer.
    pub(crate) frame: EncodedFrame,
    pub(crate) except: Option<SocketId>,
    /// Subscribers that the worker had when the letter was sent.
    pub(crate) receivers: u32,
    /// Whether it is one of the deliveries that the metrics count.
    pub(crate) is_counted: bool,
}

/// Subscriptions that count from here on, and the frames that tell the clients so.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) app: usize,
    pub(crate) channel: Arc<str>,
    pub(crate) subscribers: Vec<Subscriber>,
    pub(crate) succeeded: EncodedFrame,
    /// On a cache channel: what is remembered, or that nothing is.
    pub(crate) remembered: Option<EncodedFrame>,
}

/// An accepted socket, non-blocking, not yet known to any runtime.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(ForkGuard<std::net::TcpStream>),
    Unix(ForkGuard<std::os::unix::net::UnixStream>),
    /// The client has yet to shake hands.
    Tls(ForkGuard<std::net::TcpStream>, Arc<Tls>),
}

/// A question to a worker: which of an app's clients have a full socket now.
///
/// It does not wait in the inbox: a worker that is far behind, or takes no letters because of its slow clients, is the one
/// to ask.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) app: usize,
    /// So many are told of at most, those with most unsent bytes.
    pub(crate) most: usize,
    pub(crate) answer: oneshot::Sender<Vec<SlowClient>>,
}

/// A client whose socket is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlowClient {
    pub(crate) socket_id: SocketId,
    pub(crate) user_id: Option<Arc<str>>,
    pub(crate) unsent_bytes: usize,
    /// How long its socket has taken nothing.
    pub(crate) stalled: Duration,
    pub(crate) subscriptions: usize,
}

/// The sending half. It never blocks: whoever can wait asks [`Inbox::is_any_over_mark`] first.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    sender: Sender<Letter>,
    state: Arc<State>,
}

/// The receiving half, held by the worker.
#[derive(Debug)]
pub(crate) struct Mailbox {
    receiver: Receiver<Letter>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: AtomicUsize,
    bell: Notify,
    /// Whether the last letter says so, or that the worker is to stand still.
    is_stopping: AtomicBool,
    /// How many inboxes are over the mark, of those made together. Whoever asks looks at one number that hardly ever
    /// changes, and not at a busy number per worker.
    over_mark: Arc<AtomicIsize>,
    is_surveyed: AtomicBool,
    surveys: Mutex<Vec<Survey>>,
}

impl Inbox {
    /// An inbox for each worker, and the worker's end of it.
    pub(crate) fn for_workers(workers: usize) -> (Vec<Self>, Vec<Mailbox>) {
        let over_mark = Arc::<AtomicIsize>::default();
        let inbox = |_| {
            let (sender, receiver) = unbounded();
            let state = Arc::new(State { over_mark: Arc::clone(&over_mark), ..State::default() });
            (Self { sender, state: Arc::clone(&state) }, Mailbox { receiver, state })
        };
        (0..workers).map(inbox).unzip()
    }

    /// Delivers the letter and wakes the worker. A worker that has ended gets no more letters.
    pub(crate) fn send(&self, letter: Letter) {
        if let Letter::Stop { .. } | Letter::Halt(_) = letter {
            self.state.is_stopping.store(true, Ordering::Relaxed);
        }
        self.state.add(letter.weight());
        if self.sender.send(letter).is_ok() {
            self.state.bell.notify_one();
        }
    }

    /// Asks the worker, which answers with its next turn.
    pub(crate) fn survey(&self, survey: Survey) {
        let mut surveys = self.state.surveys.lock();
        surveys.push(survey);
        self.state.is_surveyed.store(true, Ordering::Relaxed);
        drop(surveys);
        self.state.bell.notify_one();
    }

    /// Bytes that wait for the worker.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.state.bytes.load(Ordering::Relaxed)
    }

    /// Whether a worker is far behind: this inbox's or another's that was made with it.
    pub(crate) fn is_any_over_mark(&self) -> bool {
        self.state.over_mark.load(Ordering::Relaxed) > 0
    }
}

impl State {
    // Relaxed: the counts are levels to hold publishers at, not guards; the channel orders the letters. The number of
    // inboxes may be raised and lowered in the wrong order for a moment, and is signed for that.

    fn add(&self, weight: usize) {
        let before = self.bytes.fetch_add(weight, Ordering::Relaxed);
        if before <= MARK && before + weight > MARK {
            self.over_mark.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn subtract(&self, weight: usize) {
        let before = self.bytes.fetch_sub(weight, Ordering::Relaxed);
        if before > MARK && before - weight <= MARK {
            self.over_mark.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Mailbox {
    pub(crate) fn take(&self) -> Option<Letter> {
        let letter = self.receiver.try_recv().ok()?;
        self.state.subtract(letter.weight());
        Some(letter)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// What the worker is asked.
    pub(crate) fn take_surveys(&self) -> Vec<Survey> {
        // Only somebody who looks writes it.
        if !self.state.is_surveyed.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut surveys = self.state.surveys.lock();
        self.state.is_surveyed.store(false, Ordering::Relaxed);
        std::mem::take(&mut *surveys)
    }

    /// Notes that the worker, which was to stand still, goes on.
    pub(crate) fn resume(&self) {
        self.state.is_stopping.store(false, Ordering::Relaxed);
        self.ring();
    }

    /// Whether the worker is to stop once it has taken everything.
    pub(crate) fn is_stopping(&self) -> bool {
        self.state.is_stopping.load(Ordering::Relaxed)
    }

    /// Waits until [`Inbox::send`] or [`Mailbox::ring`] was called since the last wait.
    pub(crate) async fn rung(&self) {
        self.state.bell.notified().await;
    }

    /// Makes [`Mailbox::rung`] return once more.
    pub(crate) fn ring(&self) {
        self.state.bell.notify_one();
    }
}

impl Socket {
    /// The address at its other end; `None` if it is a Unix socket, or gone.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream) | Self::Tls(stream, _) => stream.peer_addr().ok().map(|peer| peer.ip()),
            Self::Unix(_) => None,
        }
    }
}

impl Letter {
    fn weight(&self) -> usize {
        let receivers = match self {
            Self::Deliver(delivery) => delivery.receivers as usize,
            Self::Admit(admission) => admission.subscribers.len(),
            _ => 0,
        };
        self.frame_bytes() + receivers * PLACE_IN_OUTBOX
    }

    /// Bytes that it may add to an outbox, and what it takes itself.
    pub(crate) fn frame_bytes(&self) -> usize {
        let frames = match self {
            Self::Deliver(delivery) => delivery.frame.len(),
            Self::Admit(admission) => {
                admission.succeeded.len() + admission.remembered.as_ref().map_or(0, EncodedFrame::len)
            }
            Self::Send { frame, .. } => frame.len(),
            Self::Settle { .. }
            | Self::Close { .. }
            | Self::Adopt(_)
            | Self::Halt(_)
            | Self::Follow { .. }
            | Self::Dismiss { .. }
            | Self::Stop { .. } => 0,
        };
        frames + size_of::<Self>()
    }
}
