//! `POST /apps/{id}/events` and `/batch_events`: events that an application publishes over HTTP.
//!
//! Everything is checked before anything is published.

use super::channels::require_name;
use super::info::Info;
use super::query::Query;
use super::{Answer, Refusal, json};
use crate::hub::{App, Event, Hub, Overloaded};
use crate::protocol::reply::without_value;
use crate::protocol::{SocketId, channel};
use crate::view;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashSet;

/// Longest event name that the server libraries of the hosted service send, in characters.
const MAX_NAME_LENGTH: usize = 200;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Text, as documented. (What the hosted service does with an empty one or with another JSON value is not known: the
    /// one is taken, the other refused, rather than written anew as text.)
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow, default)]
    channels: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    socket_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    info: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Vec<Body<'a>>,
}

/// An event that can be published as it is.
struct Checked<'e> {
    event: Event<'e>,
    channels: Vec<&'e str>,
    info: Info,
}

/// Publishes one event to each of its channels.
pub(super) fn publish(hub: &Hub, app: &App, body: &[u8], query: &Query<'_>) -> Result<Answer, Refusal> {
    let body = if body.is_empty() { Body::from_query(query)? } else { parse(body)? };
    let checked = body.check(app)?;
    require_room(hub)?;
    checked.publish(hub, app).map_err(|Overloaded| over_capacity())?;
    let attributes = |name: &&str| {
        let attributes = checked.info.of(hub, app, name, hub.occupancy(app, name));
        ((*name).to_owned(), Value::Object(attributes))
    };
    if checked.info == Info::default() {
        return Ok(json("{}"));
    }
    let channels: Map<String, Value> = checked.channels.iter().map(attributes).collect();
    Ok(json(json!({"channels": channels}).to_string()))
}

/// Publishes several events, each to one channel.
pub(super) fn publish_batch(hub: &Hub, app: &App, body: &[u8]) -> Result<Answer, Refusal> {
    let Batch { batch } = parse(body)?;
    let limit = app.config.max_batch_size;
    if batch.len() > limit {
        let message = format!("Batch too large: it has {} events, and {limit} are allowed", batch.len());
        return Err(Refusal::bad_request(message));
    }
    if batch.iter().any(|body| body.channels.is_some()) {
        return Err(Refusal::bad_request("An event of a batch has one channel, not channels"));
    }
    let checked = batch.iter().map(|body| body.check(app)).collect::<Result<Vec<_>, _>>()?;
    require_room(hub)?;
    for (index, event) in checked.iter().enumerate() {
        event.publish(hub, app).map_err(|Overloaded| half_done(index, batch.len()))?;
    }
    if checked.iter().all(|event| event.info == Info::default()) {
        return Ok(json("{}"));
    }
    let attributes = |event: &Checked<'_>| {
        let attributes = |name: &&str| event.info.of(hub, app, name, hub.occupancy(app, name));
        event.channels.first().map(attributes).unwrap_or_default()
    };
    let answers: Vec<Map<String, Value>> = checked.iter().map(attributes).collect();
    Ok(json(json!({"batch": answers}).to_string()))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("The body is not an event: {error}");
        Refusal { redacted: without_value(&message), ..Refusal::bad_request(message) }
    })
}

/// Refuses while the workers are behind: the publisher should come back, nothing is half done.
fn require_room(hub: &Hub) -> Result<(), Refusal> {
    if hub.is_overloaded() { Err(over_capacity()) } else { Ok(()) }
}

fn over_capacity() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "The server is over capacity, try again")
}

/// While delivery is held back, the queue can become full in the middle of a batch.
fn half_done(done: usize, of: usize) -> Refusal {
    match done {
        0 => over_capacity(),
        _ => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "The server is over capacity: it took the first {done} of {of} events, try the others again"
            ),
        ),
    }
}

impl Checked<'_> {
    fn publish(&self, hub: &Hub, app: &App) -> Result<(), Overloaded> {
        for name in &self.channels {
            view::event("the HTTP API", self.event.name, name, self.event.data);
        }
        let measured = hub.metrics.flush_sampler.pick();
        hub.submit(app, &self.channels, &self.event)?;
        hub.metrics.events_from_http.increment();
        if let Some(published) = measured {
            self.channels.iter().for_each(|name| hub.follow(app, name, published));
        }
        Ok(())
    }
}

impl<'a> Body<'a> {
    /// Reads the parameters of a request without a body.
    fn from_query(query: &'a Query<'_>) -> Result<Self, Refusal> {
        let get = |key: &str| query.get(key).map(Cow::Borrowed);
        let required = |key: &str| {
            get(key).ok_or_else(|| {
                Refusal::bad_request(format!("The event has neither a body nor the parameter {key}"))
            })
        };
        let channels: Vec<Cow<'a, str>> = query.all("channels").map(Cow::Borrowed).collect();
        Ok(Self {
            name: required("name")?,
            data: required("data")?,
            channels: (!channels.is_empty()).then_some(channels),
            channel: get("channel"),
            socket_id: get("socket_id"),
            info: get("info"),
        })
    }

    fn check(&self, app: &App) -> Result<Checked<'_>, Refusal> {
        let name = self.name.as_ref();
        if name.is_empty() || name.chars().count() > MAX_NAME_LENGTH {
            return Err(Refusal::bad_request(format!(
                "The event's name must have 1 to {MAX_NAME_LENGTH} characters"
            )));
        }
        if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
            return Err(Refusal::bad_request(format!(
                "The event's name {name:?} is reserved for the server"
            )));
        }
        let (limit, size) = (app.config.max_event_bytes, self.data.len());
        if size > limit {
            let message = format!(
                "The data content of this event exceeds the allowed maximum ({limit} bytes): it has {size}"
            );
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        let channels = self.distinct_channels(app)?;
        let except = self.socket_id.as_deref().map(str::parse::<SocketId>).transpose();
        let except = except.map_err(|why| Refusal::bad_request(format!("Invalid socket_id: {why}")))?;
        let info = Info::parse(self.info.as_deref())?;
        Ok(Checked { event: Event { name, data: &self.data, except }, channels, info })
    }

    fn distinct_channels(&self, app: &App) -> Result<Vec<&str>, Refusal> {
        let mut names: Vec<&str> = match (&self.channels, &self.channel) {
            (Some(channels), None) => channels.iter().map(AsRef::as_ref).collect(),
            (None, Some(channel)) => vec![channel],
            (Some(_), Some(_)) => {
                return Err(Refusal::bad_request("Give either channels or channel, not both"));
            }
            (None, None) => Vec::new(),
        };
        if names.is_empty() {
            return Err(Refusal::bad_request("An event needs at least one channel"));
        }
        let limit = app.config.max_channels_per_event;
        if names.len() > limit {
            let message = format!("An event can be sent to {limit} channels at most, not {}", names.len());
            return Err(Refusal::bad_request(message));
        }
        names.iter().try_for_each(|name| require_name(app, name))?;
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        // Each encrypted channel has a key of its own, so no text can be meant for two of them. (The hosted answer is
        // not known; the server libraries refuse to send such an event.)
        if names.len() > 1 && names.iter().any(|name| channel::is_encrypted(name)) {
            return Err(Refusal::bad_request(
                "An event for an encrypted channel can be for no other channel",
            ));
        }
        Ok(names)
    }
}
