//! Life-cycle events: what happens on the channels, told to whoever hosts the server.

use super::App;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Events kept for a host that does not poll; what comes on top is dropped and counted.
const KEPT: usize = 4096;

/// One event of a channel's life. The names are those of the Pusher webhooks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LifeEvent {
    /// `channel_occupied`, `channel_vacated`, `member_added`, `member_removed` or `client_event`.
    pub kind: &'static str,
    /// Id of the app.
    pub app: String,
    /// The channel concerned.
    pub channel: String,
    /// Of the member, or of the sender on a presence channel.
    pub user_id: Option<String>,
    /// Name of a client event.
    pub event: Option<String>,
    /// JSON text of a client event's data.
    pub data: Option<String>,
    /// Sender of a client event.
    pub socket_id: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub time_ms: u64,
}

impl LifeEvent {
    pub(crate) fn new(kind: &'static str, app: &App, channel: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            kind,
            app: app.config.id.clone(),
            channel: channel.to_owned(),
            user_id: None,
            event: None,
            data: None,
            socket_id: None,
            time_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn channel_occupied(app: &App, channel: &str) -> Self {
        Self::new("channel_occupied", app, channel)
    }

    pub(super) fn channel_vacated(app: &App, channel: &str) -> Self {
        Self::new("channel_vacated", app, channel)
    }

    pub(super) fn member_added(app: &App, channel: &str, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new("member_added", app, channel) }
    }

    pub(super) fn member_removed(app: &App, channel: &str, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new("member_removed", app, channel) }
    }
}

/// The telling half.
#[derive(Debug)]
pub(crate) struct Observer {
    sender: Sender<LifeEvent>,
    bell: Arc<OwnedFd>,
}

/// The listening half, for one thread.
#[derive(Debug)]
pub(crate) struct LifeEvents {
    receiver: Receiver<LifeEvent>,
    bell: Arc<OwnedFd>,
}

/// What a wait for a life-cycle event came to.
#[derive(Debug)]
pub enum Polled {
    /// This happened.
    Event(LifeEvent),
    /// Nothing happened in the given time.
    Quiet,
    /// A signal arrived: the caller's handlers should run.
    Interrupted,
}

/// A pair of telling and listening half.
pub(crate) fn observation() -> io::Result<(Observer, LifeEvents)> {
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let (sender, receiver) = bounded(KEPT);
    Ok((Observer { sender, bell: Arc::clone(&bell) }, LifeEvents { receiver, bell }))
}

impl Observer {
    /// Whether the event was kept.
    pub(super) fn tell(&self, event: LifeEvent) -> bool {
        match self.sender.try_send(event) {
            Ok(()) => {
                // A write can only fail when the counter is full, and then the bell rings already.
                let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
                true
            }
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => true,
        }
    }
}

impl LifeEvents {
    /// Waits for the next event. It sleeps in poll(2), which a signal interrupts even where `SA_RESTART` is set, so
    /// that PHP gets to run its handlers.
    pub(crate) fn poll(&self, timeout: Duration) -> Polled {
        let deadline = Instant::now() + timeout;
        loop {
            if let Ok(event) = self.receiver.try_recv() {
                return Polled::Event(event);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
            match poll(&mut [PollFd::new(&self.bell, PollFlags::IN)], Some(&limit)) {
                Ok(0) => return Polled::Quiet,
                Err(Errno::INTR) => return Polled::Interrupted,
                // The bell is silenced before the channel is looked at again, so no event can be slept over.
                Ok(_) | Err(_) => {
                    let _ = rustix::io::read(&self.bell, &mut [0; 8]);
                }
            }
        }
    }
}
