//! Nothing lost, nothing reordered, while clients come and go and events come from everywhere.
//!
//! Publishers number their events, each on each channel: one writes into the queue, one posts to the HTTP API, one is a
//! client that whispers. Listeners stay and must see every number of every publisher, in order. Churners subscribe,
//! unsubscribe and vanish all the time: for as long as one is on a channel, it must miss no number. On the presence
//! channel every client must know, after each frame, exactly who came and has not gone.

use crate::support::{Client, House, ID, inner};
use canyon::queue::{Producer, ProducerOptions};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const EVENTS: usize = 300;
const LISTENERS: usize = 4;
const CHURNERS: usize = 6;
/// How often each of them comes and goes.
const LIVES: usize = 25;
const ROOM: &str = "presence-room";
const CHANNELS: [&str; 3] = ["lobby", "private-a", ROOM];
const WAYS: [&str; 3] = ["queue", "http", "client-event"];

/// What a client sees of its channels.
#[derive(Default)]
struct View {
    /// The number that comes next, by channel and way; unknown until the first.
    next: HashMap<(String, String), u64>,
    /// Who is there, from the list and the news since.
    present: Option<BTreeSet<String>>,
}

impl View {
    /// Checks an event; whether it is the last of its way on its channel.
    fn see(&mut self, event: &Value) -> bool {
        let name = event["event"].as_str().unwrap();
        let channel = event["channel"].as_str().unwrap_or_default();
        let user = || inner(event)["user_id"].as_str().unwrap().to_owned();
        match name {
            "pusher_internal:subscription_succeeded" if channel == ROOM => {
                let ids: BTreeSet<String> =
                    serde_json::from_value(inner(event)["presence"]["ids"].take()).unwrap();
                assert!(self.present.replace(ids).is_none(), "a second list");
            }
            "pusher_internal:subscription_succeeded" => {}
            "pusher_internal:member_added" => {
                assert!(self.present.as_mut().expect("the list comes first").insert(user()), "{event}");
            }
            "pusher_internal:member_removed" => {
                assert!(self.present.as_mut().expect("the list comes first").remove(&user()), "{event}");
            }
            way => {
                assert!(WAYS.contains(&way), "{event}");
                let number = event["data"].as_u64().or_else(|| event["data"].as_str()?.parse().ok()).unwrap();
                let next = self.next.entry((channel.to_owned(), way.to_owned())).or_insert(number);
                assert_eq!(*next, number, "{event}");
                *next += 1;
                return number as usize == EVENTS - 1;
            }
        }
        false
    }

    fn leave(&mut self, channel: &str) {
        self.next.retain(|(of, _), _| of != channel);
        if channel == ROOM {
            self.present = None;
        }
    }
}

fn data_for(channel: &str, user: &str) -> Option<String> {
    (channel == ROOM).then(|| json!({"user_id": user}).to_string())
}

async fn enter(client: &mut Client, view: &mut View, channel: &str, user: &str) {
    client.ask_for(channel, data_for(channel, user).as_deref()).await;
    loop {
        let event = client.next().await;
        view.see(&event);
        if event["event"] == "pusher_internal:subscription_succeeded" && event["channel"] == channel {
            return;
        }
    }
}

/// Reads what was sent so far. Not a number of events: the publishers may be done.
async fn catch_up(client: &mut Client, view: &mut View) {
    client.send(&json!({"event": "pusher:ping", "data": {}})).await;
    loop {
        let event = client.next().await;
        if event["event"] == "pusher:pong" {
            return;
        }
        view.see(&event);
    }
}

/// Follows every channel from before the first event to the last of each way.
async fn listen(mut client: Client, mut view: View) -> Client {
    let mut ended = 0;
    while ended < WAYS.len() * CHANNELS.len() - 1 {
        ended += usize::from(view.see(&client.next().await));
    }
    let seen = |channel: &str, way: &str| view.next.get(&(channel.to_owned(), way.to_owned())).copied();
    for channel in CHANNELS {
        for way in WAYS {
            let expected = (channel != "lobby" || way != "client-event").then_some(EVENTS as u64);
            assert_eq!(seen(channel, way), expected, "{way} on {channel}");
        }
    }
    client
}

/// Comes and goes, reads what it gets while it is there, and leaves in every way there is.
async fn churn(house: Arc<House>, number: usize) {
    for life in 0..LIVES {
        let mut client = house.client().await;
        let mut view = View::default();
        let user = format!("churner {number}");
        for channel in CHANNELS {
            enter(&mut client, &mut view, channel, &user).await;
        }
        for _ in 0..(number + life) % 5 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            catch_up(&mut client, &mut view).await;
        }
        if life % 3 == 0 {
            let channel = CHANNELS[life % CHANNELS.len()];
            client.unsubscribe(channel).await;
            catch_up(&mut client, &mut view).await;
            view.leave(channel);
            enter(&mut client, &mut view, channel, &user).await;
        }
        if life % 2 == 0 {
            client.send_frame(tokio_tungstenite::tungstenite::Message::Close(None)).await;
        }
    }
}

fn publish_to_queue(house: &House, done: &AtomicUsize) {
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    for number in 0..EVENTS {
        crate::queue::push(&mut producer, ID, &CHANNELS, "queue", &number.to_string(), None);
        std::thread::sleep(Duration::from_millis(2));
    }
    done.fetch_add(1, Ordering::Relaxed);
}

async fn publish_over_http(house: Arc<House>) {
    for number in 0..EVENTS {
        let body = json!({"name": "http", "data": number.to_string(), "channels": CHANNELS});
        let (status, message) = house.publish(&body).await;
        assert_eq!(status, 200, "{message}");
    }
}

async fn whisper(mut client: Client) -> Client {
    for number in 0..EVENTS {
        for channel in &CHANNELS[1..] {
            client.send(&json!({"event": "client-event", "channel": channel, "data": number})).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_reordered_while_clients_come_and_go() {
    let house = Arc::new(House::with("", "client_event_rate = 0\nactivity_timeout = 600"));
    let mut listening = Vec::new();
    for number in 0..LISTENERS {
        let (mut client, mut view) = (house.client().await, View::default());
        for channel in CHANNELS {
            enter(&mut client, &mut view, channel, &format!("listener {number}")).await;
        }
        listening.push(tokio::spawn(listen(client, view)));
    }
    let mut whisperer = house.client().await;
    for channel in &CHANNELS[1..] {
        enter(&mut whisperer, &mut View::default(), channel, "whisperer").await;
    }
    let churning: Vec<_> =
        (0..CHURNERS).map(|number| tokio::spawn(churn(Arc::clone(&house), number))).collect();
    let done = Arc::new(AtomicUsize::new(0));
    let queue = tokio::task::spawn_blocking({
        let (house, done) = (Arc::clone(&house), Arc::clone(&done));
        move || publish_to_queue(&house, &done)
    });
    let http = tokio::spawn(publish_over_http(Arc::clone(&house)));
    let whispering = tokio::spawn(whisper(whisperer));
    queue.await.unwrap();
    http.await.unwrap();
    whispering.await.unwrap();
    for one in churning {
        one.await.unwrap();
    }
    for one in listening {
        one.await.unwrap();
    }
}
