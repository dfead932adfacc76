//! What a thread shares: its settings of the request, and one producer per queue for all its publishers.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::ini::{self, Settings};
use crate::queue::{Producer, ProducerOptions};

thread_local! {
    static THREAD: RefCell<Thread> = const { RefCell::new(Thread::new()) };
}

/// See the module.
#[derive(Debug)]
pub(super) struct Thread {
    /// Read at the first use in a request.
    settings: Option<Result<Settings, String>>,
    /// Only ever grows, so that an index stays good; a producer is absent until its queue could be attached to.
    queues: Vec<Queue>,
}

#[derive(Debug)]
struct Queue {
    path: PathBuf,
    producer: Option<Producer>,
}

/// A queue of this thread's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueueIndex(usize);

impl Thread {
    const fn new() -> Self {
        Self { settings: None, queues: Vec::new() }
    }

    /// The settings of the present request.
    #[inline]
    pub(super) fn settings(&mut self) -> Result<Settings, String> {
        match self.settings {
            Some(Ok(settings)) => Ok(settings),
            _ => self.read_settings(),
        }
    }

    #[cold]
    fn read_settings(&mut self) -> Result<Settings, String> {
        self.settings.get_or_insert_with(ini::read).clone()
    }

    /// The registry's place for a queue.
    pub(super) fn index(&mut self, path: &Path) -> QueueIndex {
        let known = self.queues.iter().position(|queue| queue.path == path);
        QueueIndex(known.unwrap_or_else(|| {
            self.queues.push(Queue { path: path.to_owned(), producer: None });
            self.queues.len() - 1
        }))
    }

    /// The producer of a queue, attached if it was not.
    #[inline]
    pub(super) fn producer(&mut self, index: QueueIndex) -> Result<&mut Producer, String> {
        if self.queues.get(index.0).is_none_or(|queue| queue.producer.is_none()) {
            self.attach(index)?;
        }
        let producer = self.queues.get_mut(index.0).and_then(|queue| queue.producer.as_mut());
        producer.ok_or_else(|| "the queue was left already".to_owned())
    }

    #[cold]
    fn attach(&mut self, index: QueueIndex) -> Result<(), String> {
        let Settings { ring_bytes, access, .. } = self.settings()?;
        if let Some(queue) = self.queues.get_mut(index.0) {
            let options = ProducerOptions { path: queue.path.clone(), ring_bytes, access };
            queue.producer = Some(Producer::attach(options).map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

/// Runs `with` on this thread's registry; `None` where the thread is at its end already.
#[inline]
pub(super) fn thread<T>(with: impl FnOnce(&mut Thread) -> T) -> Option<T> {
    THREAD.try_with(|thread| thread.try_borrow_mut().ok().map(|mut thread| with(&mut thread))).ok().flatten()
}

/// Makes the next use read the settings again.
pub(super) fn forget_settings() {
    thread(|thread| thread.settings = None);
}

/// Detaches this thread from all its queues.
pub(super) fn leave_queues() {
    thread(|thread| thread.queues.iter_mut().for_each(|queue| queue.producer = None));
}
