//! Many who come to one presence channel at once, and one who takes long to read who is there.

use crate::raw::{Frame, RawClient};
use crate::support::{Client, House, inner, patiently};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

const ROOM: &str = "presence-room.7";

fn member(number: usize, room: usize) -> String {
    json!({"user_id": number, "user_info": {"name": "x".repeat(room)}}).to_string()
}

/// Whom a client gets to know, each exactly once: from its list, which comes first, then from the news.
async fn get_to_know(client: &mut Client, everybody: usize) {
    let list = inner(&client.event("pusher_internal:subscription_succeeded").await)["presence"].take();
    let ids = list["ids"].as_array().unwrap();
    assert_eq!(list["count"], ids.len());
    let mut known: HashSet<Value> = ids.iter().cloned().collect();
    assert_eq!(known.len(), ids.len(), "nobody is listed twice");
    while known.len() < everybody {
        let added = inner(&client.event("pusher_internal:member_added").await);
        assert!(known.insert(added["user_id"].clone()), "{added} was known");
    }
}

#[tokio::test]
async fn five_hundred_join_at_once_and_all_know_all() {
    const CROWD: usize = 500;
    // No pings, however slow the machine is.
    let house = House::with("", "activity_timeout = 600");
    let mut clients = Vec::new();
    for _ in 0..CROWD {
        clients.push(house.client().await);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.ask_for(ROOM, Some(&member(number, 10))).await;
    }
    for client in &mut clients {
        get_to_know(client, CROWD).await;
    }
    for client in &mut clients {
        client.expect_nothing().await;
    }
    assert_eq!(house.server.metrics().slow_clients_closed.get(), 0);
    // Half of them go at once; those who stay are told of each.
    let mut staying: Vec<Client> = clients.drain(..CROWD / 2).collect();
    drop(clients);
    for client in &mut staying {
        let mut gone = HashSet::new();
        while gone.len() < CROWD / 2 {
            let removed = inner(&client.event("pusher_internal:member_removed").await);
            assert!(gone.insert(removed["user_id"].to_string()), "{removed} was gone");
        }
        client.expect_nothing().await;
    }
}

#[tokio::test]
async fn what_a_newcomer_says_comes_after_the_news_of_it() {
    let house = House::open();
    let mut ada = house.client().await;
    ada.subscribe(ROOM, Some(&member(1, 1))).await;
    // In one packet, or nearly: the channel cannot have been settled in between.
    let mut bob = house.client().await;
    bob.ask_for(ROOM, Some(&member(2, 1))).await;
    bob.send(&json!({"event": "client-hello", "channel": ROOM, "data": 1})).await;
    bob.unsubscribe(ROOM).await;
    bob.ask_for(ROOM, Some(&member(3, 1))).await;
    for (event, user) in [("member_added", "2"), ("", "2"), ("member_removed", "2"), ("member_added", "3")] {
        let told = ada.next().await;
        let said = if event.is_empty() { told["user_id"].clone() } else { inner(&told)["user_id"].clone() };
        assert_eq!(said, user, "{told}");
        assert!(told["event"].as_str().unwrap().ends_with(if event.is_empty() {
            "client-hello"
        } else {
            event
        }));
    }
    let list = loop {
        // The first subscription may or may not have been answered before it was taken back.
        let list = inner(&bob.event("pusher_internal:subscription_succeeded").await);
        if list["presence"]["hash"]["3"].is_object() {
            break list;
        }
    };
    assert_eq!(list["presence"]["ids"], json!(["1", "3"]));
    bob.expect_nothing().await;
}

/// The list is many times what an outbox may hold of events, and twice what the kernel takes of it.
#[tokio::test]
async fn a_long_list_is_not_held_against_the_one_who_reads_it() {
    const CROWD: usize = 40;
    let house = House::with("", "max_event_bytes = 1024");
    let mut clients = Vec::new();
    for number in 0..CROWD {
        let mut client = house.client().await;
        client.subscribe(ROOM, Some(&member(number, 10_000))).await;
        clients.push(client);
    }
    let mut late = RawClient::connect_locally(&house);
    late.ask_for(ROOM, Some(&member(CROWD, 1)));
    let reading = tokio::task::spawn_blocking(move || {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            assert!(late.read(8192) > 0, "the server hung up");
            if let Some(frame) = late.read_frame() {
                break frame;
            }
        }
    });
    let Frame::Event(succeeded) = patiently(reading).await.unwrap() else { panic!("no event") };
    assert_eq!(inner(&succeeded)["presence"]["count"], CROWD + 1);
    assert_eq!(house.server.metrics().slow_clients_closed.get(), 0);
}
