//! Life-cycle events: what happens on the channels, told to whoever hosts the server.

use super::App;
use crate::bell::Bell;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Events kept for a host that does not poll; what comes on top is dropped and counted.
const KEPT: usize = 4096;

/// One event of a channel's life. The names are those of the Pusher webhooks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LifeEvent {
    /// `channel_occupied`, `channel_vacated`, `member_added`, `member_removed`, `client_event`, `cache_miss` or
    /// `subscription_count`.
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
    /// How many connections are on the channel.
    pub count: Option<u64>,
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
            count: None,
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

    #[allow(dead_code)]
    pub(super) fn cache_miss(app: &App, channel: &str) -> Self {
        Self::new("cache_miss", app, channel)
    }

    #[allow(dead_code)]
    pub(super) fn subscription_count(app: &App, channel: &str, count: u64) -> Self {
        Self { count: Some(count), ..Self::new("subscription_count", app, channel) }
    }

    pub(super) fn member_removed(app: &App, channel: &str, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new("member_removed", app, channel) }
    }
}

/// The telling half.
#[derive(Debug)]
pub(crate) struct Observer {
    sender: Sender<LifeEvent>,
    bell: Bell,
}

/// The listening half, for one thread.
#[derive(Debug)]
pub(crate) struct LifeEvents {
    receiver: Receiver<LifeEvent>,
    bell: Bell,
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
    /// The server has failed and should be stopped: why.
    Failed(String),
}

/// A pair of telling and listening half; `bell` also wakes the listener for other reasons.
pub(crate) fn observation(bell: Bell) -> (Observer, LifeEvents) {
    let (sender, receiver) = bounded(KEPT);
    (Observer { sender, bell: bell.clone() }, LifeEvents { receiver, bell })
}

impl Observer {
    /// Whether the event was kept.
    pub(super) fn tell(&self, event: LifeEvent) -> bool {
        match self.sender.try_send(event) {
            Ok(()) => {
                self.bell.ring();
                true
            }
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => true,
        }
    }
}

impl LifeEvents {
    /// Waits for the next event, for the bell or for a signal. It sleeps in poll(2), which a signal interrupts even
    /// where `SA_RESTART` is set, so that PHP gets to run its handlers.
    pub(crate) fn poll(&self, timeout: Duration) -> Polled {
        if let Ok(event) = self.receiver.try_recv() {
            return Polled::Event(event);
        }
        let limit = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
        let waited = poll(&mut [PollFd::new(&self.bell, PollFlags::IN)], Some(&limit));
        // Silenced before the channel is looked at again, so that no event is slept over.
        self.bell.silence();
        match (waited, self.receiver.try_recv()) {
            (_, Ok(event)) => Polled::Event(event),
            (Err(Errno::INTR), _) => Polled::Interrupted,
            _ => Polled::Quiet,
        }
    }
}
