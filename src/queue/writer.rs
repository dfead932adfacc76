//! The producer's end of one ring: the push.

use super::atomics::Ordering;
use super::directory::Directory;
use super::doorbell;
use super::hooks::{Point, reach};
use super::layout::{
    ASLEEP, AWAKE, Control, KIND_INLINE, KIND_SPILLED, NAPPING, RECORD_HEAD, RecordHead, footprint,
};
use super::ring::Ring;
use super::segment::RingMemory;
use super::spill;
use super::{Error, MAX_PAYLOAD};

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Push {
    /// The message is in the queue: this process may die now.
    Published,
    /// No room: the server does not drain the ring, or not fast enough.
    Full,
}

/// What became of a push, to the producer that may have to start anew with another ring.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Push),
    /// Somebody wrote nonsense into the ring's head; it cannot be used any more.
    Damaged,
}

/// The producer's end of a ring.
#[derive(Debug)]
pub(crate) struct RingWriter {
    pub(crate) ring: Ring,
    /// Ours alone; the word in the ring is only ever a copy of it.
    tail: u64,
    /// The consumer's head as we last saw it: never ahead of the real one.
    seen_head: u64,
    spill_reserved: u64,
}

impl RingWriter {
    /// Goes on where the ring's last producer stopped; `None` if its counters make no sense. Hold the ring's lock.
    pub(crate) fn new(ring: Ring) -> Option<Self> {
        ring.memory.populate();
        let head = ring.memory.head();
        let tail = head.producer.tail.load(Ordering::Acquire);
        let seen_head = head.consumer.head.load(Ordering::Acquire);
        let is_sane = tail.is_multiple_of(8) && tail.wrapping_sub(seen_head) <= ring.memory.capacity() as u64;
        if !is_sane || ring.memory.is_lost() {
            return None;
        }
        head.producer.closed.store(0, Ordering::Relaxed);
        let spill_reserved = head.producer.spill_reserved.load(Ordering::Relaxed);
        Some(Self { ring, tail, seen_head, spill_reserved })
    }

    /// Bytes written since the ring began.
    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    /// Bytes waiting for the consumer.
    pub(crate) fn depth(&self) -> u64 {
        let head = self.ring.memory.head().consumer.head.load(Ordering::Acquire);
        self.tail.wrapping_sub(head)
    }

    fn capacity(&self) -> u64 {
        self.ring.memory.capacity() as u64
    }

    /// Publishes a payload of `len` bytes that `write` puts in piece by piece.
    #[inline]
    pub(crate) fn push(
        &mut self,
        directory: &Directory,
        control: &Control,
        now_ms: u64,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<Outcome, Error> {
        let need = footprint(len);
        if need > self.capacity() / 4 {
            return self.push_spilled(directory, control, now_ms, len, write);
        }
        let filling = match self.room_for(need) {
            Room::Ample => false,
            Room::Little => true,
            Room::None => return Ok(full(control)),
            Room::Nonsense => return Ok(Outcome::Damaged),
        };
        let ticket = control.ticket.fetch_add(1, Ordering::AcqRel);
        reach(Point::TicketTaken);
        let position = self.tail;
        let head = RecordHead { len: len as u32, kind: KIND_INLINE, ticket, time_ms: now_ms };
        self.ring.memory.copy_in(position, &head.to_bytes());
        let mut writer = Writer {
            target: Target::Ring(&mut self.ring.memory),
            position: position.wrapping_add(RECORD_HEAD as u64),
            announced: len,
            written: 0,
        };
        write(&mut writer);
        writer.finish()?;
        Ok(self.publish(control, need, filling))
    }

    /// The large payload goes to its file first; then a small record names it.
    #[cold]
    fn push_spilled(
        &mut self,
        directory: &Directory,
        control: &Control,
        now_ms: u64,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<Outcome, Error> {
        if len > MAX_PAYLOAD {
            return Err(Error::TooLarge { len, limit: MAX_PAYLOAD });
        }
        let need = footprint(spill::Reference::LEN);
        match self.room_for(need) {
            Room::Ample | Room::Little => {}
            Room::None => return Ok(full(control)),
            Room::Nonsense => return Ok(Outcome::Damaged),
        }
        let reserved = self.spill_reserved.wrapping_add(len as u64);
        if reserved.wrapping_sub(self.spill_released()) > spill::LIMIT {
            return Ok(full(control));
        }

        let mut payload = Vec::with_capacity(len);
        let mut writer =
            Writer { target: Target::Buffer(&mut payload), position: 0, announced: len, written: 0 };
        write(&mut writer);
        writer.finish()?;
        spill::write(directory, &self.ring.spill_name(self.tail), &payload)?;
        reach(Point::SpillWritten);

        let ticket = control.ticket.fetch_add(1, Ordering::AcqRel);
        let reference = spill::Reference { len: len as u64, reserved };
        let head =
            RecordHead { len: spill::Reference::LEN as u32, kind: KIND_SPILLED, ticket, time_ms: now_ms };
        self.ring.memory.copy_in(self.tail, &head.to_bytes());
        self.ring.memory.copy_in(self.tail.wrapping_add(RECORD_HEAD as u64), &reference.to_bytes());
        self.spill_reserved = reserved;
        self.ring.memory.head().producer.spill_reserved.store(reserved, Ordering::Relaxed);
        Ok(self.publish(control, need, true))
    }

    /// How much of what was spilled is free again.
    fn spill_released(&self) -> u64 {
        if self.depth() == 0 {
            // Nothing is outstanding, whatever a killed predecessor had reserved.
            return self.spill_reserved;
        }
        self.ring.memory.head().consumer.spill_released.load(Ordering::Relaxed)
    }

    #[inline]
    fn room_for(&mut self, need: u64) -> Room {
        let capacity = self.capacity();
        let mut used = self.tail.wrapping_sub(self.seen_head).saturating_add(need);
        if used <= capacity / 2 {
            return Room::Ample;
        }
        // Acquire: what we write into the freed bytes must not overtake the consumer's reading of them.
        self.seen_head = self.ring.memory.head().consumer.head.load(Ordering::Acquire);
        let depth = self.tail.wrapping_sub(self.seen_head);
        if depth > capacity {
            return Room::Nonsense;
        }
        used = depth + need;
        if used <= capacity / 2 {
            Room::Ample
        } else if used <= capacity {
            Room::Little
        } else if self.ring.memory.is_lost() {
            Room::Nonsense
        } else {
            Room::None
        }
    }

    /// Makes the record visible, then rings if the consumer may be asleep.
    #[inline]
    fn publish(&mut self, control: &Control, need: u64, filling: bool) -> Outcome {
        reach(Point::RecordWritten);
        let before = self.tail;
        self.tail = before.wrapping_add(need);
        // One operation does both: release what was written, and order this store before the look at `sleeping`.
        let found = self.ring.memory.head().producer.tail.swap(self.tail, Ordering::SeqCst);
        // Zeros take the place of a ring that is cut short; only the first push of all expects to find one.
        if (found != before || before == 0) && self.ring.memory.is_lost() {
            return Outcome::Damaged;
        }
        reach(Point::RecordPublished);
        match control.state.sleeping.load(Ordering::SeqCst) {
            AWAKE => {}
            NAPPING if !filling => {}
            _ => wake(control),
        }
        Outcome::Done(Push::Published)
    }
}

/// No room; a napping consumer should come at once.
#[cold]
fn full(control: &Control) -> Outcome {
    if control.state.sleeping.load(Ordering::SeqCst) != AWAKE {
        wake(control);
    }
    Outcome::Done(Push::Full)
}

/// Rings, unless another producer just did.
#[cold]
fn wake(control: &Control) {
    if control.state.sleeping.swap(AWAKE, Ordering::SeqCst) != AWAKE {
        doorbell::ring(&control.doorbell);
    }
}

enum Room {
    Ample,
    /// Enough, but more than half the ring is used: even a napping consumer should come.
    Little,
    None,
    /// The consumer's head is where it cannot be.
    Nonsense,
}

/// Takes the payload of a push piece by piece.
#[derive(Debug)]
pub struct Writer<'a> {
    target: Target<'a>,
    position: u64,
    announced: usize,
    written: usize,
}

#[derive(Debug)]
enum Target<'a> {
    Ring(&'a mut RingMemory),
    Buffer(&'a mut Vec<u8>),
}

impl Writer<'_> {
    /// Appends a piece. More bytes than announced are refused, and then nothing is published.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.written = self.written.saturating_add(bytes.len());
        if self.written > self.announced {
            return;
        }
        match &mut self.target {
            Target::Ring(memory) => memory.copy_in(self.position, bytes),
            Target::Buffer(buffer) => buffer.extend_from_slice(bytes),
        }
        self.position = self.position.wrapping_add(bytes.len() as u64);
        if self.written - bytes.len() < self.announced.div_ceil(2)
            && self.written >= self.announced.div_ceil(2)
        {
            reach(Point::HalfCopied);
        }
    }

    fn finish(self) -> Result<(), Error> {
        if self.written == self.announced {
            Ok(())
        } else {
            Err(Error::Miscounted { announced: self.announced, written: self.written })
        }
    }
}

/// The states in which a producer must ring differ, and mixing them up would lose wake-ups.
const _: () = assert!(AWAKE != ASLEEP && AWAKE != NAPPING && ASLEEP != NAPPING && AWAKE == 0);
