//! What the parent does when generations end, are to end, or do not.

use super::generation::Generation;
use super::reload::Stage;
use super::{END_TIME, Keeper, LEAVE_TIME};
use crate::systemd::State;
use rustix::process::{Signal, WaitOptions, WaitStatus, wait};
use std::time::{Duration, Instant};

impl Keeper {
    pub(super) fn stop(&mut self, signal: Signal) -> Option<u8> {
        self.is_stopping = true;
        let drain = self.present.as_ref().map_or(0, |present| present.life.drain_seconds);
        let time = END_TIME + Duration::from_secs(drain.into());
        self.notifier.tell(&[State::Stopping, State::Extend(time), State::Status(&self.status())]);
        self.present.iter().for_each(|present| present.signal(signal));
        match &self.reload {
            // Either may be the one that serves.
            Some(reload) if reload.stage == Stage::Giving => reload.successor.signal(signal),
            _ => self.refuse_reload("it stops"),
        }
        self.restart.take().map(|_| 0)
    }

    /// Waits for all children that have ended; the exit code, if that is the end.
    pub(super) fn reap(&mut self) -> Option<u8> {
        let mut end = None;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            self.leaving.retain(|(generation, _)| generation.pid != pid);
            if self.is_successor(pid) {
                self.bury_successor(&status);
            } else if let Some(present) = self.present.take_if(|present| present.pid == pid) {
                end = end.or(self.bury_present(&present, &status));
            }
        }
        if self.is_stopping {
            self.code = self.code.max(end);
            let is_anybody_left = self.present.is_some() || self.reload.is_some() || !self.leaving.is_empty();
            return (!is_anybody_left).then(|| self.code.unwrap_or(0));
        }
        end
    }

    fn bury_present(&mut self, present: &Generation, status: &WaitStatus) -> Option<u8> {
        match code(status) {
            // Who serves now shows when the successor says so, or ends.
            _ if self.is_giving() && !self.is_stopping => {
                self.complete_reload();
                if self.reload.as_ref().is_some_and(|reload| reload.has_failed) {
                    self.refuse_reload("both servers have died");
                    self.restart(status);
                }
                return None;
            }
            // It was told before it could do more than obey.
            _ if self.is_stopping && was_told(status) => return Some(0),
            code if self.is_stopping || !present.has_served && self.reload.is_none() => return Some(code),
            0 => return Some(0),
            _ => {}
        }
        self.refuse_reload("the server has died");
        self.restart(status);
        None
    }

    fn bury_successor(&mut self, status: &WaitStatus) {
        let Some(reload) = &mut self.reload else { return };
        match (&self.present, &reload.stage) {
            (Some(_), Stage::Starting) => {
                let how = describe(status);
                self.refuse_reload(&format!("the new server {how} before it was ready; its log says more"));
            }
            // The present generation notices, and says so.
            (Some(_), Stage::Giving) => reload.has_failed = true,
            (None, _) => {
                self.refuse_reload("the new server has died after it had taken over");
                if !self.is_stopping {
                    self.restart(status);
                }
            }
        }
    }

    /// Has a generation started again.
    fn restart(&mut self, status: &WaitStatus) {
        let pause = self.pace.next(Instant::now());
        let (how, seconds) = (describe(status), pause.as_secs());
        tracing::error!("the server {how}; a new one starts in {seconds} s, events wait in their queues");
        self.restart = Some(Instant::now() + pause);
        self.notifier.tell(&[State::Status(&format!("The server {how}, a new one starts"))]);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let leaving = self.leaving.iter().map(|(_, deadline)| *deadline);
        let reload = self.reload.iter().map(|reload| reload.deadline);
        leaving.chain(reload).chain(self.restart).min()
    }

    pub(super) fn pass_deadlines(&mut self, now: Instant) {
        for (former, deadline) in &mut self.leaving {
            if *deadline <= now {
                tracing::warn!(pid = %former.pid.as_raw_nonzero(), "the former server does not end: it is killed");
                former.signal(Signal::KILL);
                *deadline = now + LEAVE_TIME;
            }
        }
        if self.reload.as_ref().is_some_and(|reload| reload.deadline <= now) {
            self.refuse_reload("the new server was not ready in time");
        }
        if self.restart.is_some_and(|restart| restart <= now)
            && let Err(error) = self.start()
        {
            tracing::error!(%error, "the server cannot be started");
            self.restart = Some(now + self.pace.next(now));
        }
    }
}

/// The exit code that says the same as the status, as shells have it.
fn code(status: &WaitStatus) -> u8 {
    let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Whether it ended by one of the signals that the parent passes on.
fn was_told(status: &WaitStatus) -> bool {
    let signals = [Signal::TERM, Signal::INT].map(Signal::as_raw);
    status.terminating_signal().is_some_and(|signal| signals.contains(&signal))
}

fn describe(status: &WaitStatus) -> String {
    match status.terminating_signal() {
        Some(signal) => format!("was killed by signal {signal}"),
        None => format!("ended with exit code {}", code(status)),
    }
}
