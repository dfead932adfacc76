//! Protocol contract, section 9: sign-in, messages to users, watchlists, termination.

use crate::support::{Client, House, ID, KEY};
use serde_json::{Value, json};

async fn signed_in(house: &House, user_data: &str) -> Client {
    let mut client = house.client().await;
    client.sign_in(user_data).await;
    let success = client.event("pusher:signin_success").await;
    assert_eq!(success["data"], json!({"user_data": user_data}));
    client
}

fn watchlist(name: &str, ids: &[&str]) -> Value {
    json!({"event": "pusher_internal:watchlist_events", "data": {"events": [{"name": name, "user_ids": ids}]}})
}

#[tokio::test]
async fn a_sign_in_needs_a_signature_of_this_connection() {
    let house = House::open();
    let mut client = house.client().await;
    for auth in ["", "nonsense", &format!("{KEY}:00"), &client.auth("private-a", None)] {
        let data = json!({"auth": auth, "user_data": r#"{"id":"31"}"#});
        client.send(&json!({"event": "pusher:signin", "data": data})).await;
        let message = client.error().await;
        assert!(message.contains("nvalid"), "{message}");
    }
    for user_data in ["{}", r#"{"id":""}"#, r#"{"id":31}"#, "no json"] {
        client.sign_in(user_data).await;
        assert!(client.error().await.starts_with("Invalid user_data"), "{user_data}");
    }
    client.sign_in(r#"{"id":"31"}"#).await;
    client.event("pusher:signin_success").await;
    client.sign_in(r#"{"id":"31"}"#).await;
    client.event("pusher:signin_success").await;
    client.sign_in(r#"{"id":"32"}"#).await;
    assert!(client.error().await.contains("different user"));
}

#[tokio::test]
async fn messages_to_a_user_reach_the_user_and_nobody_else() {
    let house = House::open();
    let channel = "#server-to-user-31";
    let mut ada = signed_in(&house, r#"{"id":"31"}"#).await;
    let mut eve = signed_in(&house, r#"{"id":"32"}"#).await;
    ada.subscribe(channel, None).await;
    eve.ask_for(channel, None).await;
    assert!(eve.error().await.contains("Not signed in as the user"));
    eve.event("pusher:subscription_error").await;
    let event = json!({"name": "hello", "data": "{}", "channel": channel});
    assert_eq!(house.publish(&event).await.0, 200);
    assert_eq!(ada.event("hello").await["channel"], channel);
    eve.expect_nothing().await;
}

#[tokio::test]
async fn whoever_can_sign_in_can_be_reached() {
    let house = House::open();
    for id in ["auth0|31", "ada+x@example.com", "Ada Lovelace", "ülle/☃"] {
        let channel = format!("#server-to-user-{id}");
        let mut ada = signed_in(&house, &json!({"id": id}).to_string()).await;
        ada.subscribe(&channel, None).await;
        assert_eq!(house.publish(&json!({"name": "hello", "data": "{}", "channel": channel})).await.0, 200);
        assert_eq!(ada.event("hello").await["channel"], channel);
    }
}

#[tokio::test]
async fn a_signed_in_user_needs_no_channel_data() {
    let house = House::open();
    let mut ada = signed_in(&house, r#"{"id":"31","user_info":{"name":"Ada"}}"#).await;
    let list = ada.subscribe("presence-a", None).await;
    assert_eq!(list["presence"]["hash"], json!({"31": {"name": "Ada"}}));
    let list = ada.subscribe("presence-b", Some(r#"{"user_id":"7"}"#)).await;
    assert_eq!(list["presence"]["ids"], json!(["7"]), "what the authorization says comes first");
}

#[tokio::test]
async fn watchers_learn_who_is_there_and_who_comes_and_goes() {
    let house = House::with("", "watchlist = true");
    let mut watcher = signed_in(&house, r#"{"id":"1","watchlist":["7","9"]}"#).await;
    assert_eq!(watcher.next().await, watchlist("offline", &["7", "9"]));
    let first = signed_in(&house, r#"{"id":"7"}"#).await;
    assert_eq!(watcher.next().await, watchlist("online", &["7"]));
    let second = signed_in(&house, r#"{"id":"7"}"#).await;
    let mut late = signed_in(&house, r#"{"id":"2","watchlist":["7","9"]}"#).await;
    let present = late.next().await;
    let events = json!([{"name": "online", "user_ids": ["7"]}, {"name": "offline", "user_ids": ["9"]}]);
    assert_eq!(present["data"]["events"], events);
    drop(first);
    watcher.expect_nothing().await;
    drop(second);
    assert_eq!(watcher.next().await, watchlist("offline", &["7"]));
    assert_eq!(late.next().await, watchlist("offline", &["7"]));
}

#[tokio::test]
async fn a_watchlist_over_the_limit_is_cut_and_said_to_be() {
    let house = House::with("", "watchlist = true");
    let ids: Vec<String> = (100..201).map(|id| id.to_string()).collect();
    let mut watcher = signed_in(&house, &json!({"id": "1", "watchlist": ids}).to_string()).await;
    assert_eq!(watcher.event("pusher:error").await["data"]["code"], 4302);
    let state = watcher.event("pusher_internal:watchlist_events").await;
    assert_eq!(state["data"]["events"][0]["user_ids"].as_array().unwrap().len(), 100);
    let _last = signed_in(&house, r#"{"id":"200"}"#).await;
    watcher.expect_nothing().await;
}

#[tokio::test]
async fn termination_closes_the_user_and_nobody_else() {
    let house = House::open();
    let mut first = signed_in(&house, r#"{"id":"u 1"}"#).await;
    let mut second = signed_in(&house, r#"{"id":"u 1"}"#).await;
    let mut other = signed_in(&house, r#"{"id":"2"}"#).await;
    let mut member = house.client().await;
    member.subscribe("presence-a", Some(r#"{"user_id":"u 1"}"#)).await;
    // The Node library signs the path before it escapes it.
    let signed = crate::support::signed_target(
        "POST",
        &format!("/apps/{ID}/users/u 1/terminate_connections"),
        "{}",
        (KEY, crate::support::SECRET),
    );
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}",
        signed.replacen("u 1", "u%201", 1)
    );
    assert_eq!(house.request(&request).await, (200, "{}".to_owned()));
    for client in [&mut first, &mut second] {
        assert_eq!(client.event("pusher:error").await["data"]["code"], 4009);
        assert_eq!(client.closed().await.0, 4009);
    }
    other.expect_nothing().await;
    member.expect_nothing().await;
    let nobody = house.post(&format!("/apps/{ID}/users/nobody/terminate_connections"), "{}").await;
    assert_eq!(nobody, (200, "{}".to_owned()));
}

#[tokio::test]
async fn whether_a_user_is_online_can_be_asked() {
    let house = House::open();
    let show = async |id: &str| {
        let (status, body) = house.get(&format!("/users/{id}"), &[]).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()
    };
    let nobody = json!({"online": false, "connections": 0, "channels": []});
    assert_eq!(show("31").await, nobody);
    let first = signed_in(&house, r#"{"id":"31"}"#).await;
    let _second = signed_in(&house, r#"{"id":"31"}"#).await;
    assert_eq!(show("31").await, json!({"online": true, "connections": 2, "channels": []}));
    assert_eq!(show("3").await, nobody, "a part of an id is another user's");
    drop(first);
    let mut member = house.client().await;
    for channel in ["presence-b", "presence-a"] {
        member.subscribe(channel, Some(r#"{"user_id":"u 1"}"#)).await;
    }
    let there = json!({"online": true, "connections": 0, "channels": ["presence-a", "presence-b"]});
    assert_eq!(show("u%201").await, there, "a member is online without being signed in");
    member.unsubscribe("presence-a").await;
    member.unsubscribe("presence-b").await;
    member.subscribe("afterwards", None).await;
    assert_eq!(show("u%201").await, nobody);
}

#[tokio::test]
async fn only_the_app_may_ask_for_its_users() {
    let house = House::open();
    let ask = |target: String| format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let path = format!("/apps/{ID}/users/31");
    assert_eq!(house.request(&ask(path.clone())).await.0, 401);
    let strangers = crate::support::signed_target("GET", &path, "", (KEY, "another secret"));
    assert_eq!(house.request(&ask(strangers)).await.0, 401);
    let other =
        crate::support::signed_target("GET", "/apps/other/users/31", "", ("other-key", "other-secret"));
    let _ada = signed_in(&house, r#"{"id":"31"}"#).await;
    let (status, body) = house.request(&ask(other)).await;
    assert!(status == 200 && body.contains(r#""online":false"#), "apps do not share users: {status} {body}");
    let posted = house.post(&path, "{}").await;
    assert!(posted.0 == 405 && posted.1.contains("takes GET, not POST"), "{posted:?}");
}
