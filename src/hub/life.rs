//! Life-cycle events: what happens on the channels, and the way of it to whoever hosts the server.

use super::App;
use crate::bell::Bell;
use crate::config::LifeKind;
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
    /// What happened.
    pub kind: LifeKind,
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
    /// When it happened, in milliseconds since 1970; somewhat before it is told, where telling is delayed.
    pub time_ms: u64,
}

impl LifeEvent {
    pub(crate) fn new(kind: LifeKind, app: &App, channel: &str) -> Self {
        Self::at(kind, &app.config.id, channel, now_ms())
    }

    pub(crate) fn at(kind: LifeKind, app: &str, channel: &str, time_ms: u64) -> Self {
        Self {
            kind,
            app: app.to_owned(),
            channel: channel.to_owned(),
            user_id: None,
            event: None,
            data: None,
            socket_id: None,
            count: None,
            time_ms,
        }
    }

    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        let optional = [&self.user_id, &self.event, &self.data, &self.socket_id];
        let texts = optional.into_iter().flatten().chain([&self.app, &self.channel]);
        size_of::<Self>() + texts.map(String::len).sum::<usize>()
    }

    pub(super) fn channel_occupied(app: &App, channel: &str) -> Self {
        Self::new(LifeKind::ChannelOccupied, app, channel)
    }

    pub(super) fn channel_vacated(app: &App, channel: &str) -> Self {
        Self::new(LifeKind::ChannelVacated, app, channel)
    }

    pub(super) fn member_added(app: &App, channel: &str, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new(LifeKind::MemberAdded, app, channel) }
    }

    pub(super) fn cache_miss(app: &App, channel: &str) -> Self {
        Self::new(LifeKind::CacheMiss, app, channel)
    }

    pub(super) fn subscription_count(app: &App, channel: &str, count: u64) -> Self {
        Self { count: Some(count), ..Self::new(LifeKind::SubscriptionCount, app, channel) }
    }

    pub(super) fn member_removed(app: &App, channel: &str, user_id: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), ..Self::new(LifeKind::MemberRemoved, app, channel) }
    }
}

/// The half of the host's channel that is told.
#[derive(Debug)]
pub(crate) struct Host {
    sender: Sender<LifeEvent>,
    bell: Bell,
}

/// The host's half, for one thread.
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

/// A way to the host, and its end there; `bell` also wakes the host for other reasons.
pub(crate) fn host_channel(bell: Bell) -> (Host, LifeEvents) {
    let (sender, receiver) = bounded(KEPT);
    (Host { sender, bell: bell.clone() }, LifeEvents { receiver, bell })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

impl Host {
    /// Whether the event was kept. A host that is gone misses nothing.
    pub(crate) fn tell(&self, event: LifeEvent) -> bool {
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
