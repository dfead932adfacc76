//! A running `canyon serve`, and bare clients.

use canyon::check::{EVENT_BYTES, Limit, Limits};
use canyon::protocol::channel::MAX_NAME_LENGTH;
use canyon::publisher::Publisher;
use canyon::queue::ProducerOptions;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing in these tests takes this long; it bounds a test that would hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    directory: TempDir,
}

impl Program {
    /// Runs the server with these lines at the top of its configuration, and these arguments.
    pub(crate) fn serve(top: &str, arguments: &[&str]) -> Self {
        Self::serve_in(tempfile::tempdir().unwrap(), top, arguments)
    }

    /// The same with a queue that may hold something.
    pub(crate) fn serve_in(directory: TempDir, top: &str, arguments: &[&str]) -> Self {
        configure(&directory, &format!("listen = ['127.0.0.1:0']\n{top}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
        command
            .env_clear()
            .arg("serve")
            .arg("--config")
            .arg(directory.path().join("canyon.toml"))
            .args(arguments);
        Self::run(directory, command)
    }

    /// Runs a command that becomes, or starts, a server.
    pub(crate) fn run(directory: TempDir, mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(File::create(directory.path().join("log")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let address = ready.strip_prefix("listening on ").unwrap_or_else(|| panic!("{ready:?}"));
        Self { child, address: address.trim_end().to_owned(), directory }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The one generation that there is, once there is one.
    pub(crate) fn generation(&self) -> Pid {
        only_child(self.pid())
    }

    /// `canyon reload`: whether it succeeded, and what it says.
    pub(crate) fn reload(&self) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
        command.env_clear().arg("reload").arg("--config").arg(self.config());
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("canyon.toml")
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.directory.path().join("queue")
    }

    /// A socket that listens for those who watch.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A client who has sent its handshake, with these lines in its head.
    pub(crate) fn client(&self, header: &str) -> Subscriber {
        Self::greet(self.connect(), header)
    }

    fn greet(stream: TcpStream, header: &str) -> Subscriber {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Subscriber { stream, heard: Vec::new() };
        let handshake = HANDSHAKE.replace("\r\n\r\n", &format!("\r\n{header}\r\n"));
        client.stream.write_all(handshake.as_bytes()).unwrap();
        client
    }

    /// A client who has subscribed to a channel.
    pub(crate) fn subscriber(&self, channel: &str) -> Subscriber {
        Self::subscriber_on(self.connect(), channel)
    }

    /// The same over a connection that is there.
    pub(crate) fn subscriber_on(stream: TcpStream, channel: &str) -> Subscriber {
        let mut client = Self::greet(stream, "");
        client.hear("connection_established");
        client.say(&format!(r#"{{"event":"pusher:subscribe","data":{{"channel":"{channel}"}}}}"#));
        client.hear("subscription_succeeded");
        client
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end; the exit code, and the directory with its queue.
    pub(crate) fn ended(mut self) -> (Option<i32>, Ended) {
        let patience = Instant::now() + PATIENCE;
        while self.is_running() {
            assert!(Instant::now() < patience, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        let code = self.child.wait().unwrap().code();
        let log = self.log();
        let directory = std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap());
        (code, Ended { log, directory })
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

/// Writes a configuration with these lines at its top.
pub(crate) fn configure(directory: &TempDir, top: &str) {
    let queue = directory.path().join("queue");
    let app = "[[app]]\nid = '1'\nkey = 'app-key'\nsecret = 'app-secret'\n";
    let toml = format!("queue = '{}'\n{top}\n{app}", queue.display());
    std::fs::write(directory.path().join("canyon.toml"), toml).unwrap();
}

/// The one child that the process has, once it has one.
pub(crate) fn only_child(parent: Pid) -> Pid {
    let mut found = None;
    until(|| {
        let children = children(parent);
        found = children.first().copied();
        children.len() == 1
    });
    found.unwrap()
}

pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_nonzero();
    let children =
        std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
}

pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < patience, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What is left of a program.
pub(crate) struct Ended {
    pub(crate) log: String,
    pub(crate) directory: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended where a test waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What publishes into a server's queue.
pub(crate) fn publisher(queue: &Path) -> Publisher {
    let limits = Limits {
        event_bytes: Limit { most: EVENT_BYTES, setting: "" },
        channel_length: Limit { most: MAX_NAME_LENGTH, setting: "" },
    };
    Publisher::attach(ProducerOptions::new(queue), b"1", limits).unwrap()
}

pub(crate) fn publish(publisher: &mut Publisher, channel: &str, name: &str) {
    publisher.publish([channel.as_bytes()].into_iter(), name.as_bytes(), b"{}", None).unwrap();
}

const HANDSHAKE: &str = "GET /app/app-key?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// A client that answers nothing by itself.
pub(crate) struct Subscriber {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Subscriber {
    /// Sends a text frame.
    pub(crate) fn say(&mut self, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let mask = [0; 4];
        self.stream.write_all(&[&[0x81, 0x80 | length], &mask[..], text.as_bytes()].concat()).unwrap();
    }

    /// Reads until this text has come.
    pub(crate) fn hear(&mut self, text: &str) {
        while !self.has_heard(text.as_bytes()) {
            assert!(self.read(), "the end, and no {text}: {}", String::from_utf8_lossy(&self.heard));
        }
    }

    /// Reads to the end; everything that came.
    pub(crate) fn hear_out(&mut self) -> &[u8] {
        while self.read() {}
        &self.heard
    }

    /// Whether a close frame with 4200 has come, without waiting for it.
    pub(crate) fn is_dismissed(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        while self.read() {}
        self.stream.set_nonblocking(false).unwrap();
        self.has_heard(&DISMISSAL)
    }

    /// Reads what has come, and forgets it.
    pub(crate) fn forget(&mut self) {
        self.stream.set_nonblocking(true).unwrap();
        while self.read() {
            self.heard.clear();
        }
        self.stream.set_nonblocking(false).unwrap();
    }

    fn has_heard(&self, bytes: &[u8]) -> bool {
        self.heard.windows(bytes.len()).any(|window| window == bytes)
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = match self.stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            // The server does not wait for the answer to its close frame.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}"),
        };
        self.heard.extend_from_slice(&buffer[..count]);
        count > 0
    }
}

/// Code 4200 in a close frame, and how its reason begins.
pub(crate) const DISMISSAL: [u8; 2] = 4200_u16.to_be_bytes();
