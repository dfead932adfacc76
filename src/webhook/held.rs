//! Departures that are kept back for a moment, since many are taken back: a page that is loaded anew leaves its
//! channels and comes again.
//!
//! `channel_vacated` and `member_removed` are told up to three seconds late. If the channel is occupied again, or the
//! member added again, within that time, neither the departure nor the return is told (protocol contract, section 12).
//! Everything else passes at once. A return never overtakes the departure before it: it takes it back.

use crate::config::{LifeKind, LifeKinds};
use crate::hub::life::LifeEvent;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How long a departure can be taken back.
const HOLD: Duration = Duration::from_secs(3);

/// Departures held at one time. With more of them the oldest are told early: late is allowed, lost is not.
const MOST: usize = 1 << 16;

/// The departures held, in the order in which they happened.
#[derive(Debug, Default)]
pub(super) struct Held {
    events: BTreeMap<u64, (Instant, LifeEvent)>,
    numbers: HashMap<Place, u64>,
    next: u64,
}

/// What is departed from: an app's channel, by one user or altogether.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    app: String,
    channel: String,
    user_id: Option<String>,
}

impl Place {
    fn of(event: &LifeEvent) -> Self {
        Self { app: event.app.clone(), channel: event.channel.clone(), user_id: event.user_id.clone() }
    }
}

/// What must be seen so that events of `kinds` can be told: returns take back departures and the other way round.
pub(super) fn needed(kinds: LifeKinds) -> LifeKinds {
    let pairs = [
        (LifeKind::ChannelOccupied, LifeKind::ChannelVacated),
        (LifeKind::MemberAdded, LifeKind::MemberRemoved),
    ];
    pairs.into_iter().fold(kinds, |kinds, (one, other)| {
        let either = kinds.contains(one) || kinds.contains(other);
        if either { kinds.with(one).with(other) } else { kinds }
    })
}

impl Held {
    /// Takes an event in; gives it back if it is to be told at once.
    pub(super) fn pass(&mut self, event: LifeEvent, now: Instant) -> Option<LifeEvent> {
        match event.kind {
            LifeKind::ChannelVacated | LifeKind::MemberRemoved => {
                self.restore(event, now + HOLD);
                None
            }
            LifeKind::ChannelOccupied | LifeKind::MemberAdded => {
                if self.take_back(&Place::of(&event)) {
                    None
                } else {
                    Some(event)
                }
            }
            LifeKind::ClientEvent | LifeKind::CacheMiss | LifeKind::SubscriptionCount => Some(event),
        }
    }

    /// Holds a departure until `due`.
    pub(super) fn restore(&mut self, event: LifeEvent, due: Instant) {
        let place = Place::of(&event);
        // Only a return that was lost on the way can leave an older departure here: it is told once.
        self.take_back(&place);
        self.numbers.insert(place, self.next);
        self.events.insert(self.next, (due, event));
        self.next += 1;
    }

    /// All departures, oldest first, and how long they can still be taken back.
    pub(super) fn states(&self, now: Instant) -> impl Iterator<Item = (&LifeEvent, Duration)> {
        self.events.values().map(move |(due, event)| (event, due.saturating_duration_since(now)))
    }

    /// When the next departure is to be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.events.first_key_value().map(|(_, (due, _))| *due)
    }

    /// A departure that is to be told now.
    pub(super) fn release(&mut self, now: Instant) -> Option<LifeEvent> {
        if self.due()? <= now || self.events.len() > MOST { self.release_any() } else { None }
    }

    /// The oldest departure, whether its time has come or not.
    pub(super) fn release_any(&mut self) -> Option<LifeEvent> {
        let (_, (_, event)) = self.events.pop_first()?;
        self.numbers.remove(&Place::of(&event));
        Some(event)
    }

    /// Whether there was a departure to take back.
    fn take_back(&mut self, place: &Place) -> bool {
        let number = self.numbers.remove(place);
        number.is_some_and(|number| self.events.remove(&number).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LifeKind::{ChannelOccupied, ChannelVacated, MemberAdded, MemberRemoved};

    struct Line {
        held: Held,
        now: Instant,
    }

    fn line() -> Line {
        Line { held: Held::default(), now: Instant::now() }
    }

    impl Line {
        /// What is told when this happens, a word an event.
        fn hear(&mut self, kind: LifeKind, channel: &str, user_id: Option<&str>) -> Vec<String> {
            let mut event = LifeEvent::at(kind, "1", channel, 0);
            event.user_id = user_id.map(str::to_owned);
            self.held.pass(event, self.now).iter().map(describe).collect()
        }

        /// What is told while time passes.
        fn wait(&mut self, millis: u64) -> Vec<String> {
            self.now += Duration::from_millis(millis);
            std::iter::from_fn(|| self.held.release(self.now)).map(|event| describe(&event)).collect()
        }
    }

    fn describe(event: &LifeEvent) -> String {
        let user_id = event.user_id.as_deref().map(|user_id| format!(" {user_id}")).unwrap_or_default();
        format!("{} {}{user_id}", event.kind.name(), event.channel)
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_departure_is_told_after_three_seconds() {
        let mut line = line();
        assert_eq!(line.hear(ChannelOccupied, "a", None), ["channel_occupied a"]);
        assert_eq!(line.hear(ChannelVacated, "a", None), NOTHING);
        assert_eq!(line.held.due(), Some(line.now + HOLD));
        assert_eq!(line.wait(2_999), NOTHING);
        assert_eq!(line.wait(1), ["channel_vacated a"]);
        assert_eq!(line.held.due(), None);
        assert_eq!(line.hear(ChannelOccupied, "a", None), ["channel_occupied a"]);
    }

    #[test]
    fn a_return_in_time_takes_the_departure_back_and_is_not_told_either() {
        let mut line = line();
        line.hear(ChannelVacated, "a", None);
        line.wait(2_999);
        assert_eq!(line.hear(ChannelOccupied, "a", None), NOTHING);
        assert_eq!(line.wait(60_000), NOTHING);
        assert_eq!(line.hear(ChannelVacated, "a", None), NOTHING);
        assert_eq!(line.wait(3_000), ["channel_vacated a"], "the next departure has its own three seconds");
        assert!(line.held.numbers.is_empty());
    }

    #[test]
    fn only_the_same_user_takes_a_departure_of_a_member_back() {
        let mut line = line();
        line.hear(MemberRemoved, "presence-a", Some("31"));
        assert_eq!(line.hear(MemberAdded, "presence-a", Some("32")), ["member_added presence-a 32"]);
        assert_eq!(line.hear(MemberAdded, "presence-b", Some("31")), ["member_added presence-b 31"]);
        assert_eq!(line.hear(ChannelOccupied, "presence-a", None), ["channel_occupied presence-a"]);
        assert_eq!(line.hear(MemberAdded, "presence-a", Some("31")), NOTHING);
        assert_eq!(line.wait(3_000), NOTHING);
    }

    #[test]
    fn apps_do_not_take_back_each_others_departures() {
        let mut held = Held::default();
        let now = Instant::now();
        assert!(held.pass(LifeEvent::at(ChannelVacated, "1", "a", 0), now).is_none());
        assert!(held.pass(LifeEvent::at(ChannelOccupied, "2", "a", 0), now).is_some());
    }

    #[test]
    fn departures_are_told_in_the_order_in_which_they_happened() {
        let mut line = line();
        line.hear(MemberRemoved, "presence-a", Some("31"));
        line.hear(ChannelVacated, "presence-a", None);
        line.wait(1_000);
        line.hear(ChannelVacated, "b", None);
        assert_eq!(line.wait(2_000), ["member_removed presence-a 31", "channel_vacated presence-a"]);
        assert_eq!(line.wait(1_000), ["channel_vacated b"]);
    }

    #[test]
    fn other_events_pass_at_once() {
        let mut line = line();
        line.hear(ChannelVacated, "cache-a", None);
        assert_eq!(line.hear(LifeKind::CacheMiss, "cache-a", None), ["cache_miss cache-a"]);
        assert_eq!(line.hear(LifeKind::SubscriptionCount, "a", None), ["subscription_count a"]);
        assert_eq!(line.hear(LifeKind::ClientEvent, "private-a", None), ["client_event private-a"]);
    }

    #[test]
    fn a_departure_after_a_lost_return_is_told_once() {
        let mut line = line();
        line.hear(ChannelVacated, "a", None);
        line.wait(1_000);
        line.hear(ChannelVacated, "a", None);
        assert_eq!(line.wait(2_000), NOTHING);
        assert_eq!(line.wait(1_000), ["channel_vacated a"]);
    }

    #[test]
    fn with_too_many_departures_the_oldest_are_told_early() {
        let mut line = line();
        for number in 0..=MOST {
            line.hear(ChannelVacated, &number.to_string(), None);
        }
        assert_eq!(line.wait(0), ["channel_vacated 0"]);
        assert_eq!(line.hear(ChannelOccupied, "1", None), NOTHING);
    }

    #[test]
    fn to_tell_of_one_half_of_a_pair_both_must_be_seen() {
        let only = |kind| needed(LifeKinds::NONE.with(kind));
        assert!(
            only(ChannelVacated).contains(ChannelOccupied) && only(ChannelOccupied).contains(ChannelVacated)
        );
        assert!(only(MemberAdded).contains(MemberRemoved) && !only(MemberAdded).contains(ChannelVacated));
        assert_eq!(only(LifeKind::ClientEvent), LifeKinds::NONE.with(LifeKind::ClientEvent));
    }
}
