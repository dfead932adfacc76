//! SIGTERM, SIGINT, and a second of them.

use crate::program::{DISMISSAL, Program, Subscriber, publish, publisher, until};
use canyon::protocol::signature;
use md5::{Digest, Md5};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Head and body of a signed request that publishes an event.
fn request(body: &str) -> (String, String) {
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let digest = hex::encode(Md5::digest(body));
    let query = format!("auth_key=app-key&auth_timestamp={stamp}&auth_version=1.0&body_md5={digest}");
    let signature = signature::sign("app-secret", &[&format!("POST\n/apps/1/events\n{query}")]);
    let head = format!(
        "POST /apps/1/events?{query}&auth_signature={signature} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head, body.to_owned())
}

fn is_dismissed(client: &mut Subscriber) -> bool {
    client.hear_out().windows(2).any(|window| window == DISMISSAL)
}

#[test]
fn either_signal_closes_the_clients_with_4200_and_exits_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let program = Program::serve("", &[]);
        let mut client = program.subscriber("lobby");
        program.signal(signal);
        assert!(is_dismissed(&mut client));
        assert_eq!(program.ended().0, Some(0));
    }
}

#[test]
fn a_request_under_way_is_answered_and_what_it_publishes_is_delivered() {
    let program = Program::serve("", &[]);
    let mut client = program.subscriber("lobby");
    let mut idle = program.connect();
    let mut stream = program.connect();
    let (head, body) = request(r#"{"name":"last-words","channel":"lobby","data":"{}"}"#);
    stream.write_all(head.as_bytes()).unwrap();
    let (begun, rest) = body.split_at(10);
    stream.write_all(begun.as_bytes()).unwrap();
    // A kept connection whose request is answered is closed, and not waited for.
    idle.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).unwrap();
    program.signal(Signal::TERM);
    until(|| TcpStream::connect(&program.address).is_err());
    let mut end = Vec::new();
    idle.read_to_end(&mut end).unwrap();
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    client.hear("last-words");
    assert!(is_dismissed(&mut client));
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn a_client_that_says_nothing_holds_nobody_up() {
    let program = Program::serve("", &[]);
    let _silent = program.connect();
    let mut slow = program.connect();
    slow.write_all(b"GET /up HTT").unwrap();
    let mut client = program.subscriber("lobby");
    program.signal(Signal::TERM);
    assert!(is_dismissed(&mut client));
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn drain_seconds_closes_one_client_after_the_other_and_serves_the_others() {
    let program = Program::serve("drain_seconds = 3600", &[]);
    // One of 3600 goes each second at the beginning; of 400 one every nine.
    let mut clients: Vec<Subscriber> = (0..400).map(|_| program.subscriber("lobby")).collect();
    let mut publisher = publisher(&program.queue());
    program.signal(Signal::TERM);
    until(|| TcpStream::connect(&program.address).is_err());
    until(|| clients.iter_mut().any(Subscriber::is_dismissed));
    publish(&mut publisher, "lobby", "still-there");
    let (gone, mut there): (Vec<_>, Vec<_>) = clients.into_iter().partition_dismissed();
    assert!(!gone.is_empty() && there.len() > 300, "{} are gone", gone.len());
    there[0].hear("still-there");
    // Nobody waits for the rest of the hour.
    program.signal(Signal::TERM);
    for client in &mut there {
        assert!(is_dismissed(client));
    }
    assert_eq!(program.ended().0, Some(0));
}

trait PartitionDismissed: Iterator<Item = Subscriber> + Sized {
    fn partition_dismissed(self) -> (Vec<Subscriber>, Vec<Subscriber>) {
        let (mut gone, mut there) = (Vec::new(), Vec::new());
        for mut client in self {
            if client.is_dismissed() { gone.push(client) } else { there.push(client) }
        }
        (gone, there)
    }
}

impl<I: Iterator<Item = Subscriber>> PartitionDismissed for I {}

#[test]
fn drain_seconds_ends_when_the_last_client_is_gone() {
    let program = Program::serve("drain_seconds = 3600", &[]);
    let clients: Vec<Subscriber> = (0..5).map(|_| program.subscriber("lobby")).collect();
    program.signal(Signal::TERM);
    until(|| TcpStream::connect(&program.address).is_err());
    drop(clients);
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn everybody_is_closed_when_drain_seconds_are_over() {
    let program = Program::serve("drain_seconds = 1", &[]);
    let mut clients: Vec<Subscriber> = (0..5).map(|_| program.subscriber("lobby")).collect();
    program.signal(Signal::TERM);
    assert!(clients.iter_mut().all(is_dismissed));
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn ctrl_c_does_not_wait_for_drain_seconds() {
    let program = Program::serve("drain_seconds = 3600", &[]);
    let mut clients: Vec<Subscriber> = (0..5).map(|_| program.subscriber("lobby")).collect();
    program.signal(Signal::INT);
    assert!(clients.iter_mut().all(is_dismissed));
    assert_eq!(program.ended().0, Some(0));
}

/// A request whose body never ends is given up at once, not after its five seconds.
#[test]
fn a_second_signal_waits_for_no_request() {
    let program = Program::serve("", &[]);
    let mut stream = program.connect();
    let (head, _) = request("never ending");
    stream.write_all(head.as_bytes()).unwrap();
    // It has come: the same worker answers in order, and there may be several.
    let mut other = program.subscriber("lobby");
    program.signal(Signal::TERM);
    until(|| TcpStream::connect(&program.address).is_err());
    program.signal(Signal::TERM);
    let (code, ended) = program.ended();
    assert_eq!(code, Some(0));
    assert!(ended.log.contains("ending at once"), "{}", ended.log);
    assert!(is_dismissed(&mut other), "clients are told all the same");
}

#[test]
fn no_event_is_lost_when_a_server_ends_and_another_begins() {
    const EVENTS: usize = 2_000;
    let settings = "max_age = 0\nstart_hold = 2";
    let program = Program::serve(settings, &[]);
    let mut client = program.subscriber("lobby");
    let mut publisher = publisher(&program.queue());
    let publishing = std::thread::spawn(move || {
        for number in 0..EVENTS {
            publish(&mut publisher, "lobby", &format!("event-{number}."));
            std::thread::sleep(Duration::from_micros(500));
        }
        publisher
    });
    client.hear("event-100.");
    program.signal(Signal::TERM);
    let mut heard = String::from_utf8_lossy(client.hear_out()).into_owned();
    let (code, ended) = program.ended();
    assert_eq!(code, Some(0));
    let program = Program::serve_in(ended.directory, settings, &[]);
    let mut client = program.subscriber("lobby");
    let _publisher = publishing.join().unwrap();
    client.hear(&format!("event-{}.", EVENTS - 1));
    program.signal(Signal::TERM);
    heard += &String::from_utf8_lossy(client.hear_out());
    let numbers: Vec<usize> =
        heard.split("event-").skip(1).map(|text| text.split('.').next().unwrap().parse().unwrap()).collect();
    assert!(numbers.iter().copied().eq(0..EVENTS), "{numbers:?}");
}
