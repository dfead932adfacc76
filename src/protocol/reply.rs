//! The errors we answer with while the connection stays open: `pusher:error` with the texts of the hosted service.
//!
//! Non-fatal errors of the hosted service carry `code: null`; only the client-event rate limit has a number. The
//! wording is that seen on the wire of the hosted service, where a public source quotes it. A refusal never closes:
//! a close in the 4000s would make pusher-js stay away for good.

use super::channel::InvalidName;
use super::signature::AuthRefused;

/// Body of a `pusher:error` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// `None` is sent as `null`.
    pub code: Option<u16>,
    /// For a developer to read in the console.
    pub message: String,
    /// The channel whose subscription was refused, if this is such a refusal.
    ///
    /// The client is then told twice: `pusher:error` as the hosted service does, and `pusher:subscription_error` on
    /// the channel, which is what Laravel Echo's `.error()` listens to.
    pub refused_channel: Option<String>,
    /// The message without what the application signed about its user, where it holds that: a log is read by others.
    pub redacted: Option<String>,
}

/// Code of the client-event rate limit and of overload (Pusher protocol, "4300-4399: any other type of error").
pub const CLIENT_EVENT_REJECTED: u16 = 4301;

/// Code of a watchlist that was cut.
pub const WATCHLIST_CUT: u16 = 4302;

impl ErrorReply {
    fn new(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), refused_channel: None, redacted: None }
    }

    fn refused(channel: &str, message: String) -> Self {
        Self { refused_channel: Some(channel.to_owned()), ..Self::new(message) }
    }

    /// A message that may quote a value which the client sent.
    fn with_values(message: String) -> Self {
        Self { redacted: without_value(&message), ..Self::new(message) }
    }

    fn with_code(code: u16, message: String) -> Self {
        Self { code: Some(code), ..Self::new(message) }
    }

    /// The frame is not a JSON object with an `event`.
    #[must_use]
    pub fn malformed(why: &str) -> Self {
        Self::with_values(format!("Invalid message: {why}"))
    }

    /// An event name that clients may not send.
    #[must_use]
    pub fn unsupported_event(event: &str) -> Self {
        Self::new(format!("Unsupported event received on socket: {}", shortened(event)))
    }

    /// A channel name outside the allowed characters or length. (The hosted text is not known.)
    #[must_use]
    pub fn invalid_channel(channel: &str, why: InvalidName) -> Self {
        let shown = shortened(channel);
        Self::refused(channel, format!("Invalid channel name '{shown}': {why}"))
    }

    /// The signature of a subscription does not hold.
    #[must_use]
    pub fn auth_refused(channel: &str, why: &AuthRefused) -> Self {
        let message = match why {
            AuthRefused::Format => format!(
                "Auth value for subscription to {channel} is invalid: should be of format 'key:signature'"
            ),
            AuthRefused::Key(key) => {
                format!("Invalid key in subscription auth data: '{}'", shortened(key))
            }
            AuthRefused::Signature { signed, given } => invalid_signature(signed, given),
        };
        Self { redacted: redacted(why, channel), ..Self::refused(channel, message) }
    }

    /// A second subscription to the same channel.
    #[must_use]
    pub fn already_subscribed(channel: &str) -> Self {
        Self::new(format!("Existing subscription to channel {channel}"))
    }

    /// An unsubscription without a subscription.
    #[must_use]
    pub fn not_subscribed(channel: &str) -> Self {
        Self::new(format!(
            "No current subscription to channel {}, or subscription in progress",
            shortened(channel)
        ))
    }

    /// A presence subscription without usable `channel_data`.
    #[must_use]
    pub fn invalid_presence_data(channel: &str, why: &str) -> Self {
        Self { refused_channel: Some(channel.to_owned()), ..Self::with_values(why.to_owned()) }
    }

    /// A `#server-to-user-` channel of another user, or of nobody.
    #[must_use]
    pub fn not_signed_in(channel: &str) -> Self {
        let shown = shortened(channel);
        Self::refused(channel, format!("Not signed in as the user of channel {shown}"))
    }

    /// A sign-in whose signature does not hold.
    #[must_use]
    pub fn signin_refused(why: &AuthRefused) -> Self {
        let message = match why {
            AuthRefused::Format => {
                "Auth value for signin is invalid: should be of format 'key:signature'".to_owned()
            }
            AuthRefused::Key(key) => format!("Invalid key in signin auth data: '{}'", shortened(key)),
            AuthRefused::Signature { signed, given } => invalid_signature(signed, given),
        };
        Self { redacted: redacted(why, "::user:"), ..Self::new(message) }
    }

    /// A sign-in whose `user_data` cannot be used.
    #[must_use]
    pub fn invalid_user_data(why: &str) -> Self {
        Self::with_values(format!("Invalid user_data: {why}"))
    }

    /// A sign-in as another user than the connection's.
    #[must_use]
    pub fn signed_in_as_another() -> Self {
        Self::new("Connection is already signed in as a different user")
    }

    /// The app does not let its clients sign in.
    #[must_use]
    pub fn user_authentication_off() -> Self {
        Self::new("To sign users in, you must enable user authentication for this app")
    }

    /// A watchlist over the limit; the first ids of it are watched all the same.
    #[must_use]
    pub fn watchlist_cut(limit: usize) -> Self {
        let message = format!("Watchlist limit exceeded: only the first {limit} users are watched");
        Self::with_code(WATCHLIST_CUT, message)
    }

    /// A presence channel that has as many members as it may have. (The hosted text and code are not known.)
    #[must_use]
    pub fn presence_full(channel: &str, limit: usize) -> Self {
        Self::refused(channel, format!("Presence channel {channel} is full: it can have {limit} members"))
    }

    /// A subscription beyond those that a connection may have.
    #[must_use]
    pub fn too_many_subscriptions(channel: &str, limit: usize) -> Self {
        Self::refused(
            channel,
            format!("Subscription to channel {channel} refused: a connection can have {limit} subscriptions"),
        )
    }

    /// The app does not take client events.
    #[must_use]
    pub fn client_events_off() -> Self {
        Self::new(
            "To send client events, you must enable this feature in the Settings page of your dashboard.",
        )
    }

    /// A client event to a channel that the sender is not on.
    #[must_use]
    pub fn client_event_elsewhere(channel: &str) -> Self {
        Self::new(format!(
            "Cannot broadcast client event (connection not subscribed to channel {})",
            shortened(channel)
        ))
    }

    /// A client event to a channel without a signature.
    #[must_use]
    pub fn client_event_on_public_channel(channel: &str) -> Self {
        let shown = shortened(channel);
        Self::new(format!(
            "Client event rejected - only supported on private and presence channels ({shown})"
        ))
    }

    /// A client event to a channel on which only the server speaks.
    #[must_use]
    pub fn client_event_on_hidden_channel(channel: &str) -> Self {
        let shown = shortened(channel);
        let message = format!("Client event rejected - channels of the server take none ({shown})");
        Self::with_code(CLIENT_EVENT_REJECTED, message)
    }

    /// A client event that lacks a part.
    #[must_use]
    pub fn client_event_incomplete() -> Self {
        Self::new("Invalid client event (must contain channel and data)")
    }

    /// A client event over the size limit, in bytes. (No number of the hosted service is known.)
    #[must_use]
    pub fn client_event_too_large(limit: usize) -> Self {
        Self::new(format!("Client event rejected - its data is larger than {limit} bytes"))
    }

    /// A client event whose name is over the limit, in characters.
    #[must_use]
    pub fn client_event_name_too_long(limit: usize) -> Self {
        Self::new(format!("Client event rejected - its name is longer than {limit} characters"))
    }

    /// More client events than the app allows a connection in a second; this one is dropped.
    #[must_use]
    pub fn client_event_rate(limit: u32) -> Self {
        let message = format!("Client event rejected - the rate limit of {limit} per second was exceeded");
        Self::with_code(CLIENT_EVENT_REJECTED, message)
    }

    /// The server has no room for another event now; the event is dropped, the connection kept.
    #[must_use]
    pub fn overloaded() -> Self {
        let message = "Client event rejected - the server is over capacity".to_owned();
        Self::with_code(CLIENT_EVENT_REJECTED, message)
    }
}

fn invalid_signature(signed: &str, given: &str) -> String {
    format!("Invalid signature: Expected HMAC SHA256 hex digest of {signed}, but got {}", shortened(given))
}

/// The message about a signature without what follows `subject` in the signed text; `None` if nothing does.
fn redacted(why: &AuthRefused, subject: &str) -> Option<String> {
    let AuthRefused::Signature { signed, given } = why else { return None };
    let (before, rest) = signed.split_once(subject)?;
    let payload = rest.strip_prefix(':')?;
    let bytes = payload.len();
    Some(invalid_signature(&format!("{before}{subject}:({bytes} bytes)"), given))
}

/// The message of a JSON parser without the value that it quotes, where it quotes one.
#[must_use]
pub fn without_value(message: &str) -> Option<String> {
    let (before, rest) = message.split_once("invalid type: ")?;
    // What is expected is told last, and without a quotation.
    let (_, expected) = rest.rsplit_once(", expected ")?;
    Some(format!("{before}invalid type, expected {expected}"))
}

/// A client's own text is echoed at most this far: an error must not be an amplifier.
fn shortened(text: &str) -> &str {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(signed: &str) -> AuthRefused {
        AuthRefused::Signature { signed: signed.into(), given: "00".into() }
    }

    #[test]
    fn a_log_shows_nothing_of_what_was_signed_about_a_user() {
        let expected = |text: &str| {
            Some(format!("Invalid signature: Expected HMAC SHA256 hex digest of {text}, but got 00"))
        };
        let data = r#"{"user_id":1,"user_info":{"mail":"ada@example.com"}}"#;
        let reply = ErrorReply::auth_refused("presence-a", &unsigned(&format!("1.2:presence-a:{data}")));
        assert!(reply.message.contains(data), "the client is told what to sign");
        assert_eq!(reply.redacted, expected("1.2:presence-a:(52 bytes)"));
        let reply = ErrorReply::signin_refused(&unsigned(&format!("1.2::user::{data}")));
        assert_eq!(reply.redacted, expected("1.2::user::(52 bytes)"));
        let reply = ErrorReply::auth_refused("private-a", &unsigned("1.2:private-a"));
        assert_eq!(reply.redacted, None, "nothing to hide");
    }

    #[test]
    fn nor_of_what_a_client_has_sent() {
        let text = r#"{"event":"pusher:subscribe","data":"\"a secret, expected by nobody\""}"#;
        let reply = ErrorReply::malformed(&crate::protocol::ClientMessage::parse(text).unwrap_err());
        assert!(reply.message.contains("a secret"), "{}", reply.message);
        let redacted = reply.redacted.unwrap();
        assert!(!redacted.contains("secret") && redacted.contains("pusher:subscribe"), "{redacted}");
        let reply = ErrorReply::malformed(&crate::protocol::ClientMessage::parse("{}").unwrap_err());
        assert_eq!(reply.redacted, None, "{}", reply.message);
    }
}
