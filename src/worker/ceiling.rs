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
            return ceiling.note(self.index, most, 0);
        }
        let share_of = |slot: usize| (state.connections[slot].outbox.share(), slot);
        let shares: Vec<(usize, usize)> = waiting.into_iter().map(share_of).collect();
        let mut total: usize = shares.iter().map(|(share, _)| share).sum();
        let can_go = |slot: usize| {
            let connection = &state.connections[slot];
            connection.closing.is_none() && connection.stalled.is_some()
        };
        let mut slowest: Vec<(usize, usize)> = shares.into_iter().filter(|&(_, slot)| can_go(slot)).collect();
        slowest.sort_by_key(|&(share, slot)| (Reverse(share), state.connections[slot].stalled));
        for (share, slot) in slowest {
            ceiling.note(self.index, total, share);
            if !ceiling.must_go(share) {
                return;
            }
            let connection = &state.connections[slot];
            let (memory, waits) = (total, connection.outbox.len());
            let what = format_args!(
                "hung up on a client that reads too slowly: {waits} bytes waited for it, \
                 and those of this worker take {memory} bytes of memory"
            );
            let (limit, session) = (Limit::MaxOutboxBytes, &connection.session);
            self.hub.limits.met(limit, session.who(), what);
            let detail = format_args!(": {waits} bytes waited for it");
            session.note_closing(limit.name(), &Close::OVER_CAPACITY, detail);
            total = total.saturating_sub(connection.outbox.own());
            state.hang_up(slot, &Close::OVER_CAPACITY);
            self.mailbox.ring();
        }
        ceiling.note(self.index, total, 0);
    }
}
