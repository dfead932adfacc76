//! What a scenario found: a line of JSON, and a table for people.

use crate::options::Options;
use crate::statistics::Samples;
use crate::tally::Faults;
use serde_json::{Value, json};
use std::fs;

/// The rows of one scenario.
#[derive(Debug)]
pub(crate) struct Report {
    scenario: &'static str,
    title: String,
    rows: Vec<Row>,
    notes: Vec<String>,
    /// Of all measurements of the scenario; none where nothing is counted.
    faults: Option<Faults>,
    /// Why nothing was measured.
    skipped: Option<&'static str>,
}

/// One thing that was measured, beside what it is compared with.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    unit: Unit,
    value: f64,
    /// Where `value` is a median.
    tail: Option<Tail>,
    floor: Option<(String, f64)>,
}

/// The slow end of samples.
#[derive(Debug, Clone, Copy)]
struct Tail {
    p99: f64,
    /// Only where it is worth telling.
    p999: Option<f64>,
    samples: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    Nanoseconds,
    Bytes,
    PerSecond,
    SecondsPerMillion,
    Percent,
    Count,
}

impl Report {
    pub(crate) fn new(scenario: &'static str, title: impl Into<String>) -> Self {
        Self {
            scenario,
            title: title.into(),
            rows: Vec::new(),
            notes: Vec::new(),
            faults: None,
            skipped: None,
        }
    }

    /// A scenario that only Canyon can run.
    pub(crate) fn skipped(scenario: &'static str, what: &str) -> Self {
        let skipped =
            "skipped: it needs Canyon's queue or its PHP extension, which the server of --url has not";
        Self { skipped: Some(skipped), ..Self::new(scenario, what) }
    }

    /// Adds what went wrong in a measurement.
    pub(crate) fn count(&mut self, faults: Faults) {
        self.faults.get_or_insert_default().add(faults);
    }

    /// Deliveries that went wrong.
    pub(crate) fn faults(&self) -> u64 {
        self.faults.unwrap_or_default().sum()
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Something to know when reading the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The same, once, however often it is said.
    pub(crate) fn remark(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let mut all =
            json!({"scenario": self.scenario, "title": self.title, "rows": rows, "notes": self.notes});
        if let Some(Faults { lost, doubled, reordered }) = self.faults {
            all["faults"] = json!({"lost": lost, "doubled": doubled, "reordered": reordered});
        }
        if let Some(why) = self.skipped {
            all["skipped"] = why.into();
        }
        all
    }

    pub(crate) fn table(&self) -> String {
        if let Some(why) = self.skipped {
            return format!("{}\n  {why}\n", self.title);
        }
        let is_deep = self.rows.iter().any(|row| row.tail.is_some_and(|tail| tail.p999.is_some()));
        let p999 = if is_deep { "p99.9" } else { "" };
        let head = [&self.title, "", "p99", p999, "beside", "", "ratio"].map(str::to_owned);
        let mut lines = vec![head];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 7] = std::array::from_fn(width);
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let [name, value, p99, p999, floor, floor_value, ratio] = line;
            let [w0, w1, w2, w3, w4, w5, w6] = widths;
            let line = format!(
                "{name:<w0$}  {value:>w1$}  {p99:>w2$}  {p999:>w3$}   {floor:<w4$}  {floor_value:>w5$}  {ratio:>w6$}"
            );
            text += line.trim_end();
            text.push('\n');
            if number == 0 {
                text += &"-".repeat(widths.iter().sum::<usize>() + 13);
                text.push('\n');
            }
        }
        if let Some(Faults { lost, doubled, reordered }) = self.faults {
            text += &format!("  Deliveries lost, doubled, out of order: {lost}, {doubled}, {reordered}.\n");
        }
        for note in &self.notes {
            text += &format!("  {note}\n");
        }
        text
    }
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: Unit, value: f64) -> Self {
        Self { name: name.into(), unit, value, tail: None, floor: None }
    }

    /// A row of times: their median and their 99th percentile.
    pub(crate) fn times(name: impl Into<String>, samples: &Samples) -> Self {
        let tail = Some(Tail { p99: samples.quantile(0.99), p999: None, samples: samples.count() });
        Self { tail, ..Self::new(name, Unit::Nanoseconds, samples.quantile(0.5)) }
    }

    /// The same with the one delivery in a thousand that was slowest.
    pub(crate) fn tails(name: impl Into<String>, samples: &Samples) -> Self {
        let mut row = Self::times(name, samples);
        if let Some(tail) = &mut row.tail {
            tail.p999 = Some(samples.quantile(0.999));
        }
        row
    }

    /// Puts a floor (or something else worth comparing with) beside the row.
    pub(crate) fn beside(mut self, name: impl Into<String>, value: f64) -> Self {
        self.floor = Some((name.into(), value));
        self
    }

    /// Of fewer than a hundred samples the 99th percentile is the largest of them, and is called so.
    fn tail(&self, value: f64, samples: usize, least: usize) -> String {
        let name = if samples < least { "max " } else { "" };
        format!("{name}{}", self.unit.show(value))
    }

    fn ratio(&self) -> Option<f64> {
        let (_, floor) = self.floor.as_ref()?;
        Some(self.value / floor).filter(|ratio| ratio.is_finite())
    }

    fn json(&self) -> Value {
        let mut row = json!({"name": self.name, "unit": self.unit.name()});
        row[if self.tail.is_some() { "p50" } else { "value" }] = json!(rounded(self.value));
        if let Some(Tail { p99, p999, samples }) = self.tail {
            row["p99"] = json!(rounded(p99));
            if let Some(p999) = p999 {
                row["p999"] = json!(rounded(p999));
            }
            row["samples"] = json!(samples);
        }
        if let Some((name, value)) = &self.floor {
            row["beside"] = json!({"name": name, "value": rounded(*value)});
            row["ratio"] = json!(self.ratio().map(rounded));
        }
        row
    }

    fn cells(&self) -> [String; 7] {
        let (floor, floor_value) = match &self.floor {
            Some((name, value)) => (name.clone(), self.unit.show(*value)),
            None => Default::default(),
        };
        [
            self.name.clone(),
            self.unit.show(self.value),
            self.tail.map(|tail| self.tail(tail.p99, tail.samples, 100)).unwrap_or_default(),
            self.tail.and_then(|tail| Some(self.tail(tail.p999?, tail.samples, 1000))).unwrap_or_default(),
            floor,
            floor_value,
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        ]
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::PerSecond => "1/s",
            Self::SecondsPerMillion => "cpu s per million",
            Self::Percent => "% of a core",
            Self::Count => "count",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Nanoseconds if value < 1_000.0 => format!("{value:.0} ns"),
            Self::Nanoseconds if value < 1_000_000.0 => format!("{:.2} us", value / 1e3),
            Self::Nanoseconds => format!("{:.2} ms", value / 1e6),
            Self::Bytes if value < 1e6 => format!("{value:.0} B"),
            Self::Bytes => format!("{:.2} MB", value / 1e6),
            Self::PerSecond => format!("{value:.0} /s"),
            Self::SecondsPerMillion => format!("{value:.2} s/M"),
            Self::Percent => format!("{value:.2} %"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What the figures were measured on.
pub(crate) fn machine(options: &Options) -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    json!({
        "scenario": "machine",
        "processor": model.trim_start_matches([' ', '\t', ':']),
        "processors": std::thread::available_parallelism().map_or(1, usize::from),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load": read("/proc/loadavg").split(' ').next().unwrap_or_default(),
        "quick": options.quick,
        "server": options.url.map_or_else(|| "Canyon".to_owned(), |url| url.0.to_string()),
        "workers": options.workers,
    })
}
