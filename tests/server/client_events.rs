//! Protocol contract, section 6: whispers.

use crate::support::House;
use serde_json::json;

const WHISPER: &str = r#"{"event":"client-cursor","channel":"private-a","data":{"x":4.0,"big":12345678901234567890123,"empty":{}}}"#;

#[tokio::test]
async fn a_whisper_reaches_the_others_untouched_and_never_the_sender() {
    let house = House::open();
    let mut sender = house.client().await;
    sender.subscribe("private-a", None).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut other = house.client().await;
        other.subscribe("private-a", None).await;
        others.push(other);
    }
    sender.send_text(WHISPER).await;
    for other in &mut others {
        let frame = other.frame().await.unwrap();
        assert_eq!(frame.to_text().unwrap(), WHISPER);
    }
    sender.expect_nothing().await;
}

#[tokio::test]
async fn presence_adds_the_user_and_drops_what_the_sender_claims() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":31}"#)).await;
    let mut bob = house.client().await;
    bob.subscribe("presence-a", Some(r#"{"user_id":32}"#)).await;
    let claim =
        json!({"event": "client-x", "channel": "presence-a", "data": "text", "user_id": "root", "extra": 1});
    ada.event("pusher_internal:member_added").await;
    ada.send(&claim).await;
    let event = bob.next().await;
    assert_eq!(event, json!({"event": "client-x", "channel": "presence-a", "data": "text", "user_id": "31"}));
}

#[tokio::test]
async fn the_rules_are_enforced_and_told() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let whisper = |channel: &str| json!({"event": "client-x", "channel": channel, "data": {}});
    client.send(&whisper("lobby")).await;
    assert!(client.error().await.contains("only supported on private and presence channels"));
    client.send(&whisper("private-a")).await;
    assert_eq!(
        client.error().await,
        "Cannot broadcast client event (connection not subscribed to channel private-a)"
    );
    for incomplete in
        [json!({"event": "client-x", "data": {}}), json!({"event": "client-x", "channel": "private-a"})]
    {
        client.send(&incomplete).await;
        assert_eq!(client.error().await, "Invalid client event (must contain channel and data)");
    }
    client.subscribe("private-a", None).await;
    client.send(&json!({"event": "client-x", "channel": "private-a", "data": "x".repeat(10_240)})).await;
    assert!(client.error().await.contains("10240 bytes"));
    let named = |name: String| json!({"event": name, "channel": "private-a", "data": {}});
    client.send(&named(format!("client-{}", "é".repeat(193)))).await;
    client.expect_nothing().await;
    client.send(&named(format!("client-{}", "é".repeat(194)))).await;
    assert!(client.error().await.contains("200 characters"));
}

#[tokio::test]
async fn an_app_can_do_without_them() {
    let house = House::with("", "client_events = 'off'");
    let mut client = house.client().await;
    client.subscribe("private-a", None).await;
    client.send_text(WHISPER).await;
    assert!(client.error().await.starts_with("To send client events, you must enable this feature"));
}
