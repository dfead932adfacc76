//! What the scenarios share: publishers and servers.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use canyon_model::pass_time;
use canyon_model::queue::{Consumer, ConsumerOptions, Error, Producer, ProducerOptions, Push};

pub const QUEUE: &str = "/queue";
pub const RING: usize = 64 * 1024;

/// A sixteenth of a ring.
const BLOCK: usize = RING / 16;

pub fn try_attach() -> Result<Producer, Error> {
    Producer::attach(ProducerOptions { ring_bytes: RING, ..ProducerOptions::new(QUEUE) })
}

pub fn attach() -> Producer {
    try_attach().unwrap()
}

/// Publishes a message whose every byte is its tag, so that a torn one shows; in two pieces, so that it can be half there.
fn push_bytes(producer: &mut Producer, tag: u8, len: usize) -> Push {
    let bytes = vec![tag; len];
    let (first, second) = bytes.split_at(bytes.len() / 2);
    producer
        .push(bytes.len(), |writer| {
            writer.put(first);
            writer.put(second);
        })
        .unwrap()
}

/// Publishes a message that fills so many sixteenths of a ring.
pub fn push_blocks(producer: &mut Producer, tag: u8, blocks: usize) -> Push {
    push_bytes(producer, tag, blocks * BLOCK - 24)
}

/// Publishes a small message.
pub fn push(producer: &mut Producer, tag: u8) {
    assert_eq!(push_bytes(producer, tag, 16), Push::Published);
}

pub fn serve() -> Consumer {
    Consumer::open(ConsumerOptions::new(QUEUE)).unwrap()
}

/// One call of drain: the tags in the order of their delivery.
pub fn drain(consumer: &mut Consumer) -> Vec<u8> {
    let mut tags = Vec::new();
    drain_into(consumer, &mut tags);
    tags
}

pub fn drain_into(consumer: &mut Consumer, tags: &mut Vec<u8>) -> bool {
    let drained = consumer.drain(usize::MAX, &mut |record| {
        let tag = record.payload[0];
        // One comparison: Miri is slow with loops.
        assert!(record.payload == vec![tag; record.payload.len()], "a torn message");
        tags.push(tag);
        ControlFlow::Continue(())
    });
    drained.more
}

/// Drains until there is nothing more: for the end, when nobody pushes any more.
pub fn drain_all(consumer: &mut Consumer) -> Vec<u8> {
    let mut tags = Vec::new();
    while consumer.has_news() {
        drain_into(consumer, &mut tags);
    }
    tags
}

/// Lets the server find everything out that it finds out from time to time, and drains the rest.
pub fn settle(consumer: &mut Consumer) -> Vec<u8> {
    let mut tags = Vec::new();
    for _ in 0..2 {
        pass_time(Duration::from_secs(2));
        drain_into(consumer, &mut tags);
        tags.extend(drain_all(consumer));
    }
    tags
}

/// What is left in the queue directory besides what is always there.
pub fn leftovers() -> Vec<String> {
    let mut files = canyon_model::files(Path::new(QUEUE));
    files.retain(|name| name != "control" && name != "consumer.lock");
    files
}
