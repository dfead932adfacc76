//! What a webhook request says: the JSON of events, and the signature over all of it.

use crate::config::LifeKind;
use crate::hub::life::LifeEvent;
use crate::protocol::signature;
use bytes::Bytes;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;

/// One request's body and its signature; a repeated request has both again, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) body: Bytes,
    /// Hex HMAC-SHA256 of the body with the app's secret.
    pub(super) signature: String,
}

impl Payload {
    /// A request with these events, each as [`encode`] made it.
    pub(super) fn new(secret: &str, time_ms: u64, events: &[Arc<str>]) -> Self {
        let body = format!("{{\"time_ms\":{time_ms},\"events\":[{}]}}", events.join(","));
        Self { signature: signature::sign(secret, &[&body]), body: body.into() }
    }
}

/// An event in the order in which the documentation of webhooks has the fields.
#[derive(Serialize)]
struct Encoded<'a> {
    name: LifeKind,
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_count: Option<u64>,
}

/// An event as it stands in a request.
pub(super) fn encode(event: &LifeEvent) -> Arc<str> {
    let encoded = Encoded {
        name: event.kind,
        channel: &event.channel,
        event: event.event.as_deref(),
        data: event.data.as_deref().map(text),
        socket_id: event.socket_id.as_deref(),
        user_id: event.user_id.as_deref(),
        subscription_count: event.count,
    };
    // Texts and numbers always have a JSON form.
    serde_json::to_string(&encoded).unwrap_or_default().into()
}

/// `data` is always text: what the client sent, if it sent a string, else the JSON that it sent.
fn text(json: &str) -> Cow<'_, str> {
    match serde_json::from_str::<String>(json) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(event: &LifeEvent) -> String {
        encode(event).to_string()
    }

    /// The vector of the protocol contract, section 12.
    #[test]
    fn body_and_signature_of_the_contract() {
        let event = encode(&LifeEvent::at(LifeKind::ChannelOccupied, "1", "lobby", 0));
        let payload = Payload::new("7ad3773142a6692b25b8", 1_700_000_000_000, &[event]);
        let body = r#"{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"lobby"}]}"#;
        assert_eq!(payload.body, body);
        assert_eq!(payload.signature, "485883e4e368d7391e2484824aefa810e806f08ee1dcabc81828e8c46995f300");
    }

    #[test]
    fn events_stand_in_their_order() {
        let events = ["a", "b"].map(|channel| encode(&LifeEvent::at(LifeKind::CacheMiss, "1", channel, 0)));
        let body = Payload::new("s", 7, &events).body;
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["events"][0]["channel"], "a");
        assert_eq!(value["events"][1]["channel"], "b");
    }

    #[test]
    fn each_kind_has_its_fields() {
        let at = |kind| LifeEvent::at(kind, "1", "presence-a", 0);
        let mut added = at(LifeKind::MemberAdded);
        added.user_id = Some("31".to_owned());
        assert_eq!(json(&added), r#"{"name":"member_added","channel":"presence-a","user_id":"31"}"#);
        let mut count = at(LifeKind::SubscriptionCount);
        count.count = Some(3);
        assert_eq!(
            json(&count),
            r#"{"name":"subscription_count","channel":"presence-a","subscription_count":3}"#
        );
        assert_eq!(json(&at(LifeKind::CacheMiss)), r#"{"name":"cache_miss","channel":"presence-a"}"#);
    }

    #[test]
    fn the_data_of_a_client_event_is_text_whatever_the_client_sent() {
        let mut event = LifeEvent::at(LifeKind::ClientEvent, "1", "private-a", 0);
        event.event = Some("client-x".to_owned());
        event.socket_id = Some("12.34".to_owned());
        let whole = r#"{"name":"client_event","channel":"private-a","event":"client-x","data":"{\"x\":4.0}","socket_id":"12.34"}"#;
        event.data = Some(r#"{"x":4.0}"#.to_owned());
        assert_eq!(json(&event), whole);
        for (sent, told) in [
            (r#""plain \"text\"""#, r#"plain "text""#),
            ("12345678901234567890123", "12345678901234567890123"),
            ("null", "null"),
            (r#"["a"]"#, r#"["a"]"#),
        ] {
            event.data = Some(sent.to_owned());
            let value: serde_json::Value = serde_json::from_str(&json(&event)).unwrap();
            assert_eq!(value["data"], told);
        }
    }
}
