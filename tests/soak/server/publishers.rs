//! Who publishes from this process: through the queue, and over the HTTP API.

use crate::Result;
use crate::ledger::{self, Source};
use crate::poster::Poster;
use crate::random::Random;
use crate::world::{APP, CHANNELS, FLOOD, Phase, World, name};
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Events a second from the queue, and of those with large data.
const QUEUE_RATE: u32 = 80;
const FLOOD_RATE: u32 = 25;
const FLOOD_BYTES: usize = 8_000;

/// Requests a second over HTTP.
const HTTP_RATE: u32 = 40;

/// Events in a batch, at most.
const BATCH: u64 = 10;

/// Room for what is published while delivery is held back after a crash.
const RING_BYTES: usize = 4 << 20;

/// How long somebody publishes through one ring.
const LIFE: Duration = Duration::from_secs(20);

/// Pause before another try, when the queue is full or the server has crashed.
const RETRY: Duration = Duration::from_millis(5);

/// Starts them; they end with the phase in which events are published.
pub(crate) fn start(world: &Arc<World>, queue: &Path) -> Vec<JoinHandle<()>> {
    let channels = |world: Arc<World>, queue: PathBuf| {
        move || watch(&world, through_queue(&world, &queue, QUEUE_RATE, false))
    };
    let flood = |world: Arc<World>, queue: PathBuf| {
        move || watch(&world, through_queue(&world, &queue, FLOOD_RATE, true))
    };
    let http = |world: Arc<World>| move || over_http(&world);
    vec![
        std::thread::spawn(channels(Arc::clone(world), queue.to_owned())),
        std::thread::spawn(flood(Arc::clone(world), queue.to_owned())),
        std::thread::spawn(http(Arc::clone(world))),
    ]
}

fn watch(world: &World, done: Result<()>) {
    if let Err(error) = done {
        world.wrongs().publishers.note(error);
    }
}

/// Whether events are published; regulars who are quiet already still get them.
fn is_publishing(world: &World) -> bool {
    *world.phase.borrow() <= Phase::Quiet
}

/// Calls `step` so many times a second.
fn pace(
    world: &World,
    rate: u32,
    until: Option<Instant>,
    mut step: impl FnMut() -> Result<()>,
) -> Result<()> {
    let (begun, mut number) = (Instant::now(), 0);
    while is_publishing(world) && until.is_none_or(|until| Instant::now() < until) {
        step()?;
        number += 1;
        let due = begun + Duration::from_secs(1) * number / rate;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn through_queue(world: &World, queue: &Path, rate: u32, is_flood: bool) -> Result<()> {
    let mut random = Random::new(world.seed, "queue", is_flood.into());
    while is_publishing(world) {
        let options = ProducerOptions { ring_bytes: RING_BYTES, ..ProducerOptions::new(queue) };
        let (mut producer, source) = (Producer::attach(options)?, world.ledger.open());
        pace(world, rate, Some(Instant::now() + LIFE), || {
            let (channels, bytes) = if is_flood {
                (vec![FLOOD], FLOOD_BYTES)
            } else {
                let first = random.below(CHANNELS);
                let count = if random.percent(10) { 3 } else { 1 };
                ((0..count).map(|more| (first + more) % CHANNELS).collect(), random.below(600))
            };
            push(&mut producer, &source, &channels, bytes)
        })?;
        source.end(true);
    }
    Ok(())
}

/// Publishes, however long the queue is full.
pub(crate) fn push(producer: &mut Producer, source: &Source, channels: &[usize], bytes: usize) -> Result<()> {
    let numbers: Vec<(usize, u64)> =
        channels.iter().map(|channel| (*channel, source.begin(*channel))).collect();
    let data = ledger::data(source.id, &numbers, bytes);
    let names = channels.iter().map(|channel| name(*channel).as_bytes());
    let draft = Draft {
        app: APP.id.as_bytes(),
        channels: names,
        name: b"numbered",
        data: data.as_bytes(),
        except: None,
    };
    let encoded = draft.encode()?;
    while producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece)))? == Push::Full {
        std::thread::sleep(RETRY);
    }
    Ok(())
}

fn over_http(world: &World) {
    let mut random = Random::new(world.seed, "http", 0);
    let (mut poster, mut source) = (Poster::new(world.address, APP), world.ledger.open());
    let done = pace(world, HTTP_RATE, None, || {
        world.tally.http_requests.fetch_add(1, Ordering::Relaxed);
        let answer = match random.within(0..=9) {
            0 => ask(&mut poster, &mut random),
            1..=3 => {
                let count = random.within(1..=BATCH);
                let batch: Vec<Value> = (0..count).map(|_| single(&source, random.below(CHANNELS))).collect();
                poster.post("/batch_events", &json!({"batch": batch}).to_string())
            }
            _ => {
                let first = random.below(CHANNELS);
                let channels = [first, (first + 5) % CHANNELS];
                let count = if random.percent(20) { 2 } else { 1 };
                poster.post("/events", &event(&source, &channels[..count]).to_string())
            }
        };
        let wrong = match answer {
            Ok(200) => return Ok(()),
            Ok(status) => Some(format!("an HTTP request was answered with {status}")),
            Err(_) if world.is_in_aftermath() => None,
            Err(error) => Some(format!("an HTTP request: {error}")),
        };
        wrong.into_iter().for_each(|wrong| world.wrongs().refused.note(wrong));
        // Whether it was published, nobody knows.
        source.end(false);
        source = world.ledger.open();
        std::thread::sleep(RETRY);
        Ok(())
    });
    source.end(true);
    watch(world, done);
}

fn event(source: &Source, channels: &[usize]) -> Value {
    let numbers: Vec<(usize, u64)> =
        channels.iter().map(|channel| (*channel, source.begin(*channel))).collect();
    let names: Vec<&str> = channels.iter().map(|channel| name(*channel)).collect();
    json!({"name": "numbered", "channels": names, "data": ledger::data(source.id, &numbers, 100)})
}

/// An event of a batch, which has one channel.
fn single(source: &Source, channel: usize) -> Value {
    let number = source.begin(channel);
    json!({"name": "numbered", "channel": name(channel), "data": ledger::data(source.id, &[(channel, number)], 100)})
}

fn ask(poster: &mut Poster, random: &mut Random) -> std::io::Result<u16> {
    let channel = name(random.below(CHANNELS));
    let path = match random.within(0..=2) {
        0 => "/channels".to_owned(),
        1 => format!("/channels/{channel}"),
        _ => "/channels/presence-room-2/users".to_owned(),
    };
    poster.get(&path).map(|(status, _)| status)
}
