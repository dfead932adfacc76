//! The standard library's atomics, as in `src/queue/atomics.rs`, and the model's futex.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

pub(crate) use crate::kernel::futex;
