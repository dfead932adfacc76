//! Protocol contract, sections 3 and 4: silence, slowness, and the end of the server.

use crate::support::{House, KEY, inner, patiently};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_stopping_server_closes_with_4200() {
    let house = House::open();
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(house.client().await);
    }
    let House { server, .. } = house;
    let stopping = tokio::task::spawn_blocking(move || server.stop(Duration::from_secs(5)));
    for client in &mut clients {
        assert_eq!(client.closed().await.0, 4200);
        assert!(client.frame().await.is_none());
    }
    patiently(stopping).await.unwrap();
}

#[tokio::test]
async fn a_close_frame_is_answered_and_the_members_are_told() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    let mut bob = house.client().await;
    bob.subscribe("presence-a", Some(r#"{"user_id":"bob"}"#)).await;
    ada.event("pusher_internal:member_added").await;
    bob.send_frame(Message::Close(None)).await;
    assert!(matches!(bob.frame().await, Some(Message::Close(_))));
    assert_eq!(inner(&ada.event("pusher_internal:member_removed").await), json!({"user_id": "bob"}));
}

/// A client that speaks raw bytes and answers nothing by itself.
async fn mute(house: &House) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", house.port)).await.unwrap();
    let handshake = format!(
        "GET /app/{KEY}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_given_up_with_4201() {
    let house = House::with("", "activity_timeout = 1");
    let mut stream = mute(&house).await;
    let mut bytes = Vec::new();
    patiently(stream.read_to_end(&mut bytes)).await.unwrap();
    let rest = bytes.strip_suffix(b"Pong reply not received in time").unwrap();
    let rest = rest.strip_suffix(&4201_u16.to_be_bytes()).unwrap();
    // Before the close frame's header: a ping of RFC 6455, two bytes without payload.
    assert_eq!(&rest[rest.len() - 4..rest.len() - 2], [0x89, 0x00]);
    assert_eq!(house.server.metrics().silent_clients_closed.get(), 1);
}

#[tokio::test]
async fn a_client_that_answers_pings_is_kept() {
    let house = House::with("", "activity_timeout = 1");
    let mut client = house.client().await;
    for _ in 0..3 {
        // Reading the ping makes the client's library answer it.
        assert!(matches!(client.frame().await, Some(Message::Ping(_))));
    }
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_broken_frame_closes_with_1002() {
    let house = House::open();
    let mut stream = mute(&house).await;
    stream.write_all(&[0x81, 0x02, b'{', b'}']).await.unwrap(); // not masked
    let mut bytes = Vec::new();
    patiently(stream.read_to_end(&mut bytes)).await.unwrap();
    let close = [&1002_u16.to_be_bytes()[..], b"WebSocket protocol error"].concat();
    assert!(bytes.ends_with(&close), "{}", String::from_utf8_lossy(&bytes));
}
