//! What an app can allow and forbid.

use crate::support::{House, KEY};
use serde_json::json;

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
    member.expect_nothing().await;
    user.expect_nothing().await;
}
