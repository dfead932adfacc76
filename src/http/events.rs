//! `POST /apps/{id}/events`: one event for up to a hundred channels.

use super::{Answer, Refusal, json};
use crate::hub::App;
use crate::protocol::{SocketId, channel, frame};
use crate::worker::Worker;
use hyper::StatusCode;
use serde::Deserialize;
use std::borrow::Cow;

/// Longest event name that the server libraries of the hosted service send, in bytes.
const MAX_NAME_LENGTH: usize = 200;

/// Channels of one event.
const MAX_CHANNELS: usize = 100;

#[derive(Deserialize)]
struct EventBody<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow, default)]
    channels: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    socket_id: Option<Cow<'a, str>>,
}

/// Checks the event whole, then publishes it to each of its channels.
pub(super) fn publish(worker: &Worker, app: &App, body: &[u8]) -> Result<Answer, Refusal> {
    let event: EventBody<'_> = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("The body is not an event: {error}")))?;
    let channels = channels(&event)?;
    let except = valid(&event, app, &channels)?;
    if worker.hub.is_overloaded() {
        let message = "The server is over capacity, try again";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message));
    }
    for name in channels {
        worker.hub.publish(app, name, except, || frame::event(&event.name, name, &event.data));
    }
    worker.hub.metrics.events_from_http.increment();
    Ok(json("{}"))
}

/// The channels, each once.
fn channels<'e>(event: &'e EventBody<'_>) -> Result<Vec<&'e str>, Refusal> {
    let mut names: Vec<&str> = match (&event.channels, &event.channel) {
        (Some(channels), None) => channels.iter().map(AsRef::as_ref).collect(),
        (None, Some(channel)) => vec![channel],
        (Some(_), Some(_)) => return Err(Refusal::bad_request("Give either channels or channel, not both")),
        (None, None) => Vec::new(),
    };
    if names.is_empty() {
        return Err(Refusal::bad_request("An event needs at least one channel"));
    }
    if names.len() > MAX_CHANNELS {
        let message = format!("An event can be sent to {MAX_CHANNELS} channels at most, not {}", names.len());
        return Err(Refusal::bad_request(message));
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    Ok(names)
}

/// The connection to leave out, if everything about the event is right.
fn valid(event: &EventBody<'_>, app: &App, channels: &[&str]) -> Result<Option<SocketId>, Refusal> {
    let name = event.name.as_ref();
    if name.is_empty() || name.len() > MAX_NAME_LENGTH {
        return Err(Refusal::bad_request(format!("The event's name must have 1 to {MAX_NAME_LENGTH} bytes")));
    }
    if name.starts_with("pusher:") || name.starts_with("pusher_internal:") {
        return Err(Refusal::bad_request(format!("The event's name {name:?} is reserved for the server")));
    }
    let limit = app.config.max_event_bytes;
    if event.data.len() > limit {
        let message = format!(
            "The data content of this event exceeds the allowed maximum ({limit} bytes): it has {}",
            event.data.len()
        );
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    for name in channels {
        channel::validate(name, channel::MAX_NAME_LENGTH)
            .map_err(|why| Refusal::bad_request(format!("Invalid channel name {name:?}: {why}")))?;
    }
    // Each encrypted channel has a key of its own, so no text can be meant for two of them.
    if channels.len() > 1 && channels.iter().any(|name| name.starts_with("private-encrypted-")) {
        return Err(Refusal::bad_request("An event for an encrypted channel can be for no other channel"));
    }
    let except = event.socket_id.as_deref().map(str::parse).transpose();
    except.map_err(|why| Refusal::bad_request(format!("Invalid socket_id: {why}")))
}
