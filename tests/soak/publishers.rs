//! The PHP processes: started, killed, paused and started anew.

use crate::Result;
use crate::breaches::Breaches;
use crate::checker::Claim;
use crate::php::Php;
use crate::place::{Place, Worker};
use crate::process::Process;
use crate::random::Random;
use rustix::process::Signal;
use std::collections::{BTreeMap, HashSet};
use std::io::{PipeReader, PipeWriter};
use std::time::Instant;

/// Processes that are started and, when they have ended, started anew. Each has a second lane, for what it forks.
pub(crate) const FAMILIES: usize = 8;

/// What was done to publishers, and what they did.
#[derive(Debug, Default)]
pub(crate) struct Doings {
    pub(crate) started: u64,
    pub(crate) forked: u64,
    pub(crate) killed: u64,
    pub(crate) paused: u64,
    pub(crate) ended: u64,
    /// Ends that should not have been.
    pub(crate) bad_ends: Breaches,
}

/// A process, and perhaps one that it forked.
#[derive(Debug)]
struct Family {
    id: u32,
    process: Process,
    /// The leader's and the forked one's, each once it has said who it is.
    workers: [Option<Worker>; 2],
    may_fork: bool,
    is_counted_out: bool,
}

/// Two lanes: of the process, and of the one it forks.
#[derive(Debug)]
struct Lanes {
    /// The last is at work; of those before only what they forked is.
    families: Vec<Family>,
    start_at: Instant,
    /// When who is paused goes on.
    paused: Vec<(Instant, Worker)>,
}

pub(crate) struct Publishers<'a> {
    place: &'a Place,
    php: Php,
    seed: u64,
    next_id: u32,
    /// What returned in families that are gone.
    returned_before: u64,
    lanes: Vec<Lanes>,
    /// What the end of tells everybody to stop.
    input: (PipeReader, Option<PipeWriter>),
    random: Random,
    next_blow: Instant,
    killed: HashSet<u32>,
    pub(crate) doings: Doings,
}

impl<'a> Publishers<'a> {
    pub(crate) fn new(place: &'a Place, seed: u64) -> Result<Self> {
        let now = Instant::now();
        let lanes = (0..FAMILIES).map(|_| Lanes { families: Vec::new(), start_at: now, paused: Vec::new() });
        let (reader, writer) = std::io::pipe()?;
        Ok(Self {
            place,
            php: Php::find()?,
            seed,
            next_id: 2,
            returned_before: 0,
            lanes: lanes.collect(),
            input: (reader, Some(writer)),
            random: Random::new(seed, "blows", 0),
            next_blow: now,
            killed: HashSet::new(),
            doings: Doings::default(),
        })
    }

    /// Does what is due.
    pub(crate) fn tend(&mut self, now: Instant) -> Result<()> {
        for index in 0..FAMILIES {
            self.look_after(index, now)?;
        }
        while self.is_running() && now >= self.next_blow {
            self.next_blow += self.random.millis(10..=120);
            self.strike(now)?;
        }
        Ok(())
    }

    fn is_running(&self) -> bool {
        self.input.1.is_some()
    }

    /// Publishers that exist now.
    pub(crate) fn alive(&self) -> usize {
        self.lanes.iter().flat_map(|lanes| &lanes.families).map(Family::alive).sum()
    }

    /// How many publishes have returned so far.
    pub(crate) fn returned(&self) -> u64 {
        let families = self.lanes.iter().flat_map(|lanes| &lanes.families);
        self.returned_before + families.map(|family| family.returned(self.place)).sum::<u64>()
    }

    fn look_after(&mut self, index: usize, now: Instant) -> Result<()> {
        let Self { place, doings, killed, lanes, returned_before, .. } = self;
        let Lanes { families, start_at, paused } = &mut lanes[index];
        for family in families.iter_mut() {
            family.meet(place, index, doings);
            if !family.is_counted_out
                && let Some(status) = family.process.ended()?
            {
                family.is_counted_out = true;
                *start_at = now + Random::new(self.seed, "rest", family.id.into()).millis(0..=150);
                let was_killed = killed.contains(&family.id);
                doings.ended += u64::from(!was_killed);
                if !was_killed && !status.success() {
                    doings.bad_ends.note(format_args!("publisher {} ended with {status}", family.id));
                }
            }
        }
        let mut over = Vec::new();
        for (position, family) in families.iter_mut().enumerate() {
            if family.process.is_over()? {
                // It may have said who it was just before it ended.
                family.meet(place, index, doings);
                family.part(killed, doings);
                *returned_before += family.returned(place);
                over.push(position);
            }
        }
        over.into_iter().rev().for_each(|position| drop(families.remove(position)));
        for (_, worker) in paused.extract_if(.., |(until, _)| now >= *until) {
            for family in families.iter_mut() {
                family.signal(worker, Signal::CONT)?;
            }
        }
        if self.is_running() && now >= self.lanes[index].start_at && self.lanes[index].has_room() {
            self.start(index)?;
        }
        Ok(())
    }

    fn start(&mut self, index: usize) -> Result<()> {
        let id = self.next_id;
        self.next_id += 2;
        let mut random = Random::new(self.seed, "family", id.into());
        let life = |random: &mut Random| match random.within(0..=9) {
            0 => random.within(0..=3),
            1..=3 => random.within(1..=500),
            _ => random.within(500..=30_000),
        };
        let messages = life(&mut random);
        // One that is still at work in the second lane would have to share it.
        let forks = random.percent(60) && self.lanes[index].families.is_empty();
        let forked = if forks { life(&mut random).to_string() } else { "none".to_owned() };
        let ring = if index.is_multiple_of(2) { "64K" } else { "256K" };
        let seed = random.within(0..=0x7fff_ffff);
        let numbers = [u64::from(id), index as u64 * 2, messages, seed];
        let mut command = self.php.command("soak/php/publisher.php", ring);
        command
            .arg(self.place.path())
            .args(numbers.map(|number| number.to_string()))
            .arg(forked)
            .stdin(self.input.0.try_clone()?)
            .stdout(self.place.log("publishers.log")?)
            .stderr(self.place.log("publishers.log")?);
        let process = Process::start(&mut command)?;
        let family = Family { id, process, workers: [None; 2], may_fork: forks, is_counted_out: false };
        self.lanes[index].families.push(family);
        self.doings.started += 1;
        Ok(())
    }

    /// Kills or pauses whoever works in a lane.
    fn strike(&mut self, now: Instant) -> Result<()> {
        let lane = usize::try_from(self.random.within(0..=FAMILIES as u64 * 2 - 1))?;
        let kills = self.random.percent(45);
        let pause = self.random.millis(1..=400);
        let Lanes { families, paused, .. } = &mut self.lanes[lane / 2];
        for family in families {
            let Some(worker) = family.workers[lane % 2] else { continue };
            if kills {
                if family.signal(worker, Signal::KILL)? {
                    self.killed.insert(worker.id);
                    self.doings.killed += 1;
                }
            } else if family.signal(worker, Signal::STOP)? {
                paused.push((now + pause, worker));
                self.doings.paused += 1;
            }
        }
        Ok(())
    }

    /// Tells all to stop. They are gone when `is_over`.
    pub(crate) fn stop(&mut self) {
        self.input.1 = None;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lanes.iter().all(|lanes| lanes.families.is_empty())
    }

    /// What the publishers say about themselves, and how often a full queue refused a message.
    pub(crate) fn claims(&self) -> Result<(BTreeMap<u32, Claim>, u64)> {
        let mut claims = BTreeMap::new();
        let mut refusals = 0;
        for (id, journal) in self.place.journals()? {
            let returned = u64::try_from(journal.len())?;
            claims.insert(id, Claim { returned, killed: self.killed.contains(&id) });
            refusals += journal.into_iter().map(u64::from).sum::<u64>();
        }
        Ok((claims, refusals))
    }
}

impl Lanes {
    /// The process at work has ended, and not too much that was forked is left.
    fn has_room(&self) -> bool {
        self.families.len() < 2 && self.families.iter().all(|family| family.is_counted_out)
    }
}

impl Family {
    /// Reads who works in its lanes.
    fn meet(&mut self, place: &Place, index: usize, doings: &mut Doings) {
        for which in 0..2 {
            if self.workers[which].is_some() {
                continue;
            }
            let id = self.id + which as u32;
            self.workers[which] = place.worker(index * 2 + which).filter(|worker| worker.id == id);
            doings.forked += u64::from(which == 1 && self.workers[which].is_some());
        }
    }

    fn alive(&self) -> usize {
        let forked = match self.workers[1] {
            Some(worker) => self.process.has_forked(worker.pid),
            None => self.may_fork && !self.is_counted_out,
        };
        usize::from(!self.is_counted_out) + usize::from(forked)
    }

    fn returned(&self, place: &Place) -> u64 {
        place.returned(self.id) + place.returned(self.id + 1)
    }

    /// Looks at how what it forked has ended.
    fn part(&mut self, killed: &HashSet<u32>, doings: &mut Doings) {
        for (pid, status) in self.process.orphans.drain(..) {
            let was_killed =
                killed.contains(&(self.id + 1)) && self.workers[1].is_some_and(|worker| worker.pid == pid);
            doings.ended += u64::from(!was_killed);
            if !was_killed && status.exit_status() != Some(0) {
                doings.bad_ends.note(format_args!("what publisher {} forked ended with {status:?}", self.id));
            }
        }
    }

    /// Signals one of the two; false if it has ended or is not of this family.
    fn signal(&mut self, worker: Worker, signal: Signal) -> Result<bool> {
        if self.workers[0] == Some(worker) {
            self.process.signal(signal)
        } else if self.workers[1] == Some(worker) {
            self.process.signal_forked(worker.pid, signal)
        } else {
            Ok(false)
        }
    }
}
