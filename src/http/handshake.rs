//! What a socket says first, which is nearly always a WebSocket handshake in one piece.
//!
//! Such a handshake needs no HTTP connection around it, and no request and response made of it: it is read where it lies,
//! and answered in the buffer of the greeting: all that would cost the server as much as the kernel's part of it. What is
//! anything else, or comes in pieces, or is not quite right, is hyper's.

use super::upgrade::Asked;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::{Header, Status};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Bytes read at first: a handshake with more than that in its cookies goes the long way.
pub(super) const FIRST_READ: usize = 4 << 10;

/// Headers of a handshake; browsers send some fifteen. One with more goes the long way.
const MAX_HEADERS: usize = 48;

/// See the module.
#[derive(Debug)]
pub(super) enum First<'a> {
    /// Nothing yet.
    Silence,
    /// The client has hung up.
    End,
    Handshake(Handshake<'a>),
    /// The beginning of something else.
    Http(&'a [u8]),
}

/// A complete request to switch to the WebSocket protocol.
#[derive(Debug)]
pub(super) struct Handshake<'a> {
    pub(super) asked: Asked<'a>,
    key: &'a [u8],
    /// What the client said beyond it.
    pub(super) leftover: &'a [u8],
}

impl<'a> First<'a> {
    /// Reads through `read`, one system call, what there is.
    pub(super) fn read(
        buffer: &'a mut [u8; FIRST_READ],
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Self> {
        match read(buffer) {
            Ok(0) => Ok(Self::End),
            Ok(count) => Ok(Self::of(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Self::Silence),
            Err(error) => Err(error),
        }
    }

    fn of(bytes: &'a [u8]) -> Self {
        Handshake::parse(bytes).map_or(Self::Http(bytes), Self::Handshake)
    }
}

impl<'a> Handshake<'a> {
    /// The handshake that `bytes` begin with, if it is complete and flawless.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        // The HTTP API's requests are not parsed twice.
        if !bytes.starts_with(b"GET ") {
            return None;
        }
        let mut room = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(bytes, &mut room) else {
            return None;
        };
        let headers = Headers(request.headers);
        let is_upgrade = request.version == Some(1)
            && headers.text("connection")?.split([' ', ',']).any(|word| word.eq_ignore_ascii_case("upgrade"))
            && headers.text("upgrade")?.eq_ignore_ascii_case("websocket")
            && headers.text("sec-websocket-version")? == "13";
        let has_body = headers.get("content-length").or(headers.get("transfer-encoding")).is_some();
        let key = headers.get("sec-websocket-key").filter(|key| is_key(key))?;
        if !is_upgrade || has_body {
            return None;
        }
        let (path, query) = split(request.path?)?;
        let proxy_says = headers.text("x-forwarded-proto");
        let forwarded_for = headers.all("x-forwarded-for").collect();
        let asked = Asked { path, query, origin: headers.text("origin"), proxy_says, forwarded_for };
        Some(Self { asked, key, leftover: &bytes[length..] })
    }

    /// The head of the answer that lets the client in.
    pub(super) fn answer(&self) -> Vec<u8> {
        const START: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Accept: ";
        [START, &derive_accept_key(self.key), "\r\n\r\n"].concat().into_bytes()
    }
}

/// The headers of a request, of which the first counts where there are several of a name.
struct Headers<'h, 'a>(&'h [Header<'a>]);

impl<'a> Headers<'_, 'a> {
    fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }

    /// All of a name, as texts; one that is no text is empty.
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| str::from_utf8(header.value).unwrap_or_default())
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(|value| str::from_utf8(value).ok()).filter(|value| value.is_ascii())
    }
}

/// Path and query of a plain target; what is unusual is hyper's to judge.
fn split(target: &str) -> Option<(&str, &str)> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=%-._~+:,;@!$'()*".contains(&byte);
    (target.starts_with('/') && target.bytes().all(is_plain))
        .then(|| target.split_once('?').unwrap_or((target, "")))
}

/// Whether it is what RFC 6455 wants in `Sec-WebSocket-Key`: sixteen bytes in base64.
fn is_key(key: &[u8]) -> bool {
    key.len() == 24 && STANDARD.decode_slice(key, &mut [0; 18]) == Ok(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDSHAKE: &str = "GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    fn first(text: &str) -> First<'_> {
        First::of(text.as_bytes())
    }

    #[test]
    fn a_handshake_is_answered_as_the_rfc_says() {
        let text = format!("{HANDSHAKE}beyond");
        let First::Handshake(handshake) = first(&text) else { panic!("no handshake") };
        assert_eq!((handshake.asked.path, handshake.asked.query), ("/app/key", "protocol=7"));
        let answer = String::from_utf8(handshake.answer()).unwrap();
        assert_eq!(
            answer,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
        assert_eq!(handshake.leftover, b"beyond");
    }

    #[test]
    fn what_a_client_and_a_proxy_say_is_found_whatever_its_case() {
        let more = "ORIGIN: https://example.com\r\nx-Forwarded-PROTO: https\r\nCookie: a=é\r\n\r\n";
        let text = HANDSHAKE.replace("\r\n\r\n", &format!("\r\n{more}"));
        let First::Handshake(handshake) = first(&text) else { panic!("no handshake") };
        assert_eq!(handshake.asked.origin, Some("https://example.com"));
        assert_eq!(handshake.asked.proxy_says, Some("https"));
    }

    #[test]
    fn what_is_no_flawless_handshake_is_handed_on_untouched() {
        let many = format!("{}\r\n", "A: b\r\n".repeat(MAX_HEADERS));
        let others = [
            "GET /up HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /apps/1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
            &HANDSHAKE[..HANDSHAKE.len() - 1],
            &HANDSHAKE.replace("GET", "PUT"),
            &HANDSHAKE.replace("HTTP/1.1", "HTTP/1.0"),
            &HANDSHAKE.replace("13", "8"),
            &HANDSHAKE.replace("Upgrade: websocket\r\n", ""),
            &HANDSHAKE.replace("keep-alive, Upgrade", "close"),
            &HANDSHAKE.replace("Host: x", "Content-Length: 5"),
            &HANDSHAKE.replace("Host: x", "Transfer-Encoding: chunked"),
            &HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"),
            &HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhl*HNhbXBsZSBub25jZQ=="),
            &HANDSHAKE.replace("/app/key", "http://x/app/key"),
            &HANDSHAKE.replace("/app/key", "/app/key#there"),
            &HANDSHAKE.replace("\r\n\r\n", &format!("\r\n{many}")),
            "\0\0\0\0",
        ];
        for other in others {
            assert!(matches!(first(other), First::Http(bytes) if bytes == other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn silence_an_end_and_a_failure_are_told_apart() {
        let read = |result: io::Result<usize>| {
            First::read(&mut [0; FIRST_READ], |_| result).map(|first| match first {
                First::End => "end",
                First::Silence => "silence",
                _ => "words",
            })
        };
        assert_eq!(read(Ok(0)).unwrap(), "end");
        assert_eq!(read(Ok(1)).unwrap(), "words");
        assert_eq!(read(Err(ErrorKind::WouldBlock.into())).unwrap(), "silence");
        assert!(read(Err(ErrorKind::ConnectionReset.into())).is_err());
    }
}
