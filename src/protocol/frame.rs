//! What the server sends: complete, unmasked WebSocket frames, built once and shared by every connection.
//!
//! Which events carry `data` as a string and which as an object differs from event to event, and clients differ in
//! what they forgive (pusher-websocket-swift drops a frame without `data`, pusher-websocket-java throws). So `data`
//! is never left out, and each constructor here has the form of the protocol contract, section 2.

use super::presence::Listed;
use super::{Close, ErrorReply, SocketId};
use bytes::{Buf, Bytes};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// A frame ready for the socket: header and payload in one buffer; a clone is a reference count.
pub type EncodedFrame = Bytes;

/// Longest header of an unmasked frame (RFC 6455 section 5.2).
const HEADER_ROOM: usize = 10;

/// An event to a channel's subscribers; `data` is the text that goes out as a JSON string.
#[must_use]
pub fn event(event: &str, channel: &str, data: &str) -> EncodedFrame {
    // Room for the quotes that escaping turns into two bytes: an eighth of JSON text is a fair guess.
    let mut frame = Builder::with_capacity(48 + event.len() + channel.len() + data.len() * 9 / 8);
    frame.raw(r#"{"event":"#).string(event).raw(r#","channel":"#).string(channel);
    frame.raw(r#","data":"#).string(data).raw("}");
    frame.text()
}

/// A client event, relayed: `data` as the JSON value the sender gave, `user_id` on presence channels.
#[must_use]
pub fn client_event(event: &str, channel: &str, data: &RawValue, user_id: Option<&str>) -> EncodedFrame {
    let mut frame = Builder::with_capacity(64 + event.len() + channel.len() + data.get().len());
    frame.raw(r#"{"event":"#).string(event).raw(r#","channel":"#).string(channel);
    frame.raw(r#","data":"#).raw(data.get());
    if let Some(user_id) = user_id {
        frame.raw(r#","user_id":"#).string(user_id);
    }
    frame.raw("}").text()
}

/// The first frame on every connection, behind `answer`, what the client has yet to be told before it: one buffer is one
/// `send`. `activity_timeout` in seconds, not zero: pusher-js throws on zero.
#[must_use]
pub fn connection_established(answer: &[u8], socket_id: SocketId, activity_timeout: u32) -> EncodedFrame {
    let mut frame = Builder::behind(answer, 128);
    frame.raw(r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\""#).number(socket_id);
    frame.raw(r#"\",\"activity_timeout\":"#).number(activity_timeout).raw(r#"}"}"#).text()
}

/// `subscription_succeeded` on a channel that is no presence channel.
#[must_use]
pub fn subscription_succeeded(channel: &str) -> EncodedFrame {
    event("pusher_internal:subscription_succeeded", channel, "{}")
}

/// `subscription_succeeded` on a presence channel, with everybody who is there:
/// `{"presence":{"ids":…,"hash":…,"count":…}}`.
///
/// It may be a megabyte, made anew whenever somebody comes: all it takes is copying.
#[must_use]
pub fn roster<'a>(channel: &str, members: impl ExactSizeIterator<Item = &'a Listed> + Clone) -> EncodedFrame {
    const FRAME: usize = 192;
    let count = members.len();
    let listed: usize = members.clone().map(|member| member.id().len() + member.entry().len() + 2).sum();
    let mut frame = Builder::with_capacity(FRAME + channel.len() + listed);
    frame.raw(r#"{"event":"pusher_internal:subscription_succeeded","channel":"#).string(channel);
    frame.raw(r#","data":"{\"presence\":{\"ids\":["#);
    for (index, member) in members.clone().enumerate() {
        frame.raw(if index == 0 { "" } else { "," }).raw(member.id());
    }
    frame.raw(r#"],\"hash\":{"#);
    for (index, member) in members.enumerate() {
        frame.raw(if index == 0 { "" } else { "," }).raw(member.entry());
    }
    frame.raw(r#"},\"count\":"#).number(count).raw(r#"}}"}"#).text()
}

/// `member_added` with the JSON text of the member.
#[must_use]
pub fn member_added(channel: &str, member: &str) -> EncodedFrame {
    event("pusher_internal:member_added", channel, member)
}

/// `member_removed` with the JSON text of the user id.
#[must_use]
pub fn member_removed(channel: &str, member: &str) -> EncodedFrame {
    event("pusher_internal:member_removed", channel, member)
}

/// Nothing is remembered of a cache channel.
#[must_use]
pub fn cache_miss(channel: &str) -> EncodedFrame {
    event("pusher:cache_miss", channel, "{}")
}

/// How many connections are on a channel.
#[must_use]
pub fn subscription_count(channel: &str, count: u64) -> EncodedFrame {
    event("pusher_internal:subscription_count", channel, &format!(r#"{{"subscription_count":{count}}}"#))
}

/// The answer to a sign-in: `user_data` is the text that the application signed. (Whether the hosted service sends this
/// object as text is not known: clients take it as it is.)
#[must_use]
pub fn signin_success(user_data: &str) -> EncodedFrame {
    let mut frame = Builder::with_capacity(64 + user_data.len() * 9 / 8);
    frame.raw(r#"{"event":"pusher:signin_success","data":{"user_data":"#).string(user_data).raw("}}").text()
}

/// Users of a watchlist that came or went; pusher-js emits one event per entry, by its name. (The hosted form is not
/// documented; this is the one that pusher-js reads.)
#[must_use]
pub fn watchlist_events(online: &[&str], offline: &[&str]) -> EncodedFrame {
    let mut frame = Builder::with_capacity(128);
    frame.raw(r#"{"event":"pusher_internal:watchlist_events","data":{"events":["#);
    let lists = [("online", online), ("offline", offline)];
    for (index, (name, ids)) in lists.iter().filter(|(_, ids)| !ids.is_empty()).enumerate() {
        frame.raw(if index == 0 { "" } else { "," });
        frame.raw(r#"{"name":"#).string(name).raw(r#","user_ids":["#);
        for (index, id) in ids.iter().enumerate() {
            frame.raw(if index == 0 { "" } else { "," }).string(id);
        }
        frame.raw("]}");
    }
    frame.raw("]}}").text()
}

/// Our liveness question: a ping of RFC 6455, which every WebSocket library answers by itself (the protocol allows
/// `pusher:ping` too, but only Pusher clients answer that).
#[must_use]
pub fn ping() -> EncodedFrame {
    Builder::with_capacity(0).finish(OpCode::Control(Control::Ping))
}

/// The answer to a client's `pusher:ping`. (The hosted form is not documented; a string suits every client.)
#[must_use]
pub fn pong() -> EncodedFrame {
    Builder::with_capacity(40).raw(r#"{"event":"pusher:pong","data":"{}"}"#).text()
}

/// `pusher:error`: its data is an object, the only form that pusher-websocket-swift reads.
#[must_use]
pub fn error(code: Option<u16>, message: &str) -> EncodedFrame {
    let code = code.map_or(Cow::Borrowed("null"), |code| Cow::Owned(code.to_string()));
    let mut frame = Builder::with_capacity(64 + message.len());
    frame.raw(r#"{"event":"pusher:error","data":{"code":"#).raw(&code);
    frame.raw(r#","message":"#).string(message).raw("}}").text()
}

/// The frames that tell a client of an [`ErrorReply`].
pub fn error_reply(reply: &ErrorReply) -> impl Iterator<Item = EncodedFrame> {
    let on_channel = reply.refused_channel.as_deref().map(|channel| {
        let mut frame = Builder::with_capacity(160 + channel.len() + reply.message.len());
        frame.raw(r#"{"event":"pusher:subscription_error","channel":"#).string(channel);
        frame.raw(r#","data":{"type":"AuthError","error":"#).string(&reply.message);
        frame.raw(r#","status":403}}"#).text()
    });
    std::iter::once(error(reply.code, &reply.message)).chain(on_channel)
}

/// A close frame (RFC 6455 section 5.5.1).
#[must_use]
pub fn close(close: &Close) -> EncodedFrame {
    let mut frame = Builder::with_capacity(2 + close.reason.len());
    frame.bytes(&close.code.to_be_bytes()).raw(&close.reason);
    frame.finish(OpCode::Control(Control::Close))
}

/// Any message, in one frame.
#[must_use]
pub fn message(kind: Data, payload: &[u8]) -> EncodedFrame {
    Builder::with_capacity(payload.len()).bytes(payload).finish(OpCode::Data(kind))
}

/// A payload under construction, with room left for the header in front of it.
struct Builder {
    /// What goes out before the frame, room for the header, and the payload.
    buffer: Vec<u8>,
    /// Where the payload begins.
    payload: usize,
}

impl Builder {
    fn with_capacity(payload: usize) -> Self {
        Self::behind(&[], payload)
    }

    fn behind(before: &[u8], payload: usize) -> Self {
        let start = before.len() + HEADER_ROOM;
        let mut buffer = Vec::with_capacity(start + payload);
        buffer.extend_from_slice(before);
        buffer.resize(start, 0);
        Self { buffer, payload: start }
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(bytes);
        self
    }

    fn raw(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// What needs no escapes.
    fn number(&mut self, number: impl Display) -> &mut Self {
        #[expect(clippy::expect_used, reason = "a Vec takes every write")]
        write!(self.buffer, "{number}").expect("a number into a Vec");
        self
    }

    fn string(&mut self, text: &str) -> &mut Self {
        #[expect(clippy::expect_used, reason = "a string has a JSON form and a Vec takes every write")]
        serde_json::to_writer(&mut self.buffer, text).expect("a string into a Vec");
        self
    }

    fn text(&mut self) -> EncodedFrame {
        self.finish(OpCode::Data(Data::Text))
    }

    fn finish(&mut self, opcode: OpCode) -> EncodedFrame {
        let length = (self.buffer.len() - self.payload) as u64;
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        let start = self.payload - header.len(length);
        #[expect(clippy::expect_used, reason = "the header's own length was set aside for it")]
        header.format(length, &mut &mut self.buffer[start..self.payload]).expect("room for the header");
        let before = self.payload - HEADER_ROOM;
        self.buffer.copy_within(..before, start - before);
        let mut frame = Bytes::from(std::mem::take(&mut self.buffer));
        frame.advance(start - before);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Member;

    fn text(frame: &EncodedFrame) -> String {
        let header = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        assert_eq!(frame[0], 0x81);
        String::from_utf8(frame[header..].to_vec()).unwrap()
    }

    #[test]
    fn data_has_the_form_of_the_contract() {
        let id = SocketId::from_random(1 << 32 | 2);
        assert_eq!(
            text(&connection_established(&[], id, 50)),
            r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\",\"activity_timeout\":50}"}"#
        );
        assert_eq!(
            text(&error(Some(4001), "no")),
            r#"{"event":"pusher:error","data":{"code":4001,"message":"no"}}"#
        );
        assert_eq!(
            text(&error(None, "a\"b")),
            r#"{"event":"pusher:error","data":{"code":null,"message":"a\"b"}}"#
        );
        assert_eq!(text(&event("E", "c", "{\"a\":1}")), r#"{"event":"E","channel":"c","data":"{\"a\":1}"}"#);
        assert_eq!(text(&pong()), r#"{"event":"pusher:pong","data":"{}"}"#);
    }

    #[test]
    fn the_roster_lists_every_id_in_hash() {
        let member = |id: &str, info: &str| Member { user_id: id.into(), user_info: info.into() }.listed();
        let members = [member("31", r#"{"name":"Ada"}"#), member("a\"b", "null")];
        let data = |members: &[Listed]| {
            let frame: serde_json::Value =
                serde_json::from_str(&text(&roster("presence-a", members.iter()))).unwrap();
            assert_eq!(frame["event"], "pusher_internal:subscription_succeeded");
            assert_eq!(frame["channel"], "presence-a");
            frame["data"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            data(&members),
            r#"{"presence":{"ids":["31","a\"b"],"hash":{"31":{"name":"Ada"},"a\"b":null},"count":2}}"#
        );
        assert_eq!(data(&[]), r#"{"presence":{"ids":[],"hash":{},"count":0}}"#);
    }

    #[test]
    fn what_pusher_js_routes_as_objects_is_an_object() {
        assert_eq!(
            text(&signin_success(r#"{"id":"31"}"#)),
            r#"{"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"31\"}"}}"#
        );
        assert_eq!(
            text(&watchlist_events(&["7", "8"], &["9"])),
            concat!(
                r#"{"event":"pusher_internal:watchlist_events","data":{"events":["#,
                r#"{"name":"online","user_ids":["7","8"]},{"name":"offline","user_ids":["9"]}]}}"#
            )
        );
        assert_eq!(
            text(&watchlist_events(&[], &["9"])),
            r#"{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"offline","user_ids":["9"]}]}}"#
        );
        assert_eq!(
            text(&subscription_count("lobby", 3)),
            r#"{"event":"pusher_internal:subscription_count","channel":"lobby","data":"{\"subscription_count\":3}"}"#
        );
    }

    #[test]
    fn client_data_is_relayed_untouched() {
        let data: Box<RawValue> = serde_json::from_str(r#"{"b":1.0, "a":{}}"#).unwrap();
        assert_eq!(
            text(&client_event("client-x", "presence-a", &data, Some("31"))),
            r#"{"event":"client-x","channel":"presence-a","data":{"b":1.0, "a":{}},"user_id":"31"}"#
        );
    }

    #[test]
    fn the_header_grows_with_the_payload() {
        let length = |frame: &EncodedFrame| (frame[1], frame.len());
        let overhead = text(&event("e", "c", "")).len();
        assert_eq!(length(&event("e", "c", &"x".repeat(125 - overhead))), (125, 127));
        assert_eq!(length(&event("e", "c", &"x".repeat(126 - overhead))), (126, 130));
        assert_eq!(length(&event("e", "c", &"x".repeat(65_535 - overhead))), (126, 65_539));
        assert_eq!(length(&event("e", "c", &"x".repeat(65_536 - overhead))), (127, 65_546));
    }

    #[test]
    fn the_greeting_follows_what_comes_before_it() {
        let id = SocketId::from_random(u64::MAX);
        let (alone, behind) =
            (connection_established(&[], id, 50), connection_established(b"answer", id, 50));
        assert_eq!(behind, [b"answer", &alone[..]].concat());
    }

    #[test]
    fn a_close_frame_holds_code_and_reason() {
        let frame = close(&Close::UNKNOWN_APP);
        assert_eq!(frame[0], 0x88);
        assert_eq!(&frame[2..4], &4001_u16.to_be_bytes());
        assert_eq!(&frame[4..], Close::UNKNOWN_APP.reason.as_bytes());
    }
}
