//! What a measurement of fan-out consists of: who listens, what is published, how, and for how long.

use crate::options::Options;
use crate::stamp::Stamp;
use serde_json::json;
use std::time::Duration;

/// The name of every event.
pub(crate) const EVENT: &str = "OrderShipped";

/// The same as a client event.
pub(crate) const WHISPER: &str = "client-OrderShipped";

/// Requests under way at the same time, each on a connection of its own, where the HTTP API is saturated.
const REQUESTS: usize = 8;

/// Bytes that may be on their way to one client of a saturated server: less than any server takes for a sign of a slow
/// client. A publisher that nothing slows down would be faster than clients can read.
const WINDOW: usize = 64 << 10;

/// The same through the queue, which can hold more.
const QUEUE_WINDOW: usize = 512 << 10;

/// How events get to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Canyon's queue in shared memory.
    Queue,
    /// Signed requests to the HTTP API, of so many events each.
    Http { batch: usize },
    /// Client events of one more subscriber.
    Whispers,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    pub(crate) way: Way,
    /// Subscribers, the same number of them on each channel.
    pub(crate) clients: usize,
    pub(crate) channels: usize,
    /// What the channels' names begin with.
    pub(crate) topic: &'static str,
    /// Bytes of an event's data.
    pub(crate) data: usize,
    /// From one event to the next; zero for as fast as it goes.
    pub(crate) pause: Duration,
    /// How long is published.
    pub(crate) time: Duration,
    /// Events that may be on their way, where that is not left to the way.
    pub(crate) ahead: Option<u64>,
}

impl Way {
    /// The best way that the server has.
    pub(crate) fn best(options: &Options) -> Self {
        if options.url.is_none() { Self::Queue } else { Self::Http { batch: 1 } }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "through the queue",
            Self::Http { batch: 1 } => "over HTTP",
            Self::Http { .. } => "over HTTP in batches",
            Self::Whispers => "as client events",
        }
    }
}

impl Course {
    /// One channel.
    pub(crate) fn new(way: Way, clients: usize, data: usize) -> Self {
        Self {
            way,
            clients,
            channels: 1,
            topic: "news",
            data,
            pause: Duration::ZERO,
            time: Duration::from_secs(2),
            ahead: None,
        }
    }

    pub(crate) fn for_seconds(self, seconds: f64) -> Self {
        Self { time: Duration::from_secs_f64(seconds), ..self }
    }

    pub(crate) fn at(self, events_per_second: f64) -> Self {
        Self { pause: Duration::from_secs_f64(1.0 / events_per_second), ..self }
    }

    pub(crate) fn is_saturated(&self) -> bool {
        self.pause.is_zero()
    }

    /// The channel of a client or of an event, by its number.
    pub(crate) fn channel(&self, number: usize) -> String {
        let prefix = if self.way == Way::Whispers { "private-" } else { "" };
        format!("{prefix}{}-{}", self.topic, number % self.channels)
    }

    /// Publishers at the same time, between whose events there is no order.
    pub(crate) fn publishers(&self) -> usize {
        let is_parallel = self.is_saturated() && self.ahead.is_none();
        if is_parallel && matches!(self.way, Way::Http { .. }) { REQUESTS } else { 1 }
    }

    /// Events that a publisher hands over in one go.
    pub(crate) fn batch(&self) -> usize {
        if let Way::Http { batch } = self.way { batch } else { 1 }
    }

    /// Clients that get an event.
    pub(crate) fn deliveries(&self) -> usize {
        self.clients / self.channels
    }

    /// The data of a publisher's event `number`, made at this moment. The numbers in its stamp are those of the channel.
    pub(crate) fn data(&self, publisher: usize, number: u64) -> String {
        Stamp::by(publisher, number / self.channels as u64).data(self.data)
    }

    /// Bytes of what a client gets of an event.
    pub(crate) fn frame(&self) -> usize {
        let data = self.data(0, 0);
        json!({"event": EVENT, "channel": self.channel(0), "data": data}).to_string().len()
    }

    /// Events that may be on their way.
    pub(crate) fn window(&self) -> u64 {
        let bytes = if self.way == Way::Queue { QUEUE_WINDOW } else { WINDOW };
        self.ahead.unwrap_or((bytes / self.frame()).max(1) as u64 * self.channels as u64)
    }
}
