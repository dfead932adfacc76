//! A publisher's side of the queue: attaching, pushing, and starting anew when the ground has moved.

use std::path::{Path, PathBuf};

use super::access::Access;
use super::atomics::Ordering;
use super::backlog::Backlog;
use super::control::{self, ControlPage, STALE_MS, Server};
use super::directory::{Directory, RING};
use super::fork::Birth;
use super::hooks::{Point, reach};
use super::layout::{KIND_INLINE, PROTOCOL_VERSION};
use super::reader::{self, Look};
use super::ring::Ring;
use super::writer::{Outcome, Push, RingWriter, Writer};
use super::{Error, clock};

/// How a producer attaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerOptions {
    /// The queue directory.
    pub path: PathBuf,
    /// Size of this producer's ring: a power of two.
    pub ring_bytes: usize,
    /// Who else may use the directory.
    pub access: Access,
}

impl ProducerOptions {
    /// Size of a ring unless configured: with the 64 MB that Docker gives /dev/shm, room for some 200 publishers.
    pub const RING_BYTES: usize = 256 * 1024;

    /// The defaults, for the queue at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ring_bytes: Self::RING_BYTES, access: Access::default() }
    }
}

/// How many abandoned rings to try before making a new one: what matters is that attaching stays cheap when all are in use.
const ADOPTION_ATTEMPTS: usize = 8;

/// How many names to look at for that.
const ADOPTION_NAMES: usize = 1000;

/// How often to try where the directory vanishes at every attempt.
const ATTEMPTS: u32 = 4;

/// How often a push looks whether the directory is still the one everybody else uses.
const CHECK_EVERY_MS: u64 = 1000;

/// One publisher's end of a queue. Belongs to one thread at a time.
#[derive(Debug)]
pub struct Producer {
    options: ProducerOptions,
    /// Absent only after starting anew failed; the next push tries again.
    attached: Option<Attached>,
}

#[derive(Debug)]
struct Attached {
    birth: Birth,
    directory: Directory,
    control: ControlPage,
    writer: RingWriter,
    next_check_ms: u64,
    /// The consumer's last roll call that this producer answered.
    roll_call: u64,
}

impl Producer {
    /// Attaches to a queue, making its directory if need be. No server has to run.
    pub fn attach(options: ProducerOptions) -> Result<Self, Error> {
        let attached = Attached::new(&options)?;
        Ok(Self { options, attached: Some(attached) })
    }

    /// Publishes a payload of `len` bytes, which `write` puts in piece by piece. Never waits.
    ///
    /// # Errors
    /// If the payload is larger than any queue takes, if there is no room for its spill file, or if the producer had to
    /// attach anew (after a fork, after the directory was replaced) and could not.
    #[inline]
    pub fn push(&mut self, len: usize, write: impl FnOnce(&mut Writer<'_>)) -> Result<Push, Error> {
        let now_ms = clock::coarse_ms();
        if !self.attached.as_mut().is_some_and(|attached| attached.is_usable(now_ms)) {
            self.reattach()?;
        }
        let Some(attached) = &mut self.attached else { return Ok(Push::Full) };
        let Attached { directory, control, writer, .. } = attached;
        match writer.push(directory, control, now_ms, len, write)? {
            Outcome::Done(push) => Ok(push),
            Outcome::Damaged => {
                // The consumer drains and removes the damaged ring; the message at hand is the caller's.
                let ring = &writer.ring;
                let lost = ring.memory.is_lost().then(|| ring.cut_short(directory));
                self.reattach()?;
                lost.map_or(Ok(Push::Full), Err)
            }
        }
    }

    #[cold]
    fn reattach(&mut self) -> Result<(), Error> {
        if let Some(attached) = self.attached.take().filter(|attached| attached.control.is_lost()) {
            // One that was cut short would refuse whoever opens it, us included.
            attached.control.clear_away(&attached.directory);
        }
        self.attached = Some(Attached::new(&self.options)?);
        Ok(())
    }

    /// A number that lies above the tickets of all pushes that returned before, and not above those of pushes to come.
    pub fn next_ticket(&self) -> u64 {
        self.attached.as_ref().map_or(0, |attached| attached.control.ticket.load(Ordering::Acquire))
    }

    /// What this producer sees of the queue.
    pub fn status(&mut self) -> Status {
        let now_ms = clock::coarse_ms();
        if !self.attached.as_mut().is_some_and(|attached| attached.is_usable(now_ms)) {
            let _ = self.reattach();
        }
        let Some(attached) = &self.attached else { return Status::detached(&self.options) };
        let (depth_records, oldest_ms) = attached.unread();
        Status {
            attached: true,
            server: control::server(&attached.directory, &attached.control),
            path: attached.directory.path().to_owned(),
            depth_bytes: attached.writer.depth(),
            depth_records,
            oldest_ms: oldest_ms.map(|time_ms| now_ms.saturating_sub(time_ms)),
            refused: attached.writer.refused(),
            ring_bytes: attached.writer.ring.memory.capacity(),
            protocol_version: PROTOCOL_VERSION,
        }
    }

    /// What waits in the rings of all producers, and of those that are gone. Costs some system calls for each ring.
    pub fn backlog(&self) -> Backlog {
        let attached = self.attached.as_ref();
        attached.and_then(|attached| Backlog::of(&attached.directory).ok()).unwrap_or_default()
    }
}

impl Attached {
    fn new(options: &ProducerOptions) -> Result<Self, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let is_last = attempts == ATTEMPTS;
            let birth = Birth::now();
            let directory = Directory::open(&options.path, options.access)?;
            reach(Point::DirectoryOpened);
            // One that is removed or replaced at this very moment takes no ring, or one that nobody reads.
            match join(&directory, options.ring_bytes) {
                Ok((control, writer, roll_call)) => {
                    let next_check_ms = clock::coarse_ms() + CHECK_EVERY_MS;
                    let attached = Self { birth, directory, control, writer, next_check_ms, roll_call };
                    if is_last || attached.control.is_in_place(&attached.directory) {
                        return Ok(attached);
                    }
                    attached.control.clear_away(&attached.directory);
                }
                Err(error) if is_last || directory.is_in_place() => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Whether a push may go into this ring: not in a forked child, not after the directory was replaced.
    #[inline]
    fn is_usable(&mut self, now_ms: u64) -> bool {
        self.birth.is_this_process()
            && self.control.state.moved.load(Ordering::Acquire) == 0
            && (now_ms < self.next_check_ms || self.is_still_in_use(now_ms))
    }

    /// A living consumer looks after the names and the words by which others find us, sets `moved` and calls the roll.
    /// Only without one, or when it calls, is the kernel asked: that costs more than the push.
    fn is_still_in_use(&mut self, now_ms: u64) -> bool {
        self.next_check_ms = now_ms + CHECK_EVERY_MS;
        let heartbeat = &self.control.heartbeat;
        let is_minded = now_ms.abs_diff(heartbeat.seen_ms.load(Ordering::Relaxed)) <= STALE_MS;
        let roll_call = heartbeat.roll_call.load(Ordering::Relaxed);
        if is_minded && roll_call == self.roll_call {
            return true;
        }
        self.roll_call = roll_call;
        self.look_around(is_minded)
    }

    #[cold]
    fn look_around(&self, is_minded: bool) -> bool {
        let ring = &self.writer.ring;
        self.control.restore();
        ring.restore();
        // A ring without its name is read for as long as this server runs, and not by the next one.
        ring.is_sound(&self.directory) && (is_minded || self.control.is_in_place(&self.directory))
    }

    /// How many records wait in this ring, and when the oldest was pushed.
    fn unread(&self) -> (usize, Option<u64>) {
        let mut reader = reader::Cursor::at_head(&self.writer.ring.memory, self.writer.tail());
        let mut count = 0;
        let mut oldest = None;
        while let Look::Record(head) = reader.look(&self.writer.ring.memory) {
            oldest = oldest.or(Some(head.time_ms));
            count += 1;
            reader.skip();
        }
        (count, oldest)
    }
}

impl Drop for Attached {
    /// Leaves in an orderly way: an empty ring is removed at once, so that nothing is left behind even where no server
    /// runs; a ring with unread events stays, for the server or for the next producer to find.
    ///
    /// Recycled workers thus make a ring anew (0.1 ms in a worker's life) in the common case that the server keeps up.
    fn drop(&mut self) {
        if !self.birth.is_this_process() {
            // The ring is the parent's. Dropping the mapping and the descriptor does not touch it.
            return;
        }
        let Self { directory, control, writer, .. } = self;
        writer.ring.memory.head().producer.closed.store(1, Ordering::Release);
        if writer.depth() == 0 {
            writer.ring.remove(directory);
        }
        control.generation.fetch_add(1, Ordering::SeqCst);
    }
}

/// Gets a ring in the directory, and the roll call as it was before anybody could know of that ring.
fn join(directory: &Directory, capacity: usize) -> Result<(ControlPage, RingWriter, u64), Error> {
    let control = control::open(directory)?;
    let roll_call = control.heartbeat.roll_call.load(Ordering::Relaxed);
    let writer = match adopt(directory, capacity)? {
        Some(writer) => writer,
        None => {
            let ring = Ring::create(directory, capacity)?;
            let damaged = ring.cut_short(directory);
            RingWriter::new(ring).ok_or(damaged)?
        }
    };
    reach(Point::RingNamed);
    // No bell: the first push rings it, and until then there is nothing to see. The consumer calls the roll when it has
    // looked, and we look whether there was anything to see.
    control.generation.fetch_add(1, Ordering::SeqCst);
    Ok((control, writer, roll_call))
}

/// Takes over the ring of a producer that is gone.
fn adopt(directory: &Directory, capacity: usize) -> Result<Option<RingWriter>, Error> {
    let names = directory.entries()?.take(ADOPTION_NAMES).filter_map(Result::ok);
    let rings = names.filter_map(|name| name.strip_prefix(RING).map(str::to_owned)).take(ADOPTION_ATTEMPTS);
    for unique in rings {
        let Some(ring) = Ring::adopt(directory, &unique, capacity) else { continue };
        // If its counters make no sense, the consumer clears it away.
        let Some(writer) = RingWriter::new(ring) else { continue };
        // What its last producer spilled without living to say so.
        directory.remove(&writer.ring.spill_name(writer.tail()));
        return Ok(Some(writer));
    }
    Ok(None)
}

/// What a producer sees of its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether there is a ring; without one every push would fail.
    pub attached: bool,
    /// Whether somebody drains the queue.
    pub server: Server,
    /// The queue directory.
    pub path: PathBuf,
    /// Bytes waiting in this producer's ring.
    pub depth_bytes: u64,
    /// Messages waiting there.
    pub depth_records: usize,
    /// How long the oldest of them has waited, in milliseconds.
    pub oldest_ms: Option<u64>,
    /// Pushes that found no room, since the ring was made.
    pub refused: u64,
    /// Size of the ring.
    pub ring_bytes: usize,
    /// The protocol version of this side. The other side's is the same: another version does not attach.
    pub protocol_version: u32,
}

impl Status {
    fn detached(options: &ProducerOptions) -> Self {
        let path = Path::new(&options.path).to_owned();
        Self {
            attached: false,
            server: Server::Absent,
            path,
            depth_bytes: 0,
            depth_records: 0,
            oldest_ms: None,
            refused: 0,
            ring_bytes: options.ring_bytes,
            protocol_version: PROTOCOL_VERSION,
        }
    }
}

const _: () = assert!(KIND_INLINE != 0, "zeroed memory must not look like a record");
