//! The other side of a hand-over is not what it should be, and the server serves on.

use crate::support::{Client, House, settle};
use canyon::server::Server;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// A message of a hand-over: its body is MessagePack.
fn message(body: &[u8]) -> Vec<u8> {
    let mut message = b"Cy\0\0".to_vec();
    message.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// The format of the servers under test.
const OURS: u8 = 2;

/// `{"format": …, "version": "9"}`
fn hello(format: u8) -> Vec<u8> {
    message(&[&b"\x82\xa6format"[..], &[format], b"\xa7version\xa19"].concat())
}

fn prepared() -> Vec<u8> {
    message(b"\xa8Prepared")
}

/// A partner that says this, and then only listens until the server hangs up.
async fn served_on_after(words: &[u8], wanted: &str) {
    let mut house = House::open();
    let mut client = house.client().await;
    client.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let words = words.to_vec();
    let partner = std::thread::spawn(move || {
        theirs.write_all(&words).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = theirs.read_to_end(&mut Vec::new());
    });
    let why = house.server.give(ours).unwrap_err();
    assert!(why.contains(wanted), "{why}");
    partner.join().unwrap();
    expect_service(&mut house, &mut client).await;
}

async fn expect_service(house: &mut House, client: &mut Client) {
    client.expect_nothing().await;
    let mut other = house.client().await;
    other.subscribe("presence-a", Some(r#"{"user_id":"bob"}"#)).await;
    client.event("pusher_internal:member_added").await;
    house.reload("", "").unwrap();
    client.expect_nothing().await;
}

#[tokio::test]
async fn another_format_is_refused_by_both_names() {
    served_on_after(&hello(99), "version 9 tells its state in format 99").await;
}

#[tokio::test]
async fn garbage_is_refused_at_every_step() {
    let steps: [&[u8]; 3] = [b"", &hello(OURS), &[hello(OURS), prepared()].concat()];
    for before in steps {
        for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &message(b"\xc1"), &message(b"\xa5Wrong")] {
            served_on_after(&[before, garbage].concat(), "").await;
        }
    }
    served_on_after(&[hello(OURS), hello(OURS)].concat(), "cannot be understood").await;
    served_on_after(&[hello(OURS), prepared(), prepared()].concat(), "something else").await;
}

#[tokio::test]
async fn whoever_hangs_up_is_given_nothing() {
    served_on_after(b"", "ended before").await;
    served_on_after(&hello(OURS), "ended before").await;
    served_on_after(&[hello(OURS), prepared()].concat(), "ended before").await;
}

#[test]
fn a_successor_takes_nothing_from_whoever_makes_no_sense() {
    for words in [&b"nonsense, and more of it"[..], b"", &message(b"\xa5Ready"), &hello(OURS)] {
        let directory = tempfile::tempdir().unwrap();
        let config = settle(&format!(
            "listen = ['127.0.0.1:0']\nqueue = '{}'\n[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n",
            directory.path().join("queue").display()
        ));
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(words).unwrap();
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(Server::take_over(&config, false, theirs).is_err());
        assert!(!directory.path().join("queue").exists(), "it touched the queue");
    }
}
