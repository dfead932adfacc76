//! Protocol contract, section 12: what happens on channels, posted to the application.

use crate::support::{Client, House, ID, KEY, SECRET, patiently, settle};
use crate::webhook_receiver::Receiver;
use canyon::config::LifeKind;
use canyon::server::{Polled, Server};
use serde_json::json;
use std::time::Duration;

fn house(webhooks: &[String]) -> House {
    House::with("", &format!("webhooks = [{}]", webhooks.join(", ")))
}

/// A presence channel's member.
async fn join(house: &House, user_id: &str) -> Client {
    let mut client = house.client().await;
    client.subscribe("presence-a", Some(&json!({"user_id": user_id}).to_string())).await;
    client
}

async fn stop(house: House) {
    let server = house.server;
    tokio::task::spawn_blocking(move || server.stop(Duration::ZERO)).await.unwrap();
}

#[tokio::test]
async fn a_first_subscription_is_posted_and_signed() {
    let mut receiver = Receiver::open(&[]).await;
    let port = receiver.port;
    let house = house(&[format!("{{ url = 'http://127.0.0.1:{port}/hook/me?a=b%20c' }}")]);
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let hook = receiver.hook().await;
    assert_eq!(hook.events(), [json!({"name": "channel_occupied", "channel": "lobby"})]);
    assert_eq!(hook.target, "/hook/me?a=b%20c");
    assert_eq!(hook.header("host"), format!("127.0.0.1:{port}"));
    assert_eq!(hook.header("content-length"), hook.body.len().to_string());
    let mut second = house.client().await;
    second.subscribe("lobby", None).await;
    second.subscribe("elsewhere", None).await;
    assert_eq!(receiver.event().await["channel"], "elsewhere", "a second subscription is not told");
}

#[tokio::test]
async fn members_are_posted_once_per_user_with_their_id_as_text() {
    let mut receiver = Receiver::open(&[]).await;
    let house = house(&[receiver.webhook("")]);
    let mut ada = house.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":31,"user_info":{"name":"Ada"}}"#)).await;
    let _again = join(&house, "31").await;
    let _bob = join(&house, "bob").await;
    let added = |user: &str| json!({"name": "member_added", "channel": "presence-a", "user_id": user});
    let occupied = json!({"name": "channel_occupied", "channel": "presence-a"});
    assert_eq!(receiver.event().await, occupied);
    assert_eq!(receiver.event().await, added("31"));
    assert_eq!(receiver.event().await, added("bob"));
    stop(house).await;
    let mut left = Vec::new();
    for _ in 0..3 {
        left.push(receiver.event().await);
    }
    let removed = |user: &str| json!({"name": "member_removed", "channel": "presence-a", "user_id": user});
    assert!(left.contains(&removed("31")) && left.contains(&removed("bob")), "{left:?}");
    assert_eq!(left[2], json!({"name": "channel_vacated", "channel": "presence-a"}), "the last thing told");
}

#[tokio::test]
async fn a_client_event_is_posted_with_its_data_as_text() {
    let mut receiver = Receiver::open(&[]).await;
    let house = house(&[receiver.webhook(", events = ['client_event']")]);
    let mut client = house.client().await;
    client.subscribe("private-a", None).await;
    client.send_text(r#"{"event":"client-x","channel":"private-a","data":{"x":4.0,"y":{}}}"#).await;
    let socket_id = client.socket_id.clone();
    let told = json!({"name": "client_event", "channel": "private-a", "event": "client-x",
        "data": "{\"x\":4.0,\"y\":{}}", "socket_id": socket_id});
    assert_eq!(receiver.event().await, told);
    let mut ada = join(&house, "31").await;
    ada.send(&json!({"event": "client-y", "channel": "presence-a", "data": "just text"})).await;
    let socket_id = ada.socket_id.clone();
    let told = json!({"name": "client_event", "channel": "presence-a", "event": "client-y",
        "data": "just text", "socket_id": socket_id, "user_id": "31"});
    assert_eq!(receiver.event().await, told);
}

#[tokio::test]
async fn cache_misses_are_posted_once_and_counts_as_numbers() {
    let mut receiver = Receiver::open(&[]).await;
    let webhook = receiver.webhook(", events = ['cache_miss', 'subscription_count']");
    let house = House::with("", &format!("subscription_counts = true\nwebhooks = [{webhook}]"));
    let mut first = house.client().await;
    first.subscribe("cache-a", None).await;
    let mut second = house.client().await;
    second.subscribe("cache-a", None).await;
    let count =
        |count: u64| json!({"name": "subscription_count", "channel": "cache-a", "subscription_count": count});
    assert_eq!(receiver.event().await, json!({"name": "cache_miss", "channel": "cache-a"}));
    assert_eq!(receiver.event().await, count(1));
    assert_eq!(receiver.event().await, count(2));
    first.unsubscribe("cache-a").await;
    assert_eq!(receiver.event().await, count(1));
    second.unsubscribe("cache-a").await;
    assert_eq!(receiver.event().await, count(0), "who keeps the number learns that nobody is left");
}

#[tokio::test]
async fn webhooks_get_what_they_ask_for_with_the_headers_they_ask_for() {
    let mut all = Receiver::open(&[]).await;
    let mut few = Receiver::open(&[]).await;
    let port = few.port;
    let house = house(&[
        all.webhook(""),
        format!(
            "{{ url = 'http://ada:pass%20word@127.0.0.1:{port}/', events = ['channel_occupied'], \
             channel_prefix = 'private-', headers = {{ X-Mine = 'one two', Host = 'app.test' }} }}"
        ),
    ]);
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    client.subscribe("private-a", None).await;
    client.send(&json!({"event": "client-x", "channel": "private-a", "data": {}})).await;
    let _member = join(&house, "31").await;
    let mut heard = Vec::new();
    for _ in 0..5 {
        heard.push(all.event().await["name"].as_str().unwrap().to_owned());
    }
    let occupied = "channel_occupied";
    assert_eq!(heard, [occupied, occupied, "client_event", occupied, "member_added"]);
    let hook = few.hook().await;
    assert_eq!(hook.events(), [json!({"name": "channel_occupied", "channel": "private-a"})]);
    assert_eq!(hook.header("x-mine"), "one two");
    assert_eq!(hook.header("host"), "app.test");
    assert_eq!(hook.header("authorization"), "Basic YWRhOnBhc3Mgd29yZA==");
    assert!(few.is_empty());
}

#[tokio::test]
async fn a_request_that_fails_is_repeated_the_same_before_anything_else() {
    let mut receiver = Receiver::open(&[500, 410]).await;
    let house = house(&[receiver.webhook("")]);
    let mut client = house.client().await;
    client.subscribe("first", None).await;
    let first = receiver.hook().await;
    client.subscribe("second", None).await;
    for _ in 0..2 {
        assert_eq!(receiver.hook().await, first);
    }
    assert_eq!(receiver.event().await["channel"], "second");
    let metrics = house.server.metrics();
    assert_eq!((metrics.webhook_failures.get(), metrics.webhook_retries.get()), (2, 2));
    assert_eq!(metrics.webhook_events_dropped.get(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed_but_is_a_failure() {
    let mut receiver = Receiver::open(&[307]).await;
    let house = house(&[receiver.webhook("")]);
    house.client().await.subscribe("lobby", None).await;
    for _ in 0..2 {
        assert_eq!(receiver.hook().await.target, "/hook");
    }
}

#[tokio::test]
async fn receivers_that_are_dead_or_not_there_delay_nobody() {
    let mut silent = Receiver::open(&[0; 100]).await;
    let mut receiver = Receiver::open(&[]).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house(&[silent.webhook(""), format!("{{ url = 'http://{nobody}' }}"), receiver.webhook("")]);
    let mut client = house.client().await;
    for channel in ["a", "b", "c"] {
        client.subscribe(channel, None).await;
        assert_eq!(receiver.event().await["channel"], channel);
    }
    let (status, _) = house.publish(&json!({"name": "x", "channel": "c", "data": "{}"})).await;
    assert_eq!(status, 200);
    client.event("x").await;
    assert_eq!(silent.event().await["channel"], "a");
    assert!(silent.is_empty(), "it has one request at a time");
}

#[tokio::test]
async fn coming_back_at_once_is_neither_leaving_nor_coming() {
    let mut receiver = Receiver::open(&[]).await;
    let house = house(&[receiver.webhook("")]);
    let mut ada = join(&house, "31").await;
    assert_eq!(receiver.event().await["name"], "channel_occupied");
    assert_eq!(receiver.event().await["name"], "member_added");
    ada.unsubscribe("presence-a").await;
    ada.subscribe("presence-a", Some(r#"{"user_id":"31"}"#)).await;
    ada.send(&json!({"event": "client-x", "channel": "presence-a", "data": {}})).await;
    assert_eq!(receiver.event().await["name"], "client_event");
    ada.unsubscribe("presence-a").await;
    assert_eq!(receiver.event().await["name"], "member_removed");
    assert_eq!(receiver.event().await["name"], "channel_vacated");
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn a_host_that_polls_hears_the_same_beside_the_webhooks() {
    let mut receiver = Receiver::open(&[]).await;
    let directory = tempfile::tempdir().unwrap();
    let config = settle(&format!(
        "listen = ['127.0.0.1:0']\nqueue = '{}'\nworkers = 2\n\
         [[app]]\nid = '{ID}'\nkey = '{KEY}'\nsecret = '{SECRET}'\nwebhooks = [{}]\n",
        directory.path().join("queue").display(),
        receiver.webhook(", events = ['member_added']")
    ));
    let server = Server::start_observed(&config).unwrap();
    let house = House::around(server, directory);
    let _ada = join(&house, "31").await;
    assert_eq!(receiver.event().await["user_id"], "31");
    for wanted in [LifeKind::ChannelOccupied, LifeKind::MemberAdded] {
        match house.server.poll(Duration::from_secs(20)) {
            Polled::Event(event) => assert_eq!((event.kind, event.channel.as_str()), (wanted, "presence-a")),
            other => panic!("{other:?}"),
        }
    }
    patiently(stop(house)).await;
}
