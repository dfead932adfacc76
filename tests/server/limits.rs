//! What an app can allow and forbid.

use crate::support::{Client, House, KEY, patiently};
use canyon::metrics::Limit;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

fn met(house: &House, limit: Limit) -> u64 {
    house.server.metrics().limits.of(limit).get()
}

#[tokio::test]
async fn a_disabled_app_is_closed_with_4003_and_answers_403() {
    let house = House::with("", "enabled = false");
    let mut client = house.connect(&format!("/app/{KEY}?protocol=7")).await;
    assert_eq!(client.event("pusher:error").await["data"]["code"], 4003);
    assert_eq!(client.closed().await.0, 4003);
    assert_eq!(house.publish(&json!({"name": "x", "data": "1", "channel": "a"})).await.0, 403);
}

#[tokio::test]
async fn an_app_that_requires_tls_closes_plain_connections_with_4000() {
    let house = House::with("", "requires_tls = true");
    let mut client = house.connect(&format!("/app/{KEY}?protocol=7")).await;
    assert_eq!(client.event("pusher:error").await["data"]["code"], 4000);
    assert_eq!(client.closed().await.0, 4000);
}

#[tokio::test]
async fn whispers_over_the_rate_are_dropped_and_told() {
    let house = House::with("", "client_event_rate = 10");
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    ada.subscribe("private-a", None).await;
    bob.subscribe("private-a", None).await;
    for number in 0..200 {
        ada.send(&json!({"event": "client-x", "channel": "private-a", "data": number})).await;
    }
    let error = ada.event("pusher:error").await;
    assert_eq!(error["data"]["code"], 4301);
    assert!(met(&house, Limit::ClientEventRate) > 0);
    for number in 0..10 {
        assert_eq!(bob.event("client-x").await["data"], number);
    }
}

#[tokio::test]
async fn presence_limits_hold_for_users_not_for_tabs() {
    let house = House::with("", "max_presence_members = 1\nmax_presence_bytes = 20");
    let mut ada = house.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    let mut tab = house.client().await;
    tab.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    let mut bob = house.client().await;
    bob.ask_for("presence-a", Some(r#"{"user_id":2}"#)).await;
    assert!(bob.error().await.contains("is full"));
    assert_eq!(bob.event("pusher:subscription_error").await["channel"], "presence-a");
    bob.ask_for("presence-b", Some(r#"{"user_id":2,"user_info":{"name":"a long name"}}"#)).await;
    assert!(bob.error().await.contains("20 bytes"));
    bob.event("pusher:subscription_error").await;
    bob.subscribe("presence-b", Some(r#"{"user_id":2}"#)).await;
}

#[tokio::test]
async fn a_connection_has_so_many_subscriptions() {
    let house = House::with("", "max_subscriptions_per_connection = 2");
    let mut client = house.client().await;
    client.subscribe("a", None).await;
    client.subscribe("presence-b", Some(r#"{"user_id":1}"#)).await;
    for channel in ["c", "presence-d"] {
        client.ask_for(channel, Some(r#"{"user_id":1}"#)).await;
        assert!(client.error().await.contains("a connection can have 2 subscriptions"));
        assert_eq!(client.event("pusher:subscription_error").await["channel"], channel);
    }
    assert_eq!(met(&house, Limit::MaxSubscriptionsPerConnection), 2);
    house.client().await.subscribe("c", None).await;
    client.unsubscribe("a").await;
    client.subscribe("c", None).await;
    let mut house = house;
    house.reload("", "max_subscriptions_per_connection = 2").unwrap();
    client.ask_for("a", None).await;
    assert!(client.error().await.contains("2 subscriptions"));
}

/// Sends bytes as fast as the server takes them, or stops taking them; code and reason of the close frame.
async fn flood(house: &House, frames: Vec<u8>) -> (Value, (u16, String)) {
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    let handshake = format!(
        "GET /app/{KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(patiently(stream.read_u8()).await.unwrap());
    }
    stream.write_all(&frames).await.unwrap();
    let mut client = Client::upgraded(stream).await;
    loop {
        match client.frame().await {
            Some(Message::Text(text)) => {
                let event: Value = serde_json::from_str(&text).unwrap();
                if event["data"]["code"] == 4100 {
                    return (event["data"]["message"].clone(), client.closed().await);
                }
            }
            Some(Message::Pong(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_that_sends_too_many_frames_is_closed() {
    let house = House::with("max_frames_per_second = 5", "");
    let mut modest = house.client().await;
    for _ in 0..40 {
        modest.expect_nothing().await;
    }
    // Pings, pongs nobody asked for, and fragments of a message that never ends.
    for first_byte in [0x89, 0x8a, 0x01] {
        let mut frames = [first_byte, 0x80, 0, 0, 0, 0].repeat(if first_byte == 0x01 { 1 } else { 1000 });
        frames.extend([0x00, 0x80, 0, 0, 0, 0].repeat(if first_byte == 0x01 { 1000 } else { 0 }));
        let (error, (code, reason)) = flood(&house, frames).await;
        assert_eq!((code, reason.as_str()), (4100, "Too many messages in a short time"));
        assert_eq!(error, reason);
    }
    assert_eq!(met(&house, Limit::MaxFramesPerSecond), 3);
    modest.expect_nothing().await;
}

#[tokio::test]
async fn a_client_that_sends_too_many_bytes_is_closed() {
    let house = House::with("max_bytes_per_second = 8192", "");
    let mut modest = house.client().await;
    let ping = |bytes: usize| json!({"event": "pusher:ping", "data": "x".repeat(bytes)});
    // The largest message that a client may send has room.
    modest.send(&ping(60_000)).await;
    modest.event("pusher:pong").await;
    let text = ping(60_000).to_string();
    let mut frame = vec![0x81, 0xfe];
    frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.into_bytes());
    let (error, (code, reason)) = flood(&house, frame.repeat(20)).await;
    assert_eq!((code, reason.as_str()), (4100, "Too much data in a short time"));
    assert_eq!(error, reason);
    assert_eq!(met(&house, Limit::MaxBytesPerSecond), 1);
    modest.expect_nothing().await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_counted() {
    let house = House::open();
    let mut client = house.client().await;
    client.send_text(&"x".repeat(70_000)).await;
    assert_eq!(client.closed().await.0, 1009);
    assert_eq!(met(&house, Limit::MessageBytes), 1);
}

#[tokio::test]
async fn requests_that_are_too_large_are_refused_and_counted() {
    let house = House::with("", "max_event_bytes = 1000");
    let request = format!("GET /up HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(house.request(&request).await.0, 431);
    // It is counted when the connection has ended.
    patiently(async {
        while met(&house, Limit::HeaderBytes) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let event = json!({"name": "x", "channel": "a", "data": "x".repeat(100_000)});
    assert_eq!(house.publish(&event).await.0, 413);
    assert_eq!((met(&house, Limit::HeaderBytes), met(&house, Limit::BodyBytes)), (1, 1));
    assert_eq!(met(&house, Limit::HandshakeTimeout), 0);
}

#[tokio::test]
async fn names_can_be_longer_where_the_app_says_so() {
    let house = House::with("", "max_channel_name_length = 200");
    let mut client = house.client().await;
    client.subscribe(&"x".repeat(200), None).await;
    client.ask_for(&"x".repeat(201), None).await;
    assert!(client.error().await.contains("200 characters"));
}

#[tokio::test]
async fn a_client_that_proves_nothing_is_closed_in_time() {
    let house = House::with("", "authorization_timeout = 3");
    let mut member = house.client().await;
    member.subscribe("private-a", None).await;
    let mut user = house.client().await;
    user.sign_in(r#"{"id":"1"}"#).await;
    user.event("pusher:signin_success").await;
    let mut stranger = house.client().await;
    stranger.subscribe("lobby", None).await;
    let error = stranger.event("pusher:error").await;
    assert_eq!(error["data"], json!({"code": 4009, "message": "Connection not authorized within timeout"}));
    assert_eq!(stranger.closed().await.0, 4009);
    let refused = json!(["unauthorized_client", 4009, 1, stranger.socket_id]);
    assert_eq!(crate::watching::newest_refusal(&house).await, refused);
    member.expect_nothing().await;
    user.expect_nothing().await;
}
