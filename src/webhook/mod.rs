//! Life-cycle events on their way from the hub to those who want to know: the host that polls, and the apps' webhooks.
//!
//! ```text
//!  hub ── Observed ── held ──┬── Host                                  Canyon\Server::poll()
//!        never waits         └── endpoint 1..n ── delivery ── client   HTTP requests, signed, repeated
//! ```
//!
//! All of it is one thread with a runtime of its own, which exists only if somebody listens. Nothing here can hold up
//! the hub, and no endpoint another: each has its own bounded backlog and one request at a time. What has to be
//! dropped is counted.

mod backlog;
mod client;
mod delivery;
mod endpoint;
mod handover;
mod held;
mod payload;
mod report;

use crate::config::{AppConfig, Config, LifeKinds};
use crate::handover::halt::{Halt, Request};
use crate::hub::life::{Host, LifeEvent};
use crate::hub::{Hub, Observed, Observer};
use crate::metrics::Metrics;
use crate::sparing::Sparing;
use client::{HttpClient, Post};
use delivery::{Delivery, Ending};
use endpoint::Endpoint;
use held::Held;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long a server that stops waits for its last webhook requests.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    observed: Observed,
    held: Held,
    host: Option<Host>,
    /// By app id.
    endpoints: HashMap<String, Vec<Arc<Endpoint>>>,
    stop: Arc<Notify>,
    halt: Request,
    metrics: Arc<Metrics>,
    /// How many dropped events have been noticed.
    dropped: u64,
    losses: Sparing,
}

/// Ends a running dispatcher from another thread, once the hub has nothing more to tell.
#[derive(Debug)]
pub(crate) struct DispatcherStop {
    stop: Arc<Notify>,
    halt: Request,
}

impl DispatcherStop {
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    /// Makes the dispatcher stand still.
    pub(crate) fn halt(&self, halt: Halt) {
        self.halt.put(halt);
        self.stop.notify_one();
    }
}

impl Dispatcher {
    /// A dispatcher and the observer to give to the hub; `None` if there is neither a host nor a webhook.
    pub(crate) fn new(
        config: &Config,
        host: Option<Host>,
        metrics: &Arc<Metrics>,
    ) -> Option<(Observer, Self)> {
        if host.is_none() && config.apps.iter().all(|app| app.webhooks.is_empty()) {
            return None;
        }
        let wanted = |app: &AppConfig| match host {
            Some(_) => LifeKinds::ALL,
            None => {
                let kinds = app.webhooks.iter().map(|webhook| webhook.events);
                held::needed(kinds.fold(LifeKinds::NONE, LifeKinds::union))
            }
        };
        let (observer, observed) = Observer::new(config.apps.iter().map(wanted).collect());
        let endpoints = |app: &AppConfig| {
            let endpoint = |(index, webhook)| Arc::new(Endpoint::new(app, index, webhook, metrics));
            (app.id.clone(), app.webhooks.iter().enumerate().map(endpoint).collect())
        };
        let dispatcher = Self {
            observed,
            held: Held::default(),
            host,
            endpoints: config.apps.iter().map(endpoints).collect(),
            stop: Arc::default(),
            halt: Request::default(),
            metrics: Arc::clone(metrics),
            dropped: 0,
            losses: Sparing::default(),
        };
        Some((observer, dispatcher))
    }

    /// Tells those who look at the apps of a hub what webhooks did not take.
    pub(crate) fn tell_in(&self, hub: &Hub) {
        for (app, endpoint) in
            self.endpoints.iter().flat_map(|(app, all)| all.iter().map(move |one| (app, one)))
        {
            if let Some(app) = hub.app_by_id(app) {
                endpoint.report.lock().tell_in(Arc::clone(&app.watch.refusals));
            }
        }
    }

    pub(crate) fn stopper(&self) -> DispatcherStop {
        DispatcherStop { stop: Arc::clone(&self.stop), halt: self.halt.clone() }
    }

    /// Dispatches until stopped.
    pub(crate) fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("canyon-resolve")
            .build()?;
        let secure = self.endpoints.values().flatten().any(|endpoint| endpoint.is_secure());
        let done = runtime.block_on(async { self.dispatch(Arc::new(HttpClient::new(secure)?)).await });
        // A name that is being looked up is not waited for.
        runtime.shutdown_background();
        done
    }

    async fn dispatch<P: Post>(mut self, post: Arc<P>) -> io::Result<()> {
        let (end, ending) = watch::channel(None);
        let mut deliveries = JoinSet::new();
        for endpoint in self.endpoints.values().flatten() {
            let ending = Ending(ending.clone());
            deliveries.spawn(Delivery::new(Arc::clone(endpoint), Arc::clone(&post), ending).run());
        }
        loop {
            while let Some(departure) = self.held.release(Instant::now()) {
                self.tell(departure);
            }
            tokio::select! {
                event = self.observed.next() => match event {
                    Some(event) => self.hear(event),
                    None => break,
                },
                () = until(self.held.due()) => {}
                () = self.stop.notified() => match self.halt.take() {
                    Some(halt) if self.stand_still(&halt).await => {}
                    Some(_) => return Ok(()),
                    None => break,
                },
                // A delivery ends before it is told to only if it panics.
                Some(ended) = deliveries.join_next() => ended.map_err(io::Error::other)?,
            }
        }
        while let Some(event) = self.observed.take() {
            self.hear(event);
        }
        while let Some(departure) = self.held.release_any() {
            self.tell(departure);
        }
        report(self.losses.rest());
        let _ = end.send(Some(Instant::now() + LAST_CHANCE));
        while let Some(ended) = deliveries.join_next().await {
            ended.map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn hear(&mut self, event: LifeEvent) {
        if let Some(event) = self.held.pass(event, Instant::now()) {
            self.tell(event);
        }
    }

    fn tell(&mut self, event: LifeEvent) {
        let mut encoded = None;
        let endpoints = self.endpoints.get(&event.app).into_iter().flatten();
        for endpoint in endpoints.filter(|endpoint| endpoint.wants(event.kind, &event.channel)) {
            endpoint.push(Arc::clone(encoded.get_or_insert_with(|| payload::encode(&event))));
        }
        if let Some(host) = &self.host
            && !host.tell(event)
        {
            self.metrics.life_events_dropped.increment();
        }
        let dropped = self.newly_dropped();
        report(self.losses.add(dropped));
    }

    /// How many events were dropped, here and in the hub, since this was last asked.
    fn newly_dropped(&mut self) -> u64 {
        let before = std::mem::replace(&mut self.dropped, self.metrics.life_events_dropped.get());
        self.dropped - before
    }
}

fn report(dropped: Option<u64>) {
    if let Some(events) = dropped {
        tracing::warn!(events, "life-cycle events were dropped: whoever listens takes longer than they come");
    }
}

/// Waits until then, or for ever.
async fn until(then: Option<Instant>) {
    match then {
        Some(then) => sleep_until(then).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
