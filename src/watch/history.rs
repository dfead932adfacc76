//! The last ten minutes, a sample a second.

use super::{Counts, Levels, Sample, Waiting, Watched};
use crate::metrics::{BOUNDS, Metrics};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Samples that are kept.
pub(crate) const LONGEST: usize = 600;

/// From one sample to the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a sample shows to an app, in the order of [`values`].
pub(crate) const FIELDS: [&str; 19] = [
    "time_ms",
    "connections",
    "subscriptions",
    "channels",
    "users",
    "events_from_queue",
    "events_from_http",
    "events_from_clients",
    "deliveries",
    "delivered_bytes",
    "dropped",
    "refused",
    "slow_clients_closed",
    "queue_events",
    "queue_bytes",
    "queue_age_ms",
    "inbox_bytes",
    "turn_us_p99",
    "worker_load",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct History(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    samples: VecDeque<Sample>,
    taken: Instant,
    before: Before,
}

/// What was read at the last sample, to be subtracted.
#[derive(Debug, Default)]
struct Before {
    counts: Counts,
    turns: [u64; BOUNDS.len() + 1],
    cpu: Vec<Option<Duration>>,
}

/// What there is to see at one moment, beside the counters.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) time_ms: u64,
    pub(crate) apps: Vec<Levels>,
    pub(crate) queue: Option<Waiting>,
    pub(crate) inbox_bytes: u64,
    /// Processor time that each worker has used.
    pub(crate) cpu: Vec<Option<Duration>>,
}

impl Default for History {
    fn default() -> Self {
        let (samples, before) = (VecDeque::new(), Before::default());
        Self(Mutex::new(Kept { samples, taken: Instant::now(), before }))
    }
}

impl History {
    /// How long it is until the next sample.
    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        (self.0.lock().taken + INTERVAL).saturating_duration_since(now)
    }

    /// Takes a sample.
    pub(crate) fn take(&self, now: Instant, reading: Reading, metrics: &Metrics) {
        let mut kept = self.0.lock();
        let seconds = now.saturating_duration_since(kept.taken).as_secs_f64();
        let (counts, turns) = (counted(metrics), metrics.turns.cumulative());
        let sample = Sample {
            time_ms: reading.time_ms,
            apps: reading.apps,
            counts: difference(counts, kept.before.counts),
            queue: reading.queue,
            inbox_bytes: reading.inbox_bytes,
            turn_us_p99: p99(turns, kept.before.turns),
            worker_load: loads(&reading.cpu, &kept.before.cpu, seconds),
        };
        if kept.samples.len() == LONGEST {
            kept.samples.pop_front();
        }
        kept.samples.push_back(sample);
        kept.before = Before { counts, turns, cpu: reading.cpu };
        // Not later and later by what a sample takes; but what was missed is not made up for.
        kept.taken = if seconds < 1.5 { kept.taken + INTERVAL } else { now };
    }

    /// The newest samples, `most` of them, as an app sees them: rows of [`FIELDS`], oldest first.
    pub(crate) fn rows(&self, app: usize, most: usize) -> Vec<Vec<Value>> {
        let kept = self.0.lock();
        let first = kept.samples.len().saturating_sub(most);
        kept.samples.range(first..).map(|sample| values(sample, app)).collect()
    }

    /// The newest sample by the names of its fields; nothing before the first second is over.
    pub(crate) fn newest(&self, app: usize) -> Option<Map<String, Value>> {
        let kept = self.0.lock();
        let values = values(kept.samples.back()?, app);
        Some(FIELDS.iter().map(|name| (*name).to_owned()).zip(values).collect())
    }

    /// Tells another server.
    pub(crate) fn state(&self) -> (Vec<Sample>, BTreeMap<String, u64>) {
        let kept = self.0.lock();
        let counted = named(kept.before.counts).map(|(name, count)| (name.to_owned(), count));
        (kept.samples.iter().cloned().collect(), counted.into())
    }

    /// Begins with what another server has kept; `apps` are the places that its apps have here. The counters must have been
    /// taken over before.
    pub(crate) fn restore(&self, told: &Watched, apps: &[Option<usize>], metrics: &Metrics, time_ms: u64) {
        let mut kept = self.0.lock();
        let served = apps.iter().flatten().max().map_or(0, |last| last + 1);
        let mine = |theirs: &Sample| {
            let mut levels = vec![Levels::default(); served];
            for (place, level) in apps.iter().zip(&theirs.apps) {
                place.iter().for_each(|place| levels[*place] = *level);
            }
            Sample { apps: levels, ..theirs.clone() }
        };
        let first = told.samples.len().saturating_sub(LONGEST);
        kept.samples = told.samples[first..].iter().map(mine).collect();
        let mut counts = counted(metrics);
        let before = |name: &str, now: u64| told.counted.get(name).copied().unwrap_or(now).min(now);
        for_each(&mut counts, |name, count| *count = before(name, *count));
        kept.before.counts = counts;
        // The second that began with the other server ends here.
        if let Some(last) = kept.samples.back() {
            let ago = Duration::from_millis(time_ms.saturating_sub(last.time_ms)).min(INTERVAL);
            kept.taken = kept.taken.checked_sub(ago).unwrap_or(kept.taken);
        }
    }
}

/// What the counters say now.
fn counted(metrics: &Metrics) -> Counts {
    let dropped = [&metrics.events_expired, &metrics.events_refused_full, &metrics.records_refused];
    Counts {
        events_from_queue: metrics.events_from_queue.get(),
        events_from_http: metrics.events_from_http.get(),
        events_from_clients: metrics.events_from_clients.get(),
        deliveries: metrics.deliveries.get(),
        delivered_bytes: metrics.delivered_bytes.get(),
        dropped: dropped.into_iter().map(crate::metrics::Counter::get).sum(),
        refused: metrics.refusals.get(),
        slow_clients_closed: metrics.slow_clients_closed.get(),
    }
}

fn for_each(counts: &mut Counts, mut change: impl FnMut(&'static str, &mut u64)) {
    change("events_from_queue", &mut counts.events_from_queue);
    change("events_from_http", &mut counts.events_from_http);
    change("events_from_clients", &mut counts.events_from_clients);
    change("deliveries", &mut counts.deliveries);
    change("delivered_bytes", &mut counts.delivered_bytes);
    change("dropped", &mut counts.dropped);
    change("refused", &mut counts.refused);
    change("slow_clients_closed", &mut counts.slow_clients_closed);
}

fn named(counts: Counts) -> [(&'static str, u64); 8] {
    let mut named = [("", 0); 8];
    let (mut counts, mut place) = (counts, 0);
    for_each(&mut counts, |name, count| {
        named[place] = (name, *count);
        place += 1;
    });
    named
}

fn difference(now: Counts, before: Counts) -> Counts {
    let (mut difference, mut before) = (now, named(before).into_iter());
    for_each(&mut difference, |_, count| {
        *count = count.saturating_sub(before.next().map_or(0, |(_, before)| before));
    });
    difference
}

/// The upper end of the bucket that holds the 99th of a hundred turns; `None` if there were none, or it has no end.
fn p99(now: [u64; BOUNDS.len() + 1], before: [u64; BOUNDS.len() + 1]) -> Option<u64> {
    let total = now[BOUNDS.len()].saturating_sub(before[BOUNDS.len()]);
    let least = (total * 99).div_ceil(100);
    let holds = |bucket: &usize| now[*bucket].saturating_sub(before[*bucket]) >= least;
    (0..BOUNDS.len()).find(holds).filter(|_| total > 0).map(|bucket| BOUNDS[bucket])
}

fn loads(now: &[Option<Duration>], before: &[Option<Duration>], seconds: f64) -> Vec<Option<f64>> {
    let load = |(worker, used): (usize, &Option<Duration>)| {
        let before = before.get(worker).copied().flatten().unwrap_or_default();
        let share = used.map(|used| used.saturating_sub(before).as_secs_f64() / seconds)?;
        // To a thousandth; a thread that was counted a moment later than before cannot have used more than all.
        share.is_finite().then(|| (share.min(1.0) * 1000.0).round() / 1000.0)
    };
    now.iter().enumerate().map(load).collect()
}

fn values(sample: &Sample, app: usize) -> Vec<Value> {
    let levels = sample.apps.get(app);
    let level = |of: fn(&Levels) -> u64| json!(levels.map(of));
    let queue = |of: fn(&Waiting) -> u64| json!(sample.queue.as_ref().map(of));
    let counts = &sample.counts;
    vec![
        sample.time_ms.into(),
        level(|levels| levels.connections),
        level(|levels| levels.subscriptions),
        level(|levels| levels.channels),
        level(|levels| levels.users),
        counts.events_from_queue.into(),
        counts.events_from_http.into(),
        counts.events_from_clients.into(),
        counts.deliveries.into(),
        counts.delivered_bytes.into(),
        counts.dropped.into(),
        counts.refused.into(),
        counts.slow_clients_closed.into(),
        queue(|waiting| waiting.events),
        queue(|waiting| waiting.bytes),
        queue(|waiting| waiting.age_ms),
        sample.inbox_bytes.into(),
        json!(sample.turn_us_p99),
        json!(sample.worker_load),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPS: [Levels; 2] = [
        Levels { connections: 1, subscriptions: 2, channels: 3, users: 4 },
        Levels { connections: 5, subscriptions: 6, channels: 7, users: 8 },
    ];

    fn reading(time_ms: u64, cpu_ms: u64) -> Reading {
        let queue = Some(Waiting { events: 9, bytes: 900, age_ms: 90 });
        let cpu = vec![Some(Duration::from_millis(cpu_ms)), None];
        Reading { time_ms, apps: APPS.to_vec(), queue, inbox_bytes: 11, cpu }
    }

    fn after(history: &History, seconds: f64) -> Instant {
        history.0.lock().taken + Duration::from_secs_f64(seconds)
    }

    fn newest(history: &History, app: usize, fields: &[&str]) -> Vec<Value> {
        let newest = history.newest(app).unwrap();
        fields.iter().map(|field| newest[*field].clone()).collect()
    }

    #[test]
    fn every_field_has_its_value() {
        let (history, metrics) = (History::default(), Metrics::default());
        assert_eq!(history.newest(0), None);
        let counters = [
            &metrics.events_from_queue,
            &metrics.events_from_http,
            &metrics.events_from_clients,
            &metrics.deliveries,
            &metrics.delivered_bytes,
            &metrics.events_expired,
            &metrics.refusals,
            &metrics.slow_clients_closed,
        ];
        counters.iter().zip(101..).for_each(|(counter, amount)| counter.add(amount));
        metrics.events_refused_full.add(1000);
        metrics.records_refused.add(2000);
        history.take(after(&history, 1.0), reading(1_700_000_000_000, 250), &metrics);
        let row = json!([
            1_700_000_000_000_u64,
            5,
            6,
            7,
            8,
            101,
            102,
            103,
            104,
            105,
            3106,
            107,
            108,
            9,
            900,
            90,
            11,
            null,
            [0.25, null]
        ]);
        assert_eq!(json!(history.rows(1, 10)), json!([row]));
        assert_eq!(row.as_array().unwrap().len(), FIELDS.len());
        assert_eq!(newest(&history, 2, &["connections", "deliveries"]), [Value::Null, json!(104)]);
    }

    #[test]
    fn counts_are_those_of_the_second() {
        let (history, metrics) = (History::default(), Metrics::default());
        let take = |cpu_ms| history.take(after(&history, 1.0), reading(1, cpu_ms), &metrics);
        metrics.deliveries.add(5);
        metrics.turns.observe(Duration::from_micros(20));
        take(100);
        metrics.deliveries.add(7);
        (0..99).for_each(|_| metrics.turns.observe(Duration::from_micros(300)));
        metrics.turns.observe(Duration::from_millis(9));
        take(2000);
        let fields = ["deliveries", "turn_us_p99", "worker_load"];
        assert_eq!(newest(&history, 0, &fields), [json!(7), json!(500), json!([1.0, null])]);
        take(2000);
        assert_eq!(newest(&history, 0, &fields), [json!(0), json!(null), json!([0.0, null])]);
        (0..2).for_each(|_| metrics.turns.observe(Duration::from_secs(20)));
        take(2000);
        assert_eq!(newest(&history, 0, &["turn_us_p99"]), [json!(null)], "longer than all that is measured");
    }

    #[test]
    fn ten_minutes_are_kept() {
        let (history, metrics) = (History::default(), Metrics::default());
        for second in 0..LONGEST as u64 + 3 {
            history.take(after(&history, 1.0), reading(second, 1), &metrics);
        }
        let times = |most| -> Vec<Value> {
            history.rows(0, most).into_iter().map(|mut row| row.swap_remove(0)).collect()
        };
        assert_eq!(times(2), [601, 602]);
        assert_eq!((times(LONGEST).len(), &times(LONGEST)[0]), (LONGEST, &json!(3)));
    }

    #[test]
    fn a_sample_is_due_each_second_and_none_is_made_up_for() {
        let (history, metrics) = (History::default(), Metrics::default());
        let begun = after(&history, 0.0);
        let due = |seconds: f64| history.due_in(begun + Duration::from_secs_f64(seconds)).as_secs_f64();
        let take = |seconds| history.take(begun + Duration::from_secs_f64(seconds), reading(1, 1), &metrics);
        assert_eq!((due(0.0), due(0.75), due(1.25)), (1.0, 0.25, 0.0));
        take(1.25);
        assert_eq!(due(1.25), 0.75, "a late one does not move those after it");
        take(60.0);
        assert_eq!(due(60.0), 1.0);
    }

    #[test]
    fn another_server_goes_on_where_this_one_stopped() {
        let (old, counted) = (History::default(), Metrics::default());
        counted.deliveries.add(5);
        old.take(after(&old, 1.0), reading(1_000_000, 1), &counted);
        // After the last sample, and before the hand-over.
        counted.deliveries.add(2);
        let (samples, counts) = old.state();
        let told = Watched { samples, counted: counts, ..Watched::default() };
        let (new, metrics) = (History::default(), Metrics::default());
        metrics.deliveries.add(7);
        new.restore(&told, &[Some(1), None], &metrics, 1_000_400);
        assert_eq!(newest(&new, 1, &["connections", "deliveries"]), [1, 5]);
        assert_eq!(newest(&new, 0, &["connections"]), [0], "an app that came with the new server");
        assert!(new.due_in(Instant::now()) <= Duration::from_millis(600));
        metrics.deliveries.add(1);
        new.take(after(&new, 1.0), reading(1_001_000, 1), &metrics);
        assert_eq!(newest(&new, 0, &["deliveries"]), [3], "no hole and no spike");
    }

    #[test]
    fn a_server_that_tells_nothing_leaves_no_spike() {
        let (history, metrics) = (History::default(), Metrics::default());
        metrics.deliveries.add(1000);
        history.restore(&Watched::default(), &[], &metrics, 1);
        history.take(after(&history, 1.0), reading(2, 1), &metrics);
        assert_eq!(newest(&history, 0, &["deliveries"]), [0]);
    }
}
