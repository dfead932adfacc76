//! Threads that stand still in the middle of their work, and go on as if nothing had happened or not at all.
//!
//! A thread that is halted says so, and then only does what it is told: it blocks between two steps of its work. So there
//! is nothing to undo when a hand-over fails, and nothing can change while its state is copied.

use super::state::Totals;
use super::wire::Wire;
use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// What a halted thread is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Tell the other process what you have.
    Tell(Wire),
    /// Another process does your work from here on: end, and touch no socket.
    Leave,
    /// Go on.
    Resume,
}

/// What a halted thread says.
#[derive(Debug)]
pub(crate) enum Report {
    /// It stands still.
    Still,
    /// It has told what it has, or could not.
    Told(Wire, io::Result<Totals>),
    /// It has what another process told, or could not take it.
    Restored(Result<(), String>),
}

/// The thread's side.
#[derive(Debug)]
pub(crate) struct Halt {
    reports: Sender<Report>,
    orders: Receiver<Order>,
}

/// The side of whoever halts it.
#[derive(Debug)]
pub(crate) struct Halted {
    reports: Receiver<Report>,
    orders: Sender<Order>,
}

/// A thread did not report in time, or is dead.
#[derive(Debug)]
pub(crate) struct Unresponsive;

pub(crate) fn halt() -> (Halt, Halted) {
    let (report, reports) = unbounded();
    let (order, orders) = unbounded();
    (Halt { reports: report, orders }, Halted { reports, orders: order })
}

impl Halt {
    /// Tells something; nobody may be left to hear it.
    pub(crate) fn report(&self, report: Report) {
        let _ = self.reports.send(report);
    }

    /// Stands still until told what to do; `None` if nobody is left to tell.
    pub(crate) fn wait(&self) -> Option<Order> {
        self.orders.recv().ok()
    }

    /// Stands still, with nothing to tell; whether to go on.
    pub(crate) fn stand_still(&self) -> bool {
        self.report(Report::Still);
        !matches!(self.wait(), Some(Order::Leave))
    }
}

impl Halted {
    pub(crate) fn report_by(&self, deadline: Instant) -> Result<Report, Unresponsive> {
        self.reports.recv_deadline(deadline).map_err(|_| Unresponsive)
    }

    pub(crate) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Where a thread that waits for something else finds that it is to halt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request(Arc<Mutex<Option<Halt>>>);

impl Request {
    pub(crate) fn put(&self, halt: Halt) {
        *self.0.lock() = Some(halt);
    }

    pub(crate) fn take(&self) -> Option<Halt> {
        self.0.lock().take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn a_halted_thread_does_what_it_is_told_and_goes_on_when_nobody_is_left() {
        for (order, goes_on) in [(Some(Order::Leave), false), (Some(Order::Resume), true), (None, true)] {
            let (halt, halted) = halt();
            let thread = std::thread::spawn(move || halt.stand_still());
            assert!(matches!(halted.report_by(soon()), Ok(Report::Still)));
            order.into_iter().for_each(|order| halted.order(order));
            drop(halted);
            assert_eq!(thread.join().unwrap(), goes_on);
        }
    }

    #[test]
    fn a_thread_that_is_gone_is_noticed() {
        let (halt, halted) = halt();
        drop(halt);
        assert!(halted.report_by(soon()).is_err());
        halted.order(Order::Leave);
    }
}
