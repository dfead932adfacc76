//! `/metrics` and `/ready`: where they are served, to whom, and what they say.

use crate::queue::push;
use crate::support::{House, patiently, settle};
use canyon::config::ListenAddress;
use canyon::queue::{Producer, ProducerOptions};
use canyon::server::Server;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const TOKEN: &str = "0123456789-token";

pub(crate) async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    path: &str,
    header: &str,
) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    patiently(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Asks the listener for those who watch.
pub(crate) async fn watch(house: &House, path: &str) -> (u16, String) {
    match house.server.metrics_address() {
        Some(ListenAddress::Tcp(address)) => ask(TcpStream::connect(address).await.unwrap(), path, "").await,
        Some(ListenAddress::Unix(socket)) => ask(UnixStream::connect(socket).await.unwrap(), path, "").await,
        other => panic!("metrics are at {other:?}"),
    }
}

fn watched() -> House {
    House::with("metrics = '127.0.0.1:0'", "client_events = 'members'")
}

/// The samples, by name and labels.
pub(crate) async fn samples(house: &House) -> BTreeMap<String, f64> {
    let (status, page) = watch(house, "/metrics").await;
    assert_eq!(status, 200, "{page}");
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn what_happens_is_counted_under_its_name() {
    let house = watched();
    let (mut ada, mut bob) = (house.client().await, house.client().await);
    for client in [&mut ada, &mut bob] {
        client.subscribe("private-a", None).await;
    }
    ada.subscribe("b", None).await;
    ada.sign_in(r#"{"id":"ada"}"#).await;
    ada.event("pusher:signin_success").await;
    let before = samples(&house).await;
    let body = json!({"name": "x", "channels": ["private-a"], "data": "{}"});
    assert_eq!(house.publish(&body).await.0, 200);
    ada.event("x").await;
    bob.event("x").await;
    ada.send(&json!({"event": "client-y", "channel": "private-a", "data": {}})).await;
    bob.event("client-y").await;
    drop(house.connect("/app/nobody").await);
    let mut expected = BTreeMap::from([
        (r#"canyon_events_total{entrance="http"}"#, 1.0),
        (r#"canyon_events_total{entrance="client"}"#, 1.0),
        (r#"canyon_events_total{entrance="queue"}"#, 0.0),
        ("canyon_deliveries_total", 3.0),
        ("canyon_connections_opened_total", 0.0),
        ("canyon_connections_refused_total", 1.0),
        ("canyon_publish_to_flush_seconds_count", 1.0),
    ]);
    // A worker counts the flush after the client may have read it.
    let after = loop {
        let after = samples(&house).await;
        if after["canyon_publish_to_flush_seconds_count"] > before["canyon_publish_to_flush_seconds_count"] {
            break after;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    // Both workers may have had a subscriber.
    let flushes = after["canyon_publish_to_flush_seconds_count"];
    expected.insert("canyon_publish_to_flush_seconds_count", flushes);
    assert!(flushes <= 2.0);
    let grown = expected.keys().map(|name| (*name, after[*name] - before[*name])).collect::<BTreeMap<_, _>>();
    assert_eq!(grown, expected);
    let level = |name: &str| after[&format!("{name}{{app=\"4242\"}}")];
    let levels = ["canyon_connections", "canyon_channels", "canyon_subscriptions", "canyon_users"].map(level);
    assert_eq!(levels, [2.0, 2.0, 3.0, 1.0]);
    assert_eq!(after[r#"canyon_connections{app="other"}"#], 0.0);
    assert_eq!(after["canyon_ready"], 1.0);
}

#[tokio::test]
async fn what_waits_in_the_queue_is_seen() {
    // While delivery is held, nothing is taken.
    let directory = tempfile::tempdir().unwrap();
    let queue = directory.path().join("queue");
    let mut producer = Producer::attach(ProducerOptions::new(&queue)).unwrap();
    for _ in 0..3 {
        push(&mut producer, "1", &["a"], "x", "{}", None);
    }
    let config = settle(&format!(
        "listen = ['127.0.0.1:0']\nmetrics = '127.0.0.1:0'\nqueue = '{}'\nstart_hold = 60\n\
         [[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n",
        queue.display()
    ));
    let house = House::around(Server::start(&config).unwrap(), directory);
    let seen = samples(&house).await;
    let of = |name: &str| seen[&format!("{name}{{queue=\"{}\"}}", queue.display())];
    assert_eq!((of("canyon_queue_events"), of("canyon_queue_usable")), (3.0, 1.0));
    assert!(of("canyon_queue_bytes") > 0.0 && of("canyon_queue_oldest_seconds") >= 0.0);
    assert_eq!(seen["canyon_deliveries_total"], 0.0);
}

/// The names with their kinds, and the page that explains them, agree.
#[tokio::test]
async fn every_metric_stands_in_the_documentation_and_the_other_way_round() {
    let (_, page) = watch(&watched(), "/metrics").await;
    let names = |prefix: &str| -> BTreeSet<String> {
        page.lines()
            .filter_map(|line| line.strip_prefix(prefix))
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let (typed, helped) = (names("# TYPE "), names("# HELP "));
    assert_eq!(typed, helped);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/php/docs/metrics.md");
    let documented: BTreeSet<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.split('`').next().unwrap().to_owned())
        .filter(|name| name.starts_with("canyon_") || name.starts_with("process_"))
        .collect();
    assert_eq!(typed, documented);
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(typed.contains(family.unwrap_or(name)), "{line}");
    }
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
    }
}

#[tokio::test]
async fn the_listener_of_the_clients_serves_metrics_only_to_those_with_the_token() {
    let public = |house: &House| TcpStream::connect(("127.0.0.1", house.port));
    let closed = watched();
    assert_eq!(ask(public(&closed).await.unwrap(), "/metrics", "").await.0, 404);
    let house = House::with(&format!("metrics_token = '{TOKEN}'\npath_prefix = '/ws'"), "");
    assert!(house.server.metrics_address().is_none());
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    for (path, header, expected) in [
        ("/ws/metrics", right.as_str(), 200),
        ("/ws/metrics", "", 401),
        ("/ws/metrics", "Authorization: Bearer 0123456789-tokem\r\n", 401),
        ("/metrics", right.as_str(), 404),
        ("/ws/ready", "", 200),
    ] {
        let (status, body) = ask(public(&house).await.unwrap(), path, header).await;
        assert_eq!(status, expected, "{path} {header} {body}");
        assert!(!body.contains(TOKEN));
    }
}

#[tokio::test]
async fn the_listener_for_metrics_serves_nothing_else() {
    let house = watched();
    assert_eq!(watch(&house, "/up").await, (200, r#"{"health":"OK"}"#.to_owned()));
    assert_eq!(watch(&house, "/ready").await, (200, r#"{"ready":true,"reasons":[]}"#.to_owned()));
    for path in ["/", "/app/app-key", "/apps/4242/channels", "/metrics/"] {
        let (status, body) = watch(&house, path).await;
        assert_eq!(status, 404, "{path}");
        assert!(body.contains("/metrics, /ready and /up"), "{body}");
    }
}

#[tokio::test]
async fn it_can_be_a_unix_socket_and_ask_for_a_token_too() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("metrics.sock");
    let house = House::with(&format!("metrics = 'unix:{}'\nmetrics_token = '{TOKEN}'", socket.display()), "");
    assert_eq!(watch(&house, "/ready").await.0, 200);
    let (status, body) = watch(&house, "/metrics").await;
    assert!(status == 401 && body.contains("metrics_token"), "{status} {body}");
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(UnixStream::connect(&socket).await.unwrap(), "/metrics", &right).await.0, 200);
    let (server, _queue) = house.part();
    tokio::task::spawn_blocking(move || server.stop(Duration::ZERO)).await.unwrap();
    assert!(!socket.exists());
}

/// Asks until the answer is this.
async fn ready_becomes(house: &House, expected: u16) -> Value {
    loop {
        let (status, body) = watch(house, "/ready").await;
        if status == expected {
            return serde_json::from_str(&body).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_whose_queue_directory_is_lost_is_not_ready_until_it_is_back() {
    let house = watched();
    // Gone, and something that is no directory in its place.
    fs::remove_dir_all(&house.queue).unwrap();
    fs::write(&house.queue, "").unwrap();
    fs::set_permissions(&house.queue, fs::Permissions::from_mode(0o600)).unwrap();
    let answer = patiently(ready_becomes(&house, 503)).await;
    assert_eq!(answer["ready"], false);
    let reasons = answer["reasons"].to_string();
    assert!(reasons.contains("queue directory") && !reasons.contains('/'), "{reasons}");
    assert_eq!(samples(&house).await["canyon_ready"], 0.0);
    fs::remove_file(&house.queue).unwrap();
    assert_eq!(patiently(ready_becomes(&house, 200)).await["reasons"], json!([]));
}

#[tokio::test]
async fn a_server_that_is_stopping_is_not_ready() {
    let mut house = watched();
    let mut client = house.client().await;
    let mut server = tokio::task::spawn_blocking(move || {
        house.server.drain(Duration::from_secs(600));
        house
    });
    house = patiently(&mut server).await.unwrap();
    let (status, body) = watch(&house, "/ready").await;
    assert!(status == 503 && body.contains("stopping"), "{status} {body}");
    // Served until its turn comes.
    client.subscribe("a", None).await;
    let (server, _queue) = house.part();
    let stopping = tokio::task::spawn_blocking(move || server.stop(Duration::from_secs(5)));
    assert_eq!(client.closed().await.0, 4200);
    patiently(stopping).await.unwrap();
}
