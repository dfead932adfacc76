//! How the consumer waits.
//!
//! Waking a sleeper costs the publisher a system call, a hundred times the push itself. So while the next record is expected
//! before long the consumer naps: it looks again by itself after a fraction of a millisecond, and publishers leave it alone
//! unless their ring fills up. Only where records are rare does it arm the doorbell and sleep until somebody rings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::atomics::{AtomicBool, Ordering, fence};
use super::clock::Instant;
use super::consumer::Consumer;
use super::control::ControlPage;
use super::doorbell;
use super::layout::{ASLEEP, AWAKE, NAPPING};

/// One nap. A lone event waits half of it in the mean. Each costs 3 us of processor time on bare metal, and up to 20 us on a
/// virtual machine that has to leave the guest twice for a timer.
pub const NAP: Duration = Duration::from_micros(700);

/// The longest sleep: the consumer shows life and looks around once a second.
const SLEEP: Duration = Duration::from_millis(1000);

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// There is something to drain.
    Records,
    /// A [`Waker`] was used.
    Waker,
    /// Time is up.
    Timeout,
}

impl Consumer {
    /// Waits until there is something to drain, a [`Waker`] is used or `timeout` is over.
    pub fn wait(&mut self, timeout: Duration) -> Woken {
        let until = Instant::now() + timeout;
        loop {
            self.tend();
            let now = Instant::now();
            let woken = if self.waker.take() {
                Some(Woken::Waker)
            } else if self.has_news() {
                Some(Woken::Records)
            } else if now >= until {
                Some(Woken::Timeout)
            } else {
                None
            };
            if let Some(woken) = woken {
                // Not stored when it is so already: publishers look at this line on every push.
                let sleeping = &self.domain.control.state.sleeping;
                if sleeping.load(Ordering::Relaxed) != AWAKE {
                    sleeping.store(AWAKE, Ordering::Relaxed);
                }
                return woken;
            }
            if self.traffic.is_expected(now) {
                self.nap(NAP.min(until - now));
            } else {
                self.sleep(SLEEP.min(until - now));
            }
        }
    }

    /// Rests for `timeout` whatever is in the queue, or until a [`Waker`] is used: for a server that cannot take more. True
    /// if it was the waker.
    pub fn rest(&mut self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        loop {
            self.tend();
            let left = until.saturating_duration_since(Instant::now());
            let bell = &self.domain.control.doorbell;
            let seen = bell.load(Ordering::SeqCst);
            if self.waker.take() {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            // `sleeping` stays as it is: nobody shall ring for records that would not be taken.
            doorbell::sleep(bell, seen, left.min(SLEEP));
        }
    }

    /// What rings [`Consumer::wait`] and [`Consumer::rest`] from another thread.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.waker))
    }

    /// A record that comes in between costs at most the nap: no fence, no second look.
    fn nap(&self, nap: Duration) {
        let control = &self.domain.control;
        let seen = control.doorbell.load(Ordering::SeqCst);
        if control.state.sleeping.load(Ordering::Relaxed) != NAPPING {
            control.state.sleeping.store(NAPPING, Ordering::Relaxed);
        }
        if !self.waker.is_called() {
            doorbell::sleep(&control.doorbell, seen, nap);
        }
    }

    fn sleep(&self, sleep: Duration) {
        let control = &self.domain.control;
        let seen = control.doorbell.load(Ordering::SeqCst);
        control.state.sleeping.store(ASLEEP, Ordering::SeqCst);
        // Either the look below sees a record, or its producer, who stores its tail before it looks at `sleeping`, sees
        // that we sleep and changes the doorbell after we read it.
        fence(Ordering::SeqCst);
        if !self.has_news() && !self.waker.is_called() {
            doorbell::sleep(&control.doorbell, seen, sleep);
        }
    }
}

/// Interrupts a waiting consumer, from any thread of its process.
#[derive(Debug, Clone)]
pub struct Waker(Arc<WakerState>);

impl Waker {
    /// Ends the present or the next wait.
    pub fn wake(&self) {
        self.0.called.store(true, Ordering::SeqCst);
        let control = Arc::clone(&self.0.control.lock().unwrap_or_else(PoisonError::into_inner));
        doorbell::ring(&control.doorbell);
    }
}

#[derive(Debug)]
pub(crate) struct WakerState {
    called: AtomicBool,
    /// The page the consumer sleeps on; another one after the directory was replaced.
    control: Mutex<Arc<ControlPage>>,
}

impl WakerState {
    pub(crate) fn new(control: &Arc<ControlPage>) -> Self {
        Self { called: AtomicBool::new(false), control: Mutex::new(Arc::clone(control)) }
    }

    pub(crate) fn follow(&self, control: &Arc<ControlPage>) {
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(control);
    }

    fn is_called(&self) -> bool {
        self.called.load(Ordering::SeqCst)
    }

    fn take(&self) -> bool {
        self.is_called() && self.called.swap(false, Ordering::SeqCst)
    }
}
