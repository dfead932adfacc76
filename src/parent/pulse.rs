//! The thread of a serving process that says every second that the others get on, as long as they do.

use crate::server::Liveness;
use std::io;
use std::thread::Builder;
use std::time::Duration;

/// How often. The threads of the server come by about as often.
const PULSE: Duration = Duration::from_secs(1);

/// Starts it. `say` is told how many connections there are, and says whether anybody still listens.
pub(super) fn start(liveness: Liveness, say: impl Fn(usize) -> bool + Send + 'static) -> io::Result<()> {
    let mut stuck = Vec::new();
    let pulse = move || {
        while let Some(life) = liveness.look() {
            if life.stuck.is_empty() {
                if !say(life.connections) {
                    return;
                }
            } else if life.stuck != stuck {
                let threads = life.stuck.join(", ");
                tracing::error!(%threads, "threads of the server have not got on for seconds");
            }
            stuck = life.stuck;
            std::thread::sleep(PULSE);
        }
    };
    Builder::new().name("canyon-pulse".to_owned()).stack_size(128 << 10).spawn(pulse).map(drop)
}
