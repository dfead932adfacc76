//! The frames that a client has yet to be sent.

use crate::protocol::EncodedFrame;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

/// Buffers given to one `writev`; the kernel takes 1024, but a stack array of that size would be cleared each time.
const BATCH: usize = 64;

/// Slots that an empty outbox keeps while there is traffic, so that deliveries need not allocate.
const KEPT: usize = 32;

/// Slots that a quiet connection's outbox keeps.
const KEPT_IN_QUIET: usize = 4;

/// Shared frames in the order in which they were published. A delivery is a push; nothing is copied.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    frames: VecDeque<EncodedFrame>,
    /// Bytes of the first frame that the socket has taken.
    sent: usize,
    /// Bytes of all frames, those sent of the first included.
    bytes: usize,
}

/// How far a flush came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Everything is with the kernel.
    Everything,
    /// The socket takes no more now, and took some bytes (`true`) or none.
    Blocked { progress: bool },
    /// The peer is gone.
    Gone,
}

impl Outbox {
    pub(crate) fn push(&mut self, frame: EncodedFrame) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Bytes yet to be sent.
    pub(crate) fn len(&self) -> usize {
        self.bytes - self.sent
    }

    /// Bytes yet to be sent and their slots: a client that asks for pongs, of two bytes each, and reads none would
    /// else fill far more memory than its outbox counts.
    pub(crate) fn weight(&self) -> usize {
        self.len() + self.frames.len() * size_of::<EncodedFrame>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes through `write` (one system call each) until everything is sent or the socket is full.
    pub(crate) fn flush(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> Flushed {
        let mut progress = false;
        while !self.frames.is_empty() {
            let mut slices = [IoSlice::new(&[]); BATCH];
            let mut offered = 0;
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                let unsent = if count == 0 { &frame[self.sent..] } else { &frame[..] };
                *slice = IoSlice::new(unsent);
                offered += unsent.len();
                count += 1;
            }
            match write(&slices[..count]) {
                Ok(0) => return Flushed::Gone,
                Ok(written) => {
                    progress = true;
                    self.advance(written);
                    // A short write means a full socket: asking again would only be told so.
                    if written < offered {
                        return Flushed::Blocked { progress };
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Flushed::Blocked { progress },
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Flushed::Gone,
            }
        }
        self.frames.shrink_to(KEPT);
        Flushed::Everything
    }

    /// Forgets what has not begun to leave, so that a close frame can follow the frame on its way.
    pub(crate) fn discard_unsent(&mut self) {
        self.frames.truncate(usize::from(self.sent > 0));
        self.bytes = self.frames.iter().map(EncodedFrame::len).sum();
        self.frames.shrink_to(KEPT);
    }

    /// Gives memory back, for a connection that has been quiet.
    pub(crate) fn shrink(&mut self) {
        self.frames.shrink_to(KEPT_IN_QUIET);
    }

    fn advance(&mut self, written: usize) {
        self.sent += written;
        while let Some(first) = self.frames.front()
            && self.sent >= first.len()
        {
            self.sent -= first.len();
            self.bytes -= first.len();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(frames: &[&'static str]) -> Outbox {
        let mut outbox = Outbox::default();
        for frame in frames {
            outbox.push(EncodedFrame::from_static(frame.as_bytes()));
        }
        outbox
    }

    /// A socket that takes `room` bytes a call, and blocks after `calls` calls.
    fn socket(
        room: usize,
        mut calls: usize,
        taken: &mut Vec<u8>,
    ) -> impl FnMut(&[IoSlice<'_>]) -> io::Result<usize> {
        move |slices| {
            if calls == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            calls -= 1;
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).take(room).collect();
            taken.extend_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    #[test]
    fn everything_queued_leaves_in_one_call() {
        let mut outbox = outbox(&["one", "two", "three"]);
        let mut calls = 0;
        let flushed = outbox.flush(|slices| {
            calls += 1;
            Ok(slices.iter().map(|slice| slice.len()).sum())
        });
        assert_eq!((flushed, calls, outbox.len()), (Flushed::Everything, 1, 0));
    }

    #[test]
    fn a_short_write_continues_at_the_byte_where_it_ended() {
        for room in 1..12 {
            let mut outbox = outbox(&["one", "two", "three"]);
            let mut taken = Vec::new();
            let mut turns = 0;
            while outbox.flush(socket(room, 1, &mut taken)) == (Flushed::Blocked { progress: true }) {
                turns += 1;
                assert_eq!(outbox.len(), 11 - taken.len());
                assert!(turns < 12);
            }
            assert_eq!(taken, b"onetwothree", "{room} bytes a turn");
        }
    }

    #[test]
    fn a_socket_that_takes_nothing_is_no_progress() {
        let mut outbox = outbox(&["one"]);
        assert_eq!(outbox.flush(socket(1, 0, &mut Vec::new())), Flushed::Blocked { progress: false });
        assert_eq!(outbox.len(), 3);
    }

    #[test]
    fn a_dead_peer_is_told_apart() {
        assert_eq!(outbox(&["one"]).flush(|_| Err(ErrorKind::BrokenPipe.into())), Flushed::Gone);
        assert_eq!(outbox(&["one"]).flush(|_| Ok(0)), Flushed::Gone);
    }

    #[test]
    fn discarding_keeps_the_frame_on_its_way() {
        let mut outbox = outbox(&["one", "two", "three"]);
        outbox.flush(socket(4, 1, &mut Vec::new()));
        outbox.discard_unsent();
        assert_eq!(outbox.len(), 2);
        outbox.push(EncodedFrame::from_static(b"!"));
        let mut taken = Vec::new();
        outbox.flush(socket(9, 9, &mut taken));
        assert_eq!(taken, b"wo!");
    }

    #[test]
    fn small_frames_weigh_more_than_their_bytes() {
        let mut outbox = Outbox::default();
        for _ in 0..1000 {
            outbox.push(EncodedFrame::copy_from_slice(&[0x8a, 0]));
        }
        assert_eq!(outbox.len(), 2000);
        assert!(outbox.weight() >= 1000 * (size_of::<EncodedFrame>() + 2), "{}", outbox.weight());
        outbox.flush(|slices| Ok(slices.iter().map(|slice| slice.len()).sum()));
        assert_eq!(outbox.weight(), 0);
    }

    #[test]
    fn memory_is_given_back_after_a_burst() {
        let mut outbox = Outbox::default();
        for _ in 0..10_000 {
            outbox.push(EncodedFrame::from_static(b"x"));
        }
        outbox.flush(|slices| Ok(slices.len()));
        assert!(outbox.frames.capacity() <= 2 * KEPT, "{}", outbox.frames.capacity());
        outbox.shrink();
        assert!(outbox.frames.capacity() <= 2 * KEPT_IN_QUIET, "{}", outbox.frames.capacity());
    }
}
