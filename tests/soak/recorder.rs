//! `soak recorder QUEUE RECORD`: a consumer to be killed. It writes down what it got before it says that it got it.
//!
//! At the line `leave` on its input it leaves at once, at the end of its input when no ring is left. What it prints are
//! complaints.

use crate::Result;
use crate::delivery::{self, Delivery};
use crate::message::Message;
use crate::process::PATIENCE;
use canyon::event::Event;
use canyon::queue::{Consumer, ConsumerOptions, Counts, Record};
use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

const STAY: u8 = 0;
const LEAVE: u8 = 1;
const FINISH: u8 = 2;

/// Now and then it takes its time to return, so that it is also killed where a delivery has to be repeated.
const LINGERS_AT: u64 = 64;

pub(crate) fn run(queue: &str, record: &str) -> Result<()> {
    let mut consumer = Consumer::open(ConsumerOptions::new(queue))?;
    let mut file = File::options().append(true).create_new(true).open(record)?;
    let order = Arc::new(AtomicU8::new(STAY));
    let (told, waker) = (Arc::clone(&order), consumer.waker());
    std::thread::spawn(move || {
        let read = std::io::stdin().read(&mut [0; 8]);
        told.store(if read.is_ok_and(|bytes| bytes > 0) { LEAVE } else { FINISH }, Ordering::SeqCst);
        waker.wake();
    });

    let mut written = 0_u64;
    let mut patience = None;
    loop {
        let mut failed = None;
        let drained = consumer.drain(512, &mut |got| {
            if let Err(error) = file.write_all(&delivery::to_bytes(examine(&got))) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            written += 1;
            if written.is_multiple_of(LINGERS_AT) {
                std::thread::sleep(Duration::from_micros(50));
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        while let Some(problem) = consumer.take_problem() {
            println!("{problem}");
        }
        match order.load(Ordering::SeqCst) {
            LEAVE => break,
            FINISH if !drained.more => {
                let until = *patience.get_or_insert_with(|| Instant::now() + PATIENCE);
                if consumer.rings() == 0 || Instant::now() > until {
                    break;
                }
            }
            _ => {}
        }
        if !drained.more {
            consumer.wait(Duration::from_millis(100));
        }
    }
    let Counts { expired, damaged, lost_bytes, lost_spills, foreign_tickets, refused, moved, .. } =
        consumer.counts();
    if [expired, damaged, lost_bytes, lost_spills, foreign_tickets, refused, moved] != [0; 7] {
        println!("{:?}", consumer.counts());
    }
    Ok(())
}

fn examine(record: &Record<'_>) -> Delivery {
    let event = Event::decode(record.payload).ok();
    let whole = event.filter(|event| {
        let mut channels = event.channels;
        event.app == "soak"
            && event.name == "soaked"
            && event.except.is_none()
            && channels.next() == Some("soak")
            && channels.next().is_none()
    });
    let message = whole.and_then(|event| Message::read(event.data));
    if message.is_none() {
        let start = &record.payload[..record.payload.len().min(200)];
        println!("torn, {} bytes: {}", record.payload.len(), String::from_utf8_lossy(start).escape_debug());
    }
    message
}
