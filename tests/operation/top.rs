//! `canyon top` for scripts, against a server with traffic, and what it says where there are no figures.

use crate::program::{Program, until};
use crate::traffic::{ON_LOBBY, ON_ORDERS, Traffic, refused};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

/// `canyon top` without anything from the environment of the tests.
pub(crate) fn top(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
    command.env_clear().arg("top").args(arguments);
    command
}

fn looked(program: &Program, arguments: &[&str]) -> String {
    let url = format!("http://{}", program.address);
    let output =
        top(&[&["--url", &url, "--app", "1:app-key:app-secret"], arguments].concat()).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    out
}

fn json(program: &Program, arguments: &[&str]) -> Value {
    let line = looked(program, &[&["--once", "--json"], arguments].concat());
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The words of a line that begins like this.
fn words<'a>(text: &'a str, beginning: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(beginning));
    line.unwrap_or_else(|| panic!("no {beginning} in {text}")).split_whitespace().collect()
}

#[test]
fn a_script_gets_the_figures_of_the_traffic_there_is() {
    let program = Program::serve("", &[]);
    drop(refused(&program));
    let _traffic = Traffic::begin(&program);
    let top = json(&program, &[]);
    let sample = &top["sample"];
    assert_eq!(sample["connections"], ON_ORDERS + ON_LOBBY, "{top}");
    assert_eq!(sample["subscriptions"], ON_ORDERS + ON_LOBBY);
    assert_eq!(sample["channels"], 2);
    assert!(sample["events_from_queue"].as_f64().unwrap() > 0.0);
    assert!(sample["deliveries"].as_f64() > sample["events_from_queue"].as_f64(), "{top}");
    let channels = top["channels"].as_array().unwrap();
    let named: Vec<&str> = channels.iter().map(|channel| channel["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["orders", "lobby"], "the busiest first");
    for (channel, subscribers) in channels.iter().zip([ON_ORDERS, ON_LOBBY]) {
        let events = channel["events"].as_f64().unwrap();
        assert!(events > 0.0);
        assert_eq!(channel["deliveries"].as_f64(), Some(events * subscribers as f64));
        assert_eq!(channel["subscriptions"], subscribers);
    }
    let refusals = top["refusals"].as_array().unwrap();
    assert_eq!((refusals.len(), &refusals[0]["channel"]), (1, &"private-a".into()), "{top}");
    assert!(!top.to_string().contains("app-secret"));
}

#[test]
fn text_has_the_same_figures_with_units_and_no_colours() {
    let program = Program::serve("", &[]);
    let _traffic = Traffic::begin(&program);
    let text = looked(&program, &["--once"]);
    assert!(text.starts_with(&format!("Canyon {} at http://", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.contains(", app 1, up ") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(words(&text, "Connections"), ["Connections", "5"]);
    assert_eq!(words(&text, "Subscriptions"), ["Subscriptions", "5"]);
    assert!(words(&text, "Deliveries")[1].ends_with("/s"), "{text}");
    assert!(words(&text, "Sent")[2].ends_with("/s"), "{text}");
    assert!(text.contains("\nChannels, by events\n") && text.contains("\nRefusals\nnone\n"), "{text}");
    let [name, kind, subscribers, members, events, deliveries, ..] = words(&text, "orders")[..] else {
        panic!("{text}")
    };
    assert_eq!((name, kind, subscribers, members), ("orders", "public", "3", "-"));
    let number = |text: &str| text.replace(',', "").parse::<u64>().unwrap();
    assert_eq!(number(deliveries), number(events) * ON_ORDERS as u64);
}

#[test]
fn channels_are_sorted_limited_and_filtered() {
    let program = Program::serve("", &[]);
    let _traffic = Traffic::begin(&program);
    let _crowd: Vec<_> = (0..4).map(|_| program.subscriber("quiet")).collect();
    let names = |arguments: &[&str]| -> Vec<String> {
        let top = json(&program, arguments);
        let channels = top["channels"].as_array().unwrap().iter();
        channels.map(|channel| channel["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["--sort", "subscribers"]), ["quiet", "orders", "lobby"]);
    assert_eq!(names(&["--sort", "deliveries", "--limit", "1"]), ["orders"]);
    assert_eq!(names(&["--filter", "LOB", "--limit", "1"]), ["lobby"], "the filter counts before the limit");
    assert_eq!(names(&["--filter", "nothing"]), [] as [&str; 0]);
}

#[test]
fn the_configuration_of_the_server_says_where_it_is_and_whose() {
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("http.sock");
    let listen = format!("unix:{}", socket.display());
    let program = Program::serve("path_prefix = '/ws'", &["--listen", &listen]);
    let file = program.config();
    // The file names port 0, so the address that counts is told.
    let arguments = ["--config", file.to_str().unwrap(), "--url", &listen, "--once", "--json"];
    let output = top(&arguments).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    let output = top(&arguments[..2]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("name the server with --url"), "{told}");
}

/// `canyon top --json`, whose lines are read one by one.
struct Lines {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Lines {
    /// Of the next line.
    fn uptime(&mut self) -> f64 {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let top: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        top["uptime_ms"].as_f64().unwrap_or_else(|| panic!("{line}"))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It has ended where a test has seen it end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_of_json_go_on_when_the_server_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let listen = format!("unix:{}", directory.path().join("http.sock").display());
    let log = directory.path().join("log");
    let mut command =
        top(&["--url", &listen, "--app", "1:app-key:app-secret", "--json", "--interval", "0.1"]);
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let told = || std::fs::read_to_string(&log).unwrap();
    let program = Program::serve("", &["--listen", &listen]);
    let mut child = command.spawn().unwrap();
    let mut lines = Lines { lines: BufReader::new(child.stdout.take().unwrap()), child };
    let mut uptime = 0.0;
    for _ in 0..3 {
        let later = lines.uptime();
        assert!(later > uptime);
        uptime = later;
    }
    assert_eq!(told(), "");
    program.signal(Signal::TERM);
    let (_, ended) = program.ended();
    until(|| told().contains("There is no answer from unix:"));
    let _program = Program::serve_in(ended.directory, "", &["--listen", &listen]);
    // What it had written before it noticed comes first.
    loop {
        let later = lines.uptime();
        if later < uptime {
            break;
        }
        uptime = later;
    }
    assert_eq!(told().lines().count(), 1, "it is told once: {}", told());
}

#[test]
fn who_has_seen_enough_closes_the_pipe() {
    let program = Program::serve("", &[]);
    let url = format!("http://{}", program.address);
    let mut command = top(&["--url", &url, "--app", "1:app-key:app-secret", "--json", "--interval", "0.1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    drop(out);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

/// Why there are no figures; the exit code is 2.
fn complaint(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert_eq!((status.code(), stdout.len()), (Some(2), 0));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let program = Program::serve("", &[]);
    let url = format!("http://{}", program.address);
    for form in [&["--once"][..], &["--once", "--json"], &["--json"]] {
        let complain = |app: &str| complaint(top(&[&["--url", &url, "--app", app], form].concat()));
        let told = complain("1:app-key:wrong");
        assert!(told.contains("does not take the credentials of the app \"1\": Invalid signature"), "{told}");
        assert!(!told.contains("wrong") && !told.contains("HmacSHA256"), "{told}");
        assert!(complain("1:other:app-secret").contains("Unknown auth_key"));
        assert!(complain("2:app-key:app-secret").contains("has no app \"2\""));
    }
    let elsewhere =
        complaint(top(&["--url", &format!("{url}/ws"), "--app", "1:app-key:app-secret", "--once"]));
    assert!(elsewhere.contains("not a Canyon server: Nothing is served at /ws/apps/1/top"), "{elsewhere}");
    let nowhere = complaint(top(&["--url", "unix:/nowhere", "--app", "1:k:s", "--once"]));
    assert!(nowhere.contains("There is no answer from unix:/nowhere: No such file"), "{nowhere}");
    let live = complaint(top(&["--url", &url, "--app", "1:app-key:app-secret"]));
    assert!(live.contains("not a terminal that can be drawn on: use --once or --json"), "{live}");
}

/// Something else that speaks HTTP, with an answer for each path.
fn stranger(answer: fn(&str) -> (u16, &'static str)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            let mut header = String::new();
            while stream.read_line(&mut header).is_ok_and(|length| length > 2) {
                header.clear();
            }
            let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
            let (status, body) = answer(&path);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
            let _ = stream.get_mut().shutdown(std::net::Shutdown::Write);
            let _ = stream.read(&mut [0; 1]);
        }
    });
    format!("http://{address}")
}

#[test]
fn what_is_no_server_of_this_version_is_called_what_it_is() {
    let told = |answer| complaint(top(&["--url", &stranger(answer), "--app", "1:k:s", "--once"]));
    let old = told(|path| match path {
        "/apps/1/status" => (200, r#"{"version":"0.0.9"}"#),
        _ => (404, "Nothing is served at /apps/1/top"),
    });
    assert!(old.contains("is Canyon 0.0.9, which has no such figures. Update it"), "{old}");
    let proxy = told(|_| (502, "<html>Bad Gateway</html>"));
    assert!(proxy.contains("A proxy answers at http://"), "{proxy}");
    let page = told(|_| (200, "<html>\u{1b}[2JWelcome</html>"));
    assert!(page.contains("not a Canyon server: <html>\\u{1b}[2JWelcome</html>"), "{page}");
    let broken = told(|_| (200, r#"{"version":[]}"#));
    assert!(broken.contains("is not understood: invalid type"), "{broken}");
    let disabled = told(|_| (403, "Application disabled\n"));
    assert!(
        disabled.contains("refuses to tell anything about the app \"1\": Application disabled"),
        "{disabled}"
    );
}

#[test]
fn a_server_with_tls_is_asked_if_its_certificate_holds() {
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("own.pem"), directory.path().join("own.key"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let tls = format!("tls = [{{ certificate = '{}', key = '{}' }}]", certificate.display(), key.display());
    let program = Program::serve(&tls, &["--listen", "tls:127.0.0.1:0"]);
    let port = program.address.rsplit_once(':').unwrap().1;
    let ask = || {
        let mut command =
            top(&["--url", &format!("https://localhost:{port}"), "--app", "1:app-key:app-secret", "--once"]);
        command.env("SSL_CERT_DIR", "/nowhere");
        command
    };
    let output = ask().env("SSL_CERT_FILE", &certificate).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("Connections"));
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let unrelated = directory.path().join("other.pem");
    std::fs::write(&unrelated, other.cert.pem()).unwrap();
    let mut command = ask();
    command.env("SSL_CERT_FILE", &unrelated);
    let told = complaint(command);
    assert!(told.contains("certificate"), "{told}");
}
