//! `Canyon\Publisher`.

// The macros of ext-php-rs expand to unsafe code, put lifetimes of their own into what they are given, want arguments by
// value, and drop attributes of the functions they wrap. The names are those of PHP's named arguments.
#![allow(unsafe_code)]
#![allow(elided_lifetimes_in_paths, non_snake_case, clippy::needless_pass_by_value)]

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Once;

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::exception::{exception, queue_full, type_error};
use super::registry::{QueueIndex, Thread, thread};
use super::zend::{self, Elements};
use crate::check::{self, Limits};
use crate::event::Draft;
use crate::publisher::why_full;
use crate::queue::{Backlog, Push, Server, Status};

/// Publishes events of one application through a queue.
#[php_class]
#[php(name = "Canyon\\Publisher")]
#[php(flags = ClassFlags::Final)]
#[derive(Debug)]
pub struct Publisher {
    queue: PathBuf,
    app: Vec<u8>,
    /// Where the queue stands in this thread's registry; looked up at the first use.
    index: Cell<Option<QueueIndex>>,
}

/// Makes reflection tell the whole truth about `publish()`; its class does not exist yet when the module starts.
pub(super) fn declare_union() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| zend::declare_string_or_array::<Publisher>("publish"));
}

#[php_impl]
impl Publisher {
    /// Stores what it is given: attaching to the queue is for the first use.
    pub fn __construct(queue: BinarySlice<u8>, appId: BinarySlice<u8>) -> PhpResult<Self> {
        check::plain("queue path", &queue).map_err(exception)?;
        check::plain("app id", &appId).map_err(exception)?;
        let queue = String::from_utf8_lossy(&queue).into_owned();
        // PHP may change its working directory before the queue is needed.
        let queue = zend::absolute(queue.as_ref()).map_err(exception)?;
        Ok(Self { queue, app: appId.to_vec(), index: Cell::new(None) })
    }

    /// Publishes an event; returns as soon as it is in the queue.
    #[php(optional = exceptSocketId)]
    pub fn publish(
        &self,
        channels: &Zval,
        event: BinarySlice<u8>,
        data: BinarySlice<u8>,
        exceptSocketId: Option<BinarySlice<u8>>,
    ) -> PhpResult<()> {
        let except = exceptSocketId.as_ref().map(|id| &***id);
        let published = thread(|thread| {
            let limits = thread.settings().map_err(exception)?.limits;
            check::event_name(&event).map_err(exception)?;
            check::data(&data, &limits).map_err(exception)?;
            except.map_or(Ok(()), check::socket_id).map_err(exception)?;
            let message = Message { name: &event, data: &data, except };
            let channels = channels.dereference();
            match channels.zend_str() {
                Some(channel) => {
                    check::channel(channel.as_bytes(), &limits).map_err(exception)?;
                    self.push(thread, std::iter::once(channel.as_bytes()), message)
                }
                None => self.push_to_many(thread, channels, &limits, message),
            }
        });
        published.unwrap_or_else(|| Err(shutting_down()))
    }

    /// What this thread sees of the queue. Attaches to it.
    pub fn status(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let status = thread(|thread| {
            let index = self.index(thread);
            thread.producer(index).map(|producer| (producer.status(), producer.backlog()))
        });
        let status = status.unwrap_or_else(|| Err("PHP is shutting down".to_owned()));
        self.describe(status).map_err(exception)
    }
}

impl Publisher {
    #[inline]
    fn index(&self, thread: &mut Thread) -> QueueIndex {
        self.index.get().unwrap_or_else(|| self.look_up(thread))
    }

    #[cold]
    fn look_up(&self, thread: &mut Thread) -> QueueIndex {
        let index = thread.index(&self.queue);
        self.index.set(Some(index));
        index
    }

    /// Apart from the way of a lone channel, which is the usual one: little code is quick even when none of it is in a cache.
    #[inline(never)]
    fn push_to_many<'a>(
        &'a self,
        thread: &mut Thread,
        channels: &'a Zval,
        limits: &Limits,
        message: Message<'a>,
    ) -> PhpResult<()> {
        let Some(table) = channels.array() else { return Err(wrong_type("", channels)) };
        check::channels(table.len()).map_err(exception)?;
        let elements = Elements::of(table);
        for (index, element) in elements.clone().enumerate() {
            let name =
                zend::bytes(element).ok_or_else(|| wrong_type(&format!(" element {index}"), element))?;
            check::channel(name, limits).map_err(exception)?;
        }
        let names = elements.filter_map(zend::bytes);
        self.push(thread, names, message)
    }

    #[inline]
    fn push<'a>(
        &'a self,
        thread: &mut Thread,
        channels: impl Iterator<Item = &'a [u8]> + Clone,
        Message { name, data, except }: Message<'a>,
    ) -> PhpResult<()> {
        let index = self.index(thread);
        let producer = thread.producer(index).map_err(exception)?;
        let encoded = Draft { app: &self.app, channels, name, data, except }.encode().map_err(exception)?;
        let pushed = producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece)));
        match pushed.map_err(exception)? {
            Push::Published => Ok(()),
            Push::Full => Err(queue_full(why_full(&producer.status()))),
        }
    }

    fn describe(
        &self,
        status: Result<(Status, Backlog), String>,
    ) -> ext_php_rs::error::Result<ZBox<ZendHashTable>> {
        let (status, backlog, error) = match status {
            Ok((status, backlog)) => (Some(status), backlog, None),
            Err(error) => (None, Backlog::default(), Some(error)),
        };
        let server = status.as_ref().map_or(Server::Absent, |status| status.server);
        let (since_ms, silent_ms) = match server {
            Server::Absent => (None, None),
            Server::Alive { since_ms } => (Some(since_ms), None),
            Server::Silent { for_ms } => (None, Some(for_ms)),
        };
        let depth = status.as_ref();
        let version = depth.map(|status| status.protocol_version);
        let mut table = ZendHashTable::new();
        table.insert("queue", self.queue.to_string_lossy().as_ref())?;
        table.insert("attached", depth.is_some_and(|status| status.attached))?;
        table.insert("error", error)?;
        table.insert("server_alive", server != Server::Absent)?;
        table.insert("server_since_ms", since_ms.map(number))?;
        table.insert("server_silent_ms", silent_ms.map(number))?;
        table.insert("depth_events", depth.map_or(0, |status| number(status.depth_records)))?;
        table.insert("depth_bytes", depth.map_or(0, |status| number(status.depth_bytes)))?;
        table.insert("oldest_ms", depth.and_then(|status| status.oldest_ms).map(number))?;
        table.insert("refused_events", depth.map_or(0, |status| number(status.refused)))?;
        table.insert("ring_bytes", depth.map(|status| number(status.ring_bytes)))?;
        table.insert("queue_events", number(backlog.records))?;
        table.insert("queue_bytes", number(backlog.bytes))?;
        table.insert("queue_oldest_ms", backlog.oldest_ms.map(number))?;
        table.insert("protocol_version", i64::from(crate::queue::PROTOCOL_VERSION))?;
        // Another version on the other side refuses to attach, and says so in `error`.
        let served = version.filter(|_| server != Server::Absent);
        table.insert("server_protocol_version", served.map(i64::from))?;
        Ok(table)
    }
}

/// PHP's integers are signed.
fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// What a call publishes, wherever it does.
#[derive(Debug, Clone, Copy)]
struct Message<'a> {
    name: &'a [u8],
    data: &'a [u8],
    except: Option<&'a [u8]>,
}

#[cold]
fn shutting_down() -> PhpException {
    exception("PHP is shutting down: nothing can be published any more")
}

#[cold]
fn wrong_type(place: &str, value: &Zval) -> PhpException {
    let wanted = if place.is_empty() { "string|array" } else { "string" };
    type_error(format!(
        "Canyon\\Publisher::publish(): Argument #1 ($channels){place} must be of type {wanted}, {} given",
        zend::type_name(value)
    ))
}
