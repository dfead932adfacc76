//! Presence channels: who learns what, and what it costs to tell them.

use super::*;
use crate::hub::presence::PAUSE_PER_MEMBER;
use crate::protocol::EncodedFrame;
use std::collections::{BTreeSet, HashSet};

const ROOM: &str = "presence-a";

/// A house and clients whose subscriptions the test follows as their workers would.
struct Crowd {
    house: House,
    clients: Vec<Client>,
    /// By worker: the clients on its list.
    admitted: [Vec<usize>; 2],
    /// Buffers that were sent, kept so that no other can have their address.
    buffers: Vec<EncodedFrame>,
}

#[derive(Default)]
struct Client {
    user: String,
    is_subscribed: bool,
    /// Whom it knows to be there, from its list and the news since.
    knows: Option<BTreeSet<String>>,
    heard: Vec<String>,
    /// Events that were published while it was subscribed.
    due: Vec<String>,
    bytes: usize,
}

impl Crowd {
    fn of(users: impl Iterator<Item = String>) -> Self {
        let clients = users.map(|user| Client { user, ..Client::default() }).collect();
        Self { house: house(), clients, admitted: Default::default(), buffers: Vec::new() }
    }

    fn subscriber(number: usize) -> Subscriber {
        Subscriber {
            worker: number % 2,
            slot: number,
            socket_id: SocketId::from_random(number as u64),
            serial: 0,
        }
    }

    fn join(&mut self, number: usize) {
        let client = &mut self.clients[number];
        client.is_subscribed = true;
        let user_info = format!(r#"{{"name":"{}"}}"#, client.user);
        let member = Member { user_id: client.user.as_str().into(), user_info: user_info.into() };
        let House { hub, app, .. } = &self.house;
        hub.subscribe(app, ROOM, Self::subscriber(number), Some(&member)).unwrap();
    }

    fn leave(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let was_admitted = client.knows.take().is_some();
        client.is_subscribed = false;
        // What is still in its worker's inbox comes too late for it.
        assert!(client.due.starts_with(&client.heard));
        client.due.clone_from(&client.heard);
        let (user, subscriber) = (client.user.clone(), Self::subscriber(number));
        self.house.hub.unsubscribe(&self.house.app, ROOM, subscriber, Some(&user));
        self.admitted[subscriber.worker].retain(|&other| other != number);
        if !was_admitted {
            self.read_letters(subscriber.worker);
        }
    }

    fn publish(&mut self, name: &str) {
        self.house.hub.publish(
            &self.house.app,
            ROOM,
            &Event { name, data: "", except: None },
            Entrance::Queue,
        );
        self.clients.iter_mut().filter(|one| one.is_subscribed).for_each(|one| one.due.push(name.to_owned()));
    }

    /// What a worker does with its letters; those to settle are for the test to follow.
    fn read_letters(&mut self, worker: usize) {
        while let Some(letter) = self.house.mailboxes[worker].take() {
            match letter {
                Letter::Deliver(delivery) => {
                    for &number in &self.admitted[worker] {
                        self.clients[number].receive(&delivery.frame);
                    }
                    self.buffers.push(delivery.frame);
                }
                Letter::Admit(admission) => {
                    for &Subscriber { slot: number, .. } in &admission.subscribers {
                        let client = &mut self.clients[number];
                        if client.is_subscribed {
                            assert!(!self.admitted[worker].contains(&number), "admitted twice");
                            self.admitted[worker].push(number);
                            client.receive(&admission.succeeded);
                        }
                    }
                    self.buffers.push(admission.succeeded);
                }
                Letter::Settle { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Ends a turn after every pause.
    fn settle(&mut self) {
        self.house.settle(ROOM);
        (0..2).for_each(|worker| self.read_letters(worker));
    }

    fn encoded(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.as_ptr()).collect::<HashSet<_>>().len()
    }

    fn everybody(&self) -> BTreeSet<String> {
        self.clients.iter().filter(|one| one.is_subscribed).map(|one| one.user.clone()).collect()
    }

    /// Whoever is subscribed knows exactly who is there, and heard what was published meanwhile.
    fn check(&self) {
        let everybody = self.everybody();
        for client in self.clients.iter().filter(|one| one.is_subscribed) {
            assert_eq!(client.knows.as_ref(), Some(&everybody), "{}", client.user);
        }
        for client in &self.clients {
            assert_eq!(client.heard, client.due, "{}", client.user);
        }
    }
}

impl Client {
    fn receive(&mut self, buffer: &EncodedFrame) {
        self.bytes += buffer.len();
        for event in frames(buffer) {
            let data = || serde_json::from_str::<serde_json::Value>(event["data"].as_str().unwrap()).unwrap();
            let user = || data()["user_id"].as_str().unwrap().to_owned();
            match event["event"].as_str().unwrap() {
                "pusher_internal:subscription_succeeded" => {
                    let list = data();
                    let ids = list["presence"]["ids"].as_array().unwrap();
                    let listed =
                        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
                    assert_eq!(
                        (ids.len(), list["presence"]["count"].as_u64()),
                        (listed.len(), Some(ids.len() as u64))
                    );
                    assert!(self.knows.replace(listed).is_none(), "a second list");
                }
                "pusher_internal:member_added" => {
                    assert!(self.knows.as_mut().unwrap().insert(user()), "{} was known", user());
                }
                "pusher_internal:member_removed" => {
                    assert!(self.knows.as_mut().unwrap().remove(&user()), "{} was not known", user());
                }
                published => self.heard.push(published.to_owned()),
            }
        }
    }
}

/// The events in a buffer of frames.
fn frames(mut buffer: &[u8]) -> Vec<serde_json::Value> {
    let mut events = Vec::new();
    while let [_, short, rest @ ..] = buffer {
        let (length, rest) = match short {
            126 => (u64::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()), &rest[8..]),
            short => (u64::from(*short), rest),
        };
        let (payload, rest) = rest.split_at(usize::try_from(length).unwrap());
        events.push(serde_json::from_slice(payload).unwrap());
        buffer = rest;
    }
    events
}

#[test]
fn a_crowd_that_joins_in_one_turn_gets_one_list() {
    const CROWD: usize = 300;
    let mut crowd = Crowd::of((0..CROWD + 20).map(|number| number.to_string()));
    (0..CROWD).for_each(|number| crowd.join(number));
    crowd.settle();
    assert_eq!((crowd.encoded(), crowd.buffers.len()), (1, 2), "one buffer, in a letter to each worker");
    let list = crowd.buffers[0].len();
    assert!(crowd.clients[..CROWD].iter().all(|client| client.bytes == list));

    (CROWD..CROWD + 20).for_each(|number| crowd.join(number));
    crowd.settle();
    assert_eq!(crowd.buffers.len(), 6, "the news for all, and the list for the new, to each worker");
    assert_eq!(crowd.encoded(), 3);
    crowd.check();
    let added = |number: usize| {
        let member = format!(r#"{{"user_id":"{number}","user_info":{{"name":"{number}"}}}}"#);
        frame::member_added(ROOM, &member).len()
    };
    let news: usize = (CROWD..CROWD + 20).map(added).sum();
    assert!(crowd.clients[..CROWD].iter().all(|client| client.bytes == list + news), "and nothing else");
}

#[test]
fn ten_thousand_that_join_at_once_are_a_few_letters() {
    const CROWD: usize = 10_000;
    let mut crowd = Crowd::of((0..CROWD).map(|number| number.to_string()));
    (0..CROWD).for_each(|number| crowd.join(number));
    assert_eq!(crowd.house.hub.occupancy(&crowd.house.app, ROOM).subscriptions, CROWD as u64);
    crowd.house.settle(ROOM);
    let letters =
        |worker: usize| std::iter::from_fn(|| crowd.house.mailboxes[worker].take()).collect::<Vec<_>>();
    let [Letter::Settle { .. }, Letter::Admit(here)] = &letters(0)[..] else {
        panic!("a call and an admission")
    };
    let [Letter::Admit(there)] = &letters(1)[..] else { panic!("an admission") };
    assert_eq!(here.subscribers.len() + there.subscribers.len(), CROWD);
    assert_eq!(here.succeeded.as_ptr(), there.succeeded.as_ptr());
    assert!(!crowd.house.hub.is_overloaded(), "a shared list does not weigh as many");
}

#[test]
fn a_list_is_not_encoded_for_those_who_come_while_nobody_new_does() {
    let mut crowd = Crowd::of((0..50).map(|number| (number % 5).to_string()));
    for number in 0..50 {
        crowd.join(number);
        crowd.settle();
    }
    crowd.check();
    let lists = crowd.buffers.iter().filter(|buffer| summary(buffer) != "added");
    assert_eq!(lists.map(|buffer| buffer.as_ptr()).collect::<HashSet<_>>().len(), 5, "one per change");
}

#[test]
fn a_pause_follows_that_grows_with_the_channel() {
    let mut crowd = Crowd::of((0..300).map(|number| number.to_string()));
    let start = Instant::now();
    let settle = |crowd: &Crowd, now: Instant| crowd.house.hub.settle(0, &ROOM.into(), now);
    for number in 0..19 {
        crowd.join(number);
        assert_eq!(settle(&crowd, start), None, "a small channel pauses until the end of the turn only");
    }
    (19..200).for_each(|number| crowd.join(number));
    let pause = PAUSE_PER_MEMBER * 200;
    assert_eq!(settle(&crowd, start), Some(start + pause));
    assert_eq!(settle(&crowd, start + pause), None);
    crowd.join(200);
    assert_eq!(settle(&crowd, start + pause), Some(start + pause + PAUSE_PER_MEMBER * 201));
    (0..2).for_each(|worker| crowd.read_letters(worker));
    assert!(crowd.clients[200].knows.is_none());
    crowd.publish("an event");
    (0..2).for_each(|worker| crowd.read_letters(worker));
    crowd.check();
    (201..300).for_each(|number| crowd.join(number));
    (1..300).for_each(|number| crowd.leave(number));
    assert_eq!(settle(&crowd, start), None, "nobody waits for a crowd that is gone");
}

#[test]
fn one_worker_is_called_once_until_it_came() {
    let mut crowd = Crowd::of(["ada", "bob", "eve"].map(str::to_owned).into_iter());
    let calls = |crowd: &Crowd| {
        let letters = |worker: usize| std::iter::from_fn(move || crowd.house.mailboxes[worker].take());
        (0..2).flat_map(letters).filter(|letter| matches!(letter, Letter::Settle { .. })).count()
    };
    crowd.join(0);
    crowd.join(1);
    crowd.publish("what settles the channel first");
    crowd.join(2);
    assert_eq!(calls(&crowd), 1);
    crowd.house.settle(ROOM);
    crowd.house.hub.unsubscribe(&crowd.house.app, ROOM, Crowd::subscriber(2), Some("eve"));
    assert_eq!(calls(&crowd), 1);
}

/// Every order of joins, departures, events and turns that some thousand throws of a die come to.
#[test]
fn nobody_can_tell_that_joins_and_departures_are_told_together() {
    let mut state = 7_u64;
    let mut die = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    for _ in 0..300 {
        // Ten clients of six users.
        let mut crowd = Crowd::of((0..10).map(|number| (number % 6).to_string()));
        for step in 0..60 {
            let number = die(10);
            match die(8) {
                0..5 if crowd.clients[number].is_subscribed => crowd.leave(number),
                0..5 => crowd.join(number),
                5 => crowd.publish(&step.to_string()),
                6 => crowd.house.settle(ROOM),
                _ => crowd.read_letters(number % 2),
            }
        }
        crowd.settle();
        crowd.check();
        let occupancy = crowd.house.hub.occupancy(&crowd.house.app, ROOM);
        let subscribed = crowd.clients.iter().filter(|client| client.is_subscribed).count();
        let expected = Occupancy { subscriptions: subscribed as u64, users: crowd.everybody().len() as u64 };
        assert_eq!(occupancy, expected);
    }
}

#[test]
fn a_user_is_added_once_and_removed_with_the_last_connection() {
    let house = house();
    house.subscribe(ROOM, 0, Some("ada"));
    house.settle(ROOM);
    house.subscribe(ROOM, 1, Some("bob"));
    house.settle(ROOM);
    house.subscribe(ROOM, 1, Some("ada"));
    house.settle(ROOM);
    assert_eq!(house.letters(0), ["admit roster of 1", "added"]);
    assert_eq!(house.letters(1), ["admit roster of 2", "admit roster of 2"]);
    house.unsubscribe(ROOM, 0, Some("ada"));
    house.settle(ROOM);
    assert_eq!(house.letters(1), Vec::<String>::new(), "ada is still there with her second connection");
    house.unsubscribe(ROOM, 1, Some("ada"));
    house.settle(ROOM);
    assert_eq!(house.letters(1), ["removed"]);
}

#[test]
fn a_newcomer_is_told_to_the_others_and_not_to_itself() {
    let house = house();
    house.subscribe(ROOM, 0, Some("ada"));
    house.settle(ROOM);
    house.subscribe(ROOM, 0, Some("bob"));
    house.settle(ROOM);
    // The admission comes after the news: the newcomer is not on the worker's list when the news is delivered.
    assert_eq!(house.letters(0), ["admit roster of 1", "added", "admit roster of 2"]);
}

#[test]
fn a_full_presence_channel_takes_no_new_user_but_another_tab() {
    let mut config = AppConfig::new("1".into(), "k".into(), Secret::new("s".into()));
    config.max_presence_members = 2;
    let settings = Settings { apps: vec![config], ..Settings::default() };
    let (inboxes, _mailboxes) = Inbox::for_workers(1);
    let hub = Hub::new(&settings.settle().unwrap(), inboxes, None, Arc::default());
    let join = |user_id: &str, number: u64| {
        let member = Member { user_id: user_id.into(), user_info: "null".into() };
        let subscriber =
            Subscriber { worker: 0, slot: 7, socket_id: SocketId::from_random(number), serial: 0 };
        hub.subscribe(hub.app_by_id("1").unwrap(), ROOM, subscriber, Some(&member)).map(drop)
    };
    assert_eq!((join("ada", 1), join("bob", 2), join("ada", 3)), (Ok(()), Ok(()), Ok(())));
    assert_eq!(join("eve", 4), Err(PresenceFull));
    let occupancy = hub.occupancy(hub.app_by_id("1").unwrap(), ROOM);
    assert_eq!(occupancy, Occupancy { subscriptions: 3, users: 2 });
}
