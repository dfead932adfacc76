//! Every operation on open files that the queue's algorithms use comes through here, so that a model of the kernel can be
//! put in its place.

pub(crate) use std::fs::File;
pub(crate) use std::os::fd::{AsFd, BorrowedFd};

pub(crate) use rustix::fs::{FlockOperation, Stat, flock, fstat, ftruncate};
pub(crate) use rustix::io::{pread, pwrite};
pub(crate) use rustix::mm;
