//! The consumer's view of one queue directory: its rings, merged in the order of their tickets.
//!
//! There is usually one; a second while a replaced directory is being drained to its end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Error;
use super::atomics::Ordering;
use super::consumer::{Counts, Record};
use super::control::{self, ControlPage};
use super::directory::Directory;
use super::hooks::{Point, reach};
use super::layout::RecordHead;
use super::reader::{Lost, RingReader};
use super::sweep::Sweep;

/// What the consumer keeps across directories.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// The payload at hand; one for all.
    pub(crate) buffer: Vec<u8>,
    pub(crate) counts: Counts,
    pub(crate) problems: VecDeque<Error>,
    /// Records pushed before this moment are skipped: they waited too long while nobody drained.
    pub(crate) expired_before_ms: u64,
    pub(crate) now_ms: u64,
    /// Rings that an older directory has open: if both are the same directory, they must not be read twice.
    pub(crate) elsewhere: HashSet<String>,
}

impl Common {
    /// Keeps an error for whoever asks; the latest few only, because a full disk would tell the same thing for ever.
    pub(crate) fn report(&mut self, problem: Error) {
        if self.problems.len() == 16 {
            self.problems.pop_front();
        }
        self.problems.push_back(problem);
    }
}

/// One queue directory, seen by its consumer.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) directory: Directory,
    pub(crate) control: Arc<ControlPage>,
    pub(crate) rings: Vec<RingReader>,
    /// The generation of the list of rings as we know it.
    generation: Option<u32>,
    /// The page was found lost, and another one should be here with the next pass.
    waits_for_control: bool,
    /// Tickets of the next record of each ring that has one; kept for its memory.
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    pub(crate) sweep: Sweep,
}

/// How a pass ended.
pub(crate) struct Passed {
    /// There may be more to deliver at once.
    pub(crate) more: bool,
    /// Whoever takes the records wants no more now.
    pub(crate) stopped: bool,
}

impl Domain {
    pub(crate) fn open(directory: Directory) -> Result<Self, Error> {
        let control = Arc::new(control::open(&directory)?);
        Ok(Self {
            directory,
            control,
            rings: Vec::new(),
            generation: None,
            waits_for_control: false,
            heap: BinaryHeap::new(),
            sweep: Sweep::default(),
        })
    }

    /// The names of its rings.
    pub(crate) fn uniques(&self) -> impl Iterator<Item = String> {
        self.rings.iter().map(|ring| ring.ring.unique().to_owned())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rings.is_empty()
    }

    pub(crate) fn rings(&self) -> usize {
        self.rings.len()
    }

    pub(crate) fn depth(&self) -> u64 {
        self.rings.iter().map(RingReader::depth).sum()
    }

    /// Records that wait and were pushed at or after `since_ms`.
    pub(crate) fn unread_since(&self, since_ms: u64) -> usize {
        self.rings.iter().map(|ring| ring.unread_since(since_ms)).sum()
    }

    /// Whether a pass would find something to do.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.rings.iter().any(RingReader::has_news)
            || self.sweep.is_under_way()
            || self.generation != Some(self.control.generation.load(Ordering::SeqCst))
    }

    /// The first ticket that a pass which begins now leaves for the next one.
    pub(crate) fn limit(&self) -> u64 {
        self.control.ticket.load(Ordering::Acquire)
    }

    /// Delivers what was pushed before `limit` was read, in the order of the tickets, up to `budget` records.
    ///
    /// First the counter, then the list of rings, then the tails: see the module's page for why this makes the order
    /// causal.
    pub(crate) fn pass(
        &mut self,
        mut limit: u64,
        common: &mut Common,
        budget: &mut usize,
        deliver: &mut impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Passed {
        let mut passed = Passed { more: false, stopped: false };
        if self.control.is_lost() {
            if !self.waits_for_control {
                // There is no order without the counter. The consumer makes a new page before the next pass, if it can.
                self.waits_for_control = true;
                passed.more = true;
                return passed;
            }
            limit = u64::MAX;
        }
        self.refresh(common);
        self.heap.clear();
        for index in 0..self.rings.len() {
            let found = self.rings[index].look_anew();
            if let Some(rank) = self.rank(index, found, limit, common, &mut passed) {
                self.heap.push(Reverse((rank, index)));
            }
        }
        while let Some(Reverse((_, index))) = self.heap.pop() {
            // Stays with one ring as long as its records are the oldest: alone, it costs the heap nothing.
            loop {
                if *budget == 0 {
                    passed.more = true;
                    return passed;
                }
                *budget -= 1;
                if self.deliver_from(index, common, deliver).is_break() {
                    passed.more = true;
                    passed.stopped = true;
                    return passed;
                }
                let found = self.rings[index].look();
                let Some(rank) = self.rank(index, found, limit, common, &mut passed) else { break };
                if self.heap.peek().is_some_and(|Reverse((other, _))| *other < rank) {
                    self.heap.push(Reverse((rank, index)));
                    break;
                }
            }
        }
        passed
    }

    /// The rank of what a ring holds next, if it may be delivered in this pass.
    #[inline]
    fn rank(
        &mut self,
        index: usize,
        found: Result<Option<RecordHead>, u64>,
        limit: u64,
        common: &mut Common,
        passed: &mut Passed,
    ) -> Option<u64> {
        let record = match found {
            Ok(record) => record?,
            Err(lost) => {
                let ring = &mut self.rings[index];
                if ring.ring.memory.is_lost() {
                    give_up(ring, &self.directory, common);
                } else {
                    common.counts.damaged += 1;
                    common.counts.lost_bytes += lost;
                }
                return None;
            }
        };
        if record.ticket < limit {
            return Some(record.ticket);
        }
        // Seen after the limit was read, so a newer ticket is nothing strange: it waits for the next pass. But a ticket
        // that the counter has not reached even now was never drawn from it. Arrival order is the best there is then,
        // and first of all, or a busy queue would put it off for ever.
        let reached = self.control.ticket.load(Ordering::Acquire);
        let is_newly_lost = self.control.is_lost() && !self.waits_for_control;
        if is_newly_lost || record.ticket < reached && self.rings[index].puts_off() {
            passed.more = true;
            return None;
        }
        common.counts.foreign_tickets += 1;
        Some(0)
    }

    #[inline]
    fn deliver_from(
        &mut self,
        index: usize,
        common: &mut Common,
        deliver: &mut impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let ring = &mut self.rings[index];
        let Ok(Some(head)) = ring.look() else { return ControlFlow::Continue(()) };
        let (taken, got) = ring.take(&self.directory, head, &mut common.buffer);
        let age_ms = common.now_ms.saturating_sub(head.time_ms);
        let mut flow = ControlFlow::Continue(());
        if got == Err(Lost::Spill) {
            common.counts.lost_spills += 1;
        } else if got == Err(Lost::Ring) {
            give_up(ring, &self.directory, common);
            return flow;
        } else if head.time_ms < common.expired_before_ms {
            common.counts.expired += 1;
        } else {
            flow = deliver(Record { payload: &common.buffer, ticket: head.ticket, age_ms });
            common.counts.delivered += 1;
        }
        reach(Point::Delivered);
        ring.done(&self.directory, &taken);
        flow
    }

    /// Follows the list of rings if it may have changed.
    fn refresh(&mut self, common: &mut Common) {
        if !self.sweep.is_under_way() {
            let generation = self.control.generation.load(Ordering::Acquire);
            if self.generation == Some(generation) {
                return;
            }
            self.generation = Some(generation);
            self.sweep.is_asked_for = true;
            self.reap(common, Which::Closed);
        }
        self.scan(common);
    }

    /// The page that publishers find now takes the place of ours; all of our rings stay.
    pub(crate) fn replace_control(&mut self, control: Arc<ControlPage>) -> Arc<ControlPage> {
        self.generation = None;
        self.waits_for_control = false;
        std::mem::replace(&mut self.control, control)
    }

    /// Finds rings whose producer is gone, and removes those of them that are read to the end.
    pub(crate) fn reap(&mut self, common: &mut Common, which: Which) {
        for ring in &mut self.rings {
            if ring.ring.memory.is_lost() {
                give_up(ring, &self.directory, common);
            }
            let asked = match which {
                Which::All => true,
                Which::Closed => ring.ring.memory.head().producer.closed.load(Ordering::Acquire) != 0,
            };
            if asked && !ring.orphaned && ring.ring.try_lock() {
                reach(Point::ReapLocked);
                ring.orphaned = true;
            }
            // After the lock was asked for: what is counted of a ring without a producer is all there ever was.
            common.counts.pushes_refused = common.counts.pushes_refused.saturating_add(ring.take_refused());
        }
        let directory = &self.directory;
        let before = self.rings.len();
        let mut killed = false;
        // The tail is read again here, after the lock was won: nothing can have been pushed since.
        self.rings.retain_mut(|ring| {
            let finished = ring.orphaned && ring.is_drained();
            if finished {
                reach(Point::ReapDrained);
                if ring.ring.is_cut_short(directory) {
                    // Where its producer wrote and we have not read.
                    give_up(ring, directory, common);
                }
                ring.ring.remove(directory);
                killed |= ring.ring.memory.head().producer.closed.load(Ordering::Relaxed) == 0;
            }
            !finished
        });
        common.counts.reaped += (before - self.rings.len()) as u64;
        if killed {
            // It may have left a spill file that no record names.
            self.scan(common);
        }
    }

    /// Undoes what somebody may have written over words that are ours, or that never change.
    pub(crate) fn restore(&self) {
        self.control.restore();
        // Set on a page only when nobody finds it any more; on this one it would make every push attach anew.
        if self.control.state.moved.load(Ordering::Relaxed) != 0 {
            self.control.state.moved.store(0, Ordering::SeqCst);
        }
        for ring in &self.rings {
            ring.ring.restore();
            ring.restore_head();
        }
    }

    /// Asks producers to look at their rings.
    pub(crate) fn call_the_roll(&self) {
        self.control.heartbeat.roll_call.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a ring that somebody publishes into lost its name or was cut short.
    pub(crate) fn has_strays(&self) -> bool {
        self.rings.iter().any(|ring| !ring.orphaned && !ring.ring.is_sound(&self.directory))
    }
}

/// Stops reading a ring whose file was cut short, and says so once.
#[cold]
fn give_up(ring: &mut RingReader, directory: &Directory, common: &mut Common) {
    if !ring.quarantined {
        ring.quarantined = true;
        common.counts.damaged += 1;
        common.report(ring.ring.cut_short(directory));
    }
}

/// Which rings to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// Those whose producer said good-bye.
    Closed,
}
