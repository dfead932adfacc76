//! Says what was promised and not held, from what was delivered, in order, and from what the publishers' journals claim.

use crate::breaches::Breaches;
use crate::delivery::Delivery;
use crate::message::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A quarter of the largest ring: longer messages go to a file of their own. Of small rings shorter ones do, too.
const LARGE: u32 = 64 * 1024;

/// What was promised about every message.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Arrived, but not as it was published.
    pub(crate) torn: Breaches,
    /// Published, but did not arrive.
    pub(crate) missing: Breaches,
    /// Arrived, but was not published.
    pub(crate) foreign: Breaches,
    /// Arrived after a later one of the same publisher.
    pub(crate) disordered: Breaches,
    /// Arrived before something that was published before it by somebody else.
    pub(crate) acausal: Breaches,
    /// Arrived twice, and no kill of the consumer explains it.
    pub(crate) repeated: Breaches,
}

/// What happened, breach or not.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Messages, without duplicates.
    pub(crate) delivered: u64,
    pub(crate) bytes: u64,
    /// Too large for a quarter of any ring there was.
    pub(crate) large: u64,
    /// Second deliveries after a kill of the consumer.
    pub(crate) duplicates: u64,
    /// Messages that named one of another publisher.
    pub(crate) causes: u64,
    /// Delivered, although their publisher was killed before its publish() could return.
    pub(crate) in_flight: u64,
}

/// What a publisher said, and how it ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// Publishes that returned.
    pub(crate) returned: u64,
    /// One publish may have been under way.
    pub(crate) killed: bool,
}

/// One publisher, as far as its messages arrived.
#[derive(Debug, Default)]
struct Publisher {
    /// One more than the highest that arrived.
    next: u64,
    /// Below that, but not there yet.
    gaps: BTreeSet<u64>,
    /// The latest of a killed consumer: whether it told the queue that it had it, nobody knows.
    at_risk: Option<u64>,
}

/// Follows the deliveries one by one.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    publishers: HashMap<u32, Publisher>,
    /// What the present consumer delivered last.
    latest: Option<Message>,
    verdict: Verdict,
    pub(crate) tally: Tally,
}

impl Checker {
    pub(crate) fn delivered(&mut self, delivery: Delivery) {
        let Some(message) = delivery else {
            self.verdict.torn.note(format_args!("after {} others", self.tally.delivered));
            return;
        };
        self.latest = Some(message);
        let Message { id, seq, after, .. } = message;
        let publisher = self.publishers.entry(id).or_default();
        if seq < publisher.next {
            if publisher.gaps.remove(&seq) {
                let next = publisher.next;
                self.verdict.disordered.note(format_args!("{id}/{seq} came after {id}/{}", next - 1));
            } else if publisher.at_risk == Some(seq) && publisher.next == seq + 1 {
                publisher.at_risk = None;
                self.tally.duplicates += 1;
                return;
            } else {
                self.verdict.repeated.note(format_args!("{id}/{seq}"));
                return;
            }
        } else {
            publisher.gaps.extend(publisher.next..seq);
            publisher.next = seq + 1;
        }
        self.tally.delivered += 1;
        self.tally.bytes += u64::from(message.length);
        self.tally.large += u64::from(message.length > LARGE);
        if after.count > 0 {
            self.tally.causes += 1;
            let (arrived, gap) = self.publishers.get(&after.id).map_or((0, None), |cause| {
                (cause.next, cause.gaps.iter().copied().find(|gap| *gap < after.count))
            });
            if arrived < after.count || gap.is_some() {
                let missing = gap.unwrap_or(arrived);
                self.verdict.acausal.note(format_args!("{id}/{seq} came before {}/{missing}", after.id));
            }
        }
    }

    /// The consumer was killed: what it delivered last may come once more.
    pub(crate) fn consumer_killed(&mut self) {
        if let Some(Message { id, seq, .. }) = self.latest.take() {
            self.publishers.entry(id).or_default().at_risk = Some(seq);
        }
    }

    /// The consumer left in good order: nothing of it may come again.
    pub(crate) fn consumer_left(&mut self) {
        self.latest = None;
    }

    /// Compares with what the publishers say, once everything has arrived.
    pub(crate) fn conclude(mut self, claims: &BTreeMap<u32, Claim>) -> (Verdict, Tally) {
        let silent = Publisher::default();
        for (id, claim) in claims {
            let publisher = self.publishers.get(id).unwrap_or(&silent);
            let end = publisher.next.max(claim.returned);
            let absent = publisher.gaps.iter().copied().chain(publisher.next..end);
            absent.for_each(|seq| self.verdict.missing.note(format_args!("{id}/{seq} of {claim:?}")));
            let surplus = publisher.next.saturating_sub(claim.returned);
            let explained = u64::from(claim.killed).min(surplus);
            self.tally.in_flight += explained;
            for seq in claim.returned + explained..publisher.next {
                self.verdict.foreign.note(format_args!("{id}/{seq} of {claim:?}"));
            }
        }
        let known: HashSet<&u32> = claims.keys().collect();
        for (id, publisher) in self.publishers.iter().filter(|(id, _)| !known.contains(id)) {
            self.verdict
                .foreign
                .note(format_args!("{} of publisher {id}, which has no journal", publisher.next));
        }
        (self.verdict, self.tally)
    }
}
