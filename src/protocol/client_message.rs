//! What a client may send: one JSON object per text message.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A parsed text message of a client.
#[derive(Debug)]
pub enum ClientMessage<'a> {
    /// `pusher:ping`.
    Ping,
    /// `pusher:pong`, the answer to our ping.
    Pong,
    /// `pusher:subscribe`.
    Subscribe(Subscribe),
    /// `pusher:unsubscribe`.
    Unsubscribe(Unsubscribe),
    /// `pusher:signin`.
    Signin(Signin),
    /// `client-*`: an event for the other subscribers of a channel.
    ClientEvent {
        /// The event's name, with its `client-`.
        event: Cow<'a, str>,
        /// `None` if the client left it out, which is an error it is told.
        channel: Option<Cow<'a, str>>,
        /// The JSON text as it came.
        data: Option<&'a RawValue>,
    },
    /// Any other event name.
    Unsupported(Cow<'a, str>),
}

/// Data of `pusher:subscribe`.
#[derive(Debug, Deserialize)]
pub struct Subscribe {
    /// The channel's name.
    pub channel: String,
    /// `key:signature`; empty or absent on public channels.
    #[serde(default)]
    pub auth: Option<String>,
    /// The text that the application signed.
    #[serde(default)]
    pub channel_data: Option<String>,
}

/// Data of `pusher:unsubscribe`.
#[derive(Debug, Deserialize)]
pub struct Unsubscribe {
    /// The channel's name.
    pub channel: String,
}

/// Data of `pusher:signin`.
#[derive(Debug, Deserialize)]
pub struct Signin {
    /// `key:signature`.
    pub auth: String,
    /// The text that the application signed.
    pub user_data: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

impl<'a> ClientMessage<'a> {
    /// Reads a text message.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let envelope: Envelope<'a> = serde_json::from_str(text)
            .map_err(|error| format!("not a JSON object with an event name ({error})"))?;
        Ok(match envelope.event.as_ref() {
            "pusher:ping" => Self::Ping,
            "pusher:pong" => Self::Pong,
            "pusher:subscribe" => Self::Subscribe(body(envelope.data, "pusher:subscribe")?),
            "pusher:unsubscribe" => Self::Unsubscribe(body(envelope.data, "pusher:unsubscribe")?),
            "pusher:signin" => Self::Signin(body(envelope.data, "pusher:signin")?),
            name if name.starts_with("client-") => {
                Self::ClientEvent { event: envelope.event, channel: envelope.channel, data: envelope.data }
            }
            _ => Self::Unsupported(envelope.event),
        })
    }
}

/// Some clients send `data` as an object, others as a string that holds the object's JSON: both are taken.
fn body<T: DeserializeOwned>(data: Option<&RawValue>, event: &str) -> Result<T, String> {
    let raw = data.map(RawValue::get).ok_or_else(|| format!("{event} has no data"))?;
    let parsed = if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).and_then(|inner| serde_json::from_str(&inner))
    } else {
        serde_json::from_str(raw)
    };
    parsed.map_err(|error| format!("the data of {event} cannot be read ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_may_be_an_object_or_its_json_text() {
        for text in [
            r#"{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{}","channel":"lobby"}}"#,
            r#"{"data":"{\"channel\":\"lobby\",\"auth\":\"k:s\",\"channel_data\":\"{}\"}","event":"pusher:subscribe"}"#,
        ] {
            let Ok(ClientMessage::Subscribe(subscribe)) = ClientMessage::parse(text) else {
                panic!("{text}")
            };
            assert_eq!(subscribe.channel, "lobby");
            assert_eq!(subscribe.auth.as_deref(), Some("k:s"));
            assert_eq!(subscribe.channel_data.as_deref(), Some("{}"));
        }
    }

    #[test]
    fn client_event_data_keeps_its_text() {
        let text = r#"{"event":"client-x","channel":"private-a","data":{"b":1.0,"a":{}, "n":12345678901234567890123}}"#;
        let Ok(ClientMessage::ClientEvent { data: Some(data), channel, .. }) = ClientMessage::parse(text)
        else {
            panic!()
        };
        assert_eq!(data.get(), r#"{"b":1.0,"a":{}, "n":12345678901234567890123}"#);
        assert_eq!(channel.as_deref(), Some("private-a"));
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_reason() {
        for text in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"event":7}"#,
            r#"{"event":"pusher:subscribe"}"#,
            r#"{"event":"pusher:subscribe","data":null}"#,
            r#"{"event":"pusher:subscribe","data":{"channel":1}}"#,
            r#"{"event":"pusher:subscribe","data":"no json"}"#,
            r#"{"event":"pusher:unsubscribe","data":{}}"#,
        ] {
            assert!(ClientMessage::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_names_are_unsupported_not_malformed() {
        for text in [r#"{"event":"pusher:connection_established"}"#, r#"{"event":"order.shipped","data":1}"#]
        {
            assert!(matches!(ClientMessage::parse(text), Ok(ClientMessage::Unsupported(_))), "{text}");
        }
    }
}
