//! The words of the Pusher Channels protocol, version 7: pure functions over text and bytes.
//!
//! Nothing here knows a socket, a lock or a clock. Bytes are read into messages and those into values, server frames are
//! built as complete WebSocket frames, signatures are checked. `data` that belongs to a user is never parsed and written
//! again: it is carried as the raw JSON text in which it came, so `{}` stays `{}` and large numbers keep their digits.
//!
//! Source: the protocol, REST and auth-signature pages of the Pusher Channels documentation.
//!
//! Publishers need only the names of channels; everything else is the server's.

pub mod channel;
#[cfg(feature = "server")]
pub mod client_message;
#[cfg(feature = "server")]
pub mod close;
#[cfg(feature = "server")]
pub mod frame;
#[cfg(feature = "server")]
pub mod presence;
#[cfg(feature = "server")]
pub mod reader;
#[cfg(feature = "server")]
pub mod reply;
#[cfg(feature = "server")]
pub mod signature;
#[cfg(feature = "server")]
pub mod socket_id;
#[cfg(feature = "server")]
pub mod user;

pub use channel::ChannelKind;
#[cfg(feature = "server")]
pub use client_message::ClientMessage;
#[cfg(feature = "server")]
pub use close::Close;
#[cfg(feature = "server")]
pub use frame::EncodedFrame;
#[cfg(feature = "server")]
pub use presence::Member;
#[cfg(feature = "server")]
pub use reply::ErrorReply;
#[cfg(feature = "server")]
pub use socket_id::SocketId;
#[cfg(feature = "server")]
pub use user::User;
