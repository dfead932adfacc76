//! Who takes the messages out of the queue, and hands them to the checker.

use crate::Result;
use crate::breaches::Breaches;
use crate::checker::Checker;
use std::time::Instant;

/// What was done to the receiving side.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    pub(crate) killed: u64,
    pub(crate) paused: u64,
    /// Left in good order and were replaced.
    pub(crate) left: u64,
    /// What should not have happened to it.
    pub(crate) complaints: Breaches,
}

pub(crate) trait Receiver {
    /// Does what is due, and hands on what was received.
    fn tend(&mut self, now: Instant, checker: &mut Checker) -> Result<()>;

    /// Receives all that is left, once the publishers are gone.
    fn finish(&mut self, checker: &mut Checker) -> Result<()>;

    /// How many messages may be on their way to it; the publishers are held back then. Without a limit, a full queue holds
    /// them back.
    fn most_on_the_way(&self) -> Option<u64> {
        None
    }

    /// Whether it will never receive anything any more.
    fn is_lost(&self) -> bool {
        false
    }

    fn troubles(&mut self) -> &mut Troubles;
}
