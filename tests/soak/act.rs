//! One act: publishers, somebody who receives, trouble for both, and the verdict.

use crate::Result;
use crate::census::Census;
use crate::checker::{Checker, Tally, Verdict};
use crate::place::Place;
use crate::process::PATIENCE;
use crate::progress::Progress;
use crate::publishers::{Doings, Publishers};
use crate::receiver::{Receiver, Troubles};
use crate::stop;
use std::time::{Duration, Instant};

/// What is to be played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) kills_consumers: bool,
}

/// What there is to say about an act.
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) seconds: f64,
    pub(crate) verdict: Verdict,
    pub(crate) tally: Tally,
    pub(crate) doings: Doings,
    pub(crate) troubles: Troubles,
    pub(crate) census: Census,
    /// How often a full queue refused a message.
    pub(crate) refusals: u64,
    pub(crate) publishers: usize,
    /// Files in the queue directory after everything.
    pub(crate) left_behind: Vec<String>,
    /// What PHP printed.
    pub(crate) php_said: String,
}

const TICK: Duration = Duration::from_millis(2);

pub(crate) fn play(plan: Plan, place: &Place, receiver: &mut impl Receiver) -> Result<Outcome> {
    let began = Instant::now();
    let mut checker = Checker::default();
    let mut publishers = Publishers::new(place, plan.seed)?;
    let mut progress = Progress::new();
    let mut census = Census::new(began);
    let end = began + Duration::from_secs(plan.seconds);
    loop {
        let now = Instant::now();
        stop::check()?;
        publishers.tend(now)?;
        receiver.tend(now, &mut checker)?;
        if census.is_due(now) {
            census.take(place.contents(), publishers.alive());
            if let Some(most) = receiver.most_on_the_way() {
                place.hold(publishers.returned() > checker.tally.delivered + most)?;
            }
        }
        progress.show(plan.name, now - began, &checker.tally, &publishers.doings, receiver.troubles());
        if now >= end || receiver.is_lost() {
            publishers.stop();
            if publishers.is_over() {
                break;
            }
            if now >= end + 2 * PATIENCE {
                return Err("the publishers do not end, although they were told to".into());
            }
        }
        std::thread::sleep(TICK);
    }
    progress.end();
    receiver.finish(&mut checker)?;

    let (claims, refusals) = publishers.claims()?;
    let (verdict, tally) = checker.conclude(&claims);
    Ok(Outcome {
        plan,
        seconds: began.elapsed().as_secs_f64(),
        verdict,
        tally,
        doings: std::mem::take(&mut publishers.doings),
        troubles: std::mem::take(receiver.troubles()),
        census,
        refusals,
        publishers: claims.len(),
        left_behind: place.left_behind()?,
        php_said: place.logged("publishers.log"),
    })
}
