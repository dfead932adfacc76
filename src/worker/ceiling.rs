//! What waits for all clients together, and who goes first when it is too much.
//!
//! Other bounds are for one client: `flushing` hangs up on one whose own outbox is past all bounds, and `holdup` lets letters
//! wait for those who read but cannot keep up. Neither knows of a thousand clients that read nothing, each within its own
//! bounds. So what waits is weighed once a second, and whenever much came in since: the clients whose socket is full, of whom
//! there is a list anyhow. A delivery does not come by here.
//!
//! # What is weighed
//!
//! Memory. A frame that waits for a thousand clients is there once in each worker: if it counted a thousand times, one large
//! event would seem to fill a machine, and healthy clients would be hung up on. So each client has its part of each frame that
//! waits for it, and its places in its own list. Whoever has been stuck longest has most, because nobody else waits for its
//! oldest frames any more.

use super::{State, Worker};
use crate::metrics::Limit;
use crate::protocol::Close;
use std::cmp::Reverse;

impl Worker {
    /// Weighs what waits for this worker's clients, and hangs up on the slowest if it is too much.
    pub(super) fn check_ceiling(&self, state: &mut State) {
        state.taken = 0;
        let ceiling = &self.hub.ceiling;
        let waiting: Vec<usize> = state
            .watched
            .iter()
            .filter(|entry| state.holds(entry.slot, entry.socket_id))
            .map(|entry| entry.slot)
            .collect();
        // Never less than what is weighed with care, and had for next to nothing.
        let most: usize = waiting.iter().map(|&slot| state.connections[slot].outbox.weight()).sum();
        if most <= ceiling.trifle() {
            ceiling.note(self.index, most);
            return;
        }
        let mut shares: Vec<(usize, usize)> =
            waiting.iter().map(|&slot| (state.connections[slot].outbox.share(), slot)).collect();
        let total = shares.iter().map(|(share, _)| share).sum();
        let mut excess = ceiling.note(self.index, total);
        if excess == 0 {
            return;
        }
        shares.sort_by_key(|&(share, slot)| (Reverse(share), state.connections[slot].stalled));
        for (_, slot) in shares {
            let connection = &state.connections[slot];
            if excess == 0 || connection.stalled.is_none() || connection.closing.is_some() {
                continue;
            }
            excess = excess.saturating_sub(connection.outbox.own());
            let what = format_args!(
                "hung up on the slowest clients, as {total} bytes wait for those of this worker: it was the next, with {}",
                connection.outbox.len()
            );
            self.hub.limits.met(Limit::MaxOutboxBytes, connection.session.who(), what);
            state.hang_up(slot, &Close::OVER_CAPACITY);
        }
        self.mailbox.ring();
    }
}
