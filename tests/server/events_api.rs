//! Protocol contract, section 11: `POST /apps/{id}/events`.

use crate::support::{House, ID, KEY, SECRET, patiently, signed_target};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn an_event_goes_to_each_channel_once_with_its_data_as_text() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("a", None).await;
    client.subscribe("b", None).await;
    let data = "{\"n\":1.0,\"u\":\"\\u00e4/\",\"e\":{}}";
    let body =
        json!({"name": "App\\Events\\Shipped", "data": data, "channels": ["a", "b", "a", "nobody-here"]});
    assert_eq!(house.publish(&body).await, (200, "{}".to_owned()));
    for channel in ["a", "b"] {
        let event = client.next().await;
        assert_eq!(event, json!({"event": "App\\Events\\Shipped", "channel": channel, "data": data}));
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn the_excluded_connection_is_left_out() {
    let house = House::open();
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    ada.subscribe("lobby", None).await;
    bob.subscribe("lobby", None).await;
    let body = json!({"name": "x", "data": "1", "channel": "lobby", "socket_id": ada.socket_id});
    assert_eq!(house.publish(&body).await.0, 200);
    bob.event("x").await;
    ada.expect_nothing().await;
    let gone = json!({"name": "y", "data": "1", "channel": "lobby", "socket_id": "1.1"});
    assert_eq!(house.publish(&gone).await.0, 200);
    ada.event("y").await;
}

#[tokio::test]
async fn bad_events_are_refused_by_name() {
    let house = House::with("", "max_event_bytes = 100");
    let event = |name: &str, data: &str, channels: serde_json::Value| json!({"name": name, "data": data, "channels": channels});
    let many: Vec<String> = (0..101).map(|number| format!("c{number}")).collect();
    for (body, status, text) in [
        (json!({}), 400, "missing field"),
        (json!({"name": "x", "data": {}, "channel": "a"}), 400, "expected a string"),
        (json!({"name": "x", "data": "1"}), 400, "at least one channel"),
        (event("x", "1", json!([])), 400, "at least one channel"),
        (event("x", "1", json!(many)), 400, "100 channels at most"),
        (event("", "1", json!(["a"])), 400, "name"),
        (event(&"é".repeat(201), "1", json!(["a"])), 400, "200"),
        (event("pusher:x", "1", json!(["a"])), 400, "reserved"),
        (event("x", "1", json!(["bad name"])), 400, "bad name"),
        (event("x", "1", json!(["#server-to-user-"])), 400, "names no user"),
        (event("x", "1", json!([format!("#server-to-user-{}", "x".repeat(129))])), 400, "128 characters"),
        (event("x", "1", json!(["private-encrypted-a", "b"])), 400, "encrypted"),
        (json!({"name": "x", "data": "1", "channel": "a", "socket_id": "x"}), 400, "socket_id"),
        (json!({"name": "x", "data": "1", "channel": "a", "channels": ["b"]}), 400, "not both"),
        (event("x", &"y".repeat(101), json!(["a"])), 413, "content of this event"),
    ] {
        let (answered, message) = house.publish(&body).await;
        assert_eq!(answered, status, "{body}: {message}");
        assert!(message.contains(text) && message.ends_with('\n'), "{body}: {message}");
    }
    let (status, _) = house.post(&format!("/apps/{ID}/events"), "no json").await;
    assert_eq!(status, 400);
    let longest = event(&"é".repeat(200), "1", json!(["a"]));
    assert_eq!(house.publish(&longest).await.0, 200, "characters count, not bytes");
}

#[tokio::test]
async fn unsigned_and_misdirected_requests_are_refused() {
    let house = House::open();
    let body = json!({"name": "x", "data": "1", "channel": "a"}).to_string();
    let post = |target: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let path = format!("/apps/{ID}/events");
    assert_eq!(house.request(&post(&path)).await.0, 401);
    let stolen = signed_target("POST", &path, &body, (KEY, "wrong-secret"));
    assert_eq!(house.request(&post(&stolen)).await.0, 401);
    let other_app = signed_target("POST", &path, &body, ("other-key", "other-secret"));
    assert_eq!(house.request(&post(&other_app)).await.0, 401, "a valid signature under another app's key");
    let unknown = signed_target("POST", "/apps/9/events", &body, (KEY, SECRET));
    assert_eq!(house.request(&post(&unknown)).await.0, 404);
    let get = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(house.request(&get).await.0, 405);
    assert_eq!(house.request(&get.replace(&path, "/nothing")).await.0, 404);
}

#[tokio::test]
async fn a_body_is_read_only_under_a_signature_and_up_to_a_limit() {
    let house = House::with("", "max_event_bytes = 1000");
    let path = format!("/apps/{ID}/events");
    let announce =
        |target: &str| format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    stream.write_all(announce(&path).as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    patiently(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401", "before a byte of the body was sent");
    // Found by the soak: whoever had signed it and sent less than that was never answered.
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    let signed = signed_target("POST", &path, "{}", (KEY, SECRET));
    stream.write_all(format!("{}{{}}", announce(&signed)).as_bytes()).await.unwrap();
    let mut answer = String::new();
    patiently(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("content of this event"), "{answer}");
    for length in [200_000, 9_000_000] {
        let (status, message) = house.post(&path, &"x".repeat(length)).await;
        assert!(status == 413 && message.contains("content of this event"), "{status} {message}");
    }
}

#[tokio::test]
async fn requests_of_one_connection_are_delivered_in_order() {
    const EVENTS: usize = 50;
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let path = format!("/apps/{ID}/events");
    let mut pipelined = String::new();
    for number in 0..EVENTS {
        let body = json!({"name": format!("event.{number}"), "data": "{}", "channel": "lobby"}).to_string();
        let target = signed_target("POST", &path, &body, (KEY, SECRET));
        // Every other one chunked, as pusher-http-php sends with some clients.
        let (framing, body) = if number % 2 == 0 {
            (format!("Content-Length: {}", body.len()), body)
        } else {
            ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()))
        };
        pipelined.push_str(&format!("POST {target} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{body}"));
    }
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    stream.write_all(pipelined.as_bytes()).await.unwrap();
    for number in 0..EVENTS {
        client.event(&format!("event.{number}")).await;
    }
    let mut answers = vec![0; 64 << 10];
    let mut read = 0;
    while String::from_utf8_lossy(&answers[..read]).matches("HTTP/1.1 200").count() < EVENTS {
        read += patiently(stream.read(&mut answers[read..])).await.unwrap();
    }
}

/// nginx and Caddy keep their connections, and answer with 502 if one ends under the next request.
#[tokio::test]
async fn a_refusal_reads_a_small_body_and_says_that_a_larger_one_ends_the_connection() {
    let house = House::open();
    for (target, status) in [
        (format!("/apps/{ID}/events?auth_key=wrong"), 401),
        ("/apps/unknown/events".to_owned(), 404),
        (format!("/apps/{ID}/channels"), 405),
    ] {
        for length in [0, 1000, 200_000] {
            let stream = std::net::TcpStream::connect(("127.0.0.1", house.port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let mut ask = || {
                let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
                (&stream).write_all(head.as_bytes()).unwrap();
                // The body comes on its own, and may come to nobody.
                let _ = (&stream).write_all(&vec![b'x'; length]);
                let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                assert!(head[0].starts_with(&format!("HTTP/1.1 {status}")), "{head:?}");
                lines.next();
                head.iter().any(|line| line.eq_ignore_ascii_case("connection: close"))
            };
            assert_eq!(ask(), length > 100_000, "{target}, {length} bytes");
            if length < 100_000 {
                assert!(!ask(), "{target}, {length} bytes, the second time");
            }
        }
    }
}
