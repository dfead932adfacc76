//! How many connections each client address has, and how fast it makes new ones.
//!
//! An address is known as long as it has connections, and a few seconds more: until it may make as many new ones at once as
//! anybody. A flood from many addresses leaves as many entries behind for that time, but no more than
//! [`MOST_IDLE`] of them in each shard; then all that have no connections are forgotten, which is to their advantage.

use super::lock::Lock;
use crate::address::Address;
use crate::config::{BURST_SECONDS, Config};
use crate::metrics::Limit;
use crate::spare::Spare;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

/// Connections of a thousand addresses come and go at once; two of them rarely share a lock.
const SHARDS: usize = 16;

/// Addresses without connections that a shard remembers.
const MOST_IDLE: usize = 4096;

/// What may come at once, in the time after which it may come again.
const BURST: Duration = Duration::from_secs(BURST_SECONDS as u64);

type Entries = HashMap<Address, Entry, foldhash::fast::RandomState>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// 0 is no limit, here and below.
    max_connections: u32,
    per_second: u32,
    hasher: foldhash::fast::RandomState,
    shards: [Lock<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    entries: Entries,
    /// Entries at which it is looked for some to forget.
    full: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    connections: u32,
    /// When as many as anybody may come at once again: each connection moves it on by its share of a second, and it may
    /// not lie further ahead than [`BURST`]. (The generic cell rate algorithm, ITU-T I.371.)
    rested: Instant,
}

impl Addresses {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            max_connections: config.max_connections_per_address,
            per_second: config.connects_per_second_per_address,
            ..Self::default()
        }
    }

    /// Counts a new connection, or says which limit is in its way.
    pub(super) fn enter(&self, address: Address, now: Instant) -> Result<(), Limit> {
        let mut shard = self.shard(address).lock();
        let known = shard.entries.get(&address).copied();
        let Entry { connections, rested } = known.unwrap_or(Entry { connections: 0, rested: now });
        if self.max_connections > 0 && connections >= self.max_connections {
            return Err(Limit::MaxConnectionsPerAddress);
        }
        let rested = match self.per_second {
            0 => now,
            per_second => rested.max(now) + Duration::from_secs(1) / per_second,
        };
        if rested > now + BURST {
            return Err(Limit::ConnectsPerSecondPerAddress);
        }
        if known.is_none() {
            shard.make_room(now);
        }
        shard.entries.insert(address, Entry { connections: connections + 1, rested });
        Ok(())
    }

    /// Counts a connection that there is already, whatever the limits.
    pub(super) fn keep(&self, address: Address) {
        let now = Instant::now();
        let mut shard = self.shard(address).lock();
        shard.entries.entry(address).or_insert(Entry { connections: 0, rested: now }).connections += 1;
    }

    /// Counts a connection no more.
    pub(super) fn leave(&self, address: Address, now: Instant) {
        let mut shard = self.shard(address).lock();
        let Some(entry) = shard.entries.get_mut(&address) else { return };
        entry.connections = entry.connections.saturating_sub(1);
        if entry.is_forgettable(now) {
            shard.entries.remove(&address);
            shard.entries.give_back();
        }
    }

    fn shard(&self, address: Address) -> &Lock<Shard> {
        // The high bits, as the shard's own map uses the same hash function from the low ones up.
        &self.shards[(self.hasher.hash_one(address) >> 60) as usize % SHARDS]
    }
}

impl Shard {
    /// Makes sure that forgotten addresses do not pile up. It looks at all entries, but only after thousands of new ones.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < self.full.max(MOST_IDLE) {
            return;
        }
        self.entries.retain(|_, entry| !entry.is_forgettable(now));
        let idle = self.entries.values().filter(|entry| entry.connections == 0).count();
        if idle >= MOST_IDLE {
            self.entries.retain(|_, entry| entry.connections > 0);
        }
        self.entries.give_back();
        self.full = self.entries.len() + MOST_IDLE;
    }
}

impl Entry {
    fn is_forgettable(&self, now: Instant) -> bool {
        self.connections == 0 && self.rested <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(max_connections: u32, per_second: u32) -> Addresses {
        Addresses { max_connections, per_second, ..Addresses::default() }
    }

    fn address(number: u64) -> Address {
        Address::from_number(number).unwrap()
    }

    fn known(addresses: &Addresses) -> usize {
        addresses.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    #[test]
    fn an_address_has_as_many_connections_as_it_may() {
        let (addresses, now) = (addresses(2, 0), Instant::now());
        let (one, other) = (address(1), address(2));
        for address in [one, other, one, other] {
            assert_eq!(addresses.enter(address, now), Ok(()));
        }
        assert_eq!(addresses.enter(one, now), Err(Limit::MaxConnectionsPerAddress));
        addresses.leave(one, now);
        assert_eq!(addresses.enter(one, now), Ok(()));
        assert_eq!(addresses.enter(other, now), Err(Limit::MaxConnectionsPerAddress));
        // Those of another server are kept though they are too many, and count.
        addresses.keep(one);
        addresses.leave(one, now);
        assert_eq!(addresses.enter(one, now), Err(Limit::MaxConnectionsPerAddress));
        (0..2).for_each(|_| addresses.leave(one, now));
        (0..2).for_each(|_| addresses.leave(other, now));
        assert_eq!(known(&addresses), 0);
    }

    #[test]
    fn a_crowd_may_come_at_once_and_then_so_many_a_second() {
        let (addresses, start) = (addresses(0, 5), Instant::now());
        let come = |now: Instant| {
            std::iter::repeat_with(|| addresses.enter(address(1), now)).take_while(Result::is_ok).count()
        };
        assert_eq!(come(start), 5 * BURST_SECONDS as usize);
        assert_eq!(addresses.enter(address(1), start), Err(Limit::ConnectsPerSecondPerAddress));
        assert_eq!(addresses.enter(address(2), start), Ok(()), "another address is nobody's fault");
        // The refused ones cost it nothing.
        assert_eq!(come(start + Duration::from_millis(199)), 0);
        assert_eq!(come(start + Duration::from_millis(200)), 1);
        assert_eq!(come(start + Duration::from_secs(3)), 14);
        assert_eq!(come(start + Duration::from_secs(60)), 5 * BURST_SECONDS as usize);
    }

    #[test]
    fn whoever_comes_and_goes_is_remembered_until_it_has_rested() {
        let (addresses, start) = (addresses(0, 1), Instant::now());
        for _ in 0..BURST_SECONDS {
            addresses.enter(address(1), start).unwrap();
            addresses.leave(address(1), start);
        }
        assert_eq!(addresses.enter(address(1), start), Err(Limit::ConnectsPerSecondPerAddress));
        assert_eq!(known(&addresses), 1);
    }

    #[test]
    fn a_flood_from_many_addresses_has_an_end() {
        let (addresses, now) = (addresses(0, 1), Instant::now());
        let stays = address(u64::MAX);
        addresses.enter(stays, now).unwrap();
        for number in 1..=300_000 {
            addresses.enter(address(number), now).unwrap();
            addresses.leave(address(number), now);
        }
        let known = known(&addresses);
        assert!(known <= SHARDS * 2 * MOST_IDLE, "{known} addresses are known");
        assert_eq!(addresses.shard(stays).lock().entries[&stays].connections, 1);
    }
}
