//! The `canyon` binary as its users run it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use canyon::event::Event;
use canyon::queue::{Consumer, ConsumerOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use tempfile::TempDir;

struct Served {
    child: Child,
    ready: String,
    directory: TempDir,
}

/// `canyon` without any setting from the environment of the tests.
fn canyon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
    for (name, _) in std::env::vars() {
        if name.starts_with("CANYON_") || name.starts_with("REVERB_") {
            command.env_remove(name);
        }
    }
    command
}

impl Served {
    fn with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = canyon();
        command.stderr(Stdio::null());
        command.arg("serve").args(arguments).arg("--queue").arg(directory.path().join("queue"));
        Self::spawn(command, directory)
    }

    fn spawn(mut command: Command, directory: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        Self { child, ready, directory }
    }

    fn address(&self) -> &str {
        self.ready.strip_prefix("listening on ").unwrap_or_else(|| panic!("{:?}", self.ready)).trim_end()
    }

    fn end(mut self, signal: i32) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Already waited for where a test ended it itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> Output {
    canyon().args(arguments).output().unwrap()
}

fn up(mut stream: impl Read + Write) -> String {
    stream.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn serve_says_where_it_listens_and_exits_0_on_either_signal() {
    for signal in [15, 2] {
        let served = Served::with(&["--listen", "127.0.0.1:0", "--app", "1:k:s"]);
        assert!(!served.address().ends_with(":0"), "the real port is told");
        let answer = up(TcpStream::connect(served.address()).unwrap());
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(served.end(signal).code(), Some(0));
    }
}

#[test]
fn serve_takes_more_connections_than_the_soft_limit_of_descriptors() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 100 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_canyon")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--app", "1:k:s", "--queue"]);
    command.arg(directory.path().join("queue"));
    let served = Served::spawn(command, directory);
    let streams: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(served.address()).unwrap()).collect();
    for stream in streams {
        assert!(up(stream).starts_with("HTTP/1.1 200 OK"));
    }
}

#[test]
fn a_server_without_descriptors_serves_whom_it_has_and_the_others_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_canyon")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--app", "1:k:s", "--queue"]);
    command.arg(directory.path().join("queue"));
    let log = directory.path().join("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let served = Served::spawn(command, directory);
    let first = TcpStream::connect(served.address()).unwrap();
    let crowd: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(served.address()).unwrap()).collect();
    let told = || std::fs::read_to_string(&log).unwrap().matches("new connections have to wait").count();
    for _ in 0..1000 {
        if told() > 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(up(first).starts_with("HTTP/1.1 200 OK"), "whoever is there is served");
    drop(crowd);
    assert!(up(TcpStream::connect(served.address()).unwrap()).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(told(), 1, "a line is enough");
}

#[test]
fn serve_listens_on_a_unix_socket_and_clears_it_away() {
    let sockets = tempfile::tempdir().unwrap();
    let path = sockets.path().join("http.sock");
    // A file that a killed server left behind is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let served = Served::with(&["--listen", &listen, "--listen", "127.0.0.1:0", "--app", "1:k:s"]);
    assert!(served.address().starts_with(&format!("{listen}, 127.0.0.1:")), "{}", served.address());
    assert!(up(UnixStream::connect(&path).unwrap()).contains(r#"{"health":"OK"}"#));
    assert_eq!(served.end(15).code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn serve_takes_its_settings_from_a_file_and_its_secrets_from_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("canyon.toml");
    let toml = format!("listen = ['127.0.0.1:0']\nqueue = '{}'\n", directory.path().join("queue").display());
    std::fs::write(&file, toml).unwrap();
    let mut command = canyon();
    command.args(["serve", "--config"]).arg(&file);
    command.envs([("CANYON_APP_ID", "1"), ("CANYON_APP_KEY", "k"), ("CANYON_APP_SECRET", "s")]);
    let served = Served::spawn(command, directory);
    let answer = up(TcpStream::connect(served.address()).unwrap());
    assert!(answer.contains("200 OK"), "{answer}");
    assert!(served.directory.path().join("queue").is_dir());
}

#[test]
fn mistakes_exit_with_2_and_say_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("canyon.toml");
    std::fs::write(&file, "listen = ['127.0.0.1:0']\n\n[[app]]\nid = '1'\nkee = 'k'\n").unwrap();
    let file = file.to_str().unwrap();
    let missing = directory.path().join("missing.toml");
    for (arguments, wanted) in [
        (vec!["serve", "--config", file], vec![file, "line 5", "kee"]),
        (vec!["check", "--config", missing.to_str().unwrap()], vec!["missing.toml", "cannot be read"]),
        (vec!["serve"], vec!["no app"]),
        (vec!["serve", "--app", "1:k"], vec!["ID:KEY:SECRET"]),
        (vec!["serve", "--listen", "nowhere", "--app", "1:k:s"], vec!["nowhere"]),
        (vec!["serve", "--bogus"], vec!["--bogus"]),
    ] {
        let output = run(&arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        for part in wanted {
            assert!(message.contains(part), "{arguments:?}: {message}");
        }
    }
}

#[test]
fn an_address_in_use_is_named() {
    let first = Served::with(&["--listen", "127.0.0.1:0", "--app", "1:k:s"]);
    let queue = tempfile::tempdir().unwrap();
    let path = queue.path().join("queue");
    let output =
        run(&["serve", "--listen", first.address(), "--app", "1:k:s", "--queue", path.to_str().unwrap()]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains(first.address()) && message.contains("another process"), "{message}");
}

#[test]
fn a_second_server_on_one_queue_is_refused() {
    let first = Served::with(&["--listen", "127.0.0.1:0", "--app", "1:k:s"]);
    let queue = first.directory.path().join("queue");
    let queue = queue.to_str().unwrap();
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--app", "1:k:s", "--queue", queue]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains(queue), "{message}");
}

#[test]
fn debug_prints_a_line_for_what_happens_and_payloads_only_when_asked() {
    for (flags, shows_payloads) in [(vec!["--debug"], false), (vec!["--debug", "--payloads"], true)] {
        let (directory, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (queue, log) = (directory.path().join("queue"), logs.path().join("log"));
        let mut child = canyon()
            .args(["serve", "--listen", "127.0.0.1:0", "--app", "1:k:hush-hush", "--queue"])
            .arg(&queue)
            .args(flags)
            .stderr(std::fs::File::create(&log).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let served = Served { child, ready, directory };
        let publish = |event: &str| {
            let arguments =
                ["publish", "--app", "1", "--channel", "lobby", "--data", "hello there", "--event", event];
            assert!(canyon().args(arguments).arg("--queue").arg(&queue).status().unwrap().success());
        };
        publish("greeting");
        let mut stream = TcpStream::connect(served.address()).unwrap();
        let handshake = "GET /app/nobody HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(handshake.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
        publish("last");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let text = loop {
            let text = std::fs::read_to_string(&log).unwrap();
            // Lines come in order: once the second event is there, all of the first one is.
            if text.contains("last to lobby from the queue, 11 bytes") {
                break text;
            }
            assert!(std::time::Instant::now() < deadline, "nothing was printed: {text}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        assert_eq!(served.end(15).code(), Some(0));
        assert!(text.contains("greeting to lobby from the queue, 11 bytes"), "{text}");
        assert!(text.contains("a connection to /app/nobody refused: 4001 "), "{text}");
        assert_eq!(text.contains("hello there"), shows_payloads, "{text}");
        assert!(!text.contains("hush-hush"), "{text}");
    }
}

#[test]
fn check_prints_what_would_be_in_effect_without_the_secret() {
    let output = run(&["check", "--app", "1:public-key:hush-hush", "--listen", "127.0.0.1:6001"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0));
    for wanted in [
        "127.0.0.1:6001",
        "public-key",
        "(redacted)",
        "max_event_bytes = 1048576",
        r#"trusted_proxies = ["loopback", "unix"]"#,
        "max_connections_per_address = 10000",
        "max_outbox_bytes = ",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    assert!(!text.contains("hush-hush"), "{text}");
}

#[test]
fn the_queue_directory_can_be_shared_with_a_group() {
    use std::os::unix::fs::MetadataExt;
    let group = rustix::process::getegid().as_raw().to_string();
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let mut command = canyon();
    command.args(["serve", "--listen", "127.0.0.1:0", "--app", "1:k:s", "--queue"]).arg(&queue);
    command.env("CANYON_QUEUE_GROUP", &group);
    let served = Served::spawn(command, directory);
    let (folder, control) = (queue.metadata().unwrap(), queue.join("control").metadata().unwrap());
    assert_eq!((folder.mode() & 0o7777, control.mode() & 0o777), (0o2770, 0o660));
    assert_eq!((folder.gid().to_string(), control.gid().to_string()), (group.clone(), group));
    drop(served);
    let mut command = canyon();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--app", "1:k:s"])
        .env("CANYON_QUEUE_GROUP", "no-such-group");
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && message.contains("no-such-group"), "{message}");
}

#[test]
fn publish_waits_for_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let publish = ["publish", "--app", "1", "--channel", "a", "--event", "x", "--data", "{}", "--queue"];
    let output = canyon().args(publish).arg(&queue).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    assert!(message.contains("no server drains") && message.contains("waits there for one"), "{message}");
    let left =
        std::fs::read_dir(&queue).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with("ring.")).count(), 1, "the event waits for a server");
}

/// `canyon publish` into `queue`, with something on its standard input.
fn publish(queue: &std::path::Path, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = canyon()
        .args(["publish", "--app", "1", "--queue"])
        .arg(queue)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn publish_puts_an_event_with_all_its_parts_into_the_queue() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let mut consumer = Consumer::open(ConsumerOptions::new(&queue)).unwrap();
    let channels = ["--channel", "lobby", "--channel", "private-a", "--event", "hello", "--except", "1.2"];
    for (data, input) in [("{\"a\":1}", ""), ("-", "{\"a\":1}")] {
        let arguments = [&channels[..], &["--data", data]].concat();
        assert_eq!(publish(&queue, &arguments, input), (Some(0), String::new()));
        let mut got = 0;
        consumer.drain(10, &mut |record| {
            let event = Event::decode(record.payload).unwrap();
            assert_eq!((event.app, event.name, event.data), ("1", "hello", "{\"a\":1}"));
            assert_eq!(
                (event.channels.collect::<Vec<_>>(), event.except),
                (vec!["lobby", "private-a"], Some("1.2"))
            );
            got += 1;
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(got, 1, "{data}");
    }
}

#[test]
fn publish_refuses_what_a_server_would_drop() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let long = "x".repeat(1024 * 1024 + 1);
    for (arguments, input, wanted) in [
        (
            ["--channel", "not a name", "--event", "e", "--data", "{}"],
            "",
            vec!["\"not a name\"", "not allowed"],
        ),
        (
            ["--channel", "lobby", "--event", "pusher:x", "--data", "{}"],
            "",
            vec!["pusher:x", "protocol's own"],
        ),
        (["--channel", "lobby", "--event", "", "--data", "{}"], "", vec!["the event name is empty"]),
        (
            ["--channel", "lobby", "--event", "e", "--data", "-"],
            long.as_str(),
            vec!["1048577 bytes", "the limit is 1048576", "--max-event-bytes"],
        ),
    ] {
        let (code, message) = publish(&queue, &arguments, input);
        assert_eq!(code, Some(2), "{message}");
        assert!(wanted.iter().all(|part| message.contains(part)), "{message}");
    }
    let raised = ["--channel", "lobby", "--event", "e", "--data", "-", "--max-event-bytes", "2000000"];
    assert_eq!(publish(&queue, &raised, &long).0, Some(0));
    let bad = ["--channel", "lobby", "--event", "e", "--data", "{}", "--except", "1"];
    assert!(publish(&queue, &bad, "").1.contains("the socket id \"1\" is none"));
    let group = ["--channel", "lobby", "--event", "e", "--data", "{}", "--queue-group", "no-such-group"];
    assert!(publish(&queue, &group, "").1.contains("--queue-group names no group"));
}

#[test]
fn publish_to_a_full_queue_says_how_full_and_that_nobody_drains_it() {
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let data = "x".repeat(60_000);
    let arguments = ["--channel", "lobby", "--event", "e", "--data", "-"];
    // A ring has 256 KiB, and each process adopts what the one before left unread.
    let ended: Vec<(Option<i32>, String)> = (0..6).map(|_| publish(&queue, &arguments, &data)).collect();
    assert_eq!(ended[0].0, Some(0));
    let (code, message) = &ended[5];
    assert!(
        *code == Some(2) && message.contains("is full") && message.contains("no server drains it"),
        "{message}"
    );
}
