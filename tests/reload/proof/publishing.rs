//! Events from PHP processes, from this process and over HTTP, numbered for each channel and source.

use crate::Result;
use crate::ledger::{self, Ledger, Source};
use crate::php_publishers::PhpPublishers;
use crate::poster::Poster;
use crate::served::{APP, Served};
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The name of all events.
pub(crate) const EVENT: &str = "numbered";

/// Of so many events one comes from this process, and one over HTTP; the others come from PHP.
const SHARE: usize = 4;

/// PHP processes at a time, and for how long each lives: those of a deploy are replaced as well.
const PHP: usize = 4;
const PHP_SECONDS: std::ops::RangeInclusive<u64> = 3..=10;

/// How much was published.
pub(crate) struct Published {
    pub(crate) queue: u64,
    pub(crate) http: u64,
    pub(crate) php: u64,
    pub(crate) php_processes: u64,
    pub(crate) refused: usize,
    /// What PHP had to say, and how its processes ended if not as they should.
    pub(crate) complaints: String,
}

pub(crate) struct Publishers {
    ledger: Arc<Ledger>,
    stop: Arc<AtomicBool>,
    queue: JoinHandle<Arc<Source>>,
    http: JoinHandle<(Arc<Source>, usize)>,
    php: JoinHandle<PhpPublishers>,
}

impl Publishers {
    /// Publishes `rate` events a second.
    pub(crate) fn start(
        served: &Served,
        ledger: &Arc<Ledger>,
        channels: &[String],
        rate: usize,
    ) -> Result<Self> {
        let stop = Arc::<AtomicBool>::default();
        let (path, port, share) = (served.queue(), served.port, rate / SHARE);
        let php_rate = (rate - 2 * share) / PHP;
        let directory = served.directory().join("php");
        std::fs::create_dir(&directory)?;
        let php = PhpPublishers::new(&path, APP.id, &directory, channels, PHP, php_rate, PHP_SECONDS, 1)?;
        let (of_queue, of_http) = (channels.to_vec(), channels.to_vec());
        let (stop_queue, stop_http, stop_php) = (Arc::clone(&stop), Arc::clone(&stop), Arc::clone(&stop));
        let (sources, of_php) = ([ledger.open(), ledger.open()], Arc::clone(ledger));
        let [queue, http] = sources;
        Ok(Self {
            ledger: Arc::clone(ledger),
            stop,
            queue: std::thread::spawn(move || through_queue(queue, &path, &of_queue, share, &stop_queue)),
            http: std::thread::spawn(move || over_http(http, port, &of_http, share, &stop_http)),
            php: std::thread::spawn(move || from_php(php, &of_php, &stop_php)),
        })
    }

    pub(crate) fn stop(self) -> Published {
        self.stop.store(true, Ordering::Relaxed);
        let queue = self.queue.join().unwrap();
        let (http, refused) = self.http.join().unwrap();
        let mut php = self.php.join().unwrap();
        let said = php.stop().unwrap();
        let of = |source: &Source| self.ledger.floor()[&source.id].iter().sum::<u64>();
        let (queue, http) = (of(&queue), of(&http));
        Published {
            queue,
            http,
            php: self.ledger.events() - queue - http,
            php_processes: php.started,
            refused,
            complaints: [said, php.bad_ends.join("\n")].concat(),
        }
    }
}

fn from_php(mut php: PhpPublishers, ledger: &Ledger, stop: &AtomicBool) -> PhpPublishers {
    while !stop.load(Ordering::Relaxed) {
        php.tend(ledger).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    php
}

/// Calls `publish` with the place of each channel in turn, `rate` times a second.
fn pace(channels: &[String], rate: usize, stop: &AtomicBool, mut publish: impl FnMut(usize)) {
    let begun = Instant::now();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due =
            begun + Duration::from_secs(1) * u32::try_from(number).unwrap() / u32::try_from(rate).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        publish(number % channels.len());
    }
}

fn through_queue(
    source: Arc<Source>,
    path: &Path,
    channels: &[String],
    rate: usize,
    stop: &AtomicBool,
) -> Arc<Source> {
    let mut producer = Producer::attach(ProducerOptions::new(path)).unwrap();
    pace(channels, rate, stop, |channel| {
        let data = ledger::data(source.id, &[(channel, source.begin(channel))], 0);
        let draft = Draft {
            app: APP.id.as_bytes(),
            channels: [channels[channel].as_bytes()].into_iter(),
            name: EVENT.as_bytes(),
            data: data.as_bytes(),
            except: None,
        };
        let encoded = draft.encode().unwrap();
        let pushed = producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece))).unwrap();
        if pushed == Push::Full {
            source.take_back(channel);
        }
    });
    source
}

fn over_http(
    source: Arc<Source>,
    port: u16,
    channels: &[String],
    rate: usize,
    stop: &AtomicBool,
) -> (Arc<Source>, usize) {
    let (mut poster, mut refused) = (Poster::new(([127, 0, 0, 1], port).into(), APP), 0);
    pace(channels, rate, stop, |channel| {
        let data = ledger::data(source.id, &[(channel, source.begin(channel))], 0);
        let body = json!({"name": EVENT, "channel": channels[channel], "data": data}).to_string();
        if !matches!(poster.post("/events", &body), Ok(200)) {
            source.take_back(channel);
            refused += 1;
        }
    });
    (source, refused)
}
