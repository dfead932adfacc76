//! A line that says how far it is: in place on a terminal, now and then elsewhere.

use crate::checker::Tally;
use crate::publishers::Doings;
use crate::receiver::Troubles;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

pub(crate) struct Progress {
    is_terminal: bool,
    next_at: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let mut progress = Self { is_terminal: std::io::stdout().is_terminal(), next_at: Instant::now() };
        progress.next_at += progress.every();
        progress
    }

    fn every(&self) -> Duration {
        Duration::from_secs(if self.is_terminal { 1 } else { 10 })
    }

    pub(crate) fn show(
        &mut self,
        act: &str,
        elapsed: Duration,
        tally: &Tally,
        doings: &Doings,
        troubles: &Troubles,
    ) {
        let now = Instant::now();
        if now < self.next_at {
            return;
        }
        self.next_at = now + self.every();
        let line = format!(
            "{act} {:>4} s: {} events, {} duplicates; publishers {} started, {} forked, {} killed, {} paused; \
             receiver {} killed, {} paused",
            elapsed.as_secs(),
            tally.delivered,
            tally.duplicates,
            doings.started,
            doings.forked,
            doings.killed,
            doings.paused,
            troubles.killed,
            troubles.paused,
        );
        if self.is_terminal {
            print!("\r\x1b[K{line}");
        } else {
            println!("{line}");
        }
        let _ = std::io::stdout().flush();
    }

    /// Begins a new line after the last one.
    pub(crate) fn end(&self) {
        if self.is_terminal {
            println!();
        }
    }
}
