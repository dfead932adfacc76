//! What the hub keeps and shows to those who look, and that it does nothing of it where nobody does.

use super::*;
use crate::hub::life::LifeEvent;
use crate::hub::lock::taken;
use crate::watch::{DASHBOARD, PAYLOADS};
use std::cell::Cell;

/// The names of the busiest channels of what was published.
fn busiest(house: &House, wanted: &Wanted<'_>) -> Vec<(String, f64)> {
    let busiest = house.hub.look(&house.app, wanted);
    let rows = busiest.channels.iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row["events"].as_f64().unwrap())).collect()
}

const BY_EVENTS: Wanted<'_> = Wanted { sort: Sort::Events, filter: "", most: 3 };

fn whisper(house: &House) -> bool {
    let is_told = Cell::new(false);
    let tell = || {
        is_told.set(true);
        LifeEvent::new(LifeKind::ClientEvent, &house.app, "private-a")
    };
    let frame = EncodedFrame::from_static(b"{\"event\":\"client-x\"}");
    house.hub.publish_client_event(&house.app, "private-a", SocketId::from_random(1), &frame, tell).unwrap();
    is_told.get()
}

#[test]
fn nobody_looks_and_nothing_is_kept() {
    let house = house();
    house.subscribe("lobby", 0, None);
    let tap = &house.app.watch.tap;
    assert!(!tap.is_on());
    let before = taken::count();
    house.publish("lobby", "x");
    assert_eq!(taken::count() - before, 1, "the lock of the channel's shard");
    assert!(!whisper(&house), "nobody wants to know of it");
    tap.end_second(Instant::now());
    assert_eq!(busiest(&house, &BY_EVENTS), []);
    assert!(tap.is_on() && whisper(&house), "whoever asks looks");
}

#[test]
fn the_tap_is_open_while_the_dashboard_has_subscribers() {
    let house = house();
    let tap = &house.app.watch.tap;
    house.subscribe(DASHBOARD, 0, None);
    house.subscribe(DASHBOARD, 1, None);
    assert!(tap.is_on());
    house.unsubscribe(DASHBOARD, 0, None);
    assert!(tap.is_on());
    house.unsubscribe(DASHBOARD, 1, None);
    assert!(!tap.is_on());
    house.subscribe(PAYLOADS, 0, None);
    assert!(tap.is_on());
    house.unsubscribe(PAYLOADS, 0, None);
    house.subscribe("private-canyon-dashboards", 0, None);
    assert!(!tap.is_on());
    assert!(!house.hub.app_by_id("2").unwrap().watch.tap.is_on());
}

#[test]
fn busy_channels_come_in_order_and_as_many_as_are_wanted() {
    let house = house();
    house.subscribe("b", 0, None);
    house.app.watch.tap.set(crate::watch::Look::Asked, true);
    house.app.watch.tap.end_second(Instant::now());
    for (channel, events) in [("a", 1), ("b", 2), ("c", 2), ("d", 3), (DASHBOARD, 9)] {
        (0..events).for_each(|_| house.publish(channel, "x"));
    }
    house.app.watch.tap.end_second(Instant::now());
    let named = |names: &[(&str, f64)]| -> Vec<(String, f64)> {
        names.iter().map(|(name, events)| ((*name).to_owned(), *events)).collect()
    };
    // Equal events: those that somebody gets come first.
    assert_eq!(busiest(&house, &BY_EVENTS), named(&[("d", 3.0), ("b", 2.0), ("c", 2.0)]));
    let wanted = Wanted { sort: Sort::Deliveries, filter: "", most: 1 };
    assert_eq!(busiest(&house, &wanted), named(&[("b", 2.0)]));
    let wanted = Wanted { sort: Sort::Events, filter: "A", most: 9 };
    assert_eq!(busiest(&house, &wanted), named(&[("a", 1.0)]));
    let wanted = Wanted { sort: Sort::Subscribers, filter: "", most: 9 };
    assert_eq!(busiest(&house, &wanted), named(&[("b", 2.0)]));
}

#[test]
fn levels_are_what_there_is() {
    let house = house();
    let names = ["a", "b", "presence-a", "presence-b", DASHBOARD, PAYLOADS];
    let mut joined: Vec<(&str, Subscriber, Option<&str>)> = Vec::new();
    // Some hundred comings and goings, in an order that repeats nowhere.
    let mut random: u32 = 7;
    for slot in 0..600 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let pick = (random >> 16) as usize;
        if !pick.is_multiple_of(3) && joined.len() > pick % 20 {
            let (name, subscriber, user) = joined.swap_remove(pick % joined.len());
            house.hub.unsubscribe(&house.app, name, subscriber, user);
        } else {
            let name = names[pick % names.len()];
            let user = name.starts_with("presence-").then_some(["ada", "bob"][pick / 7 % 2]);
            let member = user.map(|user| Member { user_id: user.into(), user_info: "null".into() });
            let socket_id = SocketId::from_random(slot as u64);
            let subscriber = Subscriber { worker: pick % 2, slot, socket_id, serial: 0 };
            house.hub.subscribe(&house.app, name, subscriber, member.as_ref()).unwrap();
            joined.push((name, subscriber, user));
        }
        // Now and then a turn of the workers ends.
        if pick.is_multiple_of(5) {
            ["presence-a", "presence-b"].iter().for_each(|name| house.settle(name));
        }
        let listed = house.hub.channels(&house.app, "");
        let subscriptions: u64 = listed.iter().map(|(_, occupancy)| occupancy.subscriptions).sum();
        assert_eq!((house.app.channels(), house.app.subscriptions()), (listed.len() as u64, subscriptions));
    }
    assert!(!joined.is_empty());
}
