//! A floor of publishing: the push into the queue alone, from Rust, as lonely as the calls that are measured in PHP.

use crate::Result;
use crate::server::APP;
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of an event's data.
const DATA: usize = 300;

/// Pushes that attach, fault pages in and meet a server that sleeps.
const WARM_UP: usize = 10;

/// Pushes `count` times, each the first thing after a sleep of `pause`; nanoseconds each took.
pub(crate) fn lone_pushes(queue: &Path, count: usize, pause: Duration) -> Result<Vec<f64>> {
    let mut producer = Producer::attach(ProducerOptions::new(queue))?;
    let data = "x".repeat(DATA);
    let draft = Draft {
        app: APP.as_bytes(),
        channels: std::iter::once(b"orders".as_slice()),
        name: b"OrderShipped",
        data: data.as_bytes(),
        except: None,
    };
    let event = draft.encode()?;
    let mut samples = Vec::with_capacity(count);
    for number in 0..WARM_UP + count {
        std::thread::sleep(if number < WARM_UP { pause.min(Duration::from_millis(5)) } else { pause });
        let start = Instant::now();
        let _ = producer.push(event.len(), |writer| event.write(|piece| writer.put(piece)))?;
        let taken = start.elapsed();
        if number >= WARM_UP {
            samples.push(taken.as_nanos() as f64);
        }
    }
    Ok(samples)
}
