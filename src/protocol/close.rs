//! The codes with which we close a connection, and what they make a client do.
//!
//! pusher-js reads the range: 4000-4099 it gives up for good, 4100-4199 it comes back after a second or more,
//! 4200-4299 it comes back at once. (Errors that leave the connection open are in [`super::reply`].)

use std::borrow::Cow;

/// Why a connection is closed: the code and reason of the close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// 1000-1011 by RFC 6455, 4000-4299 by the Pusher protocol.
    pub code: u16,
    /// At most 123 bytes, for a person to read.
    pub reason: Cow<'static, str>,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The app takes no connections but encrypted ones.
    pub const TLS_ONLY: Self =
        Self::new(4000, "Application only accepts TLS connections, reconnect using wss://");
    /// No app has the key of the URL.
    pub const UNKNOWN_APP: Self = Self::new(4001, "App key not found in this server");
    /// The app is switched off.
    pub const APP_DISABLED: Self = Self::new(4003, "Application disabled");
    /// The app has as many connections as it may have.
    pub const OVER_QUOTA: Self = Self::new(4004, "Application is over connection quota");
    /// The URL is not `{prefix}/app/{key}`.
    pub const PATH_NOT_FOUND: Self = Self::new(4005, "Path not found");
    /// `protocol` is not a number.
    pub const INVALID_VERSION: Self = Self::new(4006, "Invalid version string format");
    /// `protocol` is a number we do not speak.
    pub const UNSUPPORTED_PROTOCOL: Self = Self::new(4007, "Unsupported protocol version");
    /// The page's origin is not allowed by the app.
    pub const ORIGIN_REFUSED: Self = Self::new(4009, "Origin not allowed");
    /// Neither signed in nor subscribed to a guarded channel in time (authorized connections).
    pub const NOT_AUTHORIZED: Self = Self::new(4009, "Connection not authorized within timeout");
    /// The application ended every connection of the user. (The hosted code is not known; with this one pusher-js stays
    /// away, which is what terminating is for.)
    pub const TERMINATED: Self = Self::new(4009, "You got disconnected by the application");
    /// The client's address has as many connections as it may have.
    pub const ADDRESS_OVER_QUOTA: Self = Self::new(4100, "Too many connections from your address");
    /// The client's address makes connections too fast.
    pub const ADDRESS_TOO_FAST: Self = Self::new(4100, "Too many new connections from your address");
    /// The client sends too many frames.
    pub const TOO_MANY_FRAMES: Self = Self::new(4100, "Too many messages in a short time");
    /// The client sends too many bytes.
    pub const TOO_MANY_BYTES: Self = Self::new(4100, "Too much data in a short time");
    /// Too much waits for all clients together, and most of it for this one.
    pub const OVER_CAPACITY: Self = Self::new(4100, "Server is over capacity and connection is not reading");
    /// The client does not read and its outbox is full.
    pub const TOO_SLOW: Self = Self::new(4100, "Connection is not reading its events");
    /// The server stops; another one is expected at once.
    pub const GOING_AWAY: Self = Self::new(4200, "Server is restarting, please reconnect");
    /// No answer to our ping.
    pub const NO_PONG: Self = Self::new(4201, "Pong reply not received in time");
    /// RFC 6455 section 7.4.1: a frame that breaks the framing rules.
    pub const PROTOCOL_ERROR: Self = Self::new(1002, "WebSocket protocol error");
    /// RFC 6455 section 7.4.1: a text message that is not UTF-8.
    pub const INVALID_UTF8: Self = Self::new(1007, "Text message is not UTF-8");
    /// RFC 6455 section 7.4.1: a message over the limit.
    pub const TOO_LARGE: Self = Self::new(1009, "Message is too large");
}
