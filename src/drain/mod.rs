//! From the queue to the hub: one thread per queue directory.

mod hold;
mod losses;

use crate::config::Config;
use crate::error::Error;
use crate::event::Event;
use crate::hub::{self, Hold, Hub};
use crate::protocol::{SocketId, channel};
use crate::queue::{Access, Consumer, ConsumerOptions, Record, Waker};
use crate::sparing::Sparing;
use crate::view;
use hold::OwnRing;
use losses::{Losses, events};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records taken from the queue before the drain looks whether it should stop or rest.
const BATCH: usize = 512;

/// How long the drain rests when a worker is too far behind. Events wait in their rings meanwhile, in order.
const REST: Duration = Duration::from_millis(1);

/// How long the drain waits at a time: as often it looks what the consumer found in its own rounds.
const WAIT: Duration = Duration::from_secs(1);

/// The drain of one queue directory, not yet running.
#[derive(Debug)]
pub(crate) struct Drain {
    consumer: Consumer,
    hub: Arc<Hub>,
    /// The apps that may publish through this queue: a directory's permissions are an app's permissions.
    apps: Vec<String>,
    losses: Losses,
    refusals: Sparing,
    /// Set while what waited for the server has not been delivered.
    hold: Option<(Arc<Hold>, Duration)>,
    is_stopped: Arc<AtomicBool>,
}

/// Ends a running drain from another thread; what is in the queue stays there.
#[derive(Debug)]
pub(crate) struct DrainStop {
    is_stopped: Arc<AtomicBool>,
    waker: Waker,
}

impl DrainStop {
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Drain {
    /// Takes the consumer's part of every queue directory of the configuration.
    pub(crate) fn open_all(config: &Config, hub: &Arc<Hub>) -> Result<Vec<Self>, Error> {
        let mut queues: BTreeMap<&PathBuf, Vec<String>> = BTreeMap::new();
        for app in &config.apps {
            if let Some(path) = &app.queue {
                queues.entry(path).or_default().push(app.id.clone());
            }
        }
        let named = |name: &Option<String>| name.clone().unwrap_or_default();
        let access = Access::named(&named(&config.queue_owner), &named(&config.queue_group))
            .map_err(|unknown| Error::QueueAccess(unknown.to_string()))?;
        let max_age = (config.max_age > 0).then(|| Duration::from_secs(config.max_age.into()));
        let open = |(path, apps): (&PathBuf, Vec<String>)| {
            let consumer = Consumer::open(ConsumerOptions { access, max_age, ..ConsumerOptions::new(path) })
                .map_err(|error| Error::Queue(path.clone(), error))?;
            let losses = Losses::new(path.clone(), config.max_age);
            let mut drain = Self {
                consumer,
                hub: Arc::clone(hub),
                apps,
                losses,
                refusals: Sparing::default(),
                hold: None,
                is_stopped: Arc::default(),
            };
            drain.hold_back(path, access, config.start_hold);
            Ok(drain)
        };
        queues.into_iter().map(open).collect()
    }

    /// Holds delivery back if events have waited: they waited for clients that are not there yet.
    fn hold_back(&mut self, queue: &Path, access: Access, seconds: u32) {
        let waiting = self.consumer.waiting();
        if waiting == 0 || seconds == 0 {
            return;
        }
        let (waiting, queue_shown) = (events(waiting as u64), queue.display());
        tracing::info!(queue = %queue_shown, "{waiting} waiting: delivery is held for {seconds} s while clients come back (start_hold)");
        let hold = Arc::new(Hold::new(Box::new(OwnRing::attach(queue, access))));
        for app in self.apps.iter().filter_map(|id| self.hub.app_by_id(id)) {
            app.hold_back(Arc::clone(&hold));
        }
        self.hold = Some((hold, Duration::from_secs(seconds.into())));
    }

    pub(crate) fn stopper(&self) -> DrainStop {
        DrainStop { is_stopped: Arc::clone(&self.is_stopped), waker: self.consumer.waker() }
    }

    /// Drains until stopped.
    pub(crate) fn run(mut self) {
        if let Some((_, time)) = self.hold {
            self.wait_for_clients(time);
        }
        while !self.is_stopped.load(Ordering::Acquire) {
            if self.hub.is_overloaded() {
                self.consumer.rest(REST);
                continue;
            }
            let (hub, apps, hold, refusals) = (&self.hub, &self.apps, &self.hold, &mut self.refusals);
            let mut deliver = |record: Record<'_>| {
                if let Some((hold, _)) = hold {
                    hold.release_before(record.ticket, hub);
                }
                publish(hub, apps, &record, refusals);
                if hub.is_overloaded() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let drained = self.consumer.drain(BATCH, &mut deliver);
            while let Some(problem) = self.consumer.take_problem() {
                tracing::warn!(%problem, "the queue");
            }
            self.losses.note(self.consumer.counts(), &self.hub.metrics, !drained.more);
            if !drained.more {
                self.end_hold();
                self.consumer.wait(WAIT);
            }
        }
    }

    /// Ends the hold, if there is one, as soon as everything that waited is delivered.
    fn end_hold(&mut self) {
        if self.hold.as_ref().is_some_and(|(hold, _)| hold.end(&self.hub, || !self.consumer.has_news())) {
            self.hold = None;
        }
    }
}

/// Publishes one record, if it is an event of an app that may use the queue.
fn publish(hub: &Hub, apps: &[String], record: &Record<'_>, told: &mut Sparing) {
    let mut refuse = |why: &dyn std::fmt::Display| refuse(hub, why, told);
    let event = match Event::decode(record.payload) {
        Ok(event) => event,
        Err(malformed) => return refuse(&malformed),
    };
    let Some(app) = hub.app_by_id(event.app).filter(|_| apps.iter().any(|id| id == event.app)) else {
        return refuse(&format_args!("it is for app {:?}, which has another queue or none here", event.app));
    };
    let except: Option<SocketId> = match event.except.map(str::parse).transpose() {
        Ok(except) => except,
        Err(why) => return refuse(&why),
    };
    if event.data.len() > app.config.max_event_bytes {
        let limit = app.config.max_event_bytes;
        let size = event.data.len();
        return refuse(&format_args!("its data has {size} bytes, and max_event_bytes is {limit}"));
    }
    let published = hub::Event { name: event.name, data: event.data, except };
    for name in event.channels {
        match channel::validate(name.as_bytes(), app.config.max_channel_name_length) {
            Ok(()) => {
                view::event("the queue", event.name, name, event.data);
                hub.publish(app, name, &published);
            }
            Err(why) => refuse(&format_args!("channel {name:?}: {why}")),
        }
    }
    hub.metrics.events_from_queue.increment();
}

fn refuse(hub: &Hub, why: &dyn std::fmt::Display, told: &mut Sparing) {
    hub.metrics.records_refused.increment();
    if let Some(refused) = told.note() {
        tracing::warn!(%why, refused, "an event from the queue was refused");
    }
}
