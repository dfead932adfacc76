//! Order and counting, seen from the inboxes of two workers.

use super::*;
use crate::config::{AppConfig, LifeKinds, Secret, Settings};
use std::time::Duration;

mod presence;
mod watching;

struct House {
    hub: Hub,
    mailboxes: Vec<Mailbox>,
    app: Arc<App>,
}

fn house() -> House {
    observed(None)
}

/// A house whose hub tells of what happens.
fn observed(observer: Option<Observer>) -> House {
    let app = |id: &str| AppConfig::new(id.into(), format!("key-{id}"), Secret::new("secret".into()));
    let settings = Settings { apps: vec![app("1"), app("2")], ..Settings::default() };
    let (inboxes, mailboxes) = Inbox::for_workers(2);
    let hub = Hub::new(&settings.settle().unwrap(), inboxes, observer, Arc::default());
    let app = Arc::clone(hub.app_by_id("1").unwrap());
    House { hub, mailboxes, app }
}

impl House {
    fn subscribe(&self, channel: &str, worker: usize, user_id: Option<&str>) {
        let member = user_id.map(|user_id| Member { user_id: user_id.into(), user_info: "null".into() });
        let subscriber = Subscriber { worker, slot: 7, socket_id: SocketId::from_random(7), serial: 0 };
        assert_eq!(
            self.hub.subscribe(&self.app, channel, subscriber, member.as_ref()).as_deref(),
            Ok(channel)
        );
    }

    fn unsubscribe(&self, channel: &str, worker: usize, user_id: Option<&str>) {
        let subscriber = Subscriber { worker, slot: 7, socket_id: SocketId::from_random(7), serial: 0 };
        self.hub.unsubscribe(&self.app, channel, subscriber, user_id);
    }

    /// Settles a presence channel, as a worker does when every pause is over.
    fn settle(&self, channel: &str) {
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(self.hub.settle(self.app.index, &channel.into(), later), None);
    }

    fn publish(&self, channel: &str, text: &'static str) {
        self.hub.publish(&self.app, channel, &Event { name: text, data: "", except: None }, Entrance::Queue);
    }

    /// What lies in a worker's inbox, a word a letter.
    fn letters(&self, worker: usize) -> Vec<String> {
        std::iter::from_fn(|| self.mailboxes[worker].take())
            .filter(|letter| !matches!(letter, Letter::Settle { .. }))
            .map(|letter| match letter {
                Letter::Deliver(delivery) => summary(&delivery.frame),
                Letter::Admit(admission) => format!("admit {}", summary(&admission.succeeded)),
                other => format!("{other:?}"),
            })
            .collect()
    }
}

fn summary(frame: &EncodedFrame) -> String {
    let text = String::from_utf8_lossy(frame);
    let find = |word: &str| text.contains(word);
    match () {
        () if find("subscription_succeeded") => format!("roster of {}", text.matches(r#":null"#).count()),
        () if find("member_added") => "added".to_owned(),
        () if find("member_removed") => "removed".to_owned(),
        () => {
            let event: serde_json::Value = serde_json::from_str(&text[text.find('{').unwrap()..]).unwrap();
            event["event"].as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn only_workers_with_subscribers_get_a_letter() {
    let house = house();
    house.publish("lobby", "nobody hears");
    house.subscribe("lobby", 1, None);
    house.publish("lobby", "one");
    house.publish("elsewhere", "two");
    assert_eq!(house.letters(0), Vec::<String>::new());
    assert_eq!(house.letters(1), ["admit roster of 0", "one"]);
}

#[test]
fn a_channel_that_was_left_gets_no_letter() {
    let house = house();
    house.subscribe("lobby", 0, None);
    house.unsubscribe("lobby", 0, None);
    house.publish("lobby", "nobody hears");
    assert_eq!(house.letters(0), ["admit roster of 0"]);
}

#[test]
fn a_cache_channel_remembers_its_last_event_and_tells_of_nothing_else() {
    let house = house();
    let frames = |worker: usize| match house.mailboxes[worker].take() {
        Some(Letter::Admit(admission)) => admission.remembered.iter().map(summary).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    house.subscribe("cache-a", 0, None);
    assert_eq!(frames(0), ["pusher:cache_miss"]);
    house.publish("cache-a", "first");
    house.publish("cache-a", "second");
    house.unsubscribe("cache-a", 0, None);
    house.letters(0);
    house.subscribe("cache-a", 1, None);
    assert_eq!(frames(1), ["second"], "it outlives the last subscriber");
    house.publish("private-cache-b", "before anybody came");
    house.subscribe("private-cache-b", 1, None);
    assert_eq!(frames(1), ["before anybody came"]);
}

#[test]
fn the_application_is_told_once_each_time_that_a_cache_channel_has_nothing() {
    let (observer, mut told) = Observer::new(vec![LifeKinds::NONE.with(LifeKind::CacheMiss)]);
    let house = observed(Some(observer));
    let mut misses = |subscriptions: usize| {
        (0..subscriptions).for_each(|worker| house.subscribe("cache-a", worker, None));
        std::iter::from_fn(|| told.take()).count()
    };
    assert_eq!(misses(2), 1);
    house.publish("cache-a", "first");
    assert_eq!(misses(2), 0);
    house.hub.shard(&house.app, "cache-a").lock().cache = Cache::default(); // as it is half an hour later
    assert_eq!(misses(2), 1, "the channel has had subscribers all the time");
}

#[test]
fn client_events_are_not_remembered() {
    let house = house();
    house.subscribe("private-cache-a", 0, None);
    let tell = || LifeEvent::new(LifeKind::ClientEvent, &house.app, "private-cache-a");
    let frame = EncodedFrame::from_static(b"{\"event\":\"client-x\"}");
    let from = SocketId::from_random(1);
    assert_eq!(house.hub.publish_client_event(&house.app, "private-cache-a", from, &frame, tell), Ok(()));
    assert_eq!(house.hub.cached(&house.app, "private-cache-a"), None);
}

#[test]
fn a_subscriber_is_admitted_between_the_events_before_and_after() {
    let house = house();
    house.subscribe("lobby", 0, None);
    house.publish("lobby", "before");
    house.subscribe("lobby", 0, None);
    house.publish("lobby", "after");
    assert_eq!(house.letters(0), ["admit roster of 0", "before", "admit roster of 0", "after"]);
}

#[test]
fn apps_do_not_hear_each_other() {
    let house = house();
    house.subscribe("lobby", 0, None);
    let other = house.hub.app_by_id("2").unwrap();
    house.hub.publish(other, "lobby", &Event { name: "x", data: "", except: None }, Entrance::Queue);
    assert_eq!(house.letters(0).len(), 1);
}

#[test]
fn vacated_channels_leave_nothing_behind() {
    let house = house();
    let names: Vec<String> = (0..100_000).map(|number| format!("orders.{number}")).collect();
    names.iter().for_each(|name| house.subscribe(name, 0, None));
    house.subscribe("presence-a", 0, Some("ada"));
    house.unsubscribe("presence-a", 0, Some("ada"));
    names.iter().for_each(|name| house.unsubscribe(name, 0, None));
    for shard in house.hub.apps.iter().flat_map(|app| &app.shards) {
        let Shard { channels, due, .. } = &*shard.lock();
        assert_eq!((channels.len(), due.len()), (0, 0));
        assert!(channels.capacity() <= 16, "room for {}", channels.capacity());
    }
}

#[test]
fn quota_is_given_back() {
    let mut config = AppConfig::new("1".into(), "k".into(), Secret::new("s".into()));
    config.max_connections = 2;
    let app = Arc::new(App::new(0, config, &Arc::default()));
    let take = || app.take_connection(None).ok();
    let (first, second) = (take(), take());
    assert!(first.is_some() && second.is_some() && take().is_none());
    drop(first);
    assert!(take().is_some());
}

#[test]
fn a_worker_that_is_far_behind_holds_publishers_up() {
    let house = house();
    house.subscribe("private-a", 0, None);
    let frame = EncodedFrame::from(vec![b'x'; 1 << 20]);
    let whisper = || {
        let tell = || LifeEvent::new(LifeKind::ClientEvent, &house.app, "private-a");
        house.hub.publish_client_event(&house.app, "private-a", SocketId::from_random(1), &frame, tell)
    };
    let taken = std::iter::repeat_with(whisper).take_while(Result::is_ok).count();
    assert!((16..18).contains(&taken), "{taken} MiB were taken");
    assert!(house.hub.is_overloaded());
    while house.mailboxes[0].take().is_some() {}
    assert_eq!(whisper(), Ok(()), "once the worker has caught up");
}
