//! Faults for the tests: a view that panics at a named step, if its environment says so.

/// Panics if `CANYON_TOP_FAULT` names this step.
#[cfg(feature = "test-hooks")]
pub(super) fn at(step: &str) {
    assert!(std::env::var("CANYON_TOP_FAULT").as_deref() != Ok(step), "the fault {step}");
}

#[cfg(not(feature = "test-hooks"))]
pub(super) fn at(_: &str) {}
