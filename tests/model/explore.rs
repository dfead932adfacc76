//! Exploring a scenario: every schedule and every value that a load may return, up to a number of preemptions.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::kernel::world::steps;
use crate::{Death, reset, spawn};

/// Preemptions per execution unless `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 3;

/// The same where a scenario is explored for every step of a process.
const PREEMPTIONS_PER_STEP: usize = 2;

/// How often each outcome was seen, and in how many executions altogether.
#[derive(Debug)]
struct Seen<O> {
    outcomes: BTreeMap<O, u64>,
    executions: u64,
}

/// Explores `scenario`, whose outcomes must be the `legal` ones: nothing else may come out, and each of them must.
pub fn explore<O: Debug + Ord + Send + Sync + Clone + 'static>(
    name: &str,
    legal: impl IntoIterator<Item = O>,
    scenario: impl Fn() -> O + Send + Sync + 'static,
) {
    let started = Instant::now();
    let mut legal: Vec<O> = legal.into_iter().collect();
    legal.sort();
    let seen = run(scenario, legal.clone(), PREEMPTIONS);
    report(name, &seen, started);
    let reached: Vec<O> = seen.outcomes.into_keys().collect();
    assert!(reached == legal, "not every legal outcome came out; legal: {legal:?}, came out: {reached:?}");
}

/// Explores `scenario` with a process dying after no step, after one, after two, until it lives through the scenario in
/// every execution. All outcomes together must be the `legal` ones; the scenario says beside its outcome whether the
/// process died.
pub fn explore_until<O: Debug + Ord + Send + Sync + Clone + 'static>(
    name: &str,
    legal: impl IntoIterator<Item = O>,
    scenario: impl Fn(Death) -> (O, bool) + Send + Sync + 'static,
) {
    let started = Instant::now();
    let mut legal: Vec<O> = legal.into_iter().collect();
    legal.sort();
    let scenario = Arc::new(scenario);
    let mut all = Seen { outcomes: BTreeMap::new(), executions: 0 };
    let mut steps = 0;
    loop {
        let died = Arc::new(Mutex::new(false));
        let (inner, noted, allowed) = (Arc::clone(&scenario), Arc::clone(&died), legal.clone());
        let seen = run(
            move || {
                let (outcome, died) = inner(Death::AfterSteps(steps));
                *noted.lock().unwrap() |= died;
                outcome
            },
            allowed,
            PREEMPTIONS_PER_STEP,
        );
        all.executions += seen.executions;
        for (outcome, times) in seen.outcomes {
            *all.outcomes.entry(outcome).or_default() += times;
        }
        if !*died.lock().unwrap() {
            break;
        }
        steps += 1;
    }
    report(&format!("{name}, dying before each of {steps} steps"), &all, started);
    let reached: Vec<O> = all.outcomes.into_keys().collect();
    assert!(reached == legal, "not every legal outcome came out; legal: {legal:?}, came out: {reached:?}");
}

fn run<O: Debug + Ord + Send + Sync + Clone + 'static>(
    scenario: impl Fn() -> O + Send + Sync + 'static,
    legal: Vec<O>,
    preemptions: usize,
) -> Seen<O> {
    let seen = Arc::new(Mutex::new(Seen { outcomes: BTreeMap::new(), executions: 0 }));
    let scenario = Arc::new(scenario);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(preemptions));
    model.max_branches = model.max_branches.max(50_000);
    let noted = Arc::clone(&seen);
    show_steps_of_failures();
    model.check(move || {
        reset();
        let scenario = Arc::clone(&scenario);
        // Not here: the first thread's stack is small.
        let outcome = spawn(move || scenario()).join();
        assert!(legal.contains(&outcome), "an outcome that must not be: {outcome:?}");
        let mut seen = noted.lock().unwrap();
        seen.executions += 1;
        *seen.outcomes.entry(outcome).or_default() += 1;
    });
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

/// A failure is explained by the steps that led to it.
fn show_steps_of_failures() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            steps().iter().for_each(|step| eprintln!("    {step}"));
        }));
    });
}

fn report<O: Debug>(name: &str, seen: &Seen<O>, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{name}: {} executions in {seconds:.1} s", seen.executions);
    for (outcome, times) in &seen.outcomes {
        println!("    {times:>8} {outcome:?}");
    }
}
