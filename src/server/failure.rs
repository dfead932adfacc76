//! What becomes known when a thread of the server ends that should not.
//!
//! The clients of a dead worker would hang without a word, so whoever hosts the server is told and ends it: a supervisor
//! starts a new one, and clients come back by themselves.

use crate::bell::Bell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use tokio::sync::Notify;

/// The first failure, and those who wait for it.
#[derive(Debug)]
pub(super) struct Failure {
    message: OnceLock<String>,
    waiter: Notify,
    bell: Bell,
}

impl Failure {
    pub(super) fn new(bell: Bell) -> Self {
        Self { message: OnceLock::new(), waiter: Notify::new(), bell }
    }

    /// Runs a thread's work and tells if it fails; whether it did. (A panic has printed itself by then.)
    pub(super) fn watch(&self, thread: &str, run: impl FnOnce() -> io::Result<()>) -> bool {
        let why = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => return false,
            Ok(Err(error)) => format!("the server's thread {thread} failed: {error}"),
            Err(_) => format!("the server's thread {thread} panicked"),
        };
        tracing::error!("{why}");
        self.message.get_or_init(|| why);
        self.waiter.notify_one();
        self.bell.ring();
        true
    }

    pub(super) fn message(&self) -> Option<String> {
        self.message.get().cloned()
    }

    pub(super) async fn wait(&self) -> String {
        loop {
            if let Some(why) = self.message() {
                return why;
            }
            self.waiter.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure_of(run: impl FnOnce() -> io::Result<()>) -> Option<String> {
        let failure = Failure::new(Bell::new().unwrap());
        failure.watch("worker", run);
        failure.message()
    }

    #[test]
    fn errors_and_panics_are_told_and_an_orderly_end_is_not() {
        assert_eq!(failure_of(|| Ok(())), None);
        let error = failure_of(|| Err(io::ErrorKind::OutOfMemory.into())).unwrap();
        assert!(error.contains("worker failed"), "{error}");
        let panicked = failure_of(|| panic!("on purpose")).unwrap();
        assert!(panicked.contains("worker panicked"), "{panicked}");
    }
}
