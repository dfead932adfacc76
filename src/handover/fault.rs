//! Faults for the tests: a process that dies or hangs at a named step of a hand-over, if its environment says so.

/// Does what `CANYON_HANDOVER_FAULT` (`kill` or `hang`, and the step) says of this step.
#[cfg(feature = "test-hooks")]
pub(crate) fn at(step: &str) {
    let fault = std::env::var("CANYON_HANDOVER_FAULT").unwrap_or_default();
    match fault.split_once(' ') {
        Some(("kill", named)) if named == step => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
        Some(("hang", named)) if named == step => std::thread::sleep(std::time::Duration::from_secs(600)),
        _ => {}
    }
}

#[cfg(not(feature = "test-hooks"))]
pub(crate) fn at(_: &str) {}
