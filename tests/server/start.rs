//! What waited for the server: held back while clients come back, and skipped where it is too old.

use crate::queue::push;
use crate::support::{House, ID, KEY, SECRET, patiently, settle};
use canyon::queue::{Consumer, ConsumerOptions, Producer, ProducerOptions, Push};
use canyon::server::Server;
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

/// A queue directory whose server does not run yet.
struct Queue(TempDir);

impl Queue {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn producer(&self) -> Producer {
        Producer::attach(ProducerOptions { ring_bytes: 64 * 1024, ..ProducerOptions::new(self.path()) })
            .unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("queue")
    }

    fn server(&self, top: &str) -> Server {
        let toml = format!(
            "listen = ['127.0.0.1:0']\nqueue = '{}'\nworkers = 2\n{top}\n\
             [[app]]\nid = '{ID}'\nkey = '{KEY}'\nsecret = '{SECRET}'\n",
            self.path().display()
        );
        Server::start(&settle(&toml)).unwrap()
    }

    fn house(self, top: &str) -> House {
        House::around(self.server(top), self.0)
    }
}

async fn whisper(client: &mut crate::support::Client, channel: &str, name: &str) {
    client.send(&json!({"event": name, "channel": channel, "data": {}})).await;
}

async fn until(is_so: impl Fn() -> bool) {
    patiently(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn all_events_queue_behind_the_hold_and_keep_their_order() {
    let queue = Queue::new();
    let mut producer = queue.producer();
    push(&mut producer, ID, &["private-a"], "1 waited", "1", None);
    let house = queue.house("start_hold = 4");
    let mut ada = house.client().await;
    ada.subscribe("private-a", None).await;
    let mut bob = house.client().await;
    bob.subscribe("private-a", None).await;

    let post = |name| json!({"name": name, "data": "1", "channel": "private-a"});
    assert_eq!(house.publish(&post("2 over HTTP")).await, (200, "{}".to_owned()));
    push(&mut producer, ID, &["private-a"], "3 from the queue", "1", None);
    whisper(&mut bob, "private-a", "client-4").await;
    bob.expect_nothing().await;
    assert_eq!(house.publish(&post("5 over HTTP")).await.0, 200);
    push(&mut producer, ID, &["private-a"], "6 from the queue", "1", None);
    whisper(&mut bob, "private-a", "client-7").await;
    // Nothing has overtaken the hold, which takes much longer than all this.
    bob.expect_nothing().await;
    ada.expect_nothing().await;

    let names = [
        "1 waited",
        "2 over HTTP",
        "3 from the queue",
        "client-4",
        "5 over HTTP",
        "6 from the queue",
        "client-7",
    ];
    for name in names {
        ada.event(name).await;
    }
    for name in names.iter().filter(|name| !name.starts_with("client-")) {
        bob.event(name).await;
    }

    // The hold is over: nothing goes through the queue any more that need not.
    let from_queue = house.server.metrics().events_from_queue.get();
    assert_eq!(house.publish(&post("8")).await.0, 200);
    whisper(&mut bob, "private-a", "client-9").await;
    ada.event("8").await;
    ada.event("client-9").await;
    assert_eq!(house.server.metrics().events_from_queue.get(), from_queue);
    assert_eq!(house.server.metrics().events_from_clients.get(), 3);
}

#[tokio::test]
async fn a_server_stopped_during_the_hold_leaves_everything_in_the_queue() {
    let queue = Queue::new();
    let mut producer = queue.producer();
    push(&mut producer, ID, &["lobby"], "first", "1", None);
    let house = queue.house("start_hold = 60");
    let batch = json!({"batch": [
        {"name": "second", "data": "1", "channel": "lobby"},
        {"name": "third", "data": "x".repeat(500_000), "channel": "lobby"},
    ]});
    let (status, answer) = house.post(&format!("/apps/{ID}/batch_events"), &batch.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(house.server.metrics().events_from_http.get(), 2);
    let (server, directory) = house.part();
    tokio::task::spawn_blocking(move || server.stop(Duration::ZERO)).await.unwrap();

    let house = Queue(directory).house("start_hold = 4");
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    for name in ["first", "second", "third"] {
        client.event(name).await;
    }
}

#[tokio::test]
async fn nothing_is_held_where_nothing_waited_or_no_hold_is_wanted() {
    let queue = Queue::new();
    let mut producer = queue.producer();
    let house = queue.house("start_hold = 60");
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    push(&mut producer, ID, &["lobby"], "x", "1", None);
    client.event("x").await;

    let queue = Queue::new();
    push(&mut queue.producer(), ID, &["cache-lobby"], "x", "1", None);
    let house = queue.house("start_hold = 0");
    until(|| house.server.metrics().events_from_queue.get() > 0).await;
}

#[tokio::test]
async fn what_waited_too_long_is_skipped_and_counted() {
    let queue = Queue::new();
    let mut producer = queue.producer();
    push(&mut producer, ID, &["lobby"], "old", "1", None);
    push(&mut producer, ID, &["lobby"], "old", "2", None);
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    push(&mut producer, ID, &["lobby"], "young", "3", None);
    let house = queue.house("max_age = 3\nstart_hold = 4");
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    // The time of the hold does not count: it is longer than `max_age`.
    client.event("young").await;
    until(|| house.server.metrics().events_expired.get() >= 2).await;
    assert_eq!(house.server.metrics().events_from_queue.get(), 1);
    assert_eq!(house.server.metrics().events_expired.get(), 2);
}

#[tokio::test]
async fn events_that_found_their_ring_full_are_counted_by_the_server_that_comes() {
    let queue = Queue::new();
    let mut producer = queue.producer();
    let mut refused = 0;
    while refused < 5 {
        refused += u64::from(producer.push(1000, |writer| writer.put(&[0; 1000])).unwrap() == Push::Full);
    }
    drop(producer);
    let house = queue.house("start_hold = 0");
    until(|| house.server.metrics().events_refused_full.get() >= refused).await;
    assert_eq!(crate::watching::newest_refusal(&house).await, json!(["queue", null, refused, null]));
    let (server, directory) = house.part();
    tokio::task::spawn_blocking(move || server.stop(Duration::ZERO)).await.unwrap();
    // Every ring is drained, counted and cleared away.
    let mut consumer = Consumer::open(ConsumerOptions::new(Queue(directory).path())).unwrap();
    assert_eq!((consumer.waiting(), consumer.rings()), (0, 0));
}
