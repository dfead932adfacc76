//! Memory given back by collections that have become much smaller.
//!
//! A collection keeps the room of its best day for ever: a hundred thousand channels that were there for a minute would
//! be paid for until the server ends. So whoever takes out of one that may have been large says [`Spare::give_back`].

use slab::Slab;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Places that are never worth giving back.
const KEPT: usize = 16;

/// A collection that can be smaller than its room.
pub(crate) trait Spare {
    /// Gives room back where less than an eighth of it is used. Twice of what is used stays, so the moves that this takes
    /// are fewer than the removals before it.
    fn give_back(&mut self);
}

impl<K: Eq + Hash, V, S: BuildHasher> Spare for HashMap<K, V, S> {
    fn give_back(&mut self) {
        if let Some(room) = room_for(self.len(), self.capacity()) {
            self.shrink_to(room);
        }
    }
}

impl<T> Spare for Vec<T> {
    fn give_back(&mut self) {
        if let Some(room) = room_for(self.len(), self.capacity()) {
            self.shrink_to(room);
        }
    }
}

/// Only what lies behind the last one goes, as nothing may move; and whether that is much takes a look at everything: not to
/// be asked at each removal.
impl<T> Spare for Slab<T> {
    fn give_back(&mut self) {
        if room_for(self.len(), self.capacity()).is_some() {
            self.shrink_to_fit();
        }
    }
}

/// The room that a collection should have instead of what it has.
fn room_for(used: usize, room: usize) -> Option<usize> {
    (room > KEPT && used < room / 8).then_some(used * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_follows_what_is_used() {
        let mut map: HashMap<usize, usize> = (0..100_000).map(|number| (number, number)).collect();
        let mut moved = 0;
        for number in 0..100_000 {
            map.remove(&number);
            let room = map.capacity();
            map.give_back();
            moved += if map.capacity() == room { 0 } else { map.len() };
            assert!(map.capacity() <= KEPT.max(8 * map.len() + 8), "{} for {}", map.capacity(), map.len());
        }
        assert!(map.capacity() <= KEPT, "{}", map.capacity());
        assert!(moved < 100_000, "{moved} moves for 100,000 removals");
    }

    #[test]
    fn a_slab_gives_back_what_lies_behind_its_last_one() {
        let mut slab: Slab<usize> = (0..10_000).map(|number| (number, number)).collect();
        (0..10_000).filter(|number| ![3, 500].contains(number)).for_each(|number| _ = slab.remove(number));
        slab.give_back();
        assert!((501..600).contains(&slab.capacity()), "{}", slab.capacity());
        assert_eq!((slab[3], slab[500]), (3, 500));
        assert!(slab.insert(7) < 501, "a place between them");
    }

    #[test]
    fn little_is_kept_as_it_is() {
        let mut list = Vec::with_capacity(KEPT);
        list.push(1);
        list.give_back();
        assert_eq!(list.capacity(), KEPT);
        let mut list: Vec<usize> = (0..1000).collect();
        list.truncate(10);
        list.give_back();
        assert!((10..40).contains(&list.capacity()), "{}", list.capacity());
    }
}
