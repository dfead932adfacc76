//! The text format of Prometheus, version 0.0.4.

use super::histogram::{BOUNDS, Histogram};
use std::fmt::{Display, Write};

/// What `Content-Type` says of it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics.
#[derive(Debug, Default)]
pub struct Exposition(String);

/// The samples of one metric, to be added.
#[derive(Debug)]
pub struct Family<'a> {
    name: &'static str,
    text: &'a mut String,
}

// Nothing here can fail: a string takes whatever is written into it.
impl Exposition {
    /// Begins a metric that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Begins a metric that only grows.
    pub fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// Adds a histogram of seconds.
    pub fn histogram(&mut self, name: &'static str, help: &str, histogram: &Histogram) {
        let Family { text, .. } = self.family(name, "histogram", help);
        let cumulative = histogram.cumulative();
        for (bound, count) in BOUNDS.iter().zip(&cumulative) {
            let seconds = Seconds(u128::from(*bound) * 1000);
            let _ = writeln!(text, "{name}_bucket{{le=\"{seconds}\"}} {count}");
        }
        let count = cumulative[BOUNDS.len()];
        let sum = Seconds(histogram.sum().as_nanos());
        let _ =
            writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}");
    }

    /// The page.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { name, text: &mut self.0 }
    }
}

impl Family<'_> {
    /// Adds a sample without labels.
    pub fn value(&mut self, value: impl Display) {
        let _ = writeln!(self.text, "{} {value}", self.name);
    }

    /// Adds a sample with one label.
    pub fn labelled(&mut self, label: &str, of: &str, value: impl Display) {
        let _ = writeln!(self.text, "{}{{{label}=\"{}\"}} {value}", self.name, Escaped(of));
    }
}

/// Nanoseconds, written as seconds without a rounding error.
struct Seconds(u128);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The value of a label between its quotation marks.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn samples_stand_under_their_name_kind_and_help() {
        let mut page = Exposition::default();
        page.gauge("fds", "Open.").value(3);
        let mut events = page.counter("events_total", "By app.");
        events.labelled("app", "a\"b\\c\nd", 1);
        assert_eq!(
            page.into_text(),
            "# HELP fds Open.\n# TYPE fds gauge\nfds 3\n\
             # HELP events_total By app.\n# TYPE events_total counter\nevents_total{app=\"a\\\"b\\\\c\\nd\"} 1\n"
        );
    }

    #[test]
    fn a_histogram_ends_with_all_there_were() {
        let (mut page, histogram) = (Exposition::default(), Histogram::default());
        histogram.observe(Duration::from_micros(20));
        histogram.observe(Duration::from_secs(60));
        page.histogram("t_seconds", "How long.", &histogram);
        let text = page.into_text();
        assert!(
            text.contains("t_seconds_bucket{le=\"0.00001\"} 0\nt_seconds_bucket{le=\"0.000025\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("le=\"10\"} 1\nt_seconds_bucket{le=\"+Inf\"} 2\n"), "{text}");
        assert!(text.ends_with("t_seconds_sum 60.00002\nt_seconds_count 2\n"), "{text}");
    }
}
