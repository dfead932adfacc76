//! Text of a client: what is understood is valid JSON, and what is relayed is the client's own text.

#![no_main]

use canyon::protocol::{ClientMessage, ErrorReply, frame};
use canyon_fuzz::{refused, sent, value};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let message = match ClientMessage::parse(text) {
        Ok(message) => message,
        Err(why) => {
            let replies = refused(&ErrorReply::malformed(&why));
            assert!(replies[0]["data"]["message"].as_str().is_some_and(|said| said.contains(&why)));
            return;
        }
    };
    // The parser looks no deeper into data than it must; whatever it lets through has to be JSON all the same.
    let whole = value(text);
    match message {
        ClientMessage::Ping | ClientMessage::Pong => {}
        ClientMessage::Subscribe(subscribe) => {
            let data = json!({
                "channel": subscribe.channel, "auth": subscribe.auth, "channel_data": subscribe.channel_data,
            });
            for data in [data.to_string(), Value::from(data.to_string()).to_string()] {
                let text = format!(r#"{{"event":"pusher:subscribe","data":{data}}}"#);
                let Ok(ClientMessage::Subscribe(again)) = ClientMessage::parse(&text) else {
                    panic!("{text}")
                };
                assert_eq!(again.channel, subscribe.channel);
                assert_eq!(
                    (again.auth, again.channel_data),
                    (subscribe.auth.clone(), subscribe.channel_data.clone())
                );
            }
        }
        ClientMessage::Unsubscribe(_) | ClientMessage::Signin(_) => {}
        ClientMessage::ClientEvent { event, channel, data } => {
            assert!(event.starts_with("client-"));
            let (Some(channel), Some(data)) = (channel, data) else { return };
            assert!(text.contains(data.get()), "data is the client's own text");
            let relayed = frame::client_event(&event, &channel, data, Some("31"));
            let (Some(relayed), Some(whole)) = (sent(&relayed), whole) else { return };
            assert_eq!(relayed["event"], *event);
            assert_eq!(relayed["channel"], *channel);
            assert_eq!(relayed["data"], whole["data"]);
            assert_eq!(relayed["user_id"], "31");
        }
        ClientMessage::Unsupported(event) => {
            assert_eq!(refused(&ErrorReply::unsupported_event(&event)).len(), 1);
        }
    }
});
