//! Which connections of one worker are on which channel. No locks: one thread owns it.

use crate::connection::Place;
use foldhash::fast::RandomState;
use slab::Slab;
use std::collections::HashMap;
use std::sync::Arc;

/// Lists of connection slots by app and channel. Joining and leaving cost the same on a channel of any size.
#[derive(Debug)]
pub(super) struct Subscribers {
    index: Vec<HashMap<Arc<str>, usize, RandomState>>,
    channels: Slab<List>,
}

#[derive(Debug)]
struct List {
    app: usize,
    name: Arc<str>,
    slots: Vec<usize>,
}

/// A connection that a removal moved into the gap.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) slot: usize,
    pub(super) channel: Arc<str>,
    pub(super) place: Place,
}

impl Subscribers {
    pub(super) fn new(apps: usize) -> Self {
        Self { index: (0..apps).map(|_| HashMap::default()).collect(), channels: Slab::new() }
    }

    pub(super) fn of(&self, app: usize, channel: &str) -> &[usize] {
        self.index[app].get(channel).map_or(&[], |&id| &self.channels[id].slots)
    }

    pub(super) fn add(&mut self, app: usize, name: Arc<str>, slot: usize) -> Place {
        let channels = &mut self.channels;
        let channel = *self.index[app]
            .entry(Arc::clone(&name))
            .or_insert_with(|| channels.insert(List { app, name, slots: Vec::new() }));
        let slots = &mut self.channels[channel].slots;
        slots.push(slot);
        Place { channel, position: slots.len() - 1 }
    }

    /// Takes the connection at `place` off its list. The last one of the list takes its place and must be told.
    pub(super) fn remove(&mut self, place: Place) -> Option<Moved> {
        let list = self.channels.get_mut(place.channel)?;
        list.slots.swap_remove(place.position);
        if list.slots.is_empty() {
            let List { app, name, .. } = self.channels.remove(place.channel);
            self.index[app].remove(&name);
            return None;
        }
        let slot = *list.slots.get(place.position)?;
        Some(Moved { slot, channel: Arc::clone(&list.name), place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_takes_the_place_of_the_one_that_leaves() {
        let mut subscribers = Subscribers::new(1);
        let name: Arc<str> = "lobby".into();
        let places: Vec<Place> = (10..13).map(|slot| subscribers.add(0, Arc::clone(&name), slot)).collect();
        assert_eq!(subscribers.of(0, "lobby"), [10, 11, 12]);
        let moved = subscribers.remove(places[0]);
        assert_eq!(moved, Some(Moved { slot: 12, channel: name, place: places[0] }));
        assert_eq!(subscribers.of(0, "lobby"), [12, 11]);
        assert_eq!(subscribers.remove(places[1]), None);
        assert_eq!(subscribers.of(0, "lobby"), [12]);
    }

    #[test]
    fn an_empty_channel_leaves_nothing_behind() {
        let mut subscribers = Subscribers::new(2);
        let place = subscribers.add(1, "lobby".into(), 7);
        assert!(subscribers.of(0, "lobby").is_empty(), "apps do not share channels");
        subscribers.remove(place);
        assert!(subscribers.channels.is_empty() && subscribers.index[1].is_empty());
    }
}
