//! The consumer's end of one ring. Everything in it was written by somebody else and is checked.

use super::atomics::Ordering;
use super::directory::Directory;
use super::hooks::{Point, reach};
use super::layout::{KIND_INLINE, KIND_SPILLED, RECORD_HEAD, RecordHead};
use super::ring::Ring;
use super::segment::RingMemory;
use super::spill;

/// What a look at a ring found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing to read.
    Empty,
    /// A complete record.
    Record(RecordHead),
    /// What stands there cannot be a record; nothing after it, up to the tail, can be found.
    Damaged,
}

/// A place in a ring, and the end up to which it may be read.
#[derive(Debug)]
pub(crate) struct Cursor {
    position: u64,
    tail: u64,
    /// The head of the record at `position`: read once, so that what was checked is what is used.
    record: Option<RecordHead>,
}

impl Cursor {
    /// At the first unread record, as the ring's own head says; up to `tail`.
    pub(crate) fn at_head(memory: &RingMemory, tail: u64) -> Self {
        Self { position: memory.head().consumer.head.load(Ordering::Acquire), tail, record: None }
    }

    /// Looks at the record here.
    #[inline]
    pub(crate) fn look(&mut self, memory: &RingMemory) -> Look {
        if let Some(record) = self.record {
            return Look::Record(record);
        }
        let available = self.tail.wrapping_sub(self.position);
        if available == 0 {
            return Look::Empty;
        }
        if available > memory.capacity() as u64
            || available < RECORD_HEAD as u64
            || !available.is_multiple_of(8)
        {
            return Look::Damaged;
        }
        let mut bytes = [0; RECORD_HEAD];
        memory.copy_out(self.position, &mut bytes);
        let record = RecordHead::from_bytes(bytes);
        let known = match record.kind {
            KIND_INLINE => true,
            KIND_SPILLED => record.len as usize == spill::Reference::LEN,
            _ => false,
        };
        if !known || record.footprint() > available {
            return Look::Damaged;
        }
        self.record = Some(record);
        Look::Record(record)
    }

    /// Goes on behind the record here.
    #[inline]
    pub(crate) fn skip(&mut self) {
        if let Some(record) = self.record.take() {
            self.position = self.position.wrapping_add(record.footprint());
        }
    }
}

/// Whether `tail` is where the tail of a ring can be whose consumer is at `position`.
fn is_within(ring: &Ring, position: u64, tail: u64) -> bool {
    let unread = tail.wrapping_sub(position);
    unread <= ring.memory.capacity() as u64 && unread.is_multiple_of(8)
}

/// The consumer's end of a ring.
#[derive(Debug)]
pub(crate) struct RingReader {
    pub(crate) ring: Ring,
    cursor: Cursor,
    /// No producer can write any more: we hold the lock.
    pub(crate) orphaned: bool,
    /// The tail is where it cannot be; noticed once per value.
    nonsense: Option<u64>,
    /// Where a record was put off to the next pass. Once is enough: see [`RingReader::puts_off`].
    put_off: Option<u64>,
    /// Its file was cut short: nothing is read from it any more.
    pub(crate) quarantined: bool,
    /// Refusals of its producers that a consumer has counted.
    refused_seen: u64,
}

/// A record on its way to whoever wants it.
#[derive(Debug)]
pub(crate) struct Taken {
    position: u64,
    spilled: Option<spill::Reference>,
}

/// Why a payload could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Its spill file is missing or too short.
    Spill,
    /// The ring's file was cut short while it was being copied.
    Ring,
}

impl RingReader {
    /// Begins where the last consumer stopped; or, if the ring's counters contradict each other, at its end. Beside it,
    /// whether they made sense.
    pub(crate) fn new(ring: Ring) -> (Self, bool) {
        let tail = ring.memory.head().producer.tail.load(Ordering::Acquire);
        let mut cursor = Cursor::at_head(&ring.memory, tail);
        let sane = is_within(&ring, cursor.position, tail) && cursor.position.is_multiple_of(8);
        if !sane {
            cursor.position = tail & !7;
        }
        let refused_seen = ring.memory.head().consumer.refused_seen.load(Ordering::Relaxed);
        let (nonsense, put_off) = (None, None);
        let reader =
            Self { ring, cursor, orphaned: false, nonsense, put_off, quarantined: false, refused_seen };
        reader.restore_head();
        (reader, sane)
    }

    fn tail(&self) -> u64 {
        self.ring.memory.head().producer.tail.load(Ordering::SeqCst)
    }

    /// Whether there is anything new: cheap enough to ask of every ring several times a millisecond.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        let tail = self.tail();
        tail != self.cursor.position && self.nonsense != Some(tail) && !self.quarantined
    }

    /// Whether every record was read that this ring can hold. Meaningful once `orphaned`.
    pub(crate) fn is_drained(&self) -> bool {
        !self.has_news()
    }

    /// How much is unread; zero where the counters make no sense.
    pub(crate) fn depth(&self) -> u64 {
        let depth = self.tail().wrapping_sub(self.cursor.position);
        if depth > self.ring.memory.capacity() as u64 || self.quarantined { 0 } else { depth }
    }

    /// How many records pushed at or after `since_ms` are unread; what cannot be a record ends the count.
    pub(crate) fn unread_since(&self, since_ms: u64) -> usize {
        let mut cursor = Cursor { position: self.cursor.position, tail: self.tail(), record: None };
        let mut count = 0;
        while let Look::Record(record) = cursor.look(&self.ring.memory) {
            count += usize::from(record.time_ms >= since_ms);
            cursor.skip();
        }
        count
    }

    /// Refusals since the last look, which are thereby counted.
    pub(crate) fn take_refused(&mut self) -> u64 {
        let head = self.ring.memory.head();
        let refused = head.producer.refused.load(Ordering::Relaxed);
        // A count that ran backwards was written over: what it missed is not known.
        let new = refused.saturating_sub(self.refused_seen);
        if refused != self.refused_seen {
            self.refused_seen = refused;
            head.consumer.refused_seen.store(refused, Ordering::Relaxed);
        }
        new
    }

    /// Looks at the next record, reading the tail anew. `Err` tells how many bytes had to be given up.
    #[inline]
    pub(crate) fn look_anew(&mut self) -> Result<Option<RecordHead>, u64> {
        // Acquire: everything before the tail was written before it.
        let tail = self.tail();
        if self.nonsense == Some(tail) {
            return Ok(None);
        }
        if let Some(before) = self.nonsense.take() {
            self.resynchronise(before, tail);
        }
        self.cursor.tail = tail;
        self.look()
    }

    /// Two tails out of reach, one push apart: then it is our position that is wrong (somebody wrote over the head before
    /// we read it, or its producer believed a false one), and the first of them is where a record begins.
    #[cold]
    fn resynchronise(&mut self, before: u64, tail: u64) {
        if !is_within(&self.ring, self.cursor.position, tail)
            && before.is_multiple_of(8)
            && is_within(&self.ring, before, tail)
        {
            self.cursor.position = before;
            self.cursor.record = None;
            self.store_head();
        }
    }

    /// Looks at the next record up to the tail seen before.
    #[inline]
    pub(crate) fn look(&mut self) -> Result<Option<RecordHead>, u64> {
        if self.quarantined {
            return Ok(None);
        }
        match self.cursor.look(&self.ring.memory) {
            Look::Record(record) => Ok(Some(record)),
            Look::Empty => Ok(None),
            Look::Damaged => Err(self.give_up()),
        }
    }

    /// Skips to the tail, where a sane producer goes on; or, if it is the tail that is damaged, waits for another one:
    /// a living producer keeps its own count and puts the tail right with its next push.
    #[cold]
    fn give_up(&mut self) -> u64 {
        if !is_within(&self.ring, self.cursor.position, self.cursor.tail) {
            self.nonsense = Some(self.cursor.tail);
            return 0;
        }
        let lost = self.cursor.tail.wrapping_sub(self.cursor.position);
        self.cursor.position = self.cursor.tail;
        self.store_head();
        lost
    }

    /// Whether the record last looked at may wait for the next pass: the counter has passed its ticket, but not before this
    /// pass began. Such a record is below the next pass's limit. If it is not, somebody is turning the counter back and forth.
    #[cold]
    pub(crate) fn puts_off(&mut self) -> bool {
        self.put_off.replace(self.cursor.position) != Some(self.cursor.position)
    }

    /// Copies the payload of the record last looked at to `buffer`.
    #[inline]
    pub(crate) fn take(
        &mut self,
        directory: &Directory,
        head: RecordHead,
        buffer: &mut Vec<u8>,
    ) -> (Taken, Result<(), Lost>) {
        let position = self.cursor.position;
        let payload = position.wrapping_add(RECORD_HEAD as u64);
        if head.kind == KIND_INLINE {
            // No clear(): bytes that are overwritten at once need not be zeroed first.
            buffer.resize(head.len as usize, 0);
            self.ring.memory.copy_out(payload, buffer);
            let got = if self.ring.memory.is_lost() { Err(Lost::Ring) } else { Ok(()) };
            return (Taken { position, spilled: None }, got);
        }
        let mut bytes = [0; spill::Reference::LEN];
        self.ring.memory.copy_out(payload, &mut bytes);
        if self.ring.memory.is_lost() {
            return (Taken { position, spilled: None }, Err(Lost::Ring));
        }
        let reference = spill::Reference::from_bytes(bytes);
        let name = self.ring.spill_name(position);
        let read = spill::read(directory, &name, reference.len, buffer);
        (Taken { position, spilled: Some(reference) }, if read { Ok(()) } else { Err(Lost::Spill) })
    }

    /// Notes that a record was dealt with. Not before: a consumer that dies in between delivers it once more.
    #[inline]
    pub(crate) fn done(&mut self, directory: &Directory, taken: &Taken) {
        self.cursor.skip();
        self.store_head();
        reach(Point::DeliveryNoted);
        if let Some(reference) = taken.spilled {
            directory.remove(&self.ring.spill_name(taken.position));
            self.ring.memory.head().consumer.spill_released.store(reference.reserved, Ordering::Relaxed);
        }
    }

    #[inline]
    fn store_head(&self) {
        // Release: the producer may overwrite the bytes as soon as it sees this, so our copying must be over.
        self.ring.memory.head().consumer.head.store(self.cursor.position, Ordering::Release);
    }

    /// Puts the ring's copy of our position right if somebody wrote over it: its producer would believe it.
    pub(crate) fn restore_head(&self) {
        if self.ring.memory.head().consumer.head.load(Ordering::Relaxed) != self.cursor.position {
            self.store_head();
        }
    }

    /// Whether its spill file of `position` was delivered already.
    pub(crate) fn is_past(&self, position: u64) -> bool {
        position < self.cursor.position
    }
}
