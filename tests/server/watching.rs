//! `/history` and `/top`: what people who look are shown.

use crate::queue::push;
use crate::raw::{Frame, RawClient};
use crate::support::{House, ID, KEY, patiently, settle};
use canyon::queue::{Producer, ProducerOptions};
use canyon::server::Server;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(crate) async fn ask(house: &House, path: &str, parameters: &[(&str, &str)]) -> Value {
    let (status, body) = house.get(path, parameters).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

pub(crate) async fn top(house: &House) -> Value {
    ask(house, "/top", &[]).await
}

/// What the newest refusal is: what, code, how often, to whom.
pub(crate) async fn newest_refusal(house: &House) -> Value {
    let refusals = top(house).await["refusals"].clone();
    let newest = refusals.as_array().unwrap().last().expect("a refusal").clone();
    json!([newest["what"], newest["code"], newest["count"], newest["socket_id"]])
}

/// Asks until the answer is right.
pub(crate) async fn ask_until(house: &House, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    patiently(async {
        loop {
            let answer = ask(house, path, &[]).await;
            if is_right(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// The samples of a history by the names of their fields.
pub(crate) fn samples(history: &Value) -> Vec<Map<String, Value>> {
    let fields = history["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
    let rows = history["samples"].as_array().unwrap().iter();
    let named = |row: &Value| {
        let row = row.as_array().unwrap();
        assert_eq!(row.len(), fields.len());
        fields.clone().zip(row.iter().cloned()).collect()
    };
    rows.map(named).collect()
}

/// What was counted in all seconds together.
pub(crate) fn total(samples: &[Map<String, Value>], field: &str) -> u64 {
    samples.iter().map(|sample| sample[field].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_page_that_was_just_opened_has_a_history() {
    let house = House::open();
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    for client in [&mut ada, &mut bob] {
        client.subscribe("lobby", None).await;
        client.subscribe("private-a", None).await;
    }
    ada.sign_in(r#"{"id":"31"}"#).await;
    ada.event("pusher:signin_success").await;
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, ID, &["lobby"], "x", "1", None);
    push(&mut producer, ID, &["lobby"], "x", "1", None);
    push(&mut producer, "nobody", &["lobby"], "x", "1", None);
    let event = json!({"name": "x", "data": "1", "channel": "lobby", "socket_id": ada.socket_id});
    assert_eq!(house.publish(&event).await.0, 200);
    ada.send(&json!({"event": "client-x", "channel": "private-a", "data": 1})).await;
    ada.send(&json!({"event": "client-x", "channel": "lobby", "data": 1})).await;
    let counted = |history: &Value| {
        let samples = samples(history);
        total(&samples, "events_from_clients") == 1 && total(&samples, "refused") == 1
    };
    let history = ask_until(&house, "/history", counted).await;
    assert_eq!((&history["interval_ms"], &history["workers"]), (&json!(1000), &json!(2)));
    let samples = samples(&history);
    let counts = ["events_from_queue", "events_from_http", "deliveries", "dropped", "slow_clients_closed"];
    assert_eq!(counts.map(|field| total(&samples, field)), [2, 1, 6, 1, 0]);
    assert_eq!(total(&samples, "delivered_bytes"), house.server.metrics().delivered_bytes.get());
    let last = samples.last().unwrap();
    let levels = ["connections", "subscriptions", "channels", "users"];
    assert_eq!(levels.map(|field| last[field].as_u64().unwrap()), [2, 4, 2, 1]);
    let waiting = ["queue_events", "queue_bytes", "queue_age_ms", "inbox_bytes"];
    assert_eq!(waiting.map(|field| &last[field]), [0, 0, 0, 0]);
    let loads = last["worker_load"].as_array().unwrap();
    assert!(loads.len() == 2 && loads.iter().all(|load| (0.0..=1.0).contains(&load.as_f64().unwrap())));
    let times: Vec<u64> = samples.iter().map(|sample| sample["time_ms"].as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");

    let one = ask(&house, "/history", &[("seconds", "1")]).await;
    assert_eq!(one["samples"].as_array().unwrap().len(), 1);
    let other = ask_until(&house, "/top", |top| !top["sample"].is_null()).await;
    assert_eq!(levels.map(|field| other["sample"][field].as_u64().unwrap()), [2, 4, 2, 1]);
}

#[tokio::test]
async fn what_waits_in_the_queue_is_shown() {
    // While delivery is held, nothing is taken.
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let mut producer = Producer::attach(ProducerOptions::new(&queue)).unwrap();
    for _ in 0..3 {
        push(&mut producer, ID, &["a"], "x", "{}", None);
    }
    let config = settle(&format!(
        "listen = ['127.0.0.1:0']\nqueue = '{}'\nstart_hold = 60\n\
         [[app]]\nid = '{ID}'\nkey = '{KEY}'\nsecret = 'app-secret'\n",
        queue.display()
    ));
    let house = House::around(Server::start(&config).unwrap(), directory);
    let history = ask_until(&house, "/history", |history| !samples(history).is_empty()).await;
    let sample = &samples(&history)[0];
    assert_eq!((&sample["queue_events"], &sample["events_from_queue"]), (&json!(3), &json!(0)));
    assert!(
        sample["queue_bytes"].as_u64() > Some(0) && sample["queue_age_ms"].as_u64() > Some(0),
        "{sample:?}"
    );
}

#[tokio::test]
async fn the_busiest_channels_are_those_of_the_last_second() {
    let house = House::open();
    let mut ada = house.client().await;
    let mut bob = house.client().await;
    ada.subscribe("lobby", None).await;
    bob.subscribe("lobby", None).await;
    bob.subscribe("presence-cache-a", Some(r#"{"user_id":1}"#)).await;
    let first = top(&house).await;
    assert_eq!((&first["channels"], &first["watching_ms"]), (&json!([]), &json!(0)));
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    ask_until(&house, "/top", |top| top["watching_ms"] != 0).await;
    let event = |channels: Value| json!({"name": "x", "data": "1", "channels": channels});
    let shown = patiently(async {
        loop {
            house.publish(&event(json!(["lobby", "presence-cache-a", "nobody"]))).await;
            house.publish(&event(json!(["lobby"]))).await;
            let top = top(&house).await;
            if top["channels"].as_array().unwrap().len() == 3 {
                return top["channels"].clone();
            }
        }
    })
    .await;
    let row = |name: &str| shown.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    let (lobby, room, nobody) = (row("lobby"), row("presence-cache-a"), row("nobody"));
    let events = lobby["events"].as_f64().unwrap();
    assert!(events >= 1.0);
    assert_eq!((lobby["deliveries"].as_f64().unwrap(), &lobby["kind"]), (2.0 * events, &json!("public")));
    let frame = json!({"event": "x", "channel": "lobby", "data": "1"}).to_string().len() + 2;
    assert_eq!(lobby["bytes"].as_f64().unwrap(), 2.0 * events * frame as f64);
    assert_eq!((&lobby["subscriptions"], &lobby["members"]), (&json!(2), &Value::Null));
    assert_eq!(
        (&room["kind"], &room["subscriptions"], &room["members"]),
        (&json!("presence-cache"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&nobody["subscriptions"], &nobody["deliveries"], &nobody["bytes"]),
        (&json!(0), &json!(0.0), &json!(0))
    );

    let largest = ask(&house, "/top", &[("sort", "subscribers"), ("limit", "1")]).await;
    let names = |top: &Value| -> Vec<Value> {
        top["channels"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect()
    };
    assert_eq!(names(&largest), ["lobby"]);
    let found = |filter| [("sort", "subscribers"), ("limit", "1"), ("filter", filter)];
    assert_eq!(names(&ask(&house, "/top", &found("CACHE")).await), ["presence-cache-a"]);
    assert!(names(&ask(&house, "/top", &found("x")).await).is_empty());
}

#[tokio::test]
async fn who_does_not_read_is_shown_while_connected() {
    let house = House::open();
    let mut slow = RawClient::connect_locally(&house);
    slow.subscribe("lobby", None);
    slow.subscribe("private-a", None);
    let mut eager = house.client().await;
    eager.subscribe("lobby", None).await;
    assert_eq!(top(&house).await["clients"], json!([]));
    let event = json!({"name": "x", "data": "x".repeat(100_000), "channel": "lobby"});
    let clients = patiently(async {
        loop {
            house.publish(&event).await;
            eager.event("x").await;
            let top = top(&house).await;
            if top["clients"] != json!([]) {
                return top["clients"].clone();
            }
        }
    })
    .await;
    let [client] = &clients.as_array().unwrap()[..] else { panic!("{clients}") };
    assert_eq!((&client["socket_id"], &client["subscriptions"]), (&json!(slow.socket_id()), &json!(2)));
    assert_eq!(client["user_id"], Value::Null);
    assert!(client["unsent_bytes"].as_u64() > Some(0) && client["stalled_ms"].is_u64(), "{client}");
}

#[tokio::test]
async fn what_was_refused_is_shown_with_its_reason() {
    let house = House::with("", "allowed_origins = ['example.com']\nmax_event_bytes = 1000");
    let refused = house.connect(&format!("/app/{KEY}?protocol=7")).await;
    drop(refused);
    assert_eq!(house.get("/nothing", &[]).await.0, 404);
    let unsigned = format!("GET /apps/{ID}/channels HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(house.request(&unsigned).await.0, 401);
    assert_eq!(house.request(&unsigned).await.0, 401);
    let forged = format!(
        "POST /apps/{ID}/events?auth_key={KEY}&auth_version=1.0&auth_timestamp={}&auth_signature=00&data=4111 \
         HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
    );
    assert_eq!(house.request(&forged).await.0, 401);
    assert_eq!(house.publish(&json!({"name": "x", "data": 4111.5, "channel": "lobby"})).await.0, 400);
    assert_eq!(
        house.request("GET /apps/unknown/channels HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.0,
        404
    );
    let mut producer = Producer::attach(ProducerOptions::new(&house.queue)).unwrap();
    push(&mut producer, ID, &["lobby"], "x", &"4111".repeat(1000), None);
    let shown = ask_until(&house, "/top", |top| top["refusals"].to_string().contains("\"event\"")).await;
    let refusals = shown["refusals"].as_array().unwrap();
    let seen: Vec<(&str, u64, u64)> = refusals
        .iter()
        .map(|one| {
            let code = one["code"].as_u64().unwrap_or_default();
            (one["what"].as_str().unwrap(), code, one["count"].as_u64().unwrap())
        })
        .collect();
    let http = "http";
    assert_eq!(
        seen,
        [
            ("connection", 4009, 1),
            (http, 404, 1),
            (http, 401, 2),
            (http, 401, 1),
            (http, 400, 1),
            ("event", 0, 1)
        ]
    );
    let why = |place: usize| refusals[place]["why"].as_str().unwrap();
    assert_eq!(why(0), "Origin not allowed");
    assert_eq!(why(2), format!("GET /apps/{ID}/channels: Version required"));
    assert!(why(3).contains("Invalid signature") && why(4).contains("invalid type"), "{} {}", why(3), why(4));
    assert_eq!(refusals[5]["channel"], "lobby");
    assert!(why(5).contains("4000 bytes"), "{}", why(5));
    assert!(!shown["refusals"].to_string().contains("4111"), "no payloads: {shown}");
    let ids: Vec<u64> = refusals.iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    assert!(refusals.iter().all(|one| one["time_ms"].as_u64() > Some(1_700_000_000_000)));
}

#[tokio::test]
async fn clients_that_were_refused_are_named() {
    let house = House::open();
    let mut client = house.client().await;
    client
        .send(&json!({"event": "pusher:subscribe", "data": {"channel": "private-a", "auth": "wrong"}}))
        .await;
    client.error().await;
    client.event("pusher:subscription_error").await;
    client.send(&json!({"event": "pusher:signin", "data": {"auth": "wrong", "user_data": "{}"}})).await;
    client.error().await;
    client.send(&json!({"event": "client-x", "channel": "lobby", "data": 1})).await;
    client.error().await;
    client.send(&json!({"event": "nonsense\u{1b}[2J"})).await;
    client.error().await;
    let shown = top(&house).await;
    let refusals = shown["refusals"].as_array().unwrap();
    let what: Vec<&Value> = refusals.iter().map(|one| &one["what"]).collect();
    assert_eq!(what, ["subscription", "signin", "client_event", "message"]);
    assert_eq!((&refusals[0]["channel"], &refusals[0]["code"]), (&json!("private-a"), &Value::Null));
    assert!(refusals.iter().all(|one| one["socket_id"] == json!(client.socket_id)));
    assert!(!refusals[3]["why"].as_str().unwrap().contains('\u{1b}'));
    assert_eq!(house.server.metrics().refusals.get(), 4);
}

#[tokio::test]
async fn who_is_hung_up_on_because_of_what_it_sent_is_named() {
    let house = House::open();
    let mut client = RawClient::connect(&house);
    let binary = [0x82, 0x80, 0, 0, 0, 0];
    client.send_bytes(&binary);
    let Some(Frame::Event(error)) = client.frame() else { panic!("no answer") };
    assert_eq!(error["event"], "pusher:error");
    assert_eq!(newest_refusal(&house).await, json!(["message", null, 1, client.socket_id()]));
    let reserved = [0x83, 0x80, 0, 0, 0, 0];
    client.send_bytes(&reserved);
    assert_eq!(client.frame(), Some(Frame::Close(1002)));
    assert_eq!(newest_refusal(&house).await, json!(["closed_client", 1002, 1, client.socket_id()]));
}

#[tokio::test]
async fn parameters_are_checked() {
    let house = House::open();
    let wrong = [
        ("/history", "seconds", "0"),
        ("/history", "seconds", "601"),
        ("/history", "seconds", "-1"),
        ("/history", "seconds", "soon"),
        ("/top", "limit", "0"),
        ("/top", "limit", "101"),
        ("/top", "limit", ""),
        ("/top", "sort", "name"),
    ];
    for (path, name, value) in wrong {
        let (status, body) = house.get(path, &[(name, value)]).await;
        assert_eq!(status, 400, "{path} {name}={value}: {body}");
        assert!(body.starts_with(name) && body.contains(&format!("{value:?}")), "{body}");
    }
    for path in ["/history", "/top"] {
        let request = format!("GET /apps/{ID}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(house.request(&request).await.0, 401);
        let request = format!("POST /apps/{ID}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(house.request(&request).await.0, 405);
    }
}
