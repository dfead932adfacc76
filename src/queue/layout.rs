//! What lies where in shared memory: the control page, the head of a ring file, the head of a record. No algorithm.
//!
//! ```text
//! control    one page, all zero when new but for the ticket, one line of 128 bytes per concern (two cache lines: the prefetcher pulls pairs)
//!   0        format       who wrote this page: magic and version; set once, from zero
//!   128      ticket       the next ticket; every push takes one
//!   256      state        what the consumer is doing (awake, asleep, napping) and whether the directory moved
//!   384      doorbell     the word the consumer sleeps on
//!   512      generation   changes whenever the list of rings may have changed
//!   640      heartbeat    when the consumer was last seen, when it started, its roll calls
//!
//! ring.*     one page of head, then the data, a power of two long, written round and round
//!   0        format, capacity, creator (the creator is for people only; nothing decides by it)
//!   128      consumer's line: head (bytes read since the beginning), spill_released, refused_seen
//!   256      producer's line: tail (bytes written since the beginning), spill_reserved, closed, refused
//!   4096     data
//!
//! record     starts at a multiple of 8 and may go on at the beginning of the data
//!   | len: u32 | kind: u16 | flags: u16 | ticket: u64 | time_ms: u64 | payload: len bytes | up to 7 bytes of padding |
//! ```

use std::ops::Deref;

use super::atomics::{AtomicU32, AtomicU64};

/// The version of everything in this file, and of the names in the directory.
pub const PROTOCOL_VERSION: u32 = 1;

const MAGIC: u64 = 0x434e_594e;

/// The word that begins the control page and every ring: "CNYN" and the version.
pub(crate) const FORMAT: u64 = MAGIC << 32 | PROTOCOL_VERSION as u64;

/// The version in a format word, if a Canyon of any version wrote it.
pub(crate) fn version_of(format: u64) -> Option<u32> {
    (format >> 32 == MAGIC).then_some(format as u32)
}

/// One concern, alone in its two cache lines.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub(crate) struct Line<T>(T);

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The control page.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) format: Line<AtomicU64>,
    pub(crate) ticket: Line<AtomicU64>,
    pub(crate) state: Line<ConsumerState>,
    pub(crate) doorbell: Line<AtomicU32>,
    pub(crate) generation: Line<AtomicU32>,
    pub(crate) heartbeat: Line<Heartbeat>,
}

/// What every push looks at; together in one line because it is written rarely.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct ConsumerState {
    /// One of [`AWAKE`], [`ASLEEP`], [`NAPPING`].
    pub(crate) sleeping: AtomicU32,
    /// Not zero: this directory was replaced; open the path again.
    pub(crate) moved: AtomicU32,
}

/// Where [`Control::ticket`] lies in the control page.
pub(crate) const TICKET_AT: usize = std::mem::offset_of!(Control, ticket);
/// Where [`ConsumerState::moved`] lies in the control page.
pub(crate) const MOVED_AT: usize =
    std::mem::offset_of!(Control, state) + std::mem::offset_of!(ConsumerState, moved);

/// The consumer is at work, or will look again by itself at once.
pub(crate) const AWAKE: u32 = 0;
/// The consumer sleeps until somebody rings.
pub(crate) const ASLEEP: u32 = 1;
/// The consumer looks again within a millisecond; ring only when the ring fills up meanwhile.
pub(crate) const NAPPING: u32 = 2;

/// Signs of life of the consumer, in milliseconds of [`super::clock`]; zero when it stopped in an orderly way.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    pub(crate) seen_ms: AtomicU64,
    pub(crate) started_ms: AtomicU64,
    /// Changes when producers should look whether the next consumer would find their rings: when a consumer starts, has
    /// looked for new rings, refuses one, or (once a second) reads one that lost its name.
    pub(crate) roll_call: AtomicU64,
}

/// The head page of a ring file.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct RingHead {
    pub(crate) identity: Line<Identity>,
    pub(crate) consumer: Line<ConsumerLine>,
    pub(crate) producer: Line<ProducerLine>,
}

/// Set before the ring gets its name, never changed after.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Identity {
    pub(crate) format: AtomicU64,
    pub(crate) capacity: AtomicU64,
    pub(crate) creator_pid: AtomicU64,
    pub(crate) created_ms: AtomicU64,
}

/// Written by the consumer alone.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct ConsumerLine {
    /// Bytes read since the ring began; never behind a record that was delivered.
    pub(crate) head: AtomicU64,
    /// Of [`ProducerLine::spill_reserved`], how much is free again.
    pub(crate) spill_released: AtomicU64,
    /// Of [`ProducerLine::refused`], how many a consumer has counted: the next one goes on there.
    pub(crate) refused_seen: AtomicU64,
}

/// Written by the producer alone: whoever holds the ring's lock.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct ProducerLine {
    /// Bytes written since the ring began; everything before it is complete.
    pub(crate) tail: AtomicU64,
    /// Bytes ever put into spill files.
    pub(crate) spill_reserved: AtomicU64,
    /// Not zero: the producer left in an orderly way.
    pub(crate) closed: AtomicU32,
    /// Pushes refused for want of room since the ring began.
    pub(crate) refused: AtomicU64,
}

/// Size of the control file and of a ring's head.
pub(crate) const PAGE: usize = 4096;

/// Bytes before a record's payload.
pub(crate) const RECORD_HEAD: usize = 24;

/// Smallest and largest ring.
pub const RING_BYTES: std::ops::RangeInclusive<usize> = 64 * 1024..=1024 * 1024 * 1024;

/// The payload stands in the ring.
pub(crate) const KIND_INLINE: u16 = 1;
/// The payload stands in a spill file; the ring holds a [`super::spill::Reference`].
pub(crate) const KIND_SPILLED: u16 = 2;

/// The head of a record, as a private copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHead {
    pub(crate) len: u32,
    pub(crate) kind: u16,
    pub(crate) ticket: u64,
    pub(crate) time_ms: u64,
}

impl RecordHead {
    pub(crate) fn to_bytes(self) -> [u8; RECORD_HEAD] {
        let mut bytes = [0; RECORD_HEAD];
        bytes[0..4].copy_from_slice(&self.len.to_ne_bytes());
        bytes[4..6].copy_from_slice(&self.kind.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.ticket.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.time_ms.to_ne_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; RECORD_HEAD]) -> Self {
        let [a, b, c, d, e, f, _, _, rest @ ..] = bytes;
        let [t0, t1, t2, t3, t4, t5, t6, t7, m0, m1, m2, m3, m4, m5, m6, m7] = rest;
        Self {
            len: u32::from_ne_bytes([a, b, c, d]),
            kind: u16::from_ne_bytes([e, f]),
            ticket: u64::from_ne_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            time_ms: u64::from_ne_bytes([m0, m1, m2, m3, m4, m5, m6, m7]),
        }
    }

    /// Bytes this record takes in the ring.
    pub(crate) fn footprint(self) -> u64 {
        footprint(self.len as usize)
    }
}

/// Bytes a record with `len` bytes of payload takes in a ring.
pub(crate) const fn footprint(len: usize) -> u64 {
    (RECORD_HEAD as u64 + len as u64 + 7) & !7
}

const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<Control>() <= PAGE && size_of::<RingHead>() <= PAGE);
    assert!(offset_of!(Control, format) == 0);
    assert!(offset_of!(Control, ticket) == 128);
    assert!(offset_of!(Control, state) == 256);
    assert!(offset_of!(Control, doorbell) == 384);
    assert!(offset_of!(Control, generation) == 512);
    assert!(offset_of!(Control, heartbeat) == 640);
    assert!(offset_of!(RingHead, consumer) == 128);
    assert!(offset_of!(RingHead, producer) == 256);
    assert!(size_of::<Line<ProducerLine>>() == 128 && size_of::<Line<ConsumerLine>>() == 128);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_head_survives_the_way_through_bytes() {
        let head = RecordHead { len: 7, kind: KIND_SPILLED, ticket: u64::MAX - 3, time_ms: 12 };
        assert_eq!(RecordHead::from_bytes(head.to_bytes()), head);
    }

    #[test]
    fn records_take_multiples_of_eight_bytes() {
        assert_eq!(footprint(0), 24);
        assert_eq!(footprint(1), 32);
        assert_eq!(footprint(8), 32);
        assert_eq!(footprint(9), 40);
    }

    #[test]
    fn only_our_magic_has_a_version() {
        assert_eq!(version_of(FORMAT), Some(PROTOCOL_VERSION));
        assert_eq!(version_of(FORMAT + 1), Some(PROTOCOL_VERSION + 1));
        assert_eq!(version_of(0), None);
        assert_eq!(version_of(0x1234_5678_0000_0001), None);
    }
}
