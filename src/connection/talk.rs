//! A connection that speaks HTTP, or has said nothing yet, seen from outside of whoever serves it.
//!
//! Another process can go on with it at any time between two steps of its task: what the client said and nobody answered is
//! kept here, and a request does nothing before it is complete. What is answered is forgotten.

use super::Stream;
use crate::handover::state::RequestState;
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes kept of a request: more than the largest that is served. One that is only read to be refused has more.
const MOST: usize = 24 << 20;

/// See the module. One thread owns it; hyper wants to be able to send it all the same.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) stream: Mutex<Stream>,
    heard: Mutex<Heard>,
    /// Whether there is an answer that the socket did not take yet.
    is_answering: AtomicBool,
}

#[derive(Debug, Default)]
struct Heard {
    unanswered: Vec<u8>,
    /// Bytes yet to come of a request that was answered before it was complete.
    ignored: u64,
    is_too_long: bool,
}

impl Talk {
    /// `beginning` is what has been read already.
    pub(crate) fn new(stream: Stream, beginning: &[u8]) -> Arc<Self> {
        let heard = Heard { unanswered: beginning.to_vec(), ..Heard::default() };
        Arc::new(Self {
            stream: Mutex::new(stream),
            heard: Mutex::new(heard),
            is_answering: AtomicBool::new(false),
        })
    }

    /// Keeps what the client said.
    pub(crate) fn hear(&self, bytes: &[u8]) {
        let mut heard = self.heard.lock();
        let ignored = heard.ignored.min(bytes.len() as u64);
        heard.ignored -= ignored;
        let bytes = &bytes[usize::try_from(ignored).unwrap_or(bytes.len())..];
        if heard.unanswered.len() + bytes.len() > MOST {
            *heard = Heard { is_too_long: true, ..Heard::default() };
        } else if !heard.is_too_long {
            heard.unanswered.extend_from_slice(bytes);
        }
    }

    /// Forgets a request that is answered: its head, and `body` bytes, or everything if the length is not known. (A client
    /// that sends a chunked request and another one behind it before it got its answer is not known to exist.)
    pub(crate) fn forget_request(&self, body: Option<u64>) {
        let mut heard = self.heard.lock();
        let known = heard.unanswered.len() as u64;
        let head = heard.unanswered.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at as u64 + 4);
        let length = head.zip(body).map_or(known, |(head, body)| head.saturating_add(body));
        heard.ignored = length.saturating_sub(known);
        heard.unanswered.drain(..usize::try_from(length.min(known)).unwrap_or(0));
        heard.unanswered.shrink_to(4096);
        heard.is_too_long = false;
    }

    pub(crate) fn set_answering(&self, is_answering: bool) {
        self.is_answering.store(is_answering, Ordering::Relaxed);
    }

    /// What another process needs to go on with it; `None` if nobody else can.
    pub(crate) fn state(&self) -> Option<RequestState> {
        let (stream, heard) = (self.stream.lock(), self.heard.lock());
        let is_possible = !stream.is_encrypted()
            && !self.is_answering.load(Ordering::Relaxed)
            && heard.ignored == 0
            && !heard.is_too_long;
        is_possible.then(|| RequestState {
            is_unix: stream.is_unix(),
            unanswered: Bytes::copy_from_slice(&heard.unanswered),
        })
    }
}
