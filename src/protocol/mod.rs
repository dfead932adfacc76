//! The words of the Pusher Channels protocol, version 7: pure functions over text and bytes.
//!
//! Nothing here knows a socket, a lock or a clock. Bytes are read into messages and those into values, server frames are
//! built as complete WebSocket frames, signatures are checked. `data` that belongs to a user is never parsed and written
//! again: it is carried as the raw JSON text in which it came, so `{}` stays `{}` and large numbers keep their digits.
//!
//! Source: the protocol, REST and auth-signature pages of the Pusher Channels documentation.

pub mod channel;
pub mod client_message;
pub mod close;
pub mod frame;
pub mod presence;
pub mod reader;
pub mod reply;
pub mod signature;
pub mod socket_id;
pub mod user;

pub use channel::ChannelKind;
pub use client_message::ClientMessage;
pub use close::Close;
pub use frame::EncodedFrame;
pub use presence::Member;
pub use reply::ErrorReply;
pub use socket_id::SocketId;
pub use user::User;
