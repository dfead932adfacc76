//! Ctrl-C and SIGTERM end the soak in good order: whatever it started is ended as the stack unwinds.

use crate::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

static CAUGHT: AtomicBool = AtomicBool::new(false);

pub(crate) fn watch() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        });
        CAUGHT.store(true, Ordering::SeqCst);
    });
    Ok(())
}

/// Fails once a signal came.
pub(crate) fn check() -> Result<()> {
    if CAUGHT.load(Ordering::SeqCst) { Err("stopped by a signal".into()) } else { Ok(()) }
}
