//! Protocol contract, sections 2, 4 and 5: subscribing, unsubscribing, and what is said to mistakes.

use crate::support::{House, ID, KEY};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

async fn publish(house: &House, channel: &str, event: &str) {
    let body = json!({"name": event, "data": "{}", "channel": channel});
    assert_eq!(house.publish(&body).await, (200, "{}".to_owned()));
}

#[tokio::test]
async fn a_public_subscription_hears_its_channel_and_no_other() {
    let house = House::open();
    let mut client = house.client().await;
    assert_eq!(client.subscribe("lobby", None).await, json!({}));
    publish(&house, "elsewhere", "not.this").await;
    publish(&house, "lobby", "this").await;
    let event = client.next().await;
    assert_eq!(event, json!({"event": "this", "channel": "lobby", "data": "{}"}));
}

#[tokio::test]
async fn auth_may_be_absent_on_public_channels_and_data_may_be_text() {
    let house = House::open();
    let mut client = house.client().await;
    client.send(&json!({"event": "pusher:subscribe", "data": {"channel": "a"}})).await;
    client.event("pusher_internal:subscription_succeeded").await;
    client.send(&json!({"event": "pusher:subscribe", "data": "{\"channel\":\"b\",\"auth\":null}"})).await;
    client.event("pusher_internal:subscription_succeeded").await;
}

#[tokio::test]
async fn unsubscribing_ends_the_events_at_once() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    client.unsubscribe("lobby").await;
    client.expect_nothing().await;
    publish(&house, "lobby", "late").await;
    client.expect_nothing().await;
    client.subscribe("lobby", None).await;
    publish(&house, "lobby", "again").await;
    client.event("again").await;
}

#[tokio::test]
async fn private_channels_want_a_signature_of_this_connection() {
    let house = House::open();
    let mut client = house.client().await;
    assert_eq!(client.subscribe("private-a", None).await, json!({}));
    assert_eq!(client.subscribe("private-b", Some(r#"{"any":"thing"}"#)).await, json!({}));
    let stranger = house.client().await;
    for auth in [
        json!(null),
        json!(""),
        json!("nonsense"),
        json!(client.auth("private-other", None)),
        json!(client.auth("private-c", Some("{}"))),
        json!(stranger.auth("private-c", None)),
        json!(client.auth("private-c", None).replace(KEY, "other-key")),
    ] {
        let data = json!({"channel": "private-c", "auth": auth});
        client.send(&json!({"event": "pusher:subscribe", "data": data})).await;
        let message = client.error().await;
        assert!(message.contains("nvalid"), "{message}");
        let refusal = client.event("pusher:subscription_error").await;
        assert_eq!(refusal["channel"], "private-c");
        assert_eq!(refusal["data"]["type"], "AuthError");
        assert_eq!(refusal["data"]["status"], 403);
        client.expect_nothing().await;
    }
}

#[tokio::test]
async fn the_prefix_needs_its_dash_to_be_guarded() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("privateer", None).await;
    client.subscribe("presences", None).await;
}

#[tokio::test]
async fn mistakes_are_answered_and_never_close() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;

    client.ask_for("lobby", None).await;
    assert_eq!(client.error().await, "Existing subscription to channel lobby");

    client.unsubscribe("nowhere").await;
    assert_eq!(
        client.error().await,
        "No current subscription to channel nowhere, or subscription in progress"
    );

    for name in ["", "bad name", "#lobby", &"x".repeat(165)] {
        client.ask_for(name, None).await;
        assert!(client.error().await.starts_with("Invalid channel name"), "{name}");
        client.event("pusher:subscription_error").await;
    }

    client.ask_for("#server-to-user-31", None).await;
    assert!(client.error().await.contains("Not signed in"));
    client.event("pusher:subscription_error").await;

    for text in [
        "no json",
        "[]",
        "{}",
        r#"{"event":"pusher:subscribe"}"#,
        r#"{"event":"pusher:subscribe","data":{}}"#,
    ] {
        client.send_text(text).await;
        assert!(client.error().await.starts_with("Invalid message"), "{text}");
    }

    client.send(&json!({"event": "order.shipped", "data": {}})).await;
    assert!(client.error().await.starts_with("Unsupported event received on socket"));

    client.send_frame(Message::binary(vec![1, 2, 3])).await;
    assert!(client.error().await.contains("binary"));

    publish(&house, "lobby", "still.here").await;
    client.event("still.here").await;
}

#[tokio::test]
async fn pings_of_both_kinds_are_answered() {
    let house = House::open();
    let mut client = house.client().await;
    client.send(&json!({"event": "pusher:ping", "data": {}})).await;
    let pong = client.event("pusher:pong").await;
    assert!(pong.get("data").is_some(), "data is never left out");
    client.send_frame(Message::Ping(vec![1, 2].into())).await;
    assert!(matches!(client.frame().await, Some(Message::Pong(data)) if data[..] == [1, 2]));
}

#[tokio::test]
async fn many_messages_in_one_packet_are_taken_in_order() {
    let house = House::open();
    let mut client = house.client().await;
    client.ask_for("a", None).await;
    client.unsubscribe("a").await;
    client.ask_for("a", None).await;
    client.send(&json!({"event": "pusher:ping", "data": {}})).await;
    client.event("pusher_internal:subscription_succeeded").await;
    client.event("pusher_internal:subscription_succeeded").await;
    client.event("pusher:pong").await;
}

#[tokio::test]
async fn apps_do_not_hear_each_other() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let mut other = house.connect("/app/other-key").await;
    other.event("pusher:connection_established").await;
    other.subscribe("lobby", None).await;
    publish(&house, "lobby", "ours").await;
    client.event("ours").await;
    other.expect_nothing().await;
    assert_ne!(ID, "other");
}

#[tokio::test]
async fn every_subscriber_on_every_worker_gets_the_event_once() {
    let house = House::open();
    let mut clients = Vec::new();
    for _ in 0..40 {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        clients.push(client);
    }
    for number in 0..10 {
        publish(&house, "lobby", &format!("event.{number}")).await;
    }
    for client in &mut clients {
        for number in 0..10 {
            client.event(&format!("event.{number}")).await;
        }
        client.expect_nothing().await;
    }
}
