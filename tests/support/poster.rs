//! Posts to the HTTP API on one connection that is kept, and every tenth time on a new one.

use crate::http_request::Credentials;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request in so many comes on a connection of its own.
const ALONE: usize = 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Poster {
    address: SocketAddr,
    app: Credentials,
    kept: Option<TcpStream>,
    requests: usize,
}

impl Poster {
    pub(crate) fn new(address: SocketAddr, app: Credentials) -> Self {
        Self { address, app, kept: None, requests: 0 }
    }

    /// The status of the answer to a POST.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Result<u16> {
        let (head, body) = self.app.post(path, body);
        // In two pieces, so that there are always some that have half come.
        self.ask(&[head, body]).map(|(status, _)| status)
    }

    /// Status and body of the answer to a GET.
    pub(crate) fn get(&mut self, path: &str) -> Result<(u16, String)> {
        let request = self.app.get(path);
        self.ask(&[request])
    }

    fn ask(&mut self, pieces: &[String]) -> Result<(u16, String)> {
        self.requests += 1;
        if self.requests.is_multiple_of(ALONE) {
            return exchange(&mut self.connect()?, pieces);
        }
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        let answer = exchange(&mut stream, pieces)?;
        self.kept = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn exchange(stream: &mut TcpStream, pieces: &[String]) -> Result<(u16, String)> {
    for piece in pieces {
        stream.write_all(piece.as_bytes())?;
    }
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the server hung up instead of an answer"));
        }
        answer.extend_from_slice(&buffer[..count]);
        if let Some(answer) = whole(&answer) {
            return Ok(answer);
        }
    }
}

/// An answer, once all of it has come.
fn whole(answer: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body.len() >= length.unwrap_or(0)).then(|| (status, body.to_owned()))
}
