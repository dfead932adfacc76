//! A parent with its generations, and clients that notice if anything happens to them.

use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Nothing in these tests takes this long; it bounds a test that would hang.
const PATIENCE: Duration = Duration::from_secs(40);

/// `canyon` without any setting from the environment of the tests.
pub(crate) fn canyon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
    for (name, _) in std::env::vars() {
        if name.starts_with("CANYON_") || name.starts_with("REVERB_") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    directory: TempDir,
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With a fault in every process that comes to that step.
    pub(crate) fn with(fault: &str) -> Self {
        Self::prepared(fault, |_| {})
    }

    /// The same, with something else done to the command.
    pub(crate) fn prepared(fault: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // A port that stays the same when a generation starts from the beginning.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "listen = ['127.0.0.1:{port}']\nqueue = '{}'\nstart_hold = 0\n[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n",
            directory.path().join("queue").display()
        );
        std::fs::write(directory.path().join("canyon.toml"), config).unwrap();
        let mut command = canyon();
        command.arg("serve").arg("--config").arg(directory.path().join("canyon.toml"));
        command.env("CANYON_HANDOVER_FAULT", fault).stdout(Stdio::piped()).stderr(Stdio::null());
        prepare(&mut command);
        let mut child = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, format!("listening on 127.0.0.1:{port}\n"));
        Self { child, port, directory }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("canyon.toml")
    }

    /// `canyon reload`: whether it succeeded, and what it says.
    pub(crate) fn reload(&self) -> (bool, String) {
        let output = canyon().arg("reload").arg("--config").arg(self.config()).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    }

    pub(crate) fn parent(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The processes that the parent has started and that have not ended.
    pub(crate) fn generations(&self) -> Vec<Pid> {
        let parent = self.parent().as_raw_nonzero();
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        let pids = children.split_whitespace().map(|pid| pid.parse().unwrap());
        pids.map(|pid| Pid::from_raw(pid).unwrap()).collect()
    }

    /// The one generation there is, once there is one.
    pub(crate) fn generation(&self) -> Pid {
        let mut found = None;
        until("there is one generation", || {
            let generations = self.generations();
            found = generations.first().copied();
            generations.len() == 1
        });
        found.unwrap()
    }

    pub(crate) fn publisher(&self) -> Producer {
        Producer::attach(ProducerOptions::new(self.directory.path().join("queue"))).unwrap()
    }

    pub(crate) async fn clients(&self, count: usize) -> Vec<Client> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(Client::connect(self.port).await);
        }
        clients
    }

    pub(crate) fn end(mut self, signal: Signal) -> ExitStatus {
        kill_process(self.parent(), signal).unwrap();
        self.child.wait().unwrap()
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Its generation ends with it. Already waited for where a test ended it itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn publish(producer: &mut Producer, data: &str) {
    let draft = Draft {
        app: b"1",
        channels: [&b"lobby"[..]].into_iter(),
        name: b"news",
        data: data.as_bytes(),
        except: None,
    };
    let encoded = draft.encode().unwrap();
    let pushed = producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece))).unwrap();
    assert_eq!(pushed, Push::Published);
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it took too long until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A subscriber of `lobby`.
pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    pub(crate) async fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await;
        let begun = Instant::now();
        while stream.is_err() && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
            stream = TcpStream::connect(("127.0.0.1", port)).await;
        }
        let url = format!("ws://127.0.0.1:{port}/app/k?protocol=7");
        let (socket, _) = tokio_tungstenite::client_async(url, stream.unwrap()).await.unwrap();
        let mut client = Self(socket);
        assert_eq!(client.event().await["event"], "pusher:connection_established");
        let subscribe = json!({"event": "pusher:subscribe", "data": {"channel": "lobby"}});
        client.0.send(Message::text(subscribe.to_string())).await.unwrap();
        assert_eq!(client.event().await["event"], "pusher_internal:subscription_succeeded");
        client
    }

    pub(crate) async fn event(&mut self) -> Value {
        match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came") {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected an event, got {other:?}"),
        }
    }

    /// Whether the connection ends, and not by a close frame.
    pub(crate) async fn is_cut(&mut self) -> bool {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came");
        !matches!(next, Some(Ok(_)))
    }
}

/// Publishes, and expects everybody to get exactly that next.
pub(crate) async fn expect_delivery(served: &Served, clients: &mut [Client], data: &str) {
    publish(&mut served.publisher(), data);
    for client in clients {
        assert_eq!(client.event().await["data"], data);
    }
}
