//! SIGINT and SIGTERM for the programs that run the benchmarks and the soak.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Calls `end` on a thread of its own when the first of the two signals comes.
pub(crate) fn on_end(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        });
        end();
    });
    Ok(())
}
