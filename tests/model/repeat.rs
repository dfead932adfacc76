//! Where Loom does not run: a scenario is tried some times, with the schedules that Miri's seed makes of it. All outcomes
//! must be legal; that each of them is possible is what Loom shows.

use std::fmt::Debug;

use crate::{Death, reset};

const TIMES: u32 = 2;

/// Runs `scenario` a few times; nothing but the `legal` outcomes may come out.
pub fn explore<O: Debug + Ord>(name: &str, legal: impl IntoIterator<Item = O>, scenario: impl Fn() -> O) {
    let legal: Vec<O> = legal.into_iter().collect();
    for _ in 0..TIMES {
        reset();
        let outcome = scenario();
        assert!(legal.contains(&outcome), "{name}: an outcome that must not be: {outcome:?}");
    }
}

/// Runs `scenario` with a process that dies before each of its system calls.
pub fn explore_until<O: Debug + Ord>(
    name: &str,
    legal: impl IntoIterator<Item = O>,
    scenario: impl Fn(Death) -> (O, bool),
) {
    let legal: Vec<O> = legal.into_iter().collect();
    let mut calls = 0;
    loop {
        reset();
        let (outcome, died) = scenario(Death::AfterSteps(calls));
        assert!(legal.contains(&outcome), "{name}: an outcome that must not be: {outcome:?}");
        if !died {
            return;
        }
        calls += 1;
    }
}
