//! What the server and its parent hold, second by second, and whether that stays flat.

use crate::served::Page;
use std::time::Duration;

/// One look at both processes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    /// Bytes in RAM.
    pub(crate) server_bytes: f64,
    pub(crate) parent_bytes: f64,
    pub(crate) connections: f64,
    /// Descriptors of the server that are not those of connections.
    pub(crate) other_fds: f64,
    pub(crate) parent_fds: f64,
    pub(crate) parent_threads: f64,
}

/// What of a figure may be more at the end than it was before: noise, and nothing that would add up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) share: f64,
    pub(crate) amount: f64,
}

/// A figure after the warm-up, and at the end under the same load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) before: f64,
    pub(crate) after: f64,
}

impl Growth {
    pub(crate) fn is_flat(self, allowance: Allowance) -> bool {
        self.after <= self.before * (1.0 + allowance.share) + allowance.amount
    }
}

impl Sample {
    /// From what the server says of itself, and what the system says of the parent.
    pub(crate) fn new(at: Duration, page: &Page, parent: u32) -> Option<Self> {
        let value = |name: &str| page.get(name).copied();
        let connections: f64 = all(page, "canyon_connections{");
        Some(Self {
            at,
            server_bytes: value("process_resident_memory_bytes")?,
            parent_bytes: status(parent, "VmRSS:")? * 1024.0,
            connections,
            other_fds: value("process_open_fds")? - connections - value("canyon_http_connections")?,
            parent_fds: std::fs::read_dir(format!("/proc/{parent}/fd")).ok()?.count() as f64,
            parent_threads: status(parent, "Threads:")?,
        })
    }
}

/// The sum of a figure over its labels.
pub(crate) fn all(page: &Page, beginning: &str) -> f64 {
    page.iter().filter(|(name, _)| name.starts_with(beginning)).map(|(_, value)| value).sum()
}

fn status(pid: u32, line: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let rest = status.lines().find_map(|found| found.strip_prefix(line))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The median of a figure over samples.
pub(crate) fn median(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    let mut figures: Vec<f64> = samples.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// By how much a figure grows in a minute: the slope of the straight line that fits best.
pub(crate) fn slope(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let minutes = |sample: &Sample| sample.at.as_secs_f64() / 60.0;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (middle, level) = (mean(&minutes), mean(&figure));
    let (mut over, mut under) = (0.0, 0.0);
    for sample in samples {
        let away = minutes(sample) - middle;
        over += away * (figure(sample) - level);
        under += away * away;
    }
    if under > 0.0 { over / under } else { 0.0 }
}

/// The samples from one moment to another.
pub(crate) fn between(samples: &[Sample], from: Duration, to: Duration) -> &[Sample] {
    let start = samples.partition_point(|sample| sample.at < from);
    let end = samples.partition_point(|sample| sample.at < to);
    &samples[start..end.max(start)]
}

/// A figure in the first and the last of these samples.
pub(crate) fn growth(before: &[Sample], after: &[Sample], figure: fn(&Sample) -> f64) -> Growth {
    Growth { before: median(before, figure), after: median(after, figure) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(bytes: impl Fn(f64) -> f64) -> Vec<Sample> {
        let sample = |second: u64| Sample {
            at: Duration::from_secs(second),
            server_bytes: bytes(second as f64),
            ..Sample::default()
        };
        (0..600).map(sample).collect()
    }

    #[test]
    fn a_leak_is_seen_through_the_noise_and_noise_is_no_leak() {
        let allowance = Allowance { share: 0.05, amount: 1e6 };
        let noise = |second: f64| (second * 7.3).sin() * 2e6;
        for (leak, is_flat) in [(0.0, true), (10_000.0, false)] {
            let all = series(|second| 30e6 + noise(second) + second * leak);
            let (seconds, bytes) = (Duration::from_secs, |sample: &Sample| sample.server_bytes);
            let (before, after) =
                (between(&all, seconds(60), seconds(120)), between(&all, seconds(540), seconds(600)));
            assert_eq!((before.len(), after.len()), (60, 60));
            assert_eq!(growth(before, after, bytes).is_flat(allowance), is_flat);
            assert!((slope(&all, bytes) - leak * 60.0).abs() < 30_000.0);
        }
    }

    #[test]
    fn one_more_is_too_many_where_nothing_may_be_more() {
        let nothing = Allowance { share: 0.0, amount: 0.0 };
        assert!(Growth { before: 12.0, after: 12.0 }.is_flat(nothing));
        assert!(!Growth { before: 12.0, after: 13.0 }.is_flat(nothing));
    }

    #[test]
    fn figures_are_summed_over_their_labels() {
        let page = Page::from([
            ("canyon_connections{app=\"a\"}".to_owned(), 3.0),
            ("canyon_connections{app=\"b\"}".to_owned(), 4.0),
            ("canyon_connections_opened_total".to_owned(), 100.0),
        ]);
        assert!((all(&page, "canyon_connections{") - 7.0).abs() < f64::EPSILON);
    }
}
