//! Counters that every part of the server may raise.
//!
//! A leaf: it knows nobody. Each counter only grows; whoever wants a rate takes differences.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
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
}
