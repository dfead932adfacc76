//! Events from the queue and over HTTP, numbered for each channel and source.

use canyon::event::Draft;
use canyon::protocol::signature;
use canyon::queue::{Producer, ProducerOptions, Push};
use md5::{Digest, Md5};
use serde_json::json;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One event in so many goes over HTTP.
const HTTP_SHARE: usize = 4;

type Counts = HashMap<String, usize>;

/// What was published: for each channel from the queue, and over HTTP.
pub(crate) struct Published {
    counts: [Counts; 2],
    pub(crate) refused: usize,
}

impl Published {
    pub(crate) fn of(&self, channel: &str) -> [usize; 2] {
        [0, 1].map(|source: usize| self.counts[source].get(channel).copied().unwrap_or_default())
    }

    pub(crate) fn queue(&self) -> usize {
        self.counts[0].values().sum()
    }

    pub(crate) fn http(&self) -> usize {
        self.counts[1].values().sum()
    }
}

pub(crate) struct Publishers {
    stop: Arc<AtomicBool>,
    queue: JoinHandle<Counts>,
    http: JoinHandle<(Counts, usize)>,
}

impl Publishers {
    /// Publishes `rate` events a second on channels in turn.
    pub(crate) fn start(queue: &Path, port: u16, channels: Vec<String>, rate: usize) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (path, stop_queue, stop_http): (PathBuf, _, _) =
            (queue.to_owned(), Arc::clone(&stop), Arc::clone(&stop));
        let of_queue = channels.clone();
        let http_rate = rate / HTTP_SHARE;
        Self {
            stop,
            queue: std::thread::spawn(move || through_queue(&path, &of_queue, rate - http_rate, &stop_queue)),
            http: std::thread::spawn(move || over_http(port, &channels, http_rate, &stop_http)),
        }
    }

    pub(crate) fn stop(self) -> Published {
        self.stop.store(true, Ordering::Relaxed);
        let queue = self.queue.join().unwrap();
        let (http, refused) = self.http.join().unwrap();
        Published { counts: [queue, http], refused }
    }
}

/// Calls `publish` with each channel and its next number, `rate` times a second.
fn pace(
    channels: &[String],
    rate: usize,
    stop: &AtomicBool,
    mut publish: impl FnMut(&str, usize) -> bool,
) -> Counts {
    let (mut counts, begun) = (Counts::new(), Instant::now());
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due =
            begun + Duration::from_secs(1) * u32::try_from(number).unwrap() / u32::try_from(rate).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let channel = &channels[number % channels.len()];
        let serial = counts.entry(channel.clone()).or_default();
        if publish(channel, *serial) {
            *serial += 1;
        }
    }
    counts
}

fn through_queue(path: &Path, channels: &[String], rate: usize, stop: &AtomicBool) -> Counts {
    let mut producer = Producer::attach(ProducerOptions::new(path)).unwrap();
    pace(channels, rate, stop, |channel, serial| {
        let data = format!("0 {serial}");
        let draft = Draft {
            app: b"1",
            channels: [channel.as_bytes()].into_iter(),
            name: b"news",
            data: data.as_bytes(),
            except: None,
        };
        let encoded = draft.encode().unwrap();
        producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece))).unwrap()
            == Push::Published
    })
}

/// On one connection that is kept alive, and every tenth time on a new one.
fn over_http(port: u16, channels: &[String], rate: usize, stop: &AtomicBool) -> (Counts, usize) {
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    };
    let (mut kept, mut refused, mut number) = (connect(), 0, 0);
    let counts = pace(channels, rate, stop, |channel, serial| {
        number += 1;
        let mut once = (number % 10 == 0).then(connect);
        let is_taken = post(once.as_mut().unwrap_or(&mut kept), channel, serial);
        if !is_taken {
            refused += 1;
            kept = connect();
        }
        is_taken
    });
    (counts, refused)
}

fn post(stream: &mut TcpStream, channel: &str, serial: usize) -> bool {
    let body = json!({"name": "news", "channel": channel, "data": format!("1 {serial}")}).to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let digest = hex::encode(Md5::digest(&body));
    let query = format!("auth_key=k&auth_timestamp={now}&auth_version=1.0&body_md5={digest}");
    let sign = signature::sign("s", &[&format!("POST\n/apps/1/events\n{query}")]);
    let head = format!(
        "POST /apps/1/events?{query}&auth_signature={sign} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // In two pieces, so that there are always some that have half come.
    let mut answer = [0; 1024];
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let count = sent.and_then(|()| stream.read(&mut answer)).unwrap_or(0);
    answer[..count].starts_with(b"HTTP/1.1 200")
}
