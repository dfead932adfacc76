//! `/history`, `/top` and the channel of the dashboard: what people who look are shown.

use crate::support::House;
use serde_json::{Value, json};

async fn ask(house: &House, path: &str, parameters: &[(&str, &str)]) -> Value {
    let (status, body) = house.get(path, parameters).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_page_that_was_just_opened_has_a_history() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe("lobby", None).await;
    ada.subscribe("presence-a", Some(r#"{"user_id":1}"#)).await;
    house.publish(&json!({"name": "x", "data": "1", "channel": "lobby"})).await;
    ada.event("x").await;
    let history = loop {
        let history = ask(&house, "/history", &[]).await;
        if history["samples"].as_array().unwrap().len() >= 2 {
            break history;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    println!("{history}");
    println!("{}", ask(&house, "/top", &[]).await);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    println!("{}", ask(&house, "/top", &[]).await);
}
