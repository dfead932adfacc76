//! Publishing through Canyon's queue.

use crate::Result;
use crate::course::{Course, EVENT};
use crate::publishing::Door;
use crate::target::Target;
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use std::time::{Duration, Instant};

/// A queue that stays full for so long is not drained.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct QueueDoor {
    producer: Producer,
    app: String,
}

impl QueueDoor {
    pub(crate) fn open(target: &Target) -> Result<Self> {
        let queue = target.queue.as_ref().ok_or("this server has no queue")?;
        Ok(Self { producer: Producer::attach(ProducerOptions::new(queue))?, app: target.app.id.clone() })
    }
}

impl Door for QueueDoor {
    fn publish(&mut self, course: &Course, first: u64) -> Result<()> {
        let patience = Instant::now() + PATIENCE;
        let channel = course.channel(first as usize);
        loop {
            let data = course.data(0, first);
            let draft = Draft {
                app: self.app.as_bytes(),
                channels: std::iter::once(channel.as_bytes()),
                name: EVENT.as_bytes(),
                data: data.as_bytes(),
                except: None,
            };
            let event = draft.encode()?;
            if self.producer.push(event.len(), |writer| event.write(|piece| writer.put(piece)))? != Push::Full
            {
                return Ok(());
            }
            if Instant::now() > patience {
                return Err(format!("the queue stayed full after {first} events").into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}
