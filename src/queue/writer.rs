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
    /// How far the tail may go before the consumer's head must be looked at: its line is usually in another core's cache.
    look_at: u64,
    /// Up to where the pages are in the page table, and how many bytes are not. See [`RingWriter::populate`].
    populated: u64,
    unpopulated: u64,
    spill_reserved: u64,
}

/// So many bytes of pages are entered into the page table at a time.
const PORTION: u64 = 64 * 1024;

impl RingWriter {
    /// Goes on where the ring's last producer stopped; `None` if its counters make no sense. Hold the ring's lock.
    pub(crate) fn new(ring: Ring) -> Option<Self> {
        let head = ring.memory.head();
        let tail = head.producer.tail.load(Ordering::Acquire);
        let head_seen = head.consumer.head.load(Ordering::Acquire);
        let is_sane = tail.is_multiple_of(8) && tail.wrapping_sub(head_seen) <= ring.memory.capacity() as u64;
        if !is_sane || ring.memory.is_lost() {
            return None;
        }
        head.producer.closed.store(0, Ordering::Relaxed);
        let spill_reserved = head.producer.spill_reserved.load(Ordering::Relaxed);
        let unpopulated = ring.memory.capacity() as u64;
        Some(Self { ring, tail, look_at: tail, populated: tail, unpopulated, spill_reserved })
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
            Room::None => return Ok(self.full(control)),
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
            Room::None => return Ok(self.full(control)),
            Room::Nonsense => return Ok(Outcome::Damaged),
        }
        let reserved = self.spill_reserved.wrapping_add(len as u64);
        if reserved.wrapping_sub(self.spill_released()) > spill::LIMIT {
            return Ok(self.full(control));
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
        if need <= self.look_at.wrapping_sub(self.tail) { Room::Ample } else { self.look_for_room(need) }
    }

    #[cold]
    fn look_for_room(&mut self, need: u64) -> Room {
        let capacity = self.capacity();
        let depth = self.depth();
        if depth > capacity {
            return Room::Nonsense;
        }
        if need > capacity - depth {
            return if self.ring.memory.is_lost() { Room::Nonsense } else { Room::None };
        }
        // Up to the half that makes a napping consumer come; beyond it, now and then, as long as there is room for sure.
        let step = (capacity / 2).saturating_sub(depth).max(capacity / 16).max(need);
        let populated = self.populate(need);
        self.look_at = self.tail.wrapping_add(step.min(capacity - depth).min(populated));
        if depth + need > capacity / 2 { Room::Little } else { Room::Ample }
    }

    /// How many bytes from the tail on can be written without a page fault; at least `need`.
    ///
    /// Portion by portion in the first round, because most processes publish a few events: all pages of a ring at once were
    /// a third of what attaching costs.
    fn populate(&mut self, need: u64) -> u64 {
        while self.unpopulated > 0 && self.populated.wrapping_sub(self.tail) < need {
            let portion = PORTION.min(self.unpopulated);
            let portion = self.ring.memory.populate(self.populated, portion as usize) as u64;
            self.populated = self.populated.wrapping_add(portion);
            self.unpopulated -= portion;
        }
        if self.unpopulated > 0 { self.populated.wrapping_sub(self.tail) } else { u64::MAX }
    }

    /// No room: counted where the consumer finds it, and a napping consumer should come at once.
    #[cold]
    fn full(&self, control: &Control) -> Outcome {
        // Relaxed: it orders nothing. Ours alone to write, so whoever comes next in this ring goes on counting.
        self.ring.memory.head().producer.refused.fetch_add(1, Ordering::Relaxed);
        if control.state.sleeping.load(Ordering::SeqCst) != AWAKE {
            wake(control);
        }
        Outcome::Done(Push::Full)
    }

    /// Pushes refused for want of room since the ring began.
    pub(crate) fn refused(&self) -> u64 {
        self.ring.memory.head().producer.refused.load(Ordering::Relaxed)
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
