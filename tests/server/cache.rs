//! Protocol contract, section 8: cache channels, encrypted channels, subscription counts.

use crate::support::{House, inner};
use serde_json::json;

#[tokio::test]
async fn a_cache_channel_gives_its_last_event_or_says_that_it_has_none() {
    let house = House::open();
    for channel in ["cache-a", "private-cache-a", "presence-cache-a", "private-encrypted-cache-a"] {
        let data = channel.starts_with("presence-").then_some(r#"{"user_id":1}"#);
        let mut first = house.client().await;
        first.subscribe(channel, data).await;
        let miss = first.event("pusher:cache_miss").await;
        assert_eq!((&miss["channel"], &miss["data"]), (&json!(channel), &json!("{}")));
        for number in 0..2 {
            let event = json!({"name": "news", "data": format!("{{\"n\":{number}}}"), "channel": channel});
            assert_eq!(house.publish(&event).await.0, 200);
            first.event("news").await;
        }
        drop(first);
        let mut second = house.client().await;
        second.subscribe(channel, data).await;
        let event = second.next().await;
        assert_eq!(event, json!({"event": "news", "channel": channel, "data": "{\"n\":1}"}));
        second.expect_nothing().await;
    }
}

#[tokio::test]
async fn a_name_that_only_contains_cache_is_not_cached() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("my-cache-a", None).await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn encrypted_data_passes_byte_for_byte() {
    let house = House::open();
    let mut client = house.client().await;
    client.subscribe("private-encrypted-a", None).await;
    let data = r#"{"nonce":"4donS0NDW9+eK8Gl9CSFHAGhdu0=","ciphertext":"bWF4aQ=="}"#;
    let event = json!({"name": "x", "data": data, "channel": "private-encrypted-a"});
    assert_eq!(house.publish(&event).await.0, 200);
    assert_eq!(client.event("x").await["data"], data);
}

#[tokio::test]
async fn subscriptions_are_counted_where_the_app_wants_it() {
    let house = House::with("", "subscription_counts = true");
    let mut first = house.client().await;
    first.subscribe("lobby", None).await;
    let count = first.event("pusher_internal:subscription_count").await;
    assert_eq!((&count["channel"], inner(&count)), (&json!("lobby"), json!({"subscription_count": 1})));
    let mut second = house.client().await;
    second.subscribe("lobby", None).await;
    for client in [&mut first, &mut second] {
        let count = client.event("pusher_internal:subscription_count").await;
        assert_eq!(inner(&count), json!({"subscription_count": 2}));
    }
    second.unsubscribe("lobby").await;
    let count = first.event("pusher_internal:subscription_count").await;
    assert_eq!(inner(&count), json!({"subscription_count": 1}));
    first.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    first.expect_nothing().await;
}

#[tokio::test]
async fn a_large_channel_is_told_less_often_but_told_the_end() {
    const CLIENTS: u64 = 130;
    let house = House::with("", "subscription_counts = true");
    let mut watcher = house.client().await;
    watcher.subscribe("lobby", None).await;
    let mut others = Vec::new();
    for _ in 1..CLIENTS {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        others.push(client);
    }
    let mut counts = Vec::new();
    while counts.last() != Some(&CLIENTS) {
        let count = watcher.event("pusher_internal:subscription_count").await;
        counts.push(inner(&count)["subscription_count"].as_u64().unwrap());
    }
    assert_eq!(counts[..100], (1..=100).collect::<Vec<_>>());
    assert!(counts.len() < 110, "above a hundred most changes are passed over: {counts:?}");
}
