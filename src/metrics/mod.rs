//! Counters that every part of the server may raise.
//!
//! A leaf: it knows nobody. Each counter only grows; whoever wants a rate takes differences, and those of the time.

mod exposition;
mod histogram;
mod limit;
mod process;
mod sampler;

pub use exposition::{CONTENT_TYPE, Exposition, Family};
pub use histogram::{BOUNDS, Histogram};
pub use limit::{Limit, LimitCounters};
pub use process::expose as expose_process;
pub use sampler::Sampler;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        // Relaxed: a counter orders nothing else, and a reader only wants a recent value.
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that come and go.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// One comes.
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One that came goes.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The moment when counting began, which is when the server started.
#[derive(Debug)]
pub struct Beginning(Instant);

impl Default for Beginning {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Beginning {
    /// The time since.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Since when it counts.
    pub beginning: Beginning,
    /// Events taken from queues.
    pub events_from_queue: Counter,
    /// Events that were not delivered because they had waited too long while no server ran.
    pub events_expired: Counter,
    /// Events that their publisher could not put into the queue because its ring was full, those of the time before the
    /// server started included.
    pub events_refused_full: Counter,
    /// Events accepted over the HTTP API. While delivery is held back they go through the queue, and count there too.
    pub events_from_http: Counter,
    /// Client events relayed.
    pub events_from_clients: Counter,
    /// Frames of channels that were given to a client, those about members and counts included.
    pub deliveries: Counter,
    /// Bytes of these frames.
    pub delivered_bytes: Counter,
    /// WebSocket connections let in.
    pub connections_opened: Counter,
    /// WebSocket connections refused: unknown app, quota, origin and so on.
    pub connections_refused: Counter,
    /// Refusals: of connections, and of what clients and the HTTP API were asked for.
    pub refusals: Counter,
    /// Queue records that could not be read, or were for no app of the queue.
    pub records_refused: Counter,
    /// Clients hung up on because they did not read.
    pub slow_clients_closed: Counter,
    /// Clients hung up on because they did not answer a ping.
    pub silent_clients_closed: Counter,
    /// Life-cycle events dropped on their way: more happened than could be told, or the host did not poll in time.
    pub life_events_dropped: Counter,
    /// Webhook requests made, repeated ones included.
    pub webhook_requests: Counter,
    /// Webhook requests that failed: not answered with 2xx, or not in time.
    pub webhook_failures: Counter,
    /// Webhook requests that repeat a failed one.
    pub webhook_retries: Counter,
    /// Events given up for one endpoint of a webhook.
    pub webhook_events_dropped: Counter,
    /// How often somebody met a limit.
    pub limits: LimitCounters,
    /// Connections that speak HTTP.
    pub http_connections: Level,
    /// Time from the publishing of an event until a worker had given it to the sockets of all its subscribers.
    pub publish_to_flush: Histogram,
    /// Which events are measured for it.
    pub flush_sampler: Sampler,
    /// Time that workers take for their turns.
    pub turns: Histogram,
}

impl Metrics {
    /// The name and the value of each counter.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.all().into_iter().map(|(name, counter)| (name, counter.get()))
    }

    /// Each counter by its name.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &Counter)> {
        let mut all = vec![
            ("events_from_queue", &self.events_from_queue),
            ("events_expired", &self.events_expired),
            ("events_refused_full", &self.events_refused_full),
            ("events_from_http", &self.events_from_http),
            ("events_from_clients", &self.events_from_clients),
            ("deliveries", &self.deliveries),
            ("delivered_bytes", &self.delivered_bytes),
            ("connections_opened", &self.connections_opened),
            ("connections_refused", &self.connections_refused),
            ("refusals", &self.refusals),
            ("records_refused", &self.records_refused),
            ("slow_clients_closed", &self.slow_clients_closed),
            ("silent_clients_closed", &self.silent_clients_closed),
            ("life_events_dropped", &self.life_events_dropped),
            ("webhook_requests", &self.webhook_requests),
            ("webhook_failures", &self.webhook_failures),
            ("webhook_retries", &self.webhook_retries),
            ("webhook_events_dropped", &self.webhook_events_dropped),
        ];
        all.extend(self.limits.named());
        all
    }

    /// Each histogram by its name.
    #[must_use]
    pub fn histograms(&self) -> [(&'static str, &Histogram); 2] {
        [("publish_to_flush", &self.publish_to_flush), ("turns", &self.turns)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_counter_is_forgotten() {
        let metrics = Metrics::default();
        let histograms = metrics.histograms().map(|(_, one)| format!("{one:?}"));
        assert_eq!(format!("{metrics:?}").matches("Histogram {").count(), histograms.len());
        let count = |text: &str| text.matches("Counter(").count();
        let fields = count(&format!("{metrics:?}")) - histograms.iter().map(|one| count(one)).sum::<usize>();
        assert_eq!(metrics.counts().count(), fields);
        metrics.deliveries.add(7);
        let raised: Vec<_> = metrics.counts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(raised, [("deliveries", 7)]);
    }
}
