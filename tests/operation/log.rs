//! What the program writes on standard error.

use crate::program::Program;
use canyon::config::Settings;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::Command;

const TOKEN: &str = "token-hush-hush-hush";

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn every_line_of_a_json_log_is_an_object_without_secrets() {
    let top = format!("metrics_token = '{TOKEN}'\nmetrics = '127.0.0.1:0'");
    for arguments in [
        &["--log-format", "json", "--debug"][..],
        &["--log-format", "json", "--log-level", "trace"],
        &["--log-format", "json"],
    ] {
        let program = Program::serve(&top, arguments);
        let mut client = program.subscriber("lobby");
        client.say(r#"{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"app-key:00"}}"#);
        client.hear("pusher:error");
        for header in ["", "Authorization: Bearer wrong\r\n", &format!("Authorization: Bearer {TOKEN}\r\n")] {
            let mut stream = program.connect();
            let request = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            stream.read_to_string(&mut String::new()).unwrap();
        }
        let publish =
            ["publish", "--app", "1", "--channel", "lobby", "--event", "e", "--data", "hidden-payload"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
        assert!(
            command.env_clear().args(publish).arg("--queue").arg(program.queue()).status().unwrap().success()
        );
        client.hear("hidden-payload");
        program.signal(Signal::TERM);
        client.hear_out();
        let log = program.ended().1.log;
        let lines = lines(&log);
        for field in ["timestamp", "level", "message"] {
            assert!(lines.iter().all(|line| line[field].is_string()), "{field} in {log}");
        }
        let serving = lines.iter().find(|line| line["message"] == "serving").unwrap();
        assert_eq!((&serving["app"], &serving["level"]), (&"1".into(), &"INFO".into()));
        assert_eq!(log.contains("subscribed to lobby"), arguments.len() > 2, "{log}");
        for secret in ["app-secret", TOKEN, "hidden-payload"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }
}

#[test]
fn whoever_meets_a_limit_is_named_and_a_crowd_is_a_line() {
    let top = "max_connections_per_address = 1\nmax_frames_per_second = 1\nmax_bytes_per_second = 0";
    let program = Program::serve(top, &["--log-format", "json"]);
    let header = "X-Forwarded-For: 198.51.100.7, 203.0.113.9\r\n";
    let mut first = program.client(header);
    first.hear("connection_established");
    for _ in 0..5 {
        program.client(header).hear("Too many connections from your address");
    }
    for _ in 0..50 {
        first.say("{}");
    }
    first.hear("Too many messages in a short time");
    program.signal(Signal::TERM);
    let lines = lines(&program.ended().1.log);
    let told = |limit: &str| lines.iter().filter(|line| line["limit"] == limit).collect::<Vec<_>>();
    let refused = told("max_connections_per_address");
    assert_eq!(refused.len(), 1, "{refused:?}");
    let fields = ["level", "message", "address", "app", "times"].map(|field| &refused[0][field]);
    assert_eq!(
        fields,
        [&json!("WARN"), &json!("refused a connection"), &json!("203.0.113.9"), &json!("1"), &json!(1)]
    );
    let closed = told("max_frames_per_second");
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert!(closed[0]["socket_id"].as_str().is_some_and(|id| id.contains('.')), "{closed:?}");
    assert_eq!((&closed[0]["address"], &closed[0]["app"]), (&json!("203.0.113.9"), &json!("1")));
}

#[test]
fn the_level_says_what_is_written() {
    for (level, is_written) in [("info", true), ("warn", false)] {
        let program = Program::serve(&format!("log_level = '{level}'"), &[]);
        program.signal(Signal::TERM);
        assert_eq!(program.ended().1.log.contains("serving"), is_written);
    }
}

/// The end of a program that cannot serve is a line of its log, too.
#[test]
fn a_failure_is_a_line_of_a_json_log_and_words_elsewhere() {
    let first = Program::serve("", &[]);
    let queue = tempfile::tempdir().unwrap();
    for format in ["json", "text"] {
        let output = Command::new(env!("CARGO_BIN_EXE_canyon"))
            .env_clear()
            .args(["serve", "--app", "1:k:s", "--listen", &first.address, "--log-format", format, "--queue"])
            .arg(queue.path().join("queue"))
            .output()
            .unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(log.contains("another process listens there"), "{log}");
        if format == "json" {
            assert_eq!(lines(&log).last().unwrap()["level"], "ERROR");
        } else {
            assert!(log.starts_with("canyon: "), "{log}");
        }
    }
}

#[test]
fn a_filter_that_cannot_be_understood_is_a_mistake() {
    let output = Command::new(env!("CARGO_BIN_EXE_canyon"))
        .env_clear()
        .env("CANYON_LOG", "view=loud")
        .args(["serve", "--app", "1:k:s"])
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && message.contains("CANYON_LOG"), "{message}");
    assert!(Settings::from_environment(|name| (name == "CANYON_LOG").then(|| "info".to_owned())).is_ok());
}
