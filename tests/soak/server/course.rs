//! One run: everybody comes, the server gets its blows, everybody leaves, and everything is looked at once more.

use crate::guest::{self, Guest};
use crate::php_publishers::PhpPublishers;
use crate::place::Place;
use crate::plan::{Blow, Plan};
use crate::poster::Poster;
use crate::publishers;
use crate::samples::{Sample, all};
use crate::served::{Page, Served, children};
use crate::webhooks::{self, Receiver, Shared};
use crate::world::{APP, CHANNELS, Phase, World, is_presence, lock, name};
use crate::{Result, careless, garbage, stop};
use canyon::queue::{Producer, ProducerOptions};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Clients who stay all the time, and lanes of those who come and go, do not read, say nothing or throw garbage.
pub(crate) const REGULARS: usize = 400;
const CHURN: u64 = 50;
const SLOW: u64 = 4;
const SILENT: u64 = 6;
const GARBAGE: u64 = 3;

/// PHP processes, events a second of each, and for how long each lives.
const PHP: usize = 4;
const PHP_RATE: usize = 25;
const PHP_SECONDS: std::ops::RangeInclusive<u64> = 3..=25;

/// Nothing that ends takes this long.
const PATIENCE: Duration = Duration::from_secs(90);

/// Until the server has noticed that connections to it have ended.
const MOMENT: Duration = Duration::from_millis(500);

const TICK: Duration = Duration::from_millis(50);
const PROGRESS: Duration = Duration::from_secs(10);

/// What there is to judge.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) world: Arc<World>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) told: Shared,
    /// When everybody had gone.
    pub(crate) last_page: Page,
    /// Before anybody came, and after all have gone: descriptors of the server that are not connections.
    pub(crate) fds: (f64, f64),
    /// Increments of counters, those before a crash included.
    pub(crate) grown: Page,
    pub(crate) zombies: Vec<i32>,
    pub(crate) ended: Option<ExitStatus>,
    pub(crate) left_behind: Vec<String>,
    pub(crate) log: String,
    pub(crate) php_said: String,
    pub(crate) regulars_missing: u64,
}

/// The server under way, and who looks at it.
struct Watched<'a> {
    place: &'a Place,
    served: Served,
    world: Arc<World>,
    webhooks: Receiver,
    php: PhpPublishers,
    samples: Vec<Sample>,
    grown: Page,
    last: Page,
    begun: Instant,
}

pub(crate) fn run(plan: Plan, seed: u64, place: &Place) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let webhooks = runtime.block_on(webhooks::open(seed))?;
    let served = Served::start(place, webhooks.port)?;
    let world = Arc::new(World::new(served.address, seed));
    let channels: Vec<String> = (0..CHANNELS).map(|channel| name(channel).to_owned()).collect();
    let (queue, php_directory) = (place.queue(), place.path().join("php"));
    std::fs::create_dir(&php_directory)?;
    let php =
        PhpPublishers::new(&queue, APP.id, &php_directory, &channels, PHP, PHP_RATE, PHP_SECONDS, seed)?;
    let (samples, grown, last, begun) = (Vec::new(), Page::new(), Page::new(), Instant::now());
    let mut watched = Watched { place, served, world, webhooks, php, samples, grown, last, begun };
    let first_fds = watched.sample()?.map_or(0.0, |sample| sample.other_fds);
    invite(&runtime, &watched.world);
    let publishers = publishers::start(&watched.world, &queue);
    watched.live(&plan)?;
    let ended = watched.end(&runtime, publishers);
    runtime.shutdown_background();
    let (fds, zombies, status, php_said, regulars_missing) = ended?;
    let Watched { world, samples, webhooks, grown, last, .. } = watched;
    Ok(Outcome {
        plan,
        world,
        samples,
        told: webhooks.told,
        last_page: last,
        fds: (first_fds, fds),
        grown,
        zombies,
        ended: status,
        left_behind: place.left_behind()?,
        log: place.logged("server.log"),
        php_said,
        regulars_missing,
    })
}

fn invite(runtime: &Runtime, world: &Arc<World>) {
    for number in 0..REGULARS {
        runtime.spawn(Guest::regular(world, number).stay());
    }
    (0..CHURN).for_each(|lane| drop(runtime.spawn(guest::churn(Arc::clone(world), lane))));
    (0..SLOW).for_each(|lane| drop(runtime.spawn(careless::never_read(Arc::clone(world), lane))));
    (0..SILENT).for_each(|lane| drop(runtime.spawn(careless::fall_silent(Arc::clone(world), lane))));
    (0..GARBAGE).for_each(|lane| drop(runtime.spawn(garbage::throw(Arc::clone(world), lane))));
}

impl Watched<'_> {
    fn live(&mut self, plan: &Plan) -> Result<()> {
        let mut blows = plan.blows.iter().copied().peekable();
        let (mut next_sample, mut next_line) = (Duration::ZERO, PROGRESS);
        while self.begun.elapsed() < plan.whole {
            stop::check()?;
            let now = self.begun.elapsed();
            self.php.tend(&self.world.ledger)?;
            if let Some((_, blow)) = blows.next_if(|(at, _)| now >= *at) {
                match blow {
                    Blow::Reload => self.reload(),
                    Blow::Crash => self.crash()?,
                }
            }
            if now >= next_sample {
                next_sample = now + Duration::from_secs(1);
                let sample = self.sample()?;
                self.samples.extend(sample);
            }
            if now >= next_line {
                next_line += PROGRESS;
                self.tell(now);
            }
            if let Some(status) = self.served.ended()? {
                return Err(
                    format!("the server ended with {status}: {}", self.place.logged("server.log")).into()
                );
            }
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    fn reload(&self) {
        match self.served.reload() {
            Ok(text) => {
                let pause = text.split("delivered for ").nth(1).and_then(|rest| rest.split(' ').next());
                lock(&self.world.tally.pauses).extend(pause.and_then(|pause| pause.parse::<f64>().ok()));
            }
            Err(why) => self.world.wrongs().reloads.note(why),
        }
    }

    /// Kills the server that serves. What is published then waits in the queue, and there is something for sure.
    fn crash(&mut self) -> Result<()> {
        let (world, served, mut killed) = (&self.world, &mut self.served, Ok(()));
        world.crash(|| killed = served.kill());
        lock(&self.webhooks.told).forget();
        let (mut producer, source) =
            (Producer::attach(ProducerOptions::new(self.place.queue()))?, world.ledger.open());
        publishers::push(&mut producer, &source, &[0], 0)?;
        source.end(true);
        self.last.clear();
        killed
    }

    /// Looks at the server and its parent; nothing in the aftermath of a crash, when there may be none.
    fn sample(&mut self) -> Result<Option<Sample>> {
        match self.served.page() {
            Ok(page) => {
                self.compare(&page);
                let sample = Sample::new(self.begun.elapsed(), &page, self.served.parent());
                self.last = page;
                sample.map(Some).ok_or_else(|| "a figure is missing in the metrics".into())
            }
            Err(_) if self.world.is_in_aftermath() => Ok(None),
            Err(error) => {
                self.world.wrongs().metrics.note(error);
                Ok(None)
            }
        }
    }

    /// Adds what the counters have grown by, which never fall.
    fn compare(&mut self, page: &Page) {
        let endings = ["_total", "_bucket", "_sum", "_count"];
        let is_counter = |name: &str| {
            let name = name.split('{').next().unwrap_or_default();
            endings.iter().any(|ending| name.ends_with(ending)) && !name.starts_with("process_")
        };
        for (name, value) in page.iter().filter(|(name, _)| is_counter(name)) {
            let before = self.last.get(name).copied().unwrap_or_default();
            if *value < before {
                self.world.wrongs().metrics.note(format_args!("{name} fell from {before} to {value}"));
            }
            *self.grown.entry(name.clone()).or_default() += value - before;
        }
    }

    fn tell(&self, now: Duration) {
        let (tally, last) = (&self.world.tally, self.samples.last().copied().unwrap_or_default());
        let wrongs = self.world.wrongs();
        println!(
            "{:>4} s: {} events, {} deliveries, {} connections now, {} in all, {} reloads, {} crashes; server {:.1} MB \
             {} fds, parent {:.1} MB {} fds; {} lost, {} doubled, {} cut",
            now.as_secs(),
            self.world.ledger.events(),
            tally.deliveries.load(Ordering::Relaxed),
            last.connections,
            tally.connections.load(Ordering::Relaxed),
            lock(&tally.pauses).len(),
            self.world.crashes(),
            last.server_bytes / 1e6,
            last.other_fds + last.connections,
            last.parent_bytes / 1e6,
            last.parent_fds,
            wrongs.lost.count,
            wrongs.doubled.count,
            wrongs.disconnected.count,
        );
    }

    /// Has everybody leave, in order. Descriptors, zombies, how the server ended, what PHP said, regulars without a verdict.
    #[allow(clippy::type_complexity, reason = "it is taken apart at once")]
    fn end(
        &mut self,
        runtime: &Runtime,
        publishers: Vec<JoinHandle<()>>,
    ) -> Result<(f64, Vec<i32>, Option<ExitStatus>, String, u64)> {
        let _inside = runtime.enter();
        let world = Arc::clone(&self.world);
        world.phase.send_replace(Phase::Quiet);
        until(|| self.connections().is_some_and(|connections| connections <= REGULARS as f64));
        let php_said = self.php.stop()?;
        self.php.bad_ends.iter().for_each(|end| world.wrongs().publishers.note(end));
        world.tally.php_processes.store(self.php.started, Ordering::Relaxed);
        world.phase.send_replace(Phase::Settling);
        for publisher in publishers {
            if publisher.join().is_err() {
                world.wrongs().publishers.note("somebody who publishes has panicked");
            }
        }
        until(|| world.concluded.load(Ordering::Relaxed) >= REGULARS as u64);
        let regulars_missing = (REGULARS as u64).saturating_sub(world.concluded.load(Ordering::Relaxed));
        self.compare_rosters();
        world.phase.send_replace(Phase::Leaving);
        until(|| self.connections() == Some(0.0));
        // Departures are told a few seconds later, and what failed is told again.
        until(|| lock(&self.webhooks.told).present().is_empty());
        self.webhooks.hang_up.notify_waiters();
        std::thread::sleep(MOMENT);
        let fds = self.sample()?.map_or(f64::NAN, |sample| sample.other_fds);
        let parent = self.served.parent();
        let zombies =
            children(parent).into_iter().chain(children(std::process::id())).filter(|pid| is_zombie(*pid));
        let zombies = zombies.collect();
        until(|| self.place.left_behind().is_ok_and(|left| left.is_empty()));
        Ok((fds, zombies, self.served.stop()?, php_said, regulars_missing))
    }

    fn connections(&self) -> Option<f64> {
        self.served.page().ok().map(|page| all(&page, "canyon_connections{"))
    }

    /// Who is on the presence channels, as the regulars and the HTTP API see it, and as it is.
    fn compare_rosters(&self) {
        let mut poster = Poster::new(self.world.address, APP);
        let rosters = lock(&self.world.rosters);
        for channel in (0..CHANNELS).filter(|channel| is_presence(*channel)) {
            let wanted = Guest::regulars_on(channel, REGULARS);
            let wrong = |who: &str, found: &BTreeSet<String>| {
                if *found != wanted {
                    let different: Vec<_> = found.symmetric_difference(&wanted).take(5).collect();
                    self.world
                        .wrongs()
                        .presence
                        .note(format_args!("{who} of {}: {different:?}", name(channel)));
                }
            };
            rosters.get(&channel).into_iter().flatten().for_each(|roster| wrong("a regular", roster));
            let answer = poster.get(&format!("/channels/{}/users", name(channel))).unwrap_or_default().1;
            let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
            let users = answer["users"].as_array().cloned().unwrap_or_default();
            let users = users.iter().filter_map(|user| user["id"].as_str().map(str::to_owned)).collect();
            wrong("the HTTP API", &users);
        }
    }
}

/// Waits, but not for ever: what did not become so is found by the checks.
fn until(mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !is_so() && Instant::now() < patience {
        std::thread::sleep(TICK);
    }
}

fn is_zombie(pid: i32) -> bool {
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}
