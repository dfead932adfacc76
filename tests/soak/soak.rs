//! `make soak`: real PHP processes publish while they and the consumer are killed, paused, forked and started anew; in the
//! end every message is accounted for.
//!
//! ```text
//!  8 x php publisher.php ──┬── queue ──> soak recorder ── record ──┐          act 1: the consumer is killed, too
//!    └ pcntl_fork() ───────┘             canyon serve ── client ───┤          act 2: the real server and a subscriber
//!       │                                                          v
//!       └────── journals: what returned, by publisher ─────────> checker
//! ```
//!
//! A publisher notes in a file that its `publish()` returned, after it did; the page cache survives SIGKILL. So every
//! noted message must arrive, and one more may, if its publisher was killed before it could note it. Before it publishes
//! it looks at another publisher's journal and names the last message there: that one must arrive before its own.
//!
//! `SOAK_SECONDS` says how long; `SOAK_SEED` repeats the decisions of a run: who lives how long, who is killed or paused
//! when. What the kernel makes of them is never the same twice.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod act;
mod audience;
#[path = "../support/breaches.rs"]
mod breaches;
mod census;
mod checker;
#[cfg(test)]
mod checker_tests;
mod delivery;
mod message;
#[path = "../support/php.rs"]
mod php;
mod place;
#[path = "../support/process.rs"]
mod process;
mod progress;
mod publishers;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../support/random.rs"]
mod random;
mod receiver;
mod recorder;
mod recorders;
mod report;
#[path = "../support/score.rs"]
mod score;
#[path = "../support/signals.rs"]
mod signals;
#[path = "../support/stop.rs"]
mod stop;

use act::{Outcome, Plan};
use audience::Audience;
use place::Place;
use recorders::Recorders;
use score::Score;
use std::error::Error;
use std::ops::RangeInclusive;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// With less, not every kind of trouble can be promised; with more than a day nobody waits.
const SECONDS: RangeInclusive<u64> = 10..=86_400;

const DEFAULT_SECONDS: u64 = 600;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => soak(),
        ["recorder", queue, record] => recorder::run(queue, record).map(|()| true),
        _ => Err("it takes no arguments: set SOAK_SECONDS and SOAK_SEED".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::from(2)
        }
    }
}

/// A number from the environment; `None` if it is not set.
fn setting(name: &str) -> Result<Option<u64>> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| format!("{name} must be a whole number, not {value:?}").into())
}

fn soak() -> Result<bool> {
    let seconds = setting("SOAK_SECONDS")?.unwrap_or(DEFAULT_SECONDS);
    if !SECONDS.contains(&seconds) {
        return Err(format!("SOAK_SECONDS must be from {} to {}", SECONDS.start(), SECONDS.end()).into());
    }
    let seed = match setting("SOAK_SEED")? {
        Some(seed) => seed,
        None => getrandom::u32()?.into(),
    };
    println!("SOAK_SECONDS={seconds} SOAK_SEED={seed}");
    stop::watch()?;
    process::adopt_orphans()?;

    // Most of it for the act in which both sides are killed.
    let first = seconds * 6 / 10;
    let outcomes = [consumers_killed(first, seed)?, server_alive(seconds - first, seed)?];
    report::summarise(&outcomes);
    let mut score = Score::default();
    outcomes.iter().for_each(|outcome| report::judge(outcome, &mut score));
    if score.failed > 0 {
        println!("\nThe same decisions again: SOAK_SECONDS={seconds} SOAK_SEED={seed} make soak");
    }
    println!("\n{} passed, {} failed", score.passed, score.failed);
    Ok(score.failed == 0)
}

/// Recording consumers, killed as well as the publishers.
fn consumers_killed(seconds: u64, seed: u64) -> Result<Outcome> {
    let place = Place::new()?;
    let plan = Plan { name: "recorders", seconds, seed, kills_consumers: true };
    act::play(plan, &place, &mut Recorders::new(&place, seed))
}

/// The real server: killing it would lose events by design, so only the publishers are killed.
fn server_alive(seconds: u64, seed: u64) -> Result<Outcome> {
    let place = Place::new()?;
    let plan = Plan { name: "canyon serve", seconds, seed, kills_consumers: false };
    act::play(plan, &place, &mut Audience::new(&place, seed)?)
}
