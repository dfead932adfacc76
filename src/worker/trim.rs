//! Free memory that goes back to the system after many have left.
//!
//! glibc keeps what is freed below the highest block in use, for ever: when a hundred thousand channels had come and
//! gone, 24 of their 28 MB stayed with the process, and with this none. It takes a millisecond or two, so it is done
//! only after many have left, or got much at once, and not often.
#![allow(unsafe_code, reason = "malloc_trim is a function of the C library")]

/// Connections, subscriptions and bursts that must have ended before it is worth the while.
const WORTHWHILE: usize = 1000;

/// Ticks between two trims.
const PAUSE: u32 = 10;

/// When a worker should trim.
#[derive(Debug, Default)]
pub(super) struct Trim {
    ended: usize,
    next: u32,
}

impl Trim {
    /// Counts a connection or subscription that ended, or a burst through one.
    pub(super) fn note_end(&mut self) {
        self.ended += 1;
    }

    /// Whether it is time to give free memory back. To be asked every tick.
    pub(super) fn tick(&mut self, now: u32) -> bool {
        let is_due = self.ended >= WORTHWHILE && now >= self.next;
        if is_due {
            *self = Self { ended: 0, next: now + PAUSE };
        }
        is_due
    }
}

/// Gives free memory back.
#[cfg(target_env = "gnu")]
pub(super) fn give_back() {
    // SAFETY: it may be called at any time from any thread, and touches free memory only.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators do it by themselves, or not at all.
#[cfg(not(target_env = "gnu"))]
pub(super) fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_after_many_ends_and_not_often() {
        let mut trim = Trim::default();
        let end = |trim: &mut Trim, count: usize| (0..count).for_each(|_| trim.note_end());
        end(&mut trim, WORTHWHILE - 1);
        assert!(!trim.tick(1));
        end(&mut trim, 1);
        assert!(trim.tick(2));
        end(&mut trim, 10 * WORTHWHILE);
        assert!(!trim.tick(3) && !trim.tick(1 + PAUSE));
        assert!(trim.tick(2 + PAUSE) && !trim.tick(3 + 2 * PAUSE));
    }
}
