//! From the queue to the hub: one thread per queue directory.

mod hold;
mod losses;

use crate::config::Config;
use crate::error::Error;
use crate::event::Event;
use crate::handover::halt::{Halt, Request};
use crate::health::{self, QueueHealth};
use crate::hub::{self, Hold, Hub};
use crate::protocol::{SocketId, channel};
use crate::pulse::Beat;
use crate::queue::{self, Access, Consumer, ConsumerOptions, Record, Waker};
use crate::sparing::Sparing;
use crate::view;
use crate::watch::{Entrance, Refused};
use hold::OwnRing;
use losses::{Losses, events};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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
    health: Arc<QueueHealth>,
    beat: Beat,
    /// Set while what waited for the server has not been delivered.
    hold: Option<(Arc<Hold>, Duration)>,
    is_stopped: Arc<AtomicBool>,
    halt: Request,
}

/// How a drain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With nobody before it, as far as is known: what waited is held back while clients come back.
    Fresh,
    /// Where another process has just stopped, which may need until then to let go of the queue.
    After { deadline: Instant },
}

/// Ends a running drain from another thread; what is in the queue stays there.
#[derive(Debug)]
pub(crate) struct DrainStop {
    is_stopped: Arc<AtomicBool>,
    halt: Request,
    waker: Waker,
}

impl DrainStop {
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Makes the drain stand still between two events.
    pub(crate) fn halt(&self, halt: Halt) {
        self.halt.put(halt);
        self.waker.wake();
    }
}

impl Drain {
    /// Takes the consumer's part of every queue directory of the configuration.
    pub(crate) fn open_all(config: &Config, hub: &Arc<Hub>, start: Start) -> Result<Vec<Self>, Error> {
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
        let open_one = |(path, apps): (&PathBuf, Vec<String>)| {
            let follows = matches!(start, Start::After { .. });
            let options = ConsumerOptions { access, max_age, follows, ..ConsumerOptions::new(path) };
            let consumer = open(&options, start).map_err(|error| Error::Queue(path.clone(), error))?;
            let losses = Losses::new(path.clone(), config.max_age);
            let look = path.clone();
            let health = hub.health.add_queue(path, move || waiting(&look, access));
            let mut drain = Self {
                consumer,
                hub: Arc::clone(hub),
                apps,
                losses,
                refusals: Sparing::default(),
                health,
                beat: hub.health.pulse.of("canyon-drain"),
                hold: None,
                is_stopped: Arc::default(),
                halt: Request::default(),
            };
            if start == Start::Fresh {
                drain.hold_back(path, access, config.start_hold);
            }
            Ok(drain)
        };
        queues.into_iter().map(open_one).collect()
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
        let (is_stopped, halt) = (Arc::clone(&self.is_stopped), self.halt.clone());
        DrainStop { is_stopped, halt, waker: self.consumer.waker() }
    }

    /// Drains until stopped.
    pub(crate) fn run(mut self) {
        if let Some((_, time)) = self.hold {
            self.wait_for_clients(time);
        }
        while !self.is_stopped.load(Ordering::Acquire) {
            self.beat.beat();
            if let Some(halt) = self.halt.take()
                && !halt.stand_still()
            {
                return;
            }
            if self.hub.is_overloaded() {
                self.health.note_empty(false);
                self.consumer.rest(REST);
                continue;
            }
            if !self.pass() {
                self.end_hold();
                self.consumer.wait(WAIT);
            }
        }
    }

    /// Delivers what waited while nobody drained, before anybody else can publish.
    pub(crate) fn catch_up(&mut self) {
        while !self.hub.is_overloaded() && self.pass() {}
    }

    /// Delivers a batch; whether there may be more at once.
    fn pass(&mut self) -> bool {
        let (hub, apps, hold, refusals) = (&self.hub, &self.apps, &self.hold, &mut self.refusals);
        let mut is_first = true;
        let mut deliver = |record: Record<'_>| {
            if let Some((hold, _)) = hold {
                hold.release_before(record.ticket, hub);
            }
            // One at most of a batch: asking costs a look at the clock.
            let now = if std::mem::take(&mut is_first) { hub.metrics.flush_sampler.pick() } else { None };
            publish(hub, apps, &record, now, refusals);
            if hub.is_overloaded() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let drained = self.consumer.drain(BATCH, &mut deliver);
        while let Some(problem) = self.consumer.take_problem() {
            tracing::warn!(%problem, "the queue");
        }
        self.health.note(self.consumer.is_usable());
        self.health.note_empty(!drained.more);
        let without_room = self.losses.note(self.consumer.counts(), &self.hub.metrics, !drained.more);
        if without_room > 0 {
            let full = Refused { what: "queue", ..Refused::default() };
            let why = "not taken: the ring of its publisher was full (canyon.ring_bytes)";
            let apps = self.apps.iter().filter_map(|id| self.hub.app_by_id(id));
            apps.for_each(|app| app.note_trouble(full, why, without_room));
        }
        drained.more
    }

    /// Ends the hold, if there is one, as soon as everything that waited is delivered.
    fn end_hold(&mut self) {
        if self.hold.as_ref().is_some_and(|(hold, _)| hold.end(&self.hub, || !self.consumer.has_news())) {
            self.hold = None;
        }
    }
}

/// Takes the consumer's part of a queue, waiting for the one before to let go.
fn open(options: &ConsumerOptions, start: Start) -> Result<Consumer, queue::Error> {
    loop {
        match (Consumer::open(options.clone()), start) {
            (Err(queue::Error::Taken { .. }), Start::After { deadline }) if Instant::now() < deadline => {}
            (opened, _) => return opened,
        }
    }
}

/// What waits in a queue, for those who do not drain it.
fn waiting(path: &Path, access: Access) -> Option<health::Backlog> {
    let backlog = queue::Backlog::at(path, access).ok()?;
    Some(health::Backlog {
        events: backlog.records as u64,
        bytes: backlog.bytes,
        oldest: Duration::from_millis(backlog.oldest_ms.unwrap_or(0)),
    })
}

/// Publishes one record, if it is an event of an app that may use the queue. If `now` is given, its way is measured.
fn publish(hub: &Hub, apps: &[String], record: &Record<'_>, now: Option<Instant>, told: &mut Sparing) {
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
        let why = format!("its data has {size} bytes, and max_event_bytes is {limit}");
        let channel = event.channels.into_iter().next();
        app.note_trouble(Refused { what: "event", channel, ..Refused::default() }, &why, 1);
        return refuse(&why);
    }
    let published = hub::Event { name: event.name, data: event.data, except };
    for name in event.channels {
        match channel::validate(name.as_bytes(), app.config.max_channel_name_length) {
            Ok(()) => {
                view::event("the queue", event.name, name, event.data);
                hub.publish(app, name, &published, Entrance::Queue);
                if let Some(published) = now.map(|now| now.checked_sub(age(record)).unwrap_or(now)) {
                    hub.follow(app, name, published);
                }
            }
            Err(why) => {
                app.note_trouble(
                    Refused { what: "event", channel: Some(name), ..Refused::default() },
                    why,
                    1,
                );
                refuse(&format_args!("channel {name:?}: {why}"));
            }
        }
    }
    hub.metrics.events_from_queue.increment();
}

/// How long a record waited in the queue, as far as that can be told: the queue's clock ticks every few milliseconds.
fn age(record: &Record<'_>) -> Duration {
    const TICK_MS: u64 = 10;
    Duration::from_millis(if record.age_ms > TICK_MS { record.age_ms } else { 0 })
}

fn refuse(hub: &Hub, why: &dyn std::fmt::Display, told: &mut Sparing) {
    hub.metrics.records_refused.increment();
    if let Some(refused) = told.note() {
        tracing::warn!(%why, refused, "an event from the queue was refused");
    }
}
