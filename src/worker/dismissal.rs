//! Closing the clients of a server that stops one after the other, so that they do not all come back at once.

use super::Worker;
use crate::protocol::SocketId;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often some of them are closed.
const STEP: Duration = Duration::from_millis(20);

impl Worker {
    /// Closes everybody who is connected now, evenly over this time and in no order. They are served until then.
    pub(super) async fn dismiss_over(self: Rc<Self>, time: Duration) {
        let mut clients = self.clients();
        let (count, begun) = (clients.len(), Instant::now());
        while !clients.is_empty() {
            sleep(STEP.min(time)).await;
            let due = clients.split_off(still_there(count, begun.elapsed(), time).min(clients.len()));
            let mut state = self.state.borrow_mut();
            for (socket_id, slot) in due {
                if state.holds(slot, socket_id) {
                    state.dismiss(slot);
                }
            }
            self.mailbox.ring();
        }
    }

    /// All clients. In the order of their socket ids, which are random.
    fn clients(&self) -> Vec<(SocketId, usize)> {
        let state = self.state.borrow();
        let mut clients: Vec<_> =
            state.connections.iter().map(|(slot, client)| (client.session.socket_id, slot)).collect();
        clients.sort_unstable();
        clients
    }
}

/// How many of `count` are not closed yet when so much of the time has passed.
fn still_there(count: usize, elapsed: Duration, time: Duration) -> usize {
    let left = time.saturating_sub(elapsed).as_secs_f64() / time.as_secs_f64().max(f64::MIN_POSITIVE);
    (count as f64 * left).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_closed_evenly_and_all_of_them_in_time() {
        let minute = Duration::from_secs(60);
        let at = |seconds| still_there(1200, Duration::from_secs(seconds), minute);
        assert_eq!([0, 1, 15, 30, 59, 60, 61].map(at), [1200, 1180, 900, 600, 20, 0, 0]);
        assert_eq!(still_there(3, Duration::from_millis(1), minute), 2);
        assert_eq!(still_there(3, Duration::ZERO, Duration::ZERO), 0);
    }
}
