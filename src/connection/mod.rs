//! One client's life: its socket, what it said so far, what it subscribed to, what it has yet to read.
//!
//! Everything here is plain data that one worker owns. Nothing waits, and nothing knows of other connections:
//! whatever concerns them goes through the hub.

mod handover;
mod intake;
mod outbox;
mod session;
mod socket;
mod talk;
mod tls;

pub(crate) use intake::{Intake, IntakeLimits};
pub(crate) use outbox::{Flushed, Outbox, SharedFrame};
pub(crate) use session::{Reaction, Session};
pub(crate) use socket::{Peer, Stream};
pub(crate) use talk::Talk;

use crate::hub::Quota;
use crate::protocol::reader::FrameReader;
use crate::protocol::{Close, EncodedFrame, SocketId, frame};
use std::rc::Rc;
use std::time::Instant;

/// See the module.
///
/// In this order: what a delivery touches lies together, at the head.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Connection {
    pub(crate) outbox: Outbox,
    pub(crate) stream: Rc<Stream>,
    /// When a socket that is full now last took bytes.
    pub(crate) stalled: Option<Instant>,
    /// Set once a close frame was queued: nothing is sent after it, and nothing the client says counts.
    pub(crate) closing: Option<u32>,
    /// Whether the outbox waits for the end of the turn.
    pub(crate) is_dirty: bool,
    /// Whether a task waits for the full socket to take bytes again.
    pub(crate) is_resuming: bool,
    /// Whether the client keeps up with what it is sent.
    pub(crate) pace: Pace,
    /// Whether the worker looks at this connection every second.
    pub(crate) is_watched: bool,
    /// Whether it is closed for sending too much: it is read until it ends. If the stream were ended here, a proxy on the way
    /// would end it too, with much unread, and the client would not hear why.
    pub(crate) is_flooding: bool,
    /// Whether the client sent a close frame, or is taken for dead: once ours is sent, nothing more will come.
    pub(crate) has_said_goodbye: bool,
    /// Tick of the worker's clock at which it connected.
    since: u32,
    /// Tick of the worker's clock at which the client was last heard.
    pub(crate) heard: u32,
    /// Tick at which an unanswered ping was sent.
    pub(crate) pinged: Option<u32>,
    /// What it sent lately.
    pub(crate) intake: Intake,
    pub(crate) reader: FrameReader,
    pub(crate) session: Session,
}

/// How a client keeps up with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Pace {
    #[default]
    Keeping,
    /// Much waits for it, and its worker waits with what comes next.
    Behind,
    /// Much waits for it, and its worker does not wait, until it has read everything.
    LetGo,
}

impl Connection {
    pub(crate) fn new(quota: Quota, socket_id: SocketId, stream: Rc<Stream>, now: u32) -> Self {
        Self {
            outbox: Outbox::default(),
            stream,
            stalled: None,
            closing: None,
            is_dirty: false,
            is_resuming: false,
            pace: Pace::Keeping,
            is_watched: false,
            is_flooding: false,
            has_said_goodbye: false,
            since: now,
            heard: now,
            pinged: None,
            intake: Intake::default(),
            reader: FrameReader::default(),
            session: Session::new(quota, socket_id),
        }
    }

    /// Queues a frame of this client's own, unless the connection is being closed.
    pub(crate) fn send(&mut self, frame: EncodedFrame) {
        if self.closing.is_none() {
            self.outbox.push(frame);
        }
    }

    /// Queues a frame that others get too, unless the connection is being closed.
    pub(crate) fn deliver(&mut self, frame: &SharedFrame) {
        if self.closing.is_none() {
            self.outbox.push_shared(Rc::clone(frame));
        }
    }

    /// Queues a close frame; what was queued before it is still sent.
    pub(crate) fn close(&mut self, close: &Close, now: u32) {
        self.send(frame::close(close));
        self.closing.get_or_insert(now);
    }

    /// The tick at which something may be due.
    pub(crate) fn next_look(&self) -> u32 {
        let alive = match self.pinged {
            Some(since) => since + self.pong_wait(),
            None => self.heard + self.session.app.config.activity_timeout,
        };
        match self.session.app.config.authorization_timeout {
            0 => alive,
            _ if self.session.is_authorized() => alive,
            timeout => alive.min(self.since + timeout),
        }
    }

    /// Whether the time is over in which the client had to prove that the application knows it.
    pub(crate) fn is_unauthorized(&self, now: u32) -> bool {
        let timeout = self.session.app.config.authorization_timeout;
        timeout > 0 && !self.session.is_authorized() && now >= self.since + timeout
    }

    /// Whether the client has been silent for so long that it should be asked.
    pub(crate) fn is_silent(&self, now: u32) -> bool {
        self.pinged.is_none() && now >= self.heard + self.session.app.config.activity_timeout
    }

    /// Whether the client was asked and did not answer.
    pub(crate) fn has_missed_pong(&self, now: u32) -> bool {
        self.pinged.is_some_and(|since| now >= since + self.pong_wait())
    }

    /// Seconds for an answer: what the protocol recommends, less where the app is less patient than that.
    fn pong_wait(&self) -> u32 {
        const RECOMMENDED: u32 = 30;
        self.session.app.config.activity_timeout.min(RECOMMENDED)
    }
}
