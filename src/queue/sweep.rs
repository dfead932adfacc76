//! Looking through a queue directory: taking up new rings, clearing away what nobody will use, refusing the rest.
//!
//! A directory holds little more than its rings and is looked through at one go. Whoever fills one with junk must not stall
//! the drain: junk is looked at in portions of some milliseconds, with a pass between any two.

use std::collections::HashMap;

use super::Error;
use super::directory::{Entries, NEW, RING, SPILL, try_lock};
use super::domain::{Common, Domain};
use super::reader::RingReader;
use super::ring::Ring;

/// What a portion may cost. A name that means nothing to us costs 1; a file that we want costs nothing.
const PORTION: usize = 20_000;

/// What it costs to look at a file and then not to want it.
const LOOK: usize = 20;

/// So many portions at once, where a look at everything is needed; a directory that grows as fast as it is read has no end.
const PORTIONS: usize = 1000;

/// How long a refused file is left alone before it is looked at again, in case somebody put it right.
const RETRY_MS: u64 = 3000;

/// Names remembered because they were refused. More are refused as well, but neither counted nor told.
const REMEMBERED: usize = 10_000;

/// A look through the directory, perhaps unfinished.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// What is still to be looked at.
    entries: Option<Entries>,
    /// Somebody said that the list of rings changed, and no look since then has come to its end.
    pub(crate) is_asked_for: bool,
    /// Which look this is.
    round: u64,
    /// What was refused, each told once.
    refused: HashMap<String, Refused>,
}

#[derive(Debug)]
struct Refused {
    seen_in: u64,
    retry_at_ms: u64,
}

impl Sweep {
    pub(crate) fn is_under_way(&self) -> bool {
        self.entries.is_some()
    }
}

impl Domain {
    /// Looks through the directory, or goes on doing so.
    pub(crate) fn scan(&mut self, common: &mut Common) {
        let mut entries = match self.sweep.entries.take() {
            Some(entries) => entries,
            None => match self.directory.entries() {
                Ok(entries) => {
                    self.sweep.round += 1;
                    entries
                }
                Err(problem) => return common.report(problem),
            },
        };
        let mut known: HashMap<String, usize> = self.uniques().zip(0..).collect();
        let mut left = PORTION;
        while left > 0 {
            match entries.next() {
                Some(Ok(name)) => left = left.saturating_sub(self.look_at(&name, &mut known, common)),
                Some(Err(problem)) => return common.report(problem),
                None => {
                    let round = self.sweep.round;
                    self.sweep.refused.retain(|_, refused| refused.seen_in == round);
                    if std::mem::take(&mut self.sweep.is_asked_for) {
                        // Whoever said so may have lost its ring's name before we came to see it.
                        self.call_the_roll();
                    }
                    return;
                }
            }
        }
        self.sweep.entries = Some(entries);
    }

    /// Looks through the whole directory, however much is in it.
    pub(crate) fn scan_fully(&mut self, common: &mut Common) {
        // What is under way may be past what has come since.
        self.sweep.entries = None;
        for _ in 0..PORTIONS {
            self.scan(common);
            if !self.sweep.is_under_way() {
                return;
            }
        }
    }

    /// Deals with one name, and says what that cost.
    fn look_at(&mut self, name: &str, known: &mut HashMap<String, usize>, common: &mut Common) -> usize {
        if let Some(unique) = name.strip_prefix(RING) {
            if known.contains_key(unique) || common.elsewhere.contains(unique) {
                return 0;
            }
            if self.is_left_alone(name, common.now_ms) {
                return 1;
            }
            if self.take_up(name, unique, common) {
                known.insert(unique.to_owned(), self.rings.len() - 1);
                return 0;
            }
            LOOK
        } else if name.starts_with(NEW) {
            self.remove_unlocked(name);
            LOOK
        } else if let Some(rest) = name.strip_prefix(SPILL) {
            self.tidy_spill(name, rest, known)
        } else {
            1
        }
    }

    /// Whether this was refused a moment ago.
    fn is_left_alone(&mut self, name: &str, now_ms: u64) -> bool {
        let round = self.sweep.round;
        self.sweep.refused.get_mut(name).is_some_and(|refused| {
            refused.seen_in = round;
            now_ms < refused.retry_at_ms
        })
    }

    /// Opens a new ring; false if it cannot be had.
    fn take_up(&mut self, name: &str, unique: &str, common: &mut Common) -> bool {
        match Ring::open(&self.directory, unique) {
            Ok(Some(ring)) => {
                let (ring, sane) = RingReader::new(ring);
                common.counts.damaged += u64::from(!sane);
                self.rings.push(ring);
                return true;
            }
            Ok(None) => {}
            Err(problem) => {
                if matches!(problem, Error::Damaged { .. }) {
                    self.remove_unlocked(name);
                }
                self.refuse(name, problem, common);
            }
        }
        false
    }

    fn refuse(&mut self, name: &str, problem: Error, common: &mut Common) {
        // If it is a producer's that somebody wrote over, its producer puts it right.
        self.call_the_roll();
        let retry_at_ms = common.now_ms + RETRY_MS;
        if let Some(refused) = self.sweep.refused.get_mut(name) {
            refused.retry_at_ms = retry_at_ms;
        } else if self.sweep.refused.len() < REMEMBERED {
            let refused = Refused { seen_in: self.sweep.round, retry_at_ms };
            self.sweep.refused.insert(name.to_owned(), refused);
            common.counts.refused += 1;
            common.report(problem);
        }
    }

    /// Removes a file that its maker left behind.
    fn remove_unlocked(&self, name: &str) {
        if let Ok(Some((file, _))) = self.directory.open_file(name)
            && try_lock(&file)
        {
            self.directory.remove(name);
        }
    }

    /// Removes a spill file whose record was delivered, or whose ring is gone.
    fn tidy_spill(&self, name: &str, rest: &str, known: &HashMap<String, usize>) -> usize {
        let Some((unique, position)) = rest.split_once('.') else { return 1 };
        let ring = known.get(unique).and_then(|index| self.rings.get(*index));
        let is_useless = match ring {
            Some(ring) => position.parse().is_ok_and(|position| ring.is_past(position)),
            // Asked after the spill was seen: its ring was there before it, so a ring that is not there now is gone.
            None => !self.directory.has(&format!("{RING}{unique}")),
        };
        if is_useless {
            self.directory.remove(name);
        }
        if ring.is_some() && !is_useless { 1 } else { LOOK }
    }
}
