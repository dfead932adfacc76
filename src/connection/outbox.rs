//! The frames that a client has yet to be sent.

use crate::protocol::EncodedFrame;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;

/// Buffers given to one system call; the kernel takes 1024, but a stack array of that size would be cleared each time.
pub(super) const BATCH: usize = 64;

/// Slots that an outbox makes for the second frame, and keeps for up to a second: deliveries need not allocate.
const KEPT: usize = 32;

/// What a frame takes beside its bytes if it is nobody else's: its slot, and what the slot points to.
const PLACE: usize = size_of::<SharedFrame>() + size_of::<EncodedFrame>();

/// A frame in the outboxes of one worker. Not atomically counted: workers that count the same frame up and down for each
/// of their connections would pass its cache line to and fro for every delivery.
pub(crate) type SharedFrame = Rc<EncodedFrame>;

/// Shared frames in the order in which they were published. A delivery is a push; nothing is copied.
///
/// The first frame lies here and not in a buffer: where events come one at a time an outbox has no memory of its own, and
/// each cache line less that a delivery touches counts, because the kernel's TCP has thrown all of them out since the
/// last one.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    first: Option<SharedFrame>,
    /// Empty while there is no first.
    rest: VecDeque<SharedFrame>,
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
    /// Queues a frame of this client's own.
    pub(crate) fn push(&mut self, frame: EncodedFrame) {
        self.push_shared(Rc::new(frame));
    }

    pub(crate) fn push_shared(&mut self, frame: SharedFrame) {
        self.bytes += frame.len();
        match self.first {
            None => self.first = Some(frame),
            Some(_) => {
                if self.rest.capacity() == 0 {
                    self.rest.reserve_exact(KEPT);
                }
                self.rest.push_back(frame);
            }
        }
    }

    /// The outbox of a connection that another server had: its frames, and how much of the first has been sent.
    pub(super) fn restore(frames: Vec<EncodedFrame>, sent: usize) -> Option<Self> {
        let mut outbox = Self::default();
        frames.into_iter().filter(|frame| !frame.is_empty()).for_each(|frame| outbox.push(frame));
        let is_possible = outbox.first.as_ref().map_or(sent == 0, |first| sent < first.len());
        outbox.sent = sent;
        is_possible.then_some(outbox)
    }

    /// All its frames, and how much of the first has been sent.
    pub(super) fn state(&self) -> (Vec<EncodedFrame>, usize) {
        let frames = self.first.iter().chain(&self.rest).map(|frame| EncodedFrame::clone(frame));
        (frames.collect(), self.sent)
    }

    /// Bytes yet to be sent.
    pub(crate) fn len(&self) -> usize {
        self.bytes - self.sent
    }

    /// Bytes yet to be sent and their places: a client that asks for pongs, of two bytes each, and reads none would
    /// else fill far more memory than its outbox counts.
    pub(crate) fn weight(&self) -> usize {
        let frames = usize::from(self.first.is_some()) + self.rest.len();
        self.len() + frames * PLACE
    }

    /// Its part of the memory that its frames take: others may wait for the same ones.
    pub(crate) fn share(&self) -> usize {
        self.estimate(|bytes, waiting| bytes / waiting)
    }

    /// The memory that is free when it is gone: nobody else waits for these frames.
    pub(crate) fn own(&self) -> usize {
        self.estimate(|bytes, waiting| if waiting == 1 { bytes } else { 0 })
    }

    /// What of its weight counts, given how many bytes of a frame do for which so many wait. Of many frames some are looked
    /// at: there may be hundreds of thousands, and as many who wait.
    fn estimate(&self, count_for: impl Fn(usize, usize) -> usize) -> usize {
        const LOOKED_AT: usize = 64;
        const CONTENT: usize = size_of::<EncodedFrame>();
        let frames = usize::from(self.first.is_some()) + self.rest.len();
        let step = frames.div_ceil(LOOKED_AT).max(1);
        let (mut all, mut counting) = (0, 0);
        for frame in self.first.iter().chain(&self.rest).step_by(step) {
            let bytes = frame.len() + CONTENT;
            all += bytes;
            counting += count_for(bytes, Rc::strong_count(frame));
        }
        let places = frames * size_of::<SharedFrame>();
        let content = (self.weight() - places) as u128;
        usize::try_from(content * counting as u128 / all.max(1) as u128).unwrap_or(usize::MAX) + places
    }

    /// Bytes of the longest frame among them.
    pub(crate) fn longest(&self) -> usize {
        self.first.iter().chain(&self.rest).map(|frame| frame.len()).max().unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Writes through `write` (one system call each) until everything is sent or the socket is full.
    pub(crate) fn flush(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> Flushed {
        let mut progress = false;
        while let Some(first) = &self.first {
            let unsent = &first[self.sent..];
            let (offered, written) = if self.rest.is_empty() {
                (unsent.len(), write(&[IoSlice::new(unsent)]))
            } else {
                let mut slices = [IoSlice::new(unsent); BATCH];
                let mut offered = unsent.len();
                let mut count = 1;
                for (slice, frame) in slices[1..].iter_mut().zip(&self.rest) {
                    *slice = IoSlice::new(frame);
                    offered += frame.len();
                    count += 1;
                }
                (offered, write(&slices[..count]))
            };
            match written {
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
        self.rest.shrink_to(KEPT);
        Flushed::Everything
    }

    /// Forgets what has not begun to leave, so that a close frame can follow the frame on its way.
    pub(crate) fn discard_unsent(&mut self) {
        self.rest.clear();
        self.rest.shrink_to(KEPT);
        self.first.take_if(|_| self.sent == 0);
        self.bytes = self.first.as_ref().map_or(0, |first| first.len());
    }

    /// Whether there is memory to give back once traffic allows.
    pub(crate) fn keeps_room(&self) -> bool {
        self.rest.capacity() > 0
    }

    /// Gives back what no frame is in: a burst is over, or its next frames are worth an allocation.
    pub(crate) fn give_back(&mut self) {
        self.rest.shrink_to_fit();
    }

    fn advance(&mut self, written: usize) {
        self.sent += written;
        while let Some(first) = &self.first
            && self.sent >= first.len()
        {
            self.sent -= first.len();
            self.bytes -= first.len();
            self.first = self.rest.pop_front();
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
        assert!(outbox.weight() >= 1000 * (PLACE + 2), "{}", outbox.weight());
        outbox.flush(|slices| Ok(slices.iter().map(|slice| slice.len()).sum()));
        assert_eq!(outbox.weight(), 0);
    }

    #[test]
    fn what_others_wait_for_too_is_shared_with_them() {
        let frame = SharedFrame::new(EncodedFrame::from(vec![0; 100_000]));
        let mut outboxes: Vec<Outbox> = std::iter::repeat_with(Outbox::default).take(50).collect();
        for outbox in &mut outboxes {
            (0..10).for_each(|_| outbox.push(EncodedFrame::from(vec![0; 10])));
            outbox.push_shared(Rc::clone(&frame));
        }
        drop(frame);
        let sum = |part: fn(&Outbox) -> usize| outboxes.iter().map(part).sum::<usize>();
        let small = 50 * 10 * (10 + PLACE);
        assert_eq!(sum(Outbox::own), small + 50 * size_of::<SharedFrame>());
        assert!((small + 99_000..small + 103_000).contains(&sum(Outbox::share)), "{}", sum(Outbox::share));
        assert!(sum(Outbox::weight) > 5_000_000);
        let last = outboxes.pop().unwrap();
        outboxes.clear();
        assert_eq!((last.share(), last.own()), (last.weight(), last.weight()));
        assert_eq!(Outbox::default().share(), 0);
    }

    #[test]
    fn of_many_frames_some_are_looked_at() {
        let mut outboxes = [Outbox::default(), Outbox::default()];
        for number in 0..10_000 {
            let frame = SharedFrame::new(EncodedFrame::from(vec![0; number % 300]));
            outboxes.iter_mut().for_each(|outbox| outbox.push_shared(Rc::clone(&frame)));
        }
        let half = outboxes[0].weight() / 2;
        assert!((half..half + half / 10).contains(&outboxes[0].share()), "{} of {half}", outboxes[0].share());
    }

    #[test]
    fn memory_is_given_back_after_a_burst() {
        let mut outbox = Outbox::default();
        for _ in 0..10_000 {
            outbox.push(EncodedFrame::from_static(b"x"));
        }
        outbox.flush(|slices| Ok(slices.len()));
        assert!(outbox.rest.capacity() <= 2 * KEPT, "{}", outbox.rest.capacity());
        assert!(outbox.keeps_room());
        outbox.give_back();
        assert!(!outbox.keeps_room());
    }

    #[test]
    fn one_frame_at_a_time_takes_no_memory() {
        let mut outbox = Outbox::default();
        for _ in 0..3 {
            outbox.push(EncodedFrame::from_static(b"x"));
            assert_eq!(
                outbox.flush(|slices| Ok(slices.iter().map(|slice| slice.len()).sum())),
                Flushed::Everything
            );
            assert!(outbox.is_empty());
        }
        assert_eq!(outbox.rest.capacity(), 0);
    }
}
