//! What everybody in the soak knows: where the server is, what is published, what has gone wrong so far.

use crate::breaches::Breaches;
use crate::follower::{Crash, Fault};
use crate::http_request::Credentials;
use crate::ledger::{Floor, Ledger};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

pub(crate) const APP: Credentials = Credentials { id: "soak", key: "soak-key", secret: "soak-secret" };

/// Kinds of channels, each in turn.
const KINDS: [&str; 6] =
    ["lobby", "private-room", "presence-room", "cache-price", "private-cache-price", "presence-cache-room"];

/// Channels that everybody publishes on.
pub(crate) const CHANNELS: usize = 36;

/// The number of the channel for which more comes than somebody who does not read can be kept.
pub(crate) const FLOOD: usize = CHANNELS;

/// A channel on which nothing happens.
pub(crate) const QUIET: &str = "quiet";

/// Seconds that delivery is held back after a crash, and how soon after the crash a client is back in time for sure.
pub(crate) const START_HOLD: u64 = 5;
const IN_TIME: Duration = Duration::from_millis(4_500);

/// How long connections may fail after a crash.
const AFTERMATH: Duration = Duration::from_secs(10);

/// How far the soak is. Each phase ends what belongs to those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    /// Only the regulars stay, and nobody whispers.
    Quiet,
    /// Nobody publishes any more.
    Settling,
    Leaving,
}

/// What was promised and not kept.
#[derive(Debug, Default)]
pub(crate) struct Wrongs {
    pub(crate) lost: Breaches,
    pub(crate) doubled: Breaches,
    pub(crate) strange: Breaches,
    pub(crate) disconnected: Breaches,
    pub(crate) refused: Breaches,
    pub(crate) presence: Breaches,
    pub(crate) garbage: Breaches,
    pub(crate) metrics: Breaches,
    pub(crate) reloads: Breaches,
    pub(crate) publishers: Breaches,
}

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) deliveries: AtomicU64,
    pub(crate) whispers: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) reconnections: AtomicU64,
    /// Joins after a crash, in time to miss nothing that was published after it.
    pub(crate) protected: AtomicU64,
    pub(crate) missed: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) resets: AtomicU64,
    pub(crate) http_requests: AtomicU64,
    pub(crate) php_processes: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) silent: AtomicU64,
    /// Garbage by its kind: how often, and how often the server answered or hung up.
    pub(crate) garbage: Mutex<BTreeMap<&'static str, (u64, u64)>>,
    /// Milliseconds for which nothing was delivered, of each reload.
    pub(crate) pauses: Mutex<Vec<f64>>,
}

/// When the server was killed, and what had begun by then.
#[derive(Debug, Clone)]
struct Killed {
    at: Instant,
    floor: Arc<Floor>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    pub(crate) phase: watch::Sender<Phase>,
    /// Of those who are concluded, by channel: who they think is there.
    pub(crate) rosters: Mutex<BTreeMap<usize, Vec<BTreeSet<String>>>>,
    pub(crate) concluded: AtomicU64,
    crashes: Mutex<Vec<Killed>>,
    wrongs: Mutex<Wrongs>,
}

impl World {
    pub(crate) fn new(address: SocketAddr, seed: u64) -> Self {
        Self {
            address,
            seed,
            ledger: Ledger::new(CHANNELS + 1),
            tally: Tally::default(),
            phase: watch::Sender::new(Phase::Running),
            rosters: Mutex::default(),
            concluded: AtomicU64::new(0),
            crashes: Mutex::default(),
            wrongs: Mutex::default(),
        }
    }

    pub(crate) fn wrongs(&self) -> MutexGuard<'_, Wrongs> {
        lock(&self.wrongs)
    }

    pub(crate) fn is_in(&self, phase: Phase) -> bool {
        *self.phase.borrow() == phase
    }

    /// Waits for a phase, or a later one.
    pub(crate) async fn reach(&self, phase: Phase) {
        // The sender is here.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Kills the server with `kill`, and remembers what had begun by then.
    pub(crate) fn crash(&self, kill: impl FnOnce()) {
        let mut crashes = lock(&self.crashes);
        kill();
        crashes.push(Killed { at: Instant::now(), floor: Arc::new(self.ledger.floor()) });
    }

    pub(crate) fn crashes(&self) -> usize {
        lock(&self.crashes).len()
    }

    /// Whether the end of a connection that began then is a crash's doing.
    pub(crate) fn has_crashed_since(&self, begun: Instant) -> bool {
        lock(&self.crashes).iter().any(|crash| crash.at >= begun)
    }

    /// Whether a crash may be the reason that a connection cannot be had, or has just ended.
    pub(crate) fn is_in_aftermath(&self) -> bool {
        lock(&self.crashes).last().is_some_and(|crash| crash.at.elapsed() < AFTERMATH)
    }

    /// The last crash, as somebody sees it who is back now.
    pub(crate) fn last_crash(&self) -> Option<Crash> {
        let killed = lock(&self.crashes).last()?.clone();
        let is_protected = killed.at.elapsed() < IN_TIME;
        self.tally.protected.fetch_add(u64::from(is_protected), Ordering::Relaxed);
        Some(Crash { floor: killed.floor, is_protected })
    }

    pub(crate) fn note_fault(&self, fault: Fault, who: &str) {
        let mut wrongs = self.wrongs();
        match fault {
            Fault::Lost(count, what) => {
                wrongs.lost.note(format_args!("{who}: {what}"));
                wrongs.lost.count += count - 1;
            }
            Fault::Doubled(what) => wrongs.doubled.note(format_args!("{who}: {what}")),
        }
    }

    pub(crate) fn note_garbage(&self, kind: &'static str, was_ended: bool) {
        let mut garbage = lock(&self.tally.garbage);
        let (sent, ended) = garbage.entry(kind).or_default();
        *sent += 1;
        *ended += u64::from(was_ended);
    }
}

/// What another thread left behind when it panicked counts, too.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = (0..CHANNELS).map(|channel| format!("{}-{channel}", KINDS[channel % KINDS.len()]));
    names.chain(["flood".to_owned()]).collect()
});

pub(crate) fn name(channel: usize) -> &'static str {
    &NAMES[channel]
}

pub(crate) fn is_presence(channel: usize) -> bool {
    name(channel).starts_with("presence-")
}

/// Whether clients may whisper there.
pub(crate) fn is_guarded(channel: usize) -> bool {
    name(channel).starts_with('p')
}
