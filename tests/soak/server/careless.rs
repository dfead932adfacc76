//! Clients that behave badly without meaning harm: some never read, some have gone without anybody having noticed.

use crate::random::Random;
use crate::socket::Socket;
use crate::world::{FLOOD, Phase, QUIET, World, name};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What the kernel keeps for one that does not read.
const RECEIVE_BYTES: u32 = 4 << 10;

/// The server should have hung up by then.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long one that does not read looks away. It is hung up on some ten seconds after it was sent too much.
const LOOKS_AWAY: Duration = Duration::from_secs(20);

/// Pause after somebody who was not let in, in the aftermath of a crash.
const RETRY: Duration = Duration::from_millis(200);

/// Subscribes to more than it reads, and comes again after it was hung up on.
pub(crate) async fn never_read(world: Arc<World>, lane: u64) {
    let mut random = Random::new(world.seed, "slow", lane);
    while world.is_in(Phase::Running) {
        sleep(random.millis(0..=3_000)).await;
        let Ok(mut socket) = Socket::connect(&world, Some(RECEIVE_BYTES)).await else {
            sleep(RETRY).await;
            continue;
        };
        if socket.subscribe(name(FLOOD), "").await.is_ok() {
            wait_unless_over(&world, LOOKS_AWAY).await;
            await_end(&world, &world.tally.slow, socket).await;
        }
    }
}

/// Keeps its connection, and says nothing any more.
pub(crate) async fn fall_silent(world: Arc<World>, lane: u64) {
    let mut random = Random::new(world.seed, "silent", lane);
    while world.is_in(Phase::Running) {
        sleep(random.millis(0..=3_000)).await;
        let Ok(mut socket) = Socket::connect(&world, None).await else {
            sleep(RETRY).await;
            continue;
        };
        if socket.subscribe(QUIET, "").await.is_ok() {
            await_end(&world, &world.tally.silent, socket).await;
        }
    }
}

async fn await_end(world: &World, count: &AtomicU64, mut socket: Socket) {
    tokio::select! {
        ended = timeout(PATIENCE, socket.outlast()) => match ended {
            Ok(_) => drop(count.fetch_add(1, Ordering::Relaxed)),
            Err(_) => world.wrongs().garbage.note("a client that should have been hung up on was not"),
        },
        () = world.reach(Phase::Quiet) => {}
    }
}

async fn wait_unless_over(world: &World, time: Duration) {
    let _ = timeout(time, world.reach(Phase::Quiet)).await;
}
