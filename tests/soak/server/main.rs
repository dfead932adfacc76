//! `make soak-server`: one server for half an hour, with everything that may happen to it in months.
//!
//! ```text
//!  regulars, guests that come and go ──┐               ┌── php publisher.php, this process: through the queue
//!  clients that never read or fall     ├── canyon serve┤
//!  silent, garbage ────────────────────┘   + its parent└── HTTP API: events, batches, questions
//!                                           │
//!              reloads, crashes, webhooks ──┘
//! ```
//!
//! Each event carries a number for each of its channels and its source. Every well-behaved client knows at any moment which
//! number must come next (see `follower.rs`), and which of those published before a crash may be lost with the dead server's
//! memory: what had begun when it was killed, and nothing that was published later.
//!
//! `SOAK_MINUTES` says how long; `SOAK_SEED` repeats the decisions of a run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

#[path = "../../support/breaches.rs"]
mod breaches;
mod careless;
mod course;
#[path = "../../support/follower.rs"]
mod follower;
mod garbage;
mod guest;
#[path = "../../support/http_request.rs"]
mod http_request;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../../support/ledger.rs"]
mod ledger;
#[path = "../../support/php.rs"]
mod php;
#[path = "../../support/php_publishers.rs"]
mod php_publishers;
#[allow(dead_code, reason = "the other soak uses the rest")]
#[path = "../place.rs"]
mod place;
mod plan;
#[path = "../../support/poster.rs"]
mod poster;
#[allow(dead_code, reason = "the other soak uses the rest")]
#[path = "../../support/process.rs"]
mod process;
mod publishers;
#[path = "../../support/random.rs"]
mod random;
mod report;
mod samples;
#[path = "../../support/score.rs"]
mod score;
mod served;
#[path = "../../support/signals.rs"]
mod signals;
mod socket;
#[path = "../../support/stop.rs"]
mod stop;
mod webhooks;
mod world;

use place::Place;
use plan::Plan;
use score::Score;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DEFAULT_MINUTES: u64 = 30;

/// With more than a day nobody waits.
const MOST_MINUTES: u64 = 24 * 60;

fn main() -> ExitCode {
    match soak() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak-server: {error}");
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
    let minutes = setting("SOAK_MINUTES")?.unwrap_or(DEFAULT_MINUTES);
    if !(1..=MOST_MINUTES).contains(&minutes) {
        return Err(format!("SOAK_MINUTES must be from 1 to {MOST_MINUTES}").into());
    }
    let seed = match setting("SOAK_SEED")? {
        Some(seed) => seed,
        None => getrandom::u32()?.into(),
    };
    println!("SOAK_MINUTES={minutes} SOAK_SEED={seed}");
    stop::watch()?;
    process::adopt_orphans()?;
    let place = Place::new()?;
    let outcome = course::run(Plan::new(Duration::from_secs(60 * minutes), seed), seed, &place)?;
    report::summarise(&outcome);
    let mut score = Score::default();
    report::judge(&outcome, &mut score);
    if score.failed > 0 {
        println!("\nThe same decisions again: SOAK_MINUTES={minutes} SOAK_SEED={seed} make soak-server");
    }
    println!("\n{} passed, {} failed", score.passed, score.failed);
    Ok(score.failed == 0)
}
