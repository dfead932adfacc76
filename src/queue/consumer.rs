//! The server's side of the queue: draining all rings, and minding the directory.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::atomics::Ordering;
use super::clock::{self, Instant};
use super::directory::Directory;
use super::domain::{Common, Domain, Which};
use super::fork::Birth;
use super::layout::AWAKE;
use super::lock::Lock;
use super::traffic::Traffic;
use super::wait::WakerState;
use super::{Error, control};

/// How a consumer opens its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerOptions {
    /// The queue directory.
    pub path: PathBuf,
    /// Who else may use the directory.
    pub access: Access,
    /// Records that waited longer than this while nobody drained (there was no consumer, or it was paused) are skipped
    /// and counted. However long they waited for a consumer at work, they are delivered. `None` delivers all.
    pub max_age: Option<Duration>,
    /// Whether another consumer has drained the queue until a moment ago: then nothing that waits has waited in vain.
    pub follows: bool,
}

impl ConsumerOptions {
    /// The defaults, for the queue at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), access: Access::default(), max_age: None, follows: false }
    }
}

/// A message, as long as it is being delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What the producer wrote; anybody with access to the directory may have changed it.
    pub payload: &'a [u8],
    /// Its place in the order of all pushes.
    pub ticket: u64,
    /// How long it waited, to a few milliseconds.
    pub age_ms: u64,
}

/// What [`Consumer::drain`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Records dealt with, delivered or skipped.
    pub records: usize,
    /// There may be more at once: drain again before waiting.
    pub more: bool,
}

/// What happened since the consumer was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Records delivered.
    pub delivered: u64,
    /// Records skipped because they had waited too long.
    pub expired: u64,
    /// Pushes that found no room in their ring.
    pub pushes_refused: u64,
    /// Times a ring held something that was no record, or a ring or the control page was cut short.
    pub damaged: u64,
    /// Bytes skipped because of that.
    pub lost_bytes: u64,
    /// Large payloads whose file was missing or too short.
    pub lost_spills: u64,
    /// Records with a ticket that was never issued: somebody changed the counter. Delivered as they came.
    pub foreign_tickets: u64,
    /// Things in the directory that were refused.
    pub refused: u64,
    /// Rings of gone producers that were removed.
    pub reaped: u64,
    /// Times the directory, or its control page, was found replaced.
    pub moved: u64,
}

/// Who drains a queue. There is one per queue; it may be moved between threads.
#[derive(Debug)]
pub struct Consumer {
    birth: Birth,
    options: ConsumerOptions,
    /// Replaced directories that still have rings, then the present one.
    pub(crate) older: Vec<Domain>,
    pub(crate) domain: Domain,
    lock: Lock,
    pub(crate) common: Common,
    pub(crate) waker: Arc<WakerState>,
    pub(crate) traffic: Traffic,
    started_ms: u64,
    max_age_ms: Option<u64>,
    /// Why the path cannot be followed, as it was told.
    stuck: Option<String>,
    next_reap_ms: u64,
    next_look_around_ms: u64,
}

/// How often producers that died without a word are looked for, while there is traffic.
const REAP_EVERY_MS: u64 = 100;

/// How often everything else is looked at: the path, forgotten files, words somebody may have written over.
const LOOK_AROUND_EVERY_MS: u64 = 1000;

/// The payload buffer keeps this much; what a rare large event needed more is given back.
const BUFFER_KEPT: usize = 256 * 1024;

impl Consumer {
    /// Opens the queue, making its directory if need be. There can be one consumer; another one is refused.
    pub fn open(options: ConsumerOptions) -> Result<Self, Error> {
        let birth = Birth::now();
        let directory = Directory::open(&options.path, options.access)?;
        let lock = Lock::take(&directory)?;
        let domain = Domain::open(directory)?;
        let max_age_ms = options.max_age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let now_ms = clock::coarse_ms();
        let consumer = Self {
            birth,
            waker: Arc::new(WakerState::new(&domain.control)),
            older: Vec::new(),
            domain,
            lock,
            common: Common {
                expired_before_ms: max_age_ms
                    .filter(|_| !options.follows)
                    .map_or(0, |max_age_ms| now_ms.saturating_sub(max_age_ms)),
                now_ms,
                ..Common::default()
            },
            traffic: Traffic::begin(),
            started_ms: now_ms,
            max_age_ms,
            stuck: None,
            next_reap_ms: 0,
            next_look_around_ms: 0,
            options,
        };
        consumer.domain.call_the_roll();
        consumer.show_life();
        Ok(consumer)
    }

    /// Delivers what is there, in the order in which it was pushed, `budget` records at most; never waits.
    ///
    /// A record counts as dealt with when `deliver` returns, whatever it returns; `Break` ends this call. A consumer that
    /// dies inside `deliver` leaves the record for the next one.
    pub fn drain(
        &mut self,
        budget: usize,
        deliver: &mut impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Drained {
        self.tend();
        if !self.has_news() {
            // Without touching the ticket counter, on which the publishers' next push would have to wait.
            return Drained { records: 0, more: false };
        }
        let mut left = budget;
        let mut more = false;
        // All limits before any tail, the newest directory's first: what a publisher pushed after it followed us must not
        // come before what it pushed into the directory that it left. (An empty list costs nothing.)
        let limit = self.domain.limit();
        let limits: Vec<u64> = self.older.iter().rev().map(Domain::limit).collect();
        let limits = limits.into_iter().rev().chain([limit]);
        for (domain, limit) in self.older.iter_mut().chain([&mut self.domain]).zip(limits) {
            let passed = domain.pass(limit, &mut self.common, &mut left, deliver);
            more |= passed.more;
            if passed.stopped || left == 0 {
                more = true;
                break;
            }
        }
        if self.common.buffer.capacity() > BUFFER_KEPT {
            self.common.buffer = Vec::new();
        }
        let records = budget - left;
        if records > 0 {
            self.traffic.note(Instant::now());
        }
        Drained { records, more }
    }

    /// Whether there is something to drain.
    pub fn has_news(&self) -> bool {
        self.domain.has_news() || self.older.iter().any(Domain::has_news)
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.common.counts
    }

    /// The next of the latest problems; each is told once.
    pub fn take_problem(&mut self) -> Option<Error> {
        self.common.problems.pop_front()
    }

    /// Whether events come through: not while the path cannot be followed.
    pub fn is_usable(&self) -> bool {
        self.stuck.is_none()
    }

    /// How many producers' rings are open.
    pub fn rings(&self) -> usize {
        self.older.iter().map(Domain::rings).sum::<usize>() + self.domain.rings()
    }

    /// How many records wait that are young enough to be delivered.
    pub fn waiting(&mut self) -> usize {
        self.domain.scan_fully(&mut self.common);
        self.domain.unread_since(self.common.expired_before_ms)
    }

    /// How many bytes wait in all rings.
    pub fn depth(&self) -> u64 {
        self.older.iter().map(Domain::depth).sum::<u64>() + self.domain.depth()
    }

    /// Does what is due from time to time. Called by `drain` and `wait`; costs a look at the clock when nothing is due.
    pub(crate) fn tend(&mut self) {
        let now_ms = clock::coarse_ms();
        let paused_ms = now_ms.saturating_sub(self.common.now_ms);
        self.common.now_ms = now_ms;
        if let Some(max_age_ms) = self.max_age_ms.filter(|max_age_ms| paused_ms > *max_age_ms) {
            // We did not run ourselves. Whatever is older than this stood there for the whole of its age.
            self.common.expired_before_ms = now_ms - max_age_ms;
        }
        let is_newly_lost = self.domain.control.is_lost() && self.stuck.is_none();
        if now_ms < self.next_reap_ms && !is_newly_lost {
            return;
        }
        let idle = self.traffic.silence(Instant::now()) > Duration::from_secs(1);
        self.next_reap_ms = now_ms + if idle { LOOK_AROUND_EVERY_MS } else { REAP_EVERY_MS };
        self.show_life();
        let look_around = now_ms >= self.next_look_around_ms || is_newly_lost;
        if look_around {
            self.next_look_around_ms = now_ms + LOOK_AROUND_EVERY_MS;
            self.follow_path();
        }
        for domain in &mut self.older {
            domain.reap(&mut self.common, Which::All);
        }
        self.older.retain(|domain| !domain.is_empty());
        self.common.elsewhere = self.older.iter().flat_map(Domain::uniques).collect();
        self.domain.reap(&mut self.common, Which::All);
        if look_around {
            self.domain.restore();
            if self.domain.has_strays() {
                self.domain.call_the_roll();
            }
            self.domain.scan(&mut self.common);
        }
    }

    fn show_life(&self) {
        let heartbeat = &self.domain.control.heartbeat;
        heartbeat.started_ms.store(self.started_ms.max(1), Ordering::Relaxed);
        heartbeat.seen_ms.store(self.common.now_ms.max(1), Ordering::Release);
    }

    /// Keeps what makes others find us in its place. Told once, tried again every second: producers stay where they are until
    /// there is a place to go.
    fn follow_path(&mut self) {
        match self.try_to_follow_path() {
            Ok(()) => self.stuck = None,
            Err(problem) => {
                let words = Some(problem.to_string());
                if self.stuck != words {
                    self.stuck = words;
                    self.common.report(problem);
                }
            }
        }
    }

    /// If the path no longer leads to our directory, makes it anew and goes on there; what is in the old one is drained to
    /// its end. systemd-logind, for one, removes directories of users who log out from /dev/shm.
    fn try_to_follow_path(&mut self) -> Result<(), Error> {
        let directory = &self.domain.directory;
        if directory.is_in_place() {
            if !self.lock.has_its_name(directory) {
                self.lock = Lock::take(directory)?;
            }
            if !self.domain.control.has_its_name(directory) {
                self.replace_control()?;
            }
            return Ok(());
        }
        let directory = Directory::open(&self.options.path, self.options.access)?;
        let lock = Lock::take(&directory)?;
        let domain = Domain::open(directory)?;
        self.waker.follow(&domain.control);
        let mut old = std::mem::replace(&mut self.domain, domain);
        self.lock = lock;
        self.show_life();
        old.control.state.moved.store(1, Ordering::SeqCst);
        // After the flag: a push that did not see it went to a ring that had its name before.
        old.scan_fully(&mut self.common);
        self.older.push(old);
        self.common.counts.moved += 1;
        Ok(())
    }

    /// Makes a control page in place of one that was removed, replaced or cut short; the rings are still the same.
    fn replace_control(&mut self) -> Result<(), Error> {
        let directory = &self.domain.directory;
        let lost = self.domain.control.clear_away(directory);
        let control = Arc::new(control::open(directory)?);
        self.waker.follow(&control);
        let old = self.domain.replace_control(control);
        // Whoever has drawn a ticket from the old page comes before those who draw from the new one.
        self.domain.control.ticket.fetch_max(old.ticket.load(Ordering::Acquire), Ordering::AcqRel);
        self.show_life();
        old.state.moved.store(1, Ordering::SeqCst);
        if let Some(lost) = lost {
            self.common.counts.damaged += 1;
            self.common.report(lost);
        } else {
            self.common.counts.moved += 1;
        }
        Ok(())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.birth.is_this_process() {
            return;
        }
        // What dead producers left since the last look around need not wait for the next consumer.
        self.domain.scan(&mut self.common);
        self.domain.reap(&mut self.common, Which::All);
        // Says at once that nobody is there, so that publishers need not find out by silence.
        let control = &self.domain.control;
        control.state.sleeping.store(AWAKE, Ordering::SeqCst);
        control.heartbeat.seen_ms.store(0, Ordering::Release);
        control.heartbeat.started_ms.store(0, Ordering::Relaxed);
    }
}
