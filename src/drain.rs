//! From the queue to the hub: one thread per queue directory.

use crate::config::Config;
use crate::error::Error;
use crate::event::Event;
use crate::hub::{self, Hub};
use crate::protocol::{SocketId, channel};
use crate::queue::{Access, Consumer, ConsumerOptions, Record, Waker};
use crate::view;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records taken from the queue before the drain looks whether it should stop or rest.
const BATCH: usize = 512;

/// How long the drain rests when a worker is too far behind. Events wait in their rings meanwhile, in order.
const REST: Duration = Duration::from_millis(1);

/// How long the drain waits at a time; longer than the consumer's own rounds, which end no wait.
const WAIT: Duration = Duration::from_secs(3600);

/// The drain of one queue directory, not yet running.
#[derive(Debug)]
pub(crate) struct Drain {
    consumer: Consumer,
    hub: Arc<Hub>,
    /// The apps that may publish through this queue: a directory's permissions are an app's permissions.
    apps: Vec<String>,
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
        let open = |(path, apps): (&PathBuf, Vec<String>)| {
            let consumer = Consumer::open(ConsumerOptions { access, ..ConsumerOptions::new(path) })
                .map_err(|error| Error::Queue(path.clone(), error))?;
            Ok(Self { consumer, hub: Arc::clone(hub), apps, is_stopped: Arc::default() })
        };
        queues.into_iter().map(open).collect()
    }

    pub(crate) fn stopper(&self) -> DrainStop {
        DrainStop { is_stopped: Arc::clone(&self.is_stopped), waker: self.consumer.waker() }
    }

    /// Drains until stopped.
    pub(crate) fn run(mut self) {
        while !self.is_stopped.load(Ordering::Acquire) {
            if self.hub.is_overloaded() {
                self.consumer.rest(REST);
                continue;
            }
            let (hub, apps) = (&self.hub, &self.apps);
            let mut deliver = |record: Record<'_>| {
                publish(hub, apps, &record);
                if hub.is_overloaded() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let drained = self.consumer.drain(BATCH, &mut deliver);
            while let Some(problem) = self.consumer.take_problem() {
                tracing::warn!(%problem, "the queue");
            }
            if !drained.more {
                self.consumer.wait(WAIT);
            }
        }
    }
}

/// Publishes one record, if it is an event of an app that may use the queue.
fn publish(hub: &Hub, apps: &[String], record: &Record<'_>) {
    let event = match Event::decode(record.payload) {
        Ok(event) => event,
        Err(malformed) => return refuse(hub, &malformed),
    };
    let Some(app) = hub.app_by_id(event.app).filter(|_| apps.iter().any(|id| id == event.app)) else {
        return refuse(
            hub,
            &format_args!("it is for app {:?}, which has another queue or none here", event.app),
        );
    };
    let except: Option<SocketId> = match event.except.map(str::parse).transpose() {
        Ok(except) => except,
        Err(why) => return refuse(hub, &why),
    };
    if event.data.len() > app.config.max_event_bytes {
        let limit = app.config.max_event_bytes;
        let size = event.data.len();
        return refuse(hub, &format_args!("its data has {size} bytes, and max_event_bytes is {limit}"));
    }
    let published = hub::Event { name: event.name, data: event.data, except };
    for name in event.channels {
        match channel::validate(name.as_bytes(), app.config.max_channel_name_length) {
            Ok(()) => {
                view::event("the queue", event.name, name, event.data);
                hub.publish(app, name, &published);
            }
            Err(why) => refuse(hub, &format_args!("channel {name:?}: {why}")),
        }
    }
    hub.metrics.events_from_queue.increment();
}

fn refuse(hub: &Hub, why: &dyn std::fmt::Display) {
    hub.metrics.records_refused.increment();
    tracing::warn!(%why, "an event from the queue was refused");
}
