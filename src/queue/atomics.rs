//! Every atomic and fence the queue uses comes through here, so that a model checker can put its own in their place.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

#[cfg(target_os = "linux")]
pub(crate) use rustix::thread::futex;
