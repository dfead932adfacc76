//! A publisher that is not PHP's extension: everything between a call and the queue.
//!
//! The C library and the command line use it as it is; the extension, which shares one producer among all the publishers
//! of a thread and reads PHP's values where they lie, takes only the words for a full queue.

use std::fmt;

use crate::check::{self, Limits};
use crate::event::Draft;
use crate::queue::{self, Producer, ProducerOptions, Push, Server, Status};

/// Publishes events of one application through a queue. Belongs to one thread at a time.
#[derive(Debug)]
pub struct Publisher {
    app: Vec<u8>,
    limits: Limits,
    producer: Producer,
}

/// Why an event, or a publisher, was refused.
#[derive(Debug)]
pub enum Refusal {
    /// A name, a size or an encoding is not allowed.
    Invalid(String),
    /// The queue has no room.
    Full(String),
    /// The queue cannot be used.
    Queue(queue::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) | Self::Full(why) => f.write_str(why),
            Self::Queue(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(_) | Self::Full(_) => None,
            Self::Queue(error) => Some(error),
        }
    }
}

impl From<queue::Error> for Refusal {
    fn from(error: queue::Error) -> Self {
        Self::Queue(error)
    }
}

impl Publisher {
    /// Attaches to a queue, making its directory if need be. No server has to run.
    pub fn attach(options: ProducerOptions, app: &[u8], limits: Limits) -> Result<Self, Refusal> {
        check::plain("queue path", options.path.as_os_str().as_encoded_bytes()).map_err(Refusal::Invalid)?;
        check::plain("app id", app).map_err(Refusal::Invalid)?;
        Ok(Self { app: app.to_vec(), limits, producer: Producer::attach(options)? })
    }

    /// Publishes an event; returns as soon as it is in the queue, whether a server runs or not. Never waits.
    pub fn publish<'a>(
        &'a mut self,
        channels: impl Iterator<Item = &'a [u8]> + Clone,
        event: &'a [u8],
        data: &'a [u8],
        except: Option<&'a [u8]>,
    ) -> Result<(), Refusal> {
        let Self { app, limits, producer } = self;
        check::channels(channels.clone().count()).map_err(Refusal::Invalid)?;
        for name in channels.clone() {
            check::channel(name, limits).map_err(Refusal::Invalid)?;
        }
        check::event_name(event).map_err(Refusal::Invalid)?;
        check::data(data, limits).map_err(Refusal::Invalid)?;
        except.map_or(Ok(()), check::socket_id).map_err(Refusal::Invalid)?;
        let encoded = Draft { app, channels, name: event, data, except }
            .encode()
            .map_err(|oversized| Refusal::Invalid(oversized.to_string()))?;
        match producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece)))? {
            Push::Published => Ok(()),
            Push::Full => Err(Refusal::Full(why_full(&producer.status()))),
        }
    }

    /// What this publisher sees of its queue.
    pub fn status(&mut self) -> Status {
        self.producer.status()
    }
}

/// No room: says how much waits and whether anybody drains.
#[cold]
#[must_use]
pub fn why_full(status: &Status) -> String {
    let Status { depth_records, depth_bytes, ring_bytes, .. } = status;
    let server = match status.server {
        Server::Absent => {
            "no server drains it; start one, for example with php artisan canyon:start".to_owned()
        }
        Server::Alive { .. } => "the server is alive but does not keep up".to_owned(),
        Server::Silent { for_ms } => format!("the server is there but has not drained it for {for_ms} ms"),
    };
    format!(
        "the queue {} is full: {depth_records} events ({depth_bytes} of {ring_bytes} bytes) of this process wait in it, and \
         {server}",
        status.path.display()
    )
}
