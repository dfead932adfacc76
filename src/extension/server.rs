//! `Canyon\Server`: the server inside a long-running PHP process.

// The macros of ext-php-rs expand to unsafe code. The names are those of PHP's named arguments.
#![allow(unsafe_code)]
#![allow(non_snake_case)]

use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::exception::exception;
use super::{
    json,
    signals::{self, Attention},
};
use crate::config::{Config, Settings};
use crate::log::{self, View};
use crate::parent::{self, Alone, Parent};
use crate::server::{LifeEvent, Polled, Provision, Server as Running};

/// A server that this process can start.
#[php_class]
#[php(name = "Canyon\\Server")]
#[php(flags = ClassFlags::Final)]
#[derive(Debug)]
pub struct Server {
    config: Config,
    slot: Arc<Slot>,
}

/// Where a running server stands: with its object, and for the end of the process with [`ALL`].
#[derive(Debug, Default)]
struct Slot(Mutex<Option<Started>>);

#[derive(Debug)]
struct Started {
    server: Running,
    /// Who started this process to serve, if somebody did.
    parent: Option<Parent>,
    /// Whether a successor has everything.
    is_given: bool,
    /// The process whose threads they are. A forked child has a copy of this and none of the threads.
    pid: u32,
}

/// Every server of this process that may be running.
static ALL: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

#[php_impl]
impl Server {
    /// Checks the settings; nothing is started.
    pub fn __construct(config: &ZendHashTable) -> PhpResult<Self> {
        let settings = json::object(config).map_err(|why| exception(format!("Canyon\\Server: {why}")))?;
        let settings = Settings::from_json(&settings.to_string(), "Canyon\\Server").map_err(exception)?;
        Ok(Self { config: settings.settle().map_err(exception)?, slot: Arc::default() })
    }

    /// Starts the server on threads of its own.
    pub fn start(&self) -> PhpResult<()> {
        let mut slot = self.slot.lock();
        if slot.as_ref().is_some_and(Started::is_here) {
            return Err(exception("the server is running already"));
        }
        // A parent's server, seen from its child.
        std::mem::forget(slot.take());
        log::begin(&self.config, View::AsConfigured).map_err(exception)?;
        let mut parent = signals::blocked(Parent::find).map_err(exception)?;
        let begun = signals::blocked(|| self.begin(parent.as_mut()));
        if let (Err(why), Some(parent)) = (&begun, &mut parent) {
            parent.failed(why);
        }
        let server = begun.map_err(exception)?;
        *slot = Some(Started { server, parent, is_given: false, pid: std::process::id() });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|slot| slot.strong_count() > 0);
        all.push(Arc::downgrade(&self.slot));
        Ok(())
    }

    /// Whether the server of this object has clients. It has none any more once a successor has taken over, which happens
    /// in poll().
    pub fn isServing(&self) -> bool {
        self.slot.lock().as_ref().is_some_and(|started| started.is_here() && !started.is_given)
    }

    /// Keeps a server running with this command, generation after generation, until a signal ends it; the exit code.
    pub fn keep(command: Vec<String>) -> PhpResult<i64> {
        log::begin_as_environment_says().map_err(exception)?;
        signals::forget_handlers();
        let command = command.into_iter().map(OsString::from).collect();
        parent::keep(command)
            .map(i64::from)
            .map_err(|error| exception(format!("the server cannot be started: {error}")))
    }

    /// Waits for the next life-cycle event; null if there is none in time, or if a signal came.
    pub fn poll(&self, timeoutMs: i64) -> PhpResult<Option<ZBox<ZendHashTable>>> {
        let mut slot = self.slot.lock();
        let Some(started) = &mut *slot else {
            return Err(exception("the server is not running: call start() first"));
        };
        if !started.is_here() {
            return Err(exception("the server runs in the parent process, not in this one"));
        }
        started.follow_parent().map_err(exception)?;
        let until = Instant::now() + Duration::from_millis(u64::try_from(timeoutMs).unwrap_or(0));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match started.server.poll(left) {
                Polled::Event(event) => return describe(&event).map(Some).map_err(exception),
                // The server's bell can ring without an event.
                Polled::Quiet if Instant::now() < until => {}
                Polled::Quiet | Polled::Interrupted => return Ok(None),
                Polled::Failed(why) => {
                    return Err(exception(format!("the server has failed: {why}; stop it")));
                }
            }
        }
    }

    /// Stops the server, if it runs. Clients are closed over so many milliseconds; a signal meanwhile ends it at once.
    #[php(defaults(graceMs = 0))]
    pub fn stop(&self, graceMs: i64) -> PhpResult<()> {
        self.slot.stop(Duration::from_millis(u64::try_from(graceMs).unwrap_or(0)));
        Ok(())
    }
}

impl Server {
    /// Serves from the beginning, or takes over, as the parent says.
    fn begin(&self, mut parent: Option<&mut Parent>) -> Result<Running, Box<dyn std::error::Error>> {
        let provision = match &mut parent {
            Some(parent) => parent.begin()?,
            None => Provision::from_environment()?,
        };
        let server = Running::begin_with(&self.config, true, provision)?;
        match parent {
            Some(parent) => parent.serving(&self.config, &server)?,
            None => Alone::from_environment().serving(&server)?,
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.slot.stop(Duration::ZERO);
    }
}

impl Started {
    /// Gives everything to a successor, if the parent has one.
    fn follow_parent(&mut self) -> std::io::Result<()> {
        let Some(parent) = &mut self.parent else { return Ok(()) };
        let Some(successor) = parent.take_succession() else { return Ok(()) };
        let given = self.server.give(successor);
        self.is_given = given.is_ok();
        parent.gave(&given)
    }

    fn is_here(&self) -> bool {
        self.pid == std::process::id()
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Started>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, grace: Duration) {
        let Some(started) = self.lock().take() else { return };
        if started.is_here() {
            let mut server = started.server;
            if started.parent.is_none() {
                Alone::from_environment().stopping(grace);
            }
            if !grace.is_zero() {
                let (attention, until) = (Attention::pay(), Instant::now() + grace);
                server.drain(grace);
                let is_over = |server: &Running| server.connections() == 0 || Instant::now() >= until;
                while !is_over(&server) {
                    if attention.is_called_within(10) {
                        server.hurry().up();
                        break;
                    }
                }
            }
            server.stop(Duration::ZERO);
        } else {
            // A child has none of the threads: joining them would wait for ever, and the queue is its parent's.
            std::mem::forget(started);
        }
    }
}

/// Stops what PHP did not stop before its end.
pub(super) fn stop_all() {
    let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    all.iter().filter_map(Weak::upgrade).for_each(|slot| slot.stop(Duration::ZERO));
}

/// An event as PHP's array; what it does not have is not there.
fn describe(event: &LifeEvent) -> ext_php_rs::error::Result<ZBox<ZendHashTable>> {
    let mut table = ZendHashTable::new();
    table.insert("type", event.kind.name())?;
    table.insert("app", event.app.as_str())?;
    table.insert("channel", event.channel.as_str())?;
    let rest = [
        ("user_id", &event.user_id),
        ("event", &event.event),
        ("data", &event.data),
        ("socket_id", &event.socket_id),
    ];
    for (key, value) in rest {
        if let Some(value) = value {
            table.insert(key, value.as_str())?;
        }
    }
    if let Some(count) = event.count {
        table.insert("count", i64::try_from(count).unwrap_or(i64::MAX))?;
    }
    table.insert("time_ms", i64::try_from(event.time_ms).unwrap_or(i64::MAX))?;
    Ok(table)
}
