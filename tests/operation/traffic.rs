//! What goes on at a server while somebody looks at it.

use crate::program::{Program, Subscriber, publish, publisher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Subscribers of `orders`, who get three events for each one that the two of `lobby` get.
pub(crate) const ON_ORDERS: usize = 3;
pub(crate) const ON_LOBBY: usize = 2;
pub(crate) const OF_ORDERS: usize = 3;

/// A client of `lobby` that was refused another channel.
pub(crate) fn refused(program: &Program) -> Subscriber {
    let mut guest = program.subscriber("lobby");
    guest.say(r#"{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"app-key:00"}}"#);
    guest.hear("pusher:error");
    guest
}

/// Clients that read, and a publisher; they end with this.
pub(crate) struct Traffic {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Traffic {
    pub(crate) fn begin(program: &Program) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let subscribers = |channel, count| (0..count).map(move |_| program.subscriber(channel));
        let clients: Vec<Subscriber> =
            subscribers("orders", ON_ORDERS).chain(subscribers("lobby", ON_LOBBY)).collect();
        let (ending, queue) = (Arc::clone(&is_over), program.queue());
        let publishing = move || {
            let (mut clients, mut publisher) = (clients, publisher(&queue));
            while !ending.load(Ordering::Relaxed) {
                for _ in 0..OF_ORDERS {
                    publish(&mut publisher, "orders", "shipped");
                }
                publish(&mut publisher, "lobby", "hello");
                std::thread::sleep(Duration::from_millis(20));
                clients.iter_mut().for_each(Subscriber::forget);
            }
        };
        Self { is_over, threads: vec![std::thread::spawn(publishing)] }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the publisher or a client failed");
        }
    }
}
