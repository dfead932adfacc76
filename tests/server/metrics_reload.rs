//! Those who watch the server go on watching across a reload, and no counter falls.

use crate::metrics::{ask, samples, watch};
use crate::support::{House, ID, settle};
use canyon::server::Server;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TOP: &str = "metrics = '127.0.0.1:0'";

/// One who asks again and again, as Prometheus does: on a connection that it keeps, and on a new one if that has ended.
struct Watcher {
    address: String,
    kept: Option<BufReader<TcpStream>>,
}

impl Watcher {
    /// The counters of a page, those of histograms included.
    fn counters(&mut self) -> BTreeMap<String, f64> {
        let kept = self.kept.take().and_then(|stream| read(stream).ok());
        let (stream, page) = kept.unwrap_or_else(|| {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            read(BufReader::new(stream)).expect("a new connection is answered")
        });
        self.kept = Some(stream);
        let is_counter = |name: &str| {
            let endings = ["_total", "_bucket", "_sum", "_count"];
            endings.iter().any(|ending| name.split('{').next().unwrap().ends_with(ending))
        };
        page.lines()
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(name, _)| is_counter(name) && !name.starts_with("process_") && !name.starts_with('#'))
            .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            .collect()
    }
}

fn read(mut stream: BufReader<TcpStream>) -> std::io::Result<(BufReader<TcpStream>, String)> {
    stream.get_mut().write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err(std::io::Error::other(line));
    }
    while line != "\r\n" {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
        stream.read_line(&mut line)?;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((stream, String::from_utf8(body).unwrap()))
}

#[tokio::test]
async fn every_scrape_is_answered_and_no_counter_falls() {
    let mut house = House::with(TOP, "");
    let mut client = house.client().await;
    client.subscribe("lobby", None).await;
    let address = house.server.metrics_address().unwrap().to_string();
    let is_over = Arc::new(AtomicBool::new(false));
    let watchers = [(); 3].map(|()| {
        let (mut watcher, is_over) = (Watcher { address: address.clone(), kept: None }, Arc::clone(&is_over));
        std::thread::spawn(move || {
            let (mut before, mut pages) = (watcher.counters(), 0);
            while !is_over.load(Ordering::Relaxed) {
                let now = watcher.counters();
                for (name, value) in &before {
                    assert!(now[name] >= *value, "{name} fell from {value} to {}", now[name]);
                }
                (before, pages) = (now, pages + 1);
            }
            pages
        })
    });
    for round in 0..6 {
        for _ in 0..20 {
            let event = json!({"name": "news", "channel": "lobby", "data": "{}"});
            assert_eq!(house.publish(&event).await.0, 200);
            client.event("news").await;
        }
        house.reload(TOP, "").unwrap();
        assert_eq!(house.server.metrics_address().unwrap().to_string(), address);
        let seen = samples(&house).await;
        let events = f64::from(20 * (round + 1));
        assert_eq!(seen[r#"canyon_events_total{entrance="http"}"#], events);
        assert_eq!(seen["canyon_connections_opened_total"], 1.0);
        assert!(seen["canyon_publish_to_flush_seconds_count"] > 0.0);
    }
    is_over.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert!(watcher.join().unwrap() > 0);
    }
}

#[tokio::test]
async fn a_unix_socket_for_metrics_is_handed_over_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let top = format!("metrics = 'unix:{}'", path.display());
    let mut house = House::with(&top, "");
    // Connected before, and accepted by whoever serves then.
    let waiting: Vec<UnixStream> = (0..3).map(|_| UnixStream::connect(&path).unwrap()).collect();
    for _ in 0..2 {
        house.reload(&top, "").unwrap();
        assert_eq!(watch(&house, "/up").await.0, 200);
    }
    drop(waiting);
    // What the configuration does not name any more is let go of, and can be taken again.
    house.reload("", "").unwrap();
    assert!(house.server.metrics_address().is_none());
    assert!(UnixStream::connect(&path).is_err());
    house.reload(&top, "").unwrap();
    assert_eq!(watch(&house, "/metrics").await.0, 200);
}

#[tokio::test]
async fn a_reload_that_is_refused_leaves_the_metrics_where_they_were() {
    let mut house = House::with(TOP, "");
    let mut client = house.client().await;
    client.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    for app in ["id = 'new'\nkey = 'n'\nsecret = 's'", "id = 'newer'\nkey = 'm'\nsecret = 's'"] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let queue = house.queue.display();
        let config = settle(&format!("listen = ['127.0.0.1:0']\nqueue = '{queue}'\n{TOP}\n[[app]]\n{app}"));
        let successor = std::thread::spawn(move || Server::take_over(&config, false, theirs).unwrap_err());
        let why = house.server.give(ours).unwrap_err();
        assert!(why.contains(ID), "{why}");
        successor.join().unwrap();
        assert_eq!(samples(&house).await["canyon_ready"], 1.0);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let top = format!("metrics = '{}'", taken.local_addr().unwrap());
    let why = house.reload(&top, "").unwrap_err();
    assert!(why.contains("another process listens there"), "{why}");
    let address = house.server.metrics_address().unwrap().to_string();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(ask(stream, "/ready", "").await.0, 200);
}
