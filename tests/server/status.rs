//! `GET /apps/{id}/status`: levels of the app, and counts of the server.

use crate::support::House;
use serde_json::{Value, json};

async fn status(house: &House) -> Value {
    let (status, body) = house.get("/status", &[]).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_server_tells_its_version_and_what_is_connected() {
    let house = House::open();
    let before = status(&house).await;
    assert_eq!(before["version"], env!("CARGO_PKG_VERSION"));
    let mut ada = house.client().await;
    let _bob = house.client().await;
    ada.subscribe("lobby", None).await;
    ada.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    ada.sign_in(r#"{"id":"31"}"#).await;
    ada.event("pusher:signin_success").await;
    let after = status(&house).await;
    assert_eq!([&after["connections"], &after["channels"], &after["users"]], [2, 2, 1]);
    assert!(after["uptime_ms"].as_u64() >= before["uptime_ms"].as_u64());
}

#[tokio::test]
async fn events_and_their_deliveries_are_counted() {
    let house = House::open();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        clients.push(client);
    }
    let before = status(&house).await["counts"].clone();
    assert_eq!([&before["events_from_http"], &before["deliveries"], &before["delivered_bytes"]], [0, 0, 0]);
    let event = json!({"name": "x", "data": "1", "channel": "lobby", "socket_id": clients[0].socket_id});
    house.publish(&event).await;
    let mut length = 0;
    for client in &mut clients[1..] {
        length = client.event("x").await.to_string().len();
    }
    house.publish(&json!({"name": "x", "data": "1", "channel": "nobody"})).await;
    let after = status(&house).await["counts"].clone();
    assert_eq!(after["events_from_http"], 2);
    assert_eq!(after["deliveries"], 2, "the one who is left out got nothing");
    // Each frame is the text, and two bytes before it.
    assert_eq!(after["delivered_bytes"], 2 * (length + 2));
}

#[tokio::test]
async fn a_status_is_for_the_app_alone() {
    let house = House::open();
    let request = "GET /apps/4242/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(house.request(request).await.0, 401);
}
