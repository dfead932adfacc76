//! What happens, in one readable line each, for somebody who watches: `canyon serve --debug`.
//!
//! A leaf that everybody may write to. The lines are tracing events of the target `view`, which is off unless asked for
//! and then costs one load per call. Payloads are shown only at the level `trace`; secrets never. What others have named
//! or sent stays on its line: it can neither begin another one nor speak to the terminal.

use crate::escape::Line;
use crate::protocol::{ErrorReply, SocketId};
use std::fmt::Display;

/// A client was let in.
pub(crate) fn connected(app: &str, socket_id: SocketId) {
    tracing::debug!(target: "view", "{socket_id} connected to app {app}");
}

/// A client is gone.
pub(crate) fn disconnected(app: &str, socket_id: SocketId) {
    tracing::debug!(target: "view", "{socket_id} disconnected from app {app}");
}

/// A client did what it asked for: `subscribed to`, `unsubscribed from`, `signed in as`.
pub(crate) fn did(socket_id: SocketId, what: &str, subject: &str) {
    tracing::debug!(target: "view", "{socket_id} {what} {}", Line(subject));
}

/// Somebody was refused something, and was told this.
pub(crate) fn refused(who: impl Display, why: impl Display) {
    tracing::debug!(target: "view", "{} refused: {}", Line(who), Line(why));
}

/// A client was refused something, and was told this.
pub(crate) fn replied(socket_id: SocketId, reply: &ErrorReply) {
    match &reply.redacted {
        Some(redacted) => {
            refused(socket_id, redacted);
            tracing::trace!(target: "view", "{socket_id} was told: {}", Line(&reply.message));
        }
        None => refused(socket_id, &reply.message),
    }
}

/// An event goes to a channel.
pub(crate) fn event(from: impl Display, event: &str, channel: &str, data: &str) {
    let what = Line(format_args!("{event} to {channel}"));
    tracing::debug!(target: "view", "{what} from {from}, {} bytes", data.len());
    tracing::trace!(target: "view", "{what}: {}", Line(data));
}
