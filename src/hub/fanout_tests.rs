//! What an event costs with many workers: letters and locks, counted.

use super::lock::taken;
use super::*;
use crate::config::{AppConfig, Secret, Settings};

/// As many as a large machine has processors.
const WORKERS: usize = 64;

struct House {
    hub: Hub,
    mailboxes: Vec<Mailbox>,
}

impl House {
    /// With `each` subscribers of channel `a` on each of the first `workers` workers, and one of `b` on every worker.
    fn with(workers: usize, each: usize) -> Self {
        let app = AppConfig::new("1".into(), "key".into(), Secret::new("secret".into()));
        let settings = Settings { apps: vec![app], ..Settings::default() };
        let (inboxes, mailboxes) = Inbox::for_workers(WORKERS);
        let house =
            Self { hub: Hub::new(&settings.settle().unwrap(), inboxes, None, Arc::default()), mailboxes };
        for worker in 0..WORKERS {
            house.subscribe("b", worker);
            (0..each).filter(|_| worker < workers).for_each(|_| house.subscribe("a", worker));
        }
        house.letters();
        house
    }

    fn app(&self) -> &Arc<App> {
        self.hub.app_by_id("1").unwrap()
    }

    fn subscribe(&self, channel: &str, worker: usize) {
        let subscriber = Subscriber { worker, slot: 7, socket_id: SocketId::from_random(7), serial: 0 };
        assert_eq!(self.hub.subscribe(self.app(), channel, subscriber, None).map(drop), Ok(()));
    }

    /// How many letters each worker has; they are taken away.
    fn letters(&self) -> Vec<usize> {
        self.mailboxes.iter().map(|mailbox| std::iter::from_fn(|| mailbox.take()).count()).collect()
    }
}

#[test]
fn an_event_is_one_lock_and_one_letter_to_each_worker_that_has_subscribers() {
    for workers in [0, 1, 2, WORKERS] {
        for each in [1, 100] {
            let house = House::with(workers, each);
            let locks = taken::count();
            house.hub.publish(
                house.app(),
                "a",
                &Event { name: "x", data: "", except: None },
                Entrance::Queue,
            );
            assert!(!house.hub.is_overloaded());
            assert_eq!(taken::count() - locks, 1, "{workers} workers with {each} subscribers each");
            let expected: Vec<usize> = (0..WORKERS).map(|worker| usize::from(worker < workers)).collect();
            assert_eq!(house.letters(), expected, "{each} subscribers each");
        }
    }
}

#[test]
fn all_workers_are_asked_at_once_whether_one_is_far_behind() {
    let house = House::with(2, 1);
    let data = "x".repeat(1 << 20);
    let publish = || {
        house.hub.publish(house.app(), "a", &Event { name: "x", data: &data, except: None }, Entrance::Queue)
    };
    while !house.hub.is_overloaded() {
        publish();
    }
    publish();
    // Both are behind: it is not over when one has caught up.
    while house.mailboxes[0].take().is_some() {}
    assert!(house.hub.is_overloaded());
    while house.mailboxes[1].take().is_some() {}
    assert!(!house.hub.is_overloaded());
}
