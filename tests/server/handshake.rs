//! Protocol contract, sections 1 and 4: who is let in, and how the others are told.

use crate::support::{House, KEY, inner, patiently};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_first_frame_is_connection_established() {
    let house = House::open();
    let mut client =
        house.connect(&format!("/app/{KEY}?protocol=7&client=js&version=8.6.0&flash=false")).await;
    let established = client.event("pusher:connection_established").await;
    let data = inner(&established);
    assert_eq!(data["activity_timeout"], 50);
    let socket_id = data["socket_id"].as_str().unwrap();
    let (high, low) = socket_id.split_once('.').unwrap();
    assert!(high.parse::<u64>().is_ok() && low.parse::<u64>().is_ok(), "{socket_id}");
}

#[tokio::test]
async fn socket_ids_are_unique() {
    let house = House::open();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..50 {
        assert!(ids.insert(house.client().await.socket_id));
    }
}

#[tokio::test]
async fn refusals_come_as_event_and_close_with_the_same_code() {
    let house = House::with("", "max_connections = 1\nallowed_origins = ['*']");
    let _first = house.client().await;
    for (path, code) in [
        ("/app/unknown?protocol=7".to_owned(), 4001),
        (format!("/elsewhere/{KEY}"), 4005),
        (format!("/app/{KEY}?protocol=seven"), 4006),
        (format!("/app/{KEY}?protocol=3"), 4007),
        (format!("/app/{KEY}?protocol=8"), 4007),
        (format!("/app/{KEY}?protocol=7"), 4004),
    ] {
        let mut client = house.connect(&path).await;
        let error = client.event("pusher:error").await;
        assert_eq!(error["data"]["code"], code, "{path}");
        let (close, reason) = client.closed().await;
        assert_eq!((close, json!(reason)), (code, error["data"]["message"].clone()), "{path}");
        assert!(client.frame().await.is_none(), "the socket is really closed");
    }
}

#[tokio::test]
async fn older_protocols_and_none_at_all_are_served() {
    let house = House::open();
    for query in
        ["", "?protocol=4", "?protocol=5&client=java-client", "?protocol=6", "?nonsense=1&protocol=7"]
    {
        let mut client = house.connect(&format!("/app/{KEY}{query}")).await;
        client.event("pusher:connection_established").await;
    }
}

#[tokio::test]
async fn a_departed_connection_gives_its_place_back() {
    let house = House::with("", "max_connections = 1");
    for _ in 0..20 {
        let mut client = house.client().await;
        client.send_frame(tokio_tungstenite::tungstenite::Message::Close(None)).await;
        while client.frame().await.is_some() {}
    }
}

#[tokio::test]
async fn an_origin_that_is_not_allowed_is_refused() {
    let house = House::with("", "allowed_origins = ['example.com']");
    let mut client = house.connect(&format!("/app/{KEY}?protocol=7")).await;
    assert_eq!(client.event("pusher:error").await["data"]["code"], 4009);
    assert_eq!(client.closed().await.0, 4009);
}

#[tokio::test]
async fn the_path_prefix_stands_before_everything() {
    let house = House::with("path_prefix = '/ws'", "");
    let mut client = house.connect(&format!("/ws/app/{KEY}")).await;
    client.event("pusher:connection_established").await;
    let mut outside = house.connect(&format!("/app/{KEY}")).await;
    assert_eq!(outside.event("pusher:error").await["data"]["code"], 4005);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(house.request(&get("/ws/up")).await, (200, r#"{"health":"OK"}"#.to_owned()));
    assert_eq!(house.request(&get("/up")).await.0, 404);
}

#[tokio::test]
async fn a_proxy_that_drops_the_upgrade_is_named() {
    let house = House::open();
    let request = format!("GET /app/{KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (status, body) = house.request(&request).await;
    assert_eq!(status, 426);
    assert!(body.contains("proxy"), "{body}");
}

#[tokio::test]
async fn a_broken_handshake_is_a_bad_request() {
    let house = House::open();
    let request = format!(
        "GET /app/{KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    let (status, body) = house.request(&request).await;
    assert_eq!(status, 400, "{body}");
}

/// A handshake as it goes over the wire.
fn handshake() -> String {
    format!(
        "GET /app/{KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A text frame of a client, under a mask of zeros.
fn frame(text: &str) -> Vec<u8> {
    [&[0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0], text.as_bytes()].concat()
}

async fn raw(house: &House) -> TcpStream {
    TcpStream::connect(("127.0.0.1", house.port)).await.unwrap()
}

/// Reads until all `words` have come, in this order.
async fn read_until(stream: &mut TcpStream, words: &[&str]) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    patiently(async {
        loop {
            let text = String::from_utf8_lossy(&bytes);
            let rest = words.iter().try_fold(&*text, |rest, word| Some(rest.split_once(word)?.1));
            if rest.is_some() {
                return;
            }
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the server hung up after: {text}");
            bytes.extend_from_slice(&buffer[..count]);
        }
    })
    .await;
}

/// What every client is told first.
const WELCOME: [&str; 3] = ["HTTP/1.1 101", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "pusher:connection_established"];

#[tokio::test]
async fn what_comes_with_the_handshake_is_not_lost() {
    let house = House::open();
    let subscribe = frame(r#"{"event":"pusher:subscribe","data":{"channel":"lobby"}}"#);
    let mut stream = raw(&house).await;
    stream.write_all(&[handshake().as_bytes(), &subscribe].concat()).await.unwrap();
    read_until(&mut stream, &["HTTP/1.1 101", "connection_established", "subscription_succeeded"]).await;
}

#[tokio::test]
async fn a_handshake_may_come_late_and_in_pieces() {
    let house = House::open();
    let whole = handshake();
    for cut in [1, 20, whole.len() - 1] {
        let mut stream = raw(&house).await;
        stream.set_nodelay(true).unwrap();
        // The server has accepted and read what there is by the time of each piece.
        for piece in [&whole.as_bytes()[..cut], &whole.as_bytes()[cut..]] {
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.write_all(piece).await.unwrap();
        }
        read_until(&mut stream, &WELCOME).await;
        stream.write_all(&frame(r#"{"event":"pusher:ping","data":{}}"#)).await.unwrap();
        read_until(&mut stream, &["pusher:pong"]).await;
    }
}

#[tokio::test]
async fn a_kept_connection_can_still_become_a_websocket() {
    let house = House::open();
    let mut stream = raw(&house).await;
    stream.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_until(&mut stream, &["HTTP/1.1 200", r#"{"health":"OK"}"#]).await;
    let subscribe = frame(r#"{"event":"pusher:subscribe","data":{"channel":"lobby"}}"#);
    stream.write_all(&[handshake().as_bytes(), &subscribe].concat()).await.unwrap();
    read_until(&mut stream, &["HTTP/1.1 101", "connection_established", "subscription_succeeded"]).await;
}

#[tokio::test]
async fn a_refusal_needs_no_more_than_one_piece_either() {
    let house = House::open();
    let mut stream = raw(&house).await;
    stream.write_all(handshake().replace(KEY, "unknown").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    patiently(stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains(r#""code":4001"#), "{answer}");
}
