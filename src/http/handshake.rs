//! What a socket says first, which is nearly always a WebSocket handshake in one piece.
//!
//! Such a handshake needs no HTTP connection around it: with one, and with the answer and the greeting sent apart, a client
//! that comes in costs the server a quarter more. What is anything else, or comes in pieces, or is not quite right, is
//! hyper's.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use std::io::{self, ErrorKind};
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{Request, create_response, write_response};

/// Bytes read at first: a handshake with more than that in its cookies goes the long way.
const FIRST_READ: usize = 4 << 10;

/// See the module.
#[derive(Debug)]
pub(super) enum First {
    /// Nothing yet.
    Silence,
    /// The client has hung up.
    End,
    Handshake(Box<Handshake>),
    /// The beginning of something else.
    Http(Bytes),
}

/// A complete request to switch to the WebSocket protocol.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) request: Request,
    /// The head of the answer that lets the client in.
    pub(super) answer: Bytes,
    /// What the client said beyond it.
    pub(super) leftover: Bytes,
}

impl First {
    /// Reads through `read`, one system call, what there is.
    pub(super) fn read(read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<Self> {
        let mut buffer = [0; FIRST_READ];
        match read(&mut buffer) {
            Ok(0) => Ok(Self::End),
            Ok(count) => Ok(Self::of(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Self::Silence),
            Err(error) => Err(error),
        }
    }

    fn of(bytes: &[u8]) -> Self {
        match Handshake::parse(bytes) {
            Some(handshake) => Self::Handshake(Box::new(handshake)),
            None => Self::Http(Bytes::copy_from_slice(bytes)),
        }
    }
}

impl Handshake {
    /// The handshake that `bytes` begin with, if it is complete and flawless.
    fn parse(bytes: &[u8]) -> Option<Self> {
        // The HTTP API's requests are not parsed twice.
        if !bytes.starts_with(b"GET ") {
            return None;
        }
        let (length, request) = Request::try_parse(bytes).ok()??;
        let has_body =
            [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| request.headers().contains_key(name));
        if has_body {
            return None;
        }
        let mut answer = Vec::with_capacity(160);
        write_response(&mut answer, &create_response(&request).ok()?).ok()?;
        Some(Self { request, answer: answer.into(), leftover: Bytes::copy_from_slice(&bytes[length..]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDSHAKE: &str = "GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    fn first(text: &str) -> First {
        First::of(text.as_bytes())
    }

    #[test]
    fn a_handshake_is_answered_as_the_rfc_says() {
        let First::Handshake(handshake) = first(&format!("{HANDSHAKE}beyond")) else {
            panic!("no handshake")
        };
        assert_eq!(handshake.request.uri(), "/app/key?protocol=7");
        let answer = String::from_utf8(handshake.answer.to_vec()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{answer}");
        assert!(
            answer.to_lowercase().contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(&handshake.leftover[..], b"beyond");
    }

    #[test]
    fn what_is_no_flawless_handshake_is_handed_on_untouched() {
        let others = [
            "GET /up HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /apps/1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
            &HANDSHAKE[..HANDSHAKE.len() - 1],
            &HANDSHAKE.replace("GET", "PUT"),
            &HANDSHAKE.replace("HTTP/1.1", "HTTP/1.0"),
            &HANDSHAKE.replace("13", "8"),
            &HANDSHAKE.replace("Upgrade: websocket\r\n", ""),
            &HANDSHAKE.replace("Host: x", "Content-Length: 5"),
            "\0\0\0\0",
        ];
        for other in others {
            assert!(matches!(first(other), First::Http(bytes) if bytes == other), "{other:?}");
        }
    }

    #[test]
    fn silence_an_end_and_a_failure_are_told_apart() {
        let read = |result: io::Result<usize>| First::read(|_| result);
        assert!(matches!(read(Ok(0)), Ok(First::End)));
        assert!(matches!(read(Err(ErrorKind::WouldBlock.into())), Ok(First::Silence)));
        assert!(read(Err(ErrorKind::ConnectionReset.into())).is_err());
    }
}
