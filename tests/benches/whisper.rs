//! Publishing as a client: one more subscriber of the private channel, who whispers to all others.

use crate::Result;
use crate::course::{Course, WHISPER};
use crate::publishing::Door;
use crate::swarm::Swarm;
use crate::target::Target;
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub(crate) struct WhisperDoor {
    swarm: Swarm,
}

impl WhisperDoor {
    pub(crate) fn open(target: &Target, course: &Course) -> Result<Self> {
        Ok(Self { swarm: Swarm::subscribe(target, 1, |_| course.channel(0))? })
    }
}

impl Door for WhisperDoor {
    fn publish(&mut self, course: &Course, first: u64) -> Result<()> {
        let (channel, data) = (course.channel(first as usize), course.data(0, first));
        // An object: Reverb refuses client events whose data is a string.
        self.swarm.say(0, &format!(r#"{{"event":"{WHISPER}","channel":"{channel}","data":{data}}}"#))?;
        // Pings are answered; nothing else comes, unless the server refuses something.
        self.swarm.turn(Duration::ZERO, &mut |_, _| {})
    }
}
