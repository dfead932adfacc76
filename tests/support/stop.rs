//! Ctrl-C and SIGTERM end the soak in good order: whatever it started is ended as the stack unwinds.

use crate::{Result, signals};
use std::sync::atomic::{AtomicBool, Ordering};

static CAUGHT: AtomicBool = AtomicBool::new(false);

pub(crate) fn watch() -> Result<()> {
    signals::on_end(|| CAUGHT.store(true, Ordering::SeqCst))?;
    Ok(())
}

/// Fails once a signal came.
pub(crate) fn check() -> Result<()> {
    if CAUGHT.load(Ordering::SeqCst) { Err("stopped by a signal".into()) } else { Ok(()) }
}
