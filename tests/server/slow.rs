//! Protocol contract, sections 3 and 4: clients that do not read, or are not there any more.

use crate::raw::{Frame, RawClient};
use crate::support::{Client, House, inner, patiently};
use crate::watching::newest_refusal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

async fn publish(house: &House, number: usize, bytes: usize) {
    let data = format!("{number}:{}", "x".repeat(bytes));
    let (status, message) = house.publish(&json!({"name": "big", "data": data, "channel": "lobby"})).await;
    assert_eq!(status, 200, "{message}");
}

async fn expect(client: &mut Client, number: usize) {
    let event = client.event("big").await;
    assert!(event["data"].as_str().unwrap().starts_with(&format!("{number}:")));
}

/// Reads what a client that was hung up on finds: whole events in order, the reason, the end.
async fn read_to_the_end(mut client: RawClient) -> u16 {
    let reading = tokio::task::spawn_blocking(move || {
        let mut next = 0;
        loop {
            match client.frame() {
                Some(Frame::Event(event)) => {
                    assert!(event["data"].as_str().unwrap().starts_with(&format!("{next}:")));
                    next += 1;
                }
                Some(Frame::Ping | Frame::Pong) => {}
                Some(Frame::Close(code)) => {
                    assert_eq!(client.frame(), None);
                    return code;
                }
                None => panic!("the end without a reason"),
            }
        }
    });
    patiently(reading).await.unwrap()
}

/// The next event, which must have this name. Reading the pings before it answers them.
async fn next_of(client: &mut Client, name: &str) -> Value {
    loop {
        match client.frame().await.expect("an event") {
            Message::Ping(_) => {}
            message => {
                let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
                assert_eq!(event["event"], name, "{event}");
                return event;
            }
        }
    }
}

#[tokio::test]
async fn one_in_twenty_does_not_read_and_nobody_else_notices() {
    // A timeout that never comes: what ends them is what waits for them.
    let house = House::with("send_timeout = 3600", "max_event_bytes = 65536");
    let mut eager = Vec::new();
    for _ in 0..38 {
        let mut client = house.client().await;
        client.subscribe("lobby", None).await;
        eager.push(client);
    }
    let mut lazy: Vec<RawClient> = (0..2).map(|_| RawClient::connect_locally(&house)).collect();
    lazy.iter_mut().for_each(|client| client.subscribe("lobby", None));
    let mut published = 0;
    while house.server.metrics().slow_clients_closed.get() < 2 {
        publish(&house, published, 65_000).await;
        for client in &mut eager {
            expect(client, published).await;
        }
        published += 1;
        // The bound of the outbox is a megabyte; the rest is for what the kernel keeps.
        assert!(published * 65_000 < (2 << 20), "{published} events are kept for those who do not read");
    }
    for client in lazy {
        assert_eq!(read_to_the_end(client).await, 4100);
    }
    for client in &mut eager {
        client.expect_nothing().await;
    }
}

#[tokio::test]
async fn a_client_that_is_stuck_is_hung_up_on_after_the_send_timeout() {
    let house = House::with("send_timeout = 1", "");
    let mut stuck = RawClient::connect_locally(&house);
    stuck.subscribe("lobby", None);
    // More than four of the largest events, less than sixteen; and nothing after that.
    for number in 0..8 {
        publish(&house, number, 1_000_000).await;
    }
    let hung_up = async {
        while house.server.metrics().slow_clients_closed.get() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    patiently(hung_up).await;
    assert_eq!(newest_refusal(&house).await, json!(["slow_client", 4100, 1, stuck.socket_id()]));
    assert_eq!(read_to_the_end(stuck).await, 4100);
}

/// As one whose network went away: it sends nothing, not even the end of its stream.
#[tokio::test]
async fn a_client_that_vanished_is_taken_off_its_channels() {
    let house = House::with("", "activity_timeout = 2\nmax_connections = 2");
    let mut ada = house.client().await;
    ada.ask_for("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    next_of(&mut ada, "pusher_internal:subscription_succeeded").await;
    let mut vanished = RawClient::connect(&house);
    vanished.subscribe("presence-a", Some(r#"{"user_id":"bob"}"#));
    next_of(&mut ada, "pusher_internal:member_added").await;
    let told = next_of(&mut ada, "pusher_internal:member_removed").await;
    assert_eq!(inner(&told), json!({"user_id": "bob"}));
    assert_eq!(house.server.metrics().silent_clients_closed.get(), 1);
    assert_eq!(newest_refusal(&house).await, json!(["silent_client", 4201, 1, vanished.socket_id()]));
    assert_eq!(house.get("/channels/presence-a/users", &[]).await.1, r#"{"users":[{"id":"ada"}]}"#);
    // Its place is free, though its socket is still open at the other end.
    house.client().await;
    drop(vanished);
}

/// The same, in the middle of a stream of events: what waits for it does not keep it alive.
#[tokio::test]
async fn a_client_that_vanished_while_it_was_sent_much_is_given_up() {
    let house = House::with("send_timeout = 3600", "activity_timeout = 2\nmax_connections = 1");
    let mut vanished = RawClient::connect(&house);
    vanished.subscribe("lobby", None);
    for number in 0..6 {
        publish(&house, number, 1_000_000).await;
    }
    let free = async {
        loop {
            let mut next = house.connect(&format!("/app/{}?protocol=7", crate::support::KEY)).await;
            if next.next().await["event"] == "pusher:connection_established" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    patiently(free).await;
    assert_eq!(house.server.metrics().silent_clients_closed.get(), 1);
    drop(vanished);
}
