//! Letters that wait for clients who cannot keep up though they read.
//!
//! Events may come faster than any socket takes them. Without this, frames would pile up in the outboxes until every client
//! is past all bounds and hung up on, those that read as fast as they can among them. So while clients of a worker have much
//! waiting and keep taking it, the worker takes no letters: these stay in its inbox, and an inbox over its mark holds
//! publishers back, as ever.
//!
//! Who does not read, or reads through a straw, must not hold up the others. So clients are waited for only
//! * if they took bytes just before they fell behind: who was stuck by then is nobody to wait for, nor is the backlog that
//!   such a one finds when it reads again;
//! * as long as all that are behind together take at least [`LEAST_RATE`]: that they do not at the end of a window means that
//!   it is them and not the machine, and then each of them is let go: nobody waits for it any more until it has caught up;
//! * for shorter and shorter windows as often as waiting was in vain.
//!
//! Who was let go is judged as anybody else: it is hung up on when its outbox is past all bounds.

use crate::connection::Pace;
use std::time::{Duration, Instant};

/// Bytes in a second that clients who are waited for take together. No machine is slower than that, loopback least of all.
const LEAST_RATE: usize = 8 << 20;

/// How long clients are waited for before it is looked at what they took. A full socket says nothing before a third of its
/// buffer is free, and that may be more than a megabyte.
const LONGEST_WINDOW: Duration = Duration::from_millis(512);

/// The same after many windows in vain.
const SHORTEST_WINDOW: Duration = Duration::from_millis(32);

/// See the module.
#[derive(Debug)]
pub(super) struct Holdup {
    /// Connections that are waited for.
    behind: usize,
    window: Duration,
    window_end: Instant,
    /// Bytes that they took in this window.
    taken: usize,
    /// The worker's last turn, and the first one after its last pause.
    turns: (Instant, Instant),
}

impl Holdup {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { behind: 0, window: LONGEST_WINDOW, window_end: now, taken: 0, turns: (now, now) }
    }

    /// Whether letters wait.
    pub(super) fn is_on(&self) -> bool {
        self.behind > 0
    }

    /// When it must be looked at, if letters wait.
    pub(super) fn end(&self) -> Option<Instant> {
        self.is_on().then_some(self.window_end)
    }

    /// Notes that the worker is at work. While it was not, the machine paused for example, nobody can have taken anything.
    pub(super) fn note_turn(&mut self, now: Instant) {
        let (last, since) = self.turns;
        let is_pause_over = now.duration_since(last) >= LONGEST_WINDOW;
        self.turns = (now, if is_pause_over { now } else { since });
    }

    /// Notes that a connection that kept up has fallen behind, and waits for it if it took bytes just before, at `progress`.
    /// One that did not is let go: once it reads again it has much to catch up with, and others need not wait for that.
    pub(super) fn fall_behind(&mut self, pace: &mut Pace, progress: Instant, now: Instant) {
        if now.duration_since(progress.max(self.turns.1)) >= self.window {
            *pace = Pace::LetGo;
            return;
        }
        *pace = Pace::Behind;
        self.behind += 1;
        if self.behind == 1 {
            (self.window_end, self.taken) = (now + self.window, 0);
        }
    }

    /// Notes that a connection took bytes.
    pub(super) fn note(&mut self, pace: Pace, taken: usize) {
        if pace == Pace::Behind {
            self.taken += taken;
        }
    }

    /// Notes that nobody need wait for a connection any more: it has caught up, or is gone. One that was let go has caught up
    /// when nothing waits for it.
    pub(super) fn catch_up(&mut self, pace: &mut Pace) {
        if std::mem::take(pace) == Pace::Behind {
            self.behind -= 1;
        }
    }

    /// Whether a window has ended in which those who are behind took next to nothing: all of them are to be let go.
    pub(super) fn is_vain(&mut self, now: Instant) -> bool {
        if !self.is_on() || now < self.window_end {
            return false;
        }
        // A window that ended long ago says nothing: the worker itself was held up, by a paused machine for example.
        if now > self.window_end + self.window {
            (self.window_end, self.taken) = (now + self.window, 0);
            return false;
        }
        let least = LEAST_RATE as u128 * self.window.as_millis() / 1000;
        let is_vain = (self.taken as u128) < least;
        self.window = if is_vain { self.window / 2 } else { self.window * 2 };
        self.window = self.window.clamp(SHORTEST_WINDOW, LONGEST_WINDOW);
        (self.window_end, self.taken) = (now + self.window, 0);
        is_vain
    }

    /// Does not wait for a connection any longer.
    pub(super) fn let_go(&mut self, pace: &mut Pace) {
        if *pace == Pace::Behind {
            *pace = Pace::LetGo;
            self.behind -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn behind(holdup: &mut Holdup, now: Instant) -> Pace {
        let mut pace = Pace::Keeping;
        holdup.fall_behind(&mut pace, now, now);
        pace
    }

    #[test]
    fn who_reads_is_waited_for_until_it_has_caught_up() {
        let (mut holdup, mut now) = (Holdup::new(), Instant::now());
        let mut paces = [behind(&mut holdup, now), behind(&mut holdup, now)];
        for _ in 0..10 {
            assert!(holdup.is_on());
            assert_eq!(holdup.end(), Some(now + LONGEST_WINDOW));
            assert!(!holdup.is_vain(now + LONGEST_WINDOW - MOMENT));
            now += LONGEST_WINDOW;
            // One of them took enough for both.
            holdup.note(paces[1], LEAST_RATE * 2 / 3);
            assert!(!holdup.is_vain(now));
        }
        paces.iter_mut().for_each(|pace| holdup.catch_up(pace));
        assert_eq!(paces, [Pace::Keeping; 2]);
        assert!(!holdup.is_on() && holdup.end().is_none() && !holdup.is_vain(now + LONGEST_WINDOW));
    }

    #[test]
    fn who_does_not_read_is_let_go() {
        let (mut holdup, now) = (Holdup::new(), Instant::now());
        let mut pace = behind(&mut holdup, now);
        holdup.note(pace, LEAST_RATE / 5);
        assert!(holdup.is_vain(now + LONGEST_WINDOW));
        holdup.let_go(&mut pace);
        assert_eq!((pace, holdup.is_on()), (Pace::LetGo, false));
        holdup.catch_up(&mut pace);
        assert_eq!((pace, holdup.is_on()), (Pace::Keeping, false));
    }

    #[test]
    fn who_was_stuck_before_is_not_waited_for() {
        let (mut holdup, now) = (Holdup::new(), Instant::now());
        let mut pace = Pace::Keeping;
        holdup.note_turn(now + LONGEST_WINDOW / 2);
        holdup.fall_behind(&mut pace, now, now + LONGEST_WINDOW);
        assert_eq!((pace, holdup.is_on()), (Pace::LetGo, false));
    }

    #[test]
    fn a_paused_machine_is_nobodys_fault() {
        let (mut holdup, now) = (Holdup::new(), Instant::now());
        behind(&mut holdup, now);
        let later = now + 10 * LONGEST_WINDOW;
        assert!(!holdup.is_vain(later));
        assert!(holdup.is_vain(later + LONGEST_WINDOW));
        let later = later + 10 * LONGEST_WINDOW;
        holdup.note_turn(later);
        let mut pace = Pace::Keeping;
        holdup.fall_behind(&mut pace, now, later);
        assert_eq!(pace, Pace::Behind, "it could not be seen to take anything");
    }

    #[test]
    fn waiting_in_vain_becomes_shorter_and_shorter() {
        let (mut holdup, mut now) = (Holdup::new(), Instant::now());
        let mut waited = Duration::ZERO;
        for _ in 0..100 {
            let mut pace = behind(&mut holdup, now);
            let end = holdup.end().unwrap();
            waited += end - now;
            now = end;
            assert!(holdup.is_vain(now));
            holdup.let_go(&mut pace);
        }
        assert!(waited < 2 * LONGEST_WINDOW + 100 * SHORTEST_WINDOW, "{waited:?}");
        // ... and longer again when it pays.
        for _ in 0..10 {
            let pace = behind(&mut holdup, now);
            now = holdup.end().unwrap();
            holdup.note(pace, LEAST_RATE);
            assert!(!holdup.is_vain(now));
        }
        assert_eq!(holdup.window, LONGEST_WINDOW);
    }
}
