//! Whether the server can do its work, and what waits for it: what every part of it knows a piece of.
//!
//! A leaf: each part says what it sees, and whoever is asked tells it.

use crate::pulse::Pulse;
use parking_lot::Mutex;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// See the module.
#[derive(Debug)]
pub(crate) struct Health {
    stopping: watch::Sender<bool>,
    is_urgent: AtomicBool,
    has_failed: AtomicBool,
    queues: Mutex<Vec<Arc<QueueHealth>>>,
    /// Whether its threads get on.
    pub(crate) pulse: Pulse,
}

/// A reason not to send clients here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// The server closes its clients and ends.
    Stopping,
    /// A thread of the server has failed.
    Failed,
    /// A queue directory is not usable.
    Queue,
}

impl Unready {
    /// In words that tell a stranger nothing of this machine.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Stopping => "the server is stopping",
            Self::Failed => "a part of the server has failed; its log says which",
            Self::Queue => "a queue directory cannot be used; the log of the server says why",
        }
    }
}

/// What waits in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// How long the oldest event has waited.
    pub(crate) oldest: Duration,
}

/// Looks what waits; `None` if that cannot be seen.
type Look = Box<dyn Fn() -> Option<Backlog> + Send + Sync>;

/// One queue directory.
pub(crate) struct QueueHealth {
    path: PathBuf,
    is_unusable: AtomicBool,
    is_empty: AtomicBool,
    look: Look,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            stopping: watch::Sender::new(false),
            is_urgent: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            queues: Mutex::default(),
            pulse: Pulse::default(),
        }
    }
}

impl Health {
    /// Notes that the server stops.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server stops.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error means that the whole server is gone.
            let _ = stopping.wait_for(|stops| *stops).await;
        }
    }

    /// Notes that the end is to wait for nobody.
    pub(crate) fn hurry(&self) {
        self.is_urgent.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_urgent(&self) -> bool {
        self.is_urgent.load(Ordering::Relaxed)
    }

    /// Notes that a thread has failed.
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    /// Adds a queue; `look` tells what waits in it.
    pub(crate) fn add_queue(
        &self,
        path: &Path,
        look: impl Fn() -> Option<Backlog> + Send + Sync + 'static,
    ) -> Arc<QueueHealth> {
        let queue = Arc::new(QueueHealth {
            path: path.to_owned(),
            is_unusable: AtomicBool::new(false),
            is_empty: AtomicBool::new(false),
            look: Box::new(look),
        });
        self.queues.lock().push(Arc::clone(&queue));
        queue
    }

    pub(crate) fn queues(&self) -> Vec<Arc<QueueHealth>> {
        self.queues.lock().clone()
    }

    /// Why no clients should be sent here; nothing, if they may.
    pub(crate) fn problems(&self) -> Vec<Unready> {
        let is_lost = || self.queues.lock().iter().any(|queue| !queue.is_usable());
        [
            (*self.stopping.borrow(), Unready::Stopping),
            (self.has_failed.load(Ordering::Relaxed), Unready::Failed),
            (is_lost(), Unready::Queue),
        ]
        .into_iter()
        .filter_map(|(holds, problem)| holds.then_some(problem))
        .collect()
    }
}

impl QueueHealth {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes whether events can come through the queue.
    pub(crate) fn note(&self, is_usable: bool) {
        self.is_unusable.store(!is_usable, Ordering::Relaxed);
    }

    pub(crate) fn is_usable(&self) -> bool {
        !self.is_unusable.load(Ordering::Relaxed)
    }

    pub(crate) fn backlog(&self) -> Option<Backlog> {
        (self.look)()
    }

    /// Notes whether the drain has taken everything, and is awake for what comes.
    pub(crate) fn note_empty(&self, is_empty: bool) {
        self.is_empty.store(is_empty, Ordering::Relaxed);
    }

    /// The same as [`QueueHealth::backlog`], for those who ask often: a queue that is drained is not looked at.
    pub(crate) fn backlog_if_any(&self) -> Option<Backlog> {
        if self.is_empty.load(Ordering::Relaxed) { Some(Backlog::default()) } else { self.backlog() }
    }
}

impl fmt::Debug for QueueHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueHealth").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_told_and_a_queue_that_is_back_is_none() {
        let health = Health::default();
        assert_eq!(health.problems(), []);
        let queue = health.add_queue("/q".as_ref(), || None);
        queue.note(false);
        assert_eq!(health.problems(), [Unready::Queue]);
        queue.note(true);
        assert_eq!(health.problems(), []);
        health.fail();
        health.stop();
        assert_eq!(health.problems(), [Unready::Stopping, Unready::Failed]);
    }

    #[test]
    fn a_queue_that_is_drained_is_not_looked_at() {
        let waiting = Backlog { events: 3, ..Backlog::default() };
        let queue = Health::default().add_queue("/q".as_ref(), move || Some(waiting));
        assert_eq!(queue.backlog_if_any(), Some(waiting), "nobody has drained it yet");
        queue.note_empty(true);
        assert_eq!((queue.backlog_if_any(), queue.backlog()), (Some(Backlog::default()), Some(waiting)));
        queue.note_empty(false);
        assert_eq!(queue.backlog_if_any(), Some(waiting));
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_the_end_early_or_late() {
        let health = Arc::new(Health::default());
        let early = tokio::spawn(health.stopped());
        tokio::task::yield_now().await;
        health.stop();
        early.await.unwrap();
        health.stopped().await;
    }
}
