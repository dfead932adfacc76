//! Follows one subscription of one client: which event of each source must come next.

use crate::ledger::{Floor, Ledger};
use std::collections::HashMap;
use std::sync::Arc;

/// What can be wrong with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// So many events did not come.
    Lost(u64, String),
    /// An event came twice or too late.
    Doubled(String),
}

/// A crash of the server, as the clients who were there remember it.
#[derive(Debug, Clone)]
pub(crate) struct Crash {
    /// What had begun by then and may be lost.
    pub(crate) floor: Arc<Floor>,
    /// Whether the client was back before the events that waited were delivered: then it misses none of them.
    pub(crate) is_protected: bool,
}

/// What a follower knows of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The first since it joined: not before `least`, and `latest` at the latest.
    Joining {
        least: u64,
        latest: u64,
    },
    Following {
        next: u64,
    },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) channel: usize,
    expected: HashMap<u32, Expected>,
    crash: Option<Crash>,
    /// Events that had been in the server when it crashed.
    pub(crate) missed: u64,
    /// Events that came once more after a crash.
    pub(crate) repeated: u64,
}

impl Follower {
    /// One whose subscription has succeeded just now.
    pub(crate) fn join(channel: usize, ledger: &Ledger) -> Self {
        let mut follower = Self { channel, expected: HashMap::new(), crash: None, missed: 0, repeated: 0 };
        follower.look_around(ledger);
        follower
    }

    /// The subscription has succeeded again, after a crash of the server.
    pub(crate) fn rejoin(&mut self, ledger: &Ledger, crash: Crash) {
        for expected in self.expected.values_mut() {
            if let Expected::Following { next } = *expected {
                *expected = Expected::Joining { least: next, latest: next };
            }
        }
        self.look_around(ledger);
        self.crash = Some(crash);
    }

    fn look_around(&mut self, ledger: &Ledger) {
        for source in ledger.live_sources() {
            let begun = source.begun(self.channel);
            let expected = self.expected.entry(source.id);
            let expected = expected.or_insert(Expected::Joining { least: 0, latest: 0 });
            if let Expected::Joining { latest, .. } = expected {
                *latest = begun;
            }
        }
    }

    /// Notes an event.
    pub(crate) fn event(&mut self, source: u32, number: u64) -> Result<(), Fault> {
        // Who began after the follower has joined begins with nought.
        let before = self.expected.get(&source).copied();
        let before = before.unwrap_or(Expected::Joining { least: 0, latest: 0 });
        let what = || format!("number {number} of source {source} on channel {}: {before:?}", self.channel);
        let after = Expected::Following { next: number + 1 };
        match before {
            Expected::Following { next } if number < next => return Err(Fault::Doubled(what())),
            Expected::Joining { least, .. } if number < least => {
                // What the server was delivering when it died is delivered once more.
                if self.crash.is_some() && number + 1 == least {
                    self.repeated += 1;
                    return Ok(());
                }
                return Err(Fault::Doubled(what()));
            }
            Expected::Following { next } if number > next => {
                let fault = Fault::Lost(number - next, what());
                self.expected.insert(source, after);
                return Err(fault);
            }
            Expected::Joining { latest, .. } if number > latest => {
                let fault = Fault::Lost(number - latest, what());
                self.expected.insert(source, after);
                return Err(fault);
            }
            Expected::Joining { least, .. } => {
                self.expected.insert(source, after);
                return self.miss(source, least, number);
            }
            Expected::Following { .. } => {}
        }
        self.expected.insert(source, after);
        Ok(())
    }

    /// The events from `least` to `next` did not come: before it joined, or in a crash.
    fn miss(&mut self, source: u32, least: u64, next: u64) -> Result<(), Fault> {
        let Some(crash) = &self.crash else { return Ok(()) };
        let floor = crash.floor.get(&source).map_or(0, |begun| begun[self.channel]);
        let excused = if crash.is_protected { next.min(floor.max(least)) } else { next };
        // Of a source that it has never heard, it is not known since when it listened.
        self.missed += if least > 0 { excused - least } else { 0 };
        if excused == next {
            return Ok(());
        }
        let what = format!(
            "of source {source} on channel {} after a crash: {excused} to {next}, and {floor} had begun by then",
            self.channel
        );
        Err(Fault::Lost(next - excused, what))
    }

    /// Events that must come yet. Everybody who publishes should have ended.
    pub(crate) fn missing(&self, ledger: &Ledger) -> u64 {
        let missing = |source: &crate::ledger::Source| {
            let (wanted, _) = source.wanted(self.channel);
            match self.expected.get(&source.id) {
                None => wanted,
                Some(Expected::Joining { latest, .. }) => wanted.saturating_sub(*latest),
                Some(Expected::Following { next }) => wanted.saturating_sub(*next),
            }
        };
        ledger.sources().iter().map(|source| missing(source)).sum()
    }

    /// What is wrong in the end, once nothing is on its way any more.
    pub(crate) fn conclude(&mut self, ledger: &Ledger) -> Vec<Fault> {
        let mut faults = Vec::new();
        let missing = self.missing(ledger);
        if missing > 0 {
            faults.push(Fault::Lost(missing, format!("at the end of channel {}", self.channel)));
        }
        for source in ledger.sources() {
            let (wanted, most) = source.wanted(self.channel);
            match self.expected.get(&source.id).copied() {
                Some(Expected::Following { next }) if next > most => {
                    faults.push(Fault::Doubled(format!("{next} events of source {}, not {most}", source.id)));
                }
                Some(Expected::Joining { least, latest }) if wanted > least && wanted <= latest => {
                    faults.extend(self.miss(source.id, least, wanted).err());
                }
                _ => {}
            }
        }
        faults
    }
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;
