//! Which connections of one worker are on which channel. No locks: one thread owns it.

use crate::spare::Spare;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Lists of connection slots by app and channel. Joining and leaving cost the same on a channel of any size, and with
/// any number of channels.
#[derive(Debug)]
pub(super) struct Subscribers {
    channels: Vec<HashMap<Arc<str>, Vec<usize>, RandomState>>,
}

impl Subscribers {
    pub(super) fn new(apps: usize) -> Self {
        Self { channels: (0..apps).map(|_| HashMap::default()).collect() }
    }

    pub(super) fn of(&self, app: usize, channel: &str) -> &[usize] {
        self.channels[app].get(channel).map_or(&[], Vec::as_slice)
    }

    /// Adds a connection to a channel's list; its place there.
    pub(super) fn add(&mut self, app: usize, channel: &Arc<str>, slot: usize) -> usize {
        let slots = self.channels[app].entry(Arc::clone(channel)).or_insert_with(|| Vec::with_capacity(1));
        slots.push(slot);
        slots.len() - 1
    }

    /// Takes the connection at `place` off a channel's list. The last one of the list takes its place: its slot is
    /// returned, because it must be told.
    pub(super) fn remove(&mut self, app: usize, channel: &str, place: usize) -> Option<usize> {
        let channels = &mut self.channels[app];
        let slots = channels.get_mut(channel)?;
        slots.swap_remove(place);
        if slots.is_empty() {
            channels.remove(channel);
            channels.give_back();
            return None;
        }
        slots.give_back();
        slots.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_takes_the_place_of_the_one_that_leaves() {
        let mut subscribers = Subscribers::new(1);
        let name: Arc<str> = "lobby".into();
        let places: Vec<usize> = (10..13).map(|slot| subscribers.add(0, &name, slot)).collect();
        assert_eq!(subscribers.of(0, "lobby"), [10, 11, 12]);
        assert_eq!(subscribers.remove(0, "lobby", places[0]), Some(12));
        assert_eq!(subscribers.of(0, "lobby"), [12, 11]);
        assert_eq!(subscribers.remove(0, "lobby", places[1]), None);
        assert_eq!(subscribers.of(0, "lobby"), [12]);
    }

    #[test]
    fn empty_channels_leave_nothing_behind() {
        let mut subscribers = Subscribers::new(2);
        let names: Vec<Arc<str>> = (0..100_000).map(|number| format!("orders.{number}").into()).collect();
        let places: Vec<usize> = names.iter().map(|name| subscribers.add(1, name, 7)).collect();
        assert!(subscribers.of(0, "orders.0").is_empty(), "apps do not share channels");
        names
            .iter()
            .zip(places)
            .for_each(|(name, place)| assert_eq!(subscribers.remove(1, name, place), None));
        assert!(subscribers.channels[1].is_empty());
        assert!(subscribers.channels[1].capacity() <= 16, "{}", subscribers.channels[1].capacity());
    }

    #[test]
    fn a_list_shrinks_with_its_channel() {
        let mut subscribers = Subscribers::new(1);
        let name: Arc<str> = "lobby".into();
        for slot in 0..50_000 {
            assert_eq!(subscribers.add(0, &name, slot), slot);
        }
        for place in (1..50_000).rev() {
            assert_eq!(subscribers.remove(0, "lobby", place), None);
        }
        let slots = &subscribers.channels[0]["lobby"];
        assert!(slots.capacity() <= 16, "room for {} is kept for one", slots.capacity());
    }
}
