//! The channel of the dashboard: what its subscribers are told once a second, and that it is not itself something to see.

use crate::queue::push;
use crate::support::{Client, House, ID, inner, patiently};
use crate::watching::{ask, ask_until, samples, total};
use crate::webhook_receiver::Receiver;
use canyon::queue::{Producer, ProducerOptions};
use serde_json::{Value, json};

const DASHBOARD: &str = "private-canyon-dashboard";
const PAYLOADS: &str = "private-canyon-dashboard-payloads";

/// What a viewer was told so far.
#[derive(Default)]
struct Told {
    samples: Vec<Value>,
    events: Vec<Value>,
    payloads: Vec<Value>,
    refusals: Vec<Value>,
}

impl Told {
    /// Reads until `is_enough`; nothing else may come.
    async fn read(&mut self, viewer: &mut Client, is_enough: impl Fn(&Self) -> bool) {
        patiently(async {
            while !is_enough(self) {
                let event = viewer.next().await;
                let mut data = inner(&event);
                let mut list = |name: &str| data[name].as_array_mut().map(std::mem::take).unwrap();
                match event["event"].as_str().unwrap() {
                    "canyon.sample" => self.samples.push(data),
                    "canyon.events" => self.events.append(&mut list("events")),
                    "canyon.refusals" => self.refusals.append(&mut list("refusals")),
                    "canyon.payloads" => {
                        assert_eq!(event["channel"], PAYLOADS);
                        self.payloads.append(&mut list("payloads"));
                        continue;
                    }
                    other => panic!("{other}"),
                }
                assert_eq!(event["channel"], DASHBOARD);
            }
        })
        .await;
    }

    fn total(&self, field: &str) -> u64 {
        self.samples.iter().map(|sample| sample[field].as_u64().unwrap()).sum()
    }

    /// What the rows of a channel come to.
    fn of_channel(&self, name: &str, field: &str) -> f64 {
        let rows = self.samples.iter().flat_map(|sample| sample["busiest"].as_array().unwrap());
        rows.filter(|row| row["name"] == name).map(|row| row[field].as_f64().unwrap()).sum()
    }
}

/// A viewer who has seen the first sample: from here on seconds are whole.
async fn viewer(house: &House) -> (Client, Told) {
    let mut viewer = house.client().await;
    viewer.subscribe(DASHBOARD, None).await;
    let mut told = Told::default();
    told.read(&mut viewer, |told| told.samples.len() == 1).await;
    (viewer, told)
}

#[tokio::test]
async fn events_are_shown_as_they_came() {
    let house = House::open();
    let (mut viewer, mut told) = viewer(&house).await;
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    for client in [&mut ada, &mut bob] {
        client.subscribe("private-a", None).await;
    }
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, ID, &["private-a", "nobody"], "OrderShipped", "{\"n\":1}", None);
    ada.event("OrderShipped").await;
    bob.event("OrderShipped").await;
    house
        .publish(&json!({"name": "y", "data": "12", "channel": "private-a", "socket_id": ada.socket_id}))
        .await;
    bob.event("y").await;
    bob.send(&json!({"event": "client-z", "channel": "private-a", "data": [1]})).await;
    ada.event("client-z").await;
    told.read(&mut viewer, |told| {
        told.events.len() == 4
            && told.of_channel("private-a", "events") >= 3.0
            && told.total("events_from_clients") == 1
    })
    .await;
    let shown: Vec<Value> = told
        .events
        .iter()
        .map(|one| {
            json!([
                one["channel"],
                one["event"],
                one["bytes"],
                one["from"],
                one["subscribers"],
                one["socket_id"]
            ])
        })
        .collect();
    let expected = [
        json!(["private-a", "OrderShipped", 7, "queue", 2, null]),
        json!(["nobody", "OrderShipped", 7, "queue", 0, null]),
        json!(["private-a", "y", 2, "http", 2, null]),
        json!(["private-a", "client-z", 3, "client", 2, bob.socket_id]),
    ];
    assert_eq!(shown, expected);
    let ids: Vec<u64> = told.events.iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert!(told.events.iter().all(|one| one["time_ms"].as_u64() > Some(1_700_000_000_000)));
    assert_eq!(told.of_channel("private-a", "deliveries"), 4.0);
    assert_eq!(told.of_channel("nobody", "events"), 1.0);
    let counts = ["events_from_queue", "events_from_http", "deliveries", "refused"];
    assert_eq!(counts.map(|field| told.total(field)), [1, 1, 4, 0]);
    assert_eq!(told.total("deliveries"), house.server.metrics().deliveries.get());
}

#[tokio::test]
async fn payloads_are_for_those_who_ask_for_them() {
    let house = House::open();
    let (mut viewer, mut told) = viewer(&house).await;
    let event = |data: &str| json!({"name": "x", "data": data, "channel": "lobby"});
    house.publish(&event("unseen")).await;
    told.read(&mut viewer, |told| told.events.len() == 1).await;
    viewer.subscribe(PAYLOADS, None).await;
    let long = format!("{}ü{}", "x".repeat(4095), "y".repeat(500));
    house.publish(&event("seen")).await;
    house.publish(&event(&long)).await;
    told.read(&mut viewer, |told| told.payloads.len() == 2 && told.events.len() == 3).await;
    let id = |place: usize| told.events[place]["id"].clone();
    assert_eq!(told.payloads[0], json!({"id": id(1), "data": "seen", "cut": false}));
    assert_eq!(told.payloads[1], json!({"id": id(2), "data": "x".repeat(4095), "cut": true}));
    viewer.unsubscribe(PAYLOADS).await;
    house.publish(&event("unseen")).await;
    let seen = told.samples.len();
    told.read(&mut viewer, |told| told.events.len() == 4 && told.samples.len() >= seen + 2).await;
    assert_eq!(told.payloads.len(), 2);
}

#[tokio::test]
async fn refusals_are_told_when_they_happen() {
    let house = House::open();
    assert_eq!(house.get("/nothing", &[]).await.0, 404);
    let (mut viewer, mut told) = viewer(&house).await;
    let mut client = house.client().await;
    for _ in 0..2 {
        client.send(&json!({"event": "client-x", "channel": "lobby", "data": 1})).await;
        client.error().await;
    }
    let counted = |told: &Told| told.refusals.last().is_some_and(|last| last["count"] == 2);
    told.read(&mut viewer, counted).await;
    let last = told.refusals.last().unwrap();
    assert_eq!((&last["what"], &last["socket_id"]), (&json!("client_event"), &json!(client.socket_id)));
    let counted = |history: &Value| total(&samples(history), "refused") == 3;
    ask_until(&house, "/history", counted).await;
}

#[tokio::test]
async fn whoever_looks_is_not_to_be_seen() {
    let mut receiver = Receiver::open(&[]).await;
    let house =
        House::with("", &format!("webhooks = [{}]\nsubscription_counts = true", receiver.webhook("")));
    let (mut viewer, mut told) = viewer(&house).await;
    told.read(&mut viewer, |told| told.samples.len() == 3).await;
    let last = told.samples.last().unwrap();
    let levels = ["connections", "channels", "subscriptions", "deliveries", "delivered_bytes"];
    assert_eq!(levels.map(|field| &last[field]), [1, 0, 0, 0, 0]);
    assert_eq!((&last["busiest"], &last["busiest_omitted"]), (&json!([]), &json!(0)));
    assert!(told.events.is_empty());
    assert_eq!(ask(&house, "/channels", &[]).await["channels"], json!({}));
    assert_eq!(ask(&house, "/status", &[]).await["channels"], 0);
    assert_eq!(house.server.metrics().deliveries.get(), 0);

    viewer.send(&json!({"event": "client-forged", "channel": DASHBOARD, "data": {}})).await;
    let error = patiently(async {
        loop {
            let event = viewer.next().await;
            if event["event"] == "pusher:error" {
                return event;
            }
        }
    })
    .await;
    assert_eq!(error["data"]["code"], 4301);
    assert!(error["data"]["message"].as_str().unwrap().contains(DASHBOARD), "{error}");
    viewer.unsubscribe(DASHBOARD).await;
    // A name like any other.
    viewer.subscribe("private-canyon-42", None).await;
    assert_eq!(ask(&house, "/status", &[]).await["channels"], 1);
    viewer.unsubscribe("private-canyon-42").await;
    loop {
        let event = receiver.event().await;
        assert_eq!(event["channel"], "private-canyon-42");
        if event["name"] == "channel_vacated" {
            break;
        }
    }
}

#[tokio::test]
async fn a_reload_leaves_no_hole() {
    let mut house = House::open();
    let (mut viewer, mut told) = viewer(&house).await;
    let mut ada = house.client().await;
    ada.subscribe("lobby", None).await;
    assert_eq!(house.get("/nothing", &[]).await.0, 404);
    let before = ask(&house, "/history", &[]).await;
    for round in 0..3 {
        for _ in 0..5 {
            house.publish(&json!({"name": "x", "data": "1", "channel": "lobby"})).await;
            ada.event("x").await;
        }
        house.reload("", "").unwrap();
        let seen = told.samples.len();
        told.read(&mut viewer, |told| {
            told.samples.len() == seen + 2 && told.total("events_from_http") == 5 * (round + 1)
        })
        .await;
    }
    let refused = told.refusals.iter().map(|one| one["id"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(refused, [1], "told once, by whichever server");
    let history = ask_until(&house, "/history", |history| total(&samples(history), "deliveries") == 15).await;
    let (old, all) = (samples(&before), samples(&history));
    assert_eq!(all[..old.len()], old, "what the first server kept");
    assert_eq!((total(&all, "events_from_http"), total(&all, "refused")), (15, 1));
    let levels = all.last().unwrap();
    assert_eq!([&levels["connections"], &levels["subscriptions"], &levels["channels"]], [2, 1, 1]);
    let refusals = ask(&house, "/top", &[]).await["refusals"].clone();
    assert_eq!((refusals.as_array().unwrap().len(), &refusals[0]["code"]), (1, &json!(404)));
}
