//! Protocol contract, section 11: batches, attributes, and the questions about channels.

use crate::support::{House, ID};
use serde_json::{Value, json};

fn value(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{body:?}"))
}

#[tokio::test]
async fn channels_are_listed_with_what_was_asked_for() {
    let house = House::open();
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    assert_eq!(house.get("/channels", &[]).await, (200, r#"{"channels":{}}"#.to_owned()));
    ada.subscribe("lobby", None).await;
    bob.subscribe("lobby", None).await;
    ada.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    bob.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    let (status, body) = house.get("/channels", &[]).await;
    assert_eq!((status, value(&body)), (200, json!({"channels": {"lobby": {}, "presence-a": {}}})));
    let asked = [("filter_by_prefix", "presence-"), ("info", "user_count")];
    let (_, body) = house.get("/channels", &asked).await;
    assert_eq!(value(&body), json!({"channels": {"presence-a": {"user_count": 1}}}));
    let (_, body) = house.get("/channels", &[("info", "subscription_count")]).await;
    assert_eq!(value(&body)["channels"]["lobby"], json!({"subscription_count": 2}));
    for asked in [[("info", "user_count"), ("filter_by_prefix", "lob")], [("info", "nonsense"), ("x", "y")]] {
        assert_eq!(house.get("/channels", &asked).await.0, 400, "{asked:?}");
    }
}

#[tokio::test]
async fn one_channel_is_described() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    let (_, body) = house.get("/channels/presence-a", &[("info", "user_count,subscription_count")]).await;
    assert_eq!(value(&body), json!({"occupied": true, "user_count": 1, "subscription_count": 1}));
    let (status, body) = house.get("/channels/nobody", &[]).await;
    assert_eq!((status, value(&body)), (200, json!({"occupied": false})));
    assert_eq!(house.get("/channels/lobby", &[("info", "user_count")]).await.0, 400);
    assert_eq!(house.get("/channels/lobby", &[("info", "cache")]).await.0, 400);
    let (_, body) = house.get("/channels/cache-a", &[("info", "cache")]).await;
    assert_eq!(value(&body), json!({"occupied": false, "cache": null}));
    house.publish(&json!({"name": "x", "data": "[1]", "channel": "cache-a"})).await;
    let (_, body) = house.get("/channels/cache-a", &[("info", "cache")]).await;
    let cached = &value(&body)["cache"];
    assert_eq!(cached["data"], "[1]");
    assert!((1..=1800).contains(&cached["ttl"].as_u64().unwrap()));
    ada.sign_in(r#"{"id":"31"}"#).await;
    ada.event("pusher:signin_success").await;
    ada.subscribe("#server-to-user-31", None).await;
    let (status, body) = house.get("/channels/#server-to-user-31", &[]).await;
    assert_eq!((status, value(&body)), (200, json!({"occupied": true})));
}

#[tokio::test]
async fn connections_are_counted_as_reverb_does() {
    let house = House::open();
    let _clients = (house.client().await, house.client().await);
    assert_eq!(house.get("/connections", &[]).await, (200, r#"{"connections":2}"#.to_owned()));
}

#[tokio::test]
async fn members_are_listed_once_each() {
    let house = House::open();
    let mut clients = Vec::new();
    for user_id in ["2", "1", "1"] {
        let mut client = house.client().await;
        client.subscribe("presence-a", Some(&json!({"user_id": user_id}).to_string())).await;
        clients.push(client);
    }
    let (_, body) = house.get("/channels/presence-a/users", &[]).await;
    assert_eq!(value(&body), json!({"users": [{"id": "1"}, {"id": "2"}]}));
    assert_eq!(house.get("/channels/presence-b/users", &[]).await, (200, r#"{"users":[]}"#.to_owned()));
    assert_eq!(house.get("/channels/lobby/users", &[]).await.0, 400);
}

#[tokio::test]
async fn an_event_can_be_answered_with_attributes() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("lobby", None).await;
    let body = json!({
        "name": "x", "data": "1", "channels": ["lobby", "presence-room.7"], "info": "user_count,subscription_count"
    });
    let (status, answer) = house.publish(&body).await;
    let channels = json!({
        "lobby": {"subscription_count": 1}, "presence-room.7": {"user_count": 0, "subscription_count": 0}
    });
    assert_eq!((status, value(&answer)), (200, json!({"channels": channels})));
}

#[tokio::test]
async fn batches_are_checked_whole_and_answered_index_for_index() {
    let house = House::with("", "max_event_bytes = 100");
    let mut ada = house.client().await;
    ada.subscribe("a", None).await;
    ada.subscribe("b", None).await;
    let path = format!("/apps/{ID}/batch_events");
    let event = |channel: &str, data: &str| json!({"name": "x", "data": data, "channel": channel});
    let post = async |batch: Value| house.post(&path, &json!({"batch": batch}).to_string()).await;

    assert_eq!(post(json!([event("a", "1"), event("b", "2")])).await, (200, "{}".to_owned()));
    assert_eq!(ada.event("x").await["channel"], "a");
    assert_eq!(ada.event("x").await["channel"], "b");

    let mut asked = event("a", "3");
    asked["info"] = json!("subscription_count");
    let (_, body) = post(json!([asked, event("b", "4")])).await;
    assert_eq!(value(&body), json!({"batch": [{"subscription_count": 1}, {}]}));
    ada.event("x").await;
    ada.event("x").await;

    let eleven: Vec<Value> = (0..11).map(|_| event("a", "1")).collect();
    let (status, message) = post(json!(eleven)).await;
    assert!(status == 400 && message.contains("Batch too large"), "{status} {message}");
    let (status, message) = post(json!([event("a", "1"), event("b", &"y".repeat(101))])).await;
    assert!(status == 413 && message.contains("content of this event"), "{status} {message}");
    let (status, _) = post(json!([event("a", "1"), {"name": "x", "data": "1"}])).await;
    assert_eq!(status, 400);
    ada.expect_nothing().await;
}

#[tokio::test]
async fn the_parameters_of_an_event_may_stand_in_the_query() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("a", None).await;
    let path = format!("/apps/{ID}/events");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let query = format!(
        "auth_key={}&auth_timestamp={now}&auth_version=1.0&channels[]=a&channels[]=b&data=1&name=x",
        crate::support::KEY
    );
    let text = format!("POST\n{path}\n{query}");
    let signature = canyon::protocol::signature::sign(crate::support::SECRET, &[&text]);
    let request = format!(
        "POST {path}?{query}&auth_signature={signature} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(house.request(&request).await, (200, "{}".to_owned()));
    assert_eq!(ada.event("x").await["data"], "1");
}
