//! Publishing over the HTTP API: signed requests, several of them under way at the same time, over connections that are
//! kept as long as the server keeps them.

use crate::Result;
use crate::course::{Course, EVENT};
use crate::publishing::Door;
use crate::target::{App, Target};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No request takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct HttpDoor {
    address: SocketAddr,
    app: App,
    lanes: Vec<Lane>,
}

/// One request after the other.
#[derive(Debug, Default)]
struct Lane {
    connection: Option<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
    requests: u64,
    connections: u64,
}

impl HttpDoor {
    pub(crate) fn open(target: &Target, lanes: usize) -> Self {
        let lanes = std::iter::repeat_with(Lane::default).take(lanes).collect();
        Self { address: target.address, app: target.app.clone(), lanes }
    }
}

impl Door for HttpDoor {
    fn publish(&mut self, course: &Course, first: u64) -> Result<()> {
        for (publisher, lane) in self.lanes.iter_mut().enumerate() {
            let event = |number: u64| {
                let channel = course.channel(number as usize);
                json!({"name": EVENT, "channel": channel, "data": course.data(publisher, number)})
            };
            let request = if course.batch() == 1 {
                request(&self.app, self.address, "events", &event(first))
            } else {
                let batch: Vec<Value> = (first..first + course.batch() as u64).map(event).collect();
                request(&self.app, self.address, "batch_events", &json!({"batch": batch}))
            };
            lane.send(self.address, request)?;
        }
        for lane in &mut self.lanes {
            lane.finish(self.address)?;
        }
        Ok(())
    }

    fn remark(&self) -> Option<String> {
        let sum = |count: fn(&Lane) -> u64| self.lanes.iter().map(count).sum::<u64>();
        let (requests, connections) = (sum(|lane| lane.requests), sum(|lane| lane.connections));
        let is_kept = connections < requests / 2 || connections <= self.lanes.len() as u64;
        (!is_kept).then(|| {
            "The server closes its HTTP connections: nearly every request had to open a new one.".to_owned()
        })
    }
}

/// A signed request.
fn request(app: &App, address: SocketAddr, what: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let path = format!("/apps/{}/{what}", app.id);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let digest = hex::encode(Md5::digest(&body));
    let query = format!("auth_key={}&auth_timestamp={now}&auth_version=1.0&body_md5={digest}", app.key);
    let signature = app.sign(&format!("POST\n{path}\n{query}"));
    let length = body.len();
    format!(
        "POST {path}?{query}&auth_signature={signature} HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Lane {
    fn send(&mut self, address: SocketAddr, request: Vec<u8>) -> Result<()> {
        self.request = request;
        self.requests += 1;
        // A connection that the server has closed meanwhile may take the request all the same: `finish` sees that.
        let request = &self.request;
        let is_sent =
            self.connection.as_mut().is_some_and(|connection| connection.write_all(request).is_ok());
        if is_sent { Ok(()) } else { self.send_anew(address) }
    }

    fn send_anew(&mut self, address: SocketAddr) -> Result<()> {
        let mut connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(&self.request)?;
        self.connections += 1;
        self.connection = Some(connection);
        Ok(())
    }

    /// Waits for the answer.
    fn finish(&mut self, address: SocketAddr) -> Result<()> {
        if !self.receive()? {
            // The connection was closed before the request came.
            self.send_anew(address)?;
            if !self.receive()? {
                return Err("the server closed a connection instead of answering a request".into());
            }
        }
        let text = String::from_utf8_lossy(&self.answer);
        let is_fine = text.get(8..10) == Some(" 2");
        // Soketi answers 200 to everything.
        if !is_fine || text.contains(r#""error""#) {
            return Err(format!("the server refused a request: {text}").into());
        }
        Ok(())
    }

    /// Reads an answer; `false` if the connection ended before its first byte.
    fn receive(&mut self) -> Result<bool> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        self.answer.clear();
        let mut buffer = [0; 4096];
        loop {
            let count = match connection.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(format!("no answer to a request: {error}").into()),
                Ok(count) => count,
            };
            self.answer.extend_from_slice(&buffer[..count]);
            if count == 0 {
                self.connection = None;
                return Ok(!self.answer.is_empty());
            }
            match end(&self.answer) {
                End::Open => {}
                End::Whole { is_kept } => {
                    if !is_kept {
                        self.connection = None;
                    }
                    return Ok(true);
                }
            }
        }
    }
}

enum End {
    /// There is more to come.
    Open,
    Whole {
        is_kept: bool,
    },
}

/// Whether an answer is there as a whole.
fn end(answer: &[u8]) -> End {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return End::Open };
    let body = &answer[head + 4..];
    let head = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_whole = if let Some(length) = header("content-length:").and_then(|length| length.parse().ok()) {
        body.len() >= length
    } else if header("transfer-encoding:") == Some("chunked") {
        body.ends_with(b"0\r\n\r\n")
    } else {
        // It ends with the connection.
        false
    };
    let is_kept = head.starts_with("http/1.1") && header("connection:") != Some("close");
    if is_whole { End::Whole { is_kept } } else { End::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says() {
        let is = |answer: &str, whole: bool, kept: bool| match end(answer.as_bytes()) {
            End::Open => !whole,
            End::Whole { is_kept } => whole && is_kept == kept,
        };
        assert!(is("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", false, false));
        assert!(is("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", false, false));
        assert!(is("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", true, true));
        assert!(is("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}", true, false));
        assert!(is("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", true, false));
        assert!(is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", false, false));
        assert!(is("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", true, true));
    }
}
