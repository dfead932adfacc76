//! The work for one endpoint: one request at a time, in order, repeated until it is received or given up.

use super::backlog::MOST_AGE;
use super::client::{Failure, Post};
use super::endpoint::{Endpoint, Waiting};
use super::payload::Payload;
use crate::hub::life::now_ms;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long an endpoint may take to answer. (The hosted number is not known.)
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// How long a request is repeated, counted from the first try; the last one comes at the end of it.
const RETRY_TIME: Duration = MOST_AGE;

/// The pause after the first try. It doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tells when the server stops: until when the last requests may take.
#[derive(Debug, Clone)]
pub(super) struct Ending(pub(super) watch::Receiver<Option<Instant>>);

impl Ending {
    fn is_announced(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits for the announcement; the deadline.
    async fn announced(&mut self) -> Instant {
        let announced = self.0.wait_for(Option::is_some).await;
        // Nobody left to announce it: it is over.
        announced.ok().and_then(|deadline| *deadline).unwrap_or_else(Instant::now)
    }

    /// Waits for the deadline.
    async fn over(&mut self) {
        let deadline = self.announced().await;
        sleep_until(deadline).await;
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Delivery<P> {
    endpoint: Arc<Endpoint>,
    post: Arc<P>,
    ending: Ending,
}

impl<P: Post> Delivery<P> {
    pub(super) fn new(endpoint: Arc<Endpoint>, post: Arc<P>, ending: Ending) -> Self {
        Self { endpoint, post, ending }
    }

    /// Delivers until the server stops, and then what is left, as far as there is time.
    pub(super) async fn run(mut self) {
        while let Some(events) = self.next().await {
            self.deliver(&events).await;
        }
        self.endpoint.report.lock().tell_rest();
    }

    /// Waits for the events of the next request; `None` if there is none left and the server stops.
    async fn next(&mut self) -> Option<Vec<Arc<str>>> {
        loop {
            let is_ending = self.ending.is_announced();
            let ready = match self.endpoint.next(is_ending) {
                Waiting::Batch(events) => return Some(events),
                Waiting::Nothing if is_ending => return None,
                Waiting::Nothing => None,
                Waiting::Until(ready) => Some(ready),
            };
            tokio::select! {
                () = self.endpoint.bell.notified() => {}
                () = super::until(ready) => {}
                _ = self.ending.announced() => {}
            }
        }
    }

    async fn deliver(&mut self, events: &[Arc<str>]) {
        let payload = Payload::new(self.endpoint.secret.reveal(), now_ms(), events);
        let first = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut is_repeated = false;
        loop {
            let done = self.attempt(&payload, is_repeated).await;
            let Some(left) = self.time_left(done, first, events.len()) else { return };
            tokio::select! {
                () = sleep(pause.min(left)) => {}
                // The last chance comes now or never.
                _ = self.ending.announced() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            is_repeated = true;
        }
    }

    /// For how long the request may be repeated; `None` if it was received, or is given up.
    fn time_left(&self, done: Result<(), Failure>, first: Instant, events: usize) -> Option<Duration> {
        let now = Instant::now();
        let mut report = self.endpoint.report.lock();
        let Err(why) = done else {
            report.received();
            return None;
        };
        report.failed(&why);
        let left = (first + RETRY_TIME).saturating_duration_since(now);
        if left.is_zero() || self.ending.is_announced() {
            report.lost(events);
            return None;
        }
        Some(left)
    }

    async fn attempt(&mut self, payload: &Payload, is_repeated: bool) -> Result<(), Failure> {
        self.endpoint.report.lock().requested(is_repeated);
        let request = self.post.post(&self.endpoint.target, payload);
        tokio::select! {
            biased;
            () = self.ending.over() => Err(Failure::Stopped),
            done = timeout(REQUEST_TIME, request) => done.unwrap_or(Err(Failure::Timeout)),
        }
    }
}
