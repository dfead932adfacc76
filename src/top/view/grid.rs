//! The figures of the whole server, each with its chart, and the load of the workers.

use super::theme::{FIGURE, Theme};
use super::words;
use crate::top::figures::Sample;
use crate::top::past::{Figure, Past};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{RenderDirection, Sparkline};

const LABEL: u16 = 14;
const VALUE: u16 = 10;
const GAP: u16 = 2;

/// Charts cover a minute at least, where that takes no more than ten seconds a column.
const SHORTEST_CHART: u64 = 60;
const STEPS: [u64; 4] = [1, 2, 5, 10];

/// A figure with its name and unit.
#[derive(Clone, Copy)]
struct Cell {
    label: &'static str,
    figure: Figure,
    shown: Shown,
}

#[derive(Clone, Copy)]
enum Shown {
    As(fn(Option<f64>) -> String),
    /// Rare and bad: shown is how many there were in the time that is known.
    Loss,
}

impl Cell {
    const fn new(label: &'static str, figure: Figure, words: fn(Option<f64>) -> String) -> Self {
        Self { label, figure, shown: Shown::As(words) }
    }

    const fn loss(label: &'static str, figure: Figure) -> Self {
        Self { label, figure, shown: Shown::Loss }
    }

    fn label(&self, past: &Past) -> String {
        match self.shown {
            Shown::As(_) => self.label.to_owned(),
            Shown::Loss => format!("{}/{}m", self.label, past.seconds().div_ceil(60).max(1)),
        }
    }

    fn value(&self, sample: &Sample, past: &Past) -> String {
        let figure = (self.figure)(sample);
        match self.shown {
            Shown::As(words) => words(figure),
            Shown::Loss => words::count(figure.map(|_| past.total(self.figure))),
        }
    }
}

const CONNECTIONS: Cell = Cell::new("Connections", |sample| sample.connections, words::count);
const SUBSCRIPTIONS: Cell = Cell::new("Subscriptions", |sample| sample.subscriptions, words::count);
const CHANNELS: Cell = Cell::new("Channels", |sample| sample.channels, words::count);
const USERS: Cell = Cell::new("Users", |sample| sample.users, words::count);
const QUEUED: Cell = Cell::new("Events, queue", |sample| sample.events_from_queue, words::rate);
const POSTED: Cell = Cell::new("Events, HTTP", |sample| sample.events_from_http, words::rate);
const WHISPERED: Cell = Cell::new("Events, client", |sample| sample.events_from_clients, words::rate);
const DELIVERIES: Cell = Cell::new("Deliveries", |sample| sample.deliveries, words::rate);
const SENT: Cell = Cell::new("Sent", |sample| sample.delivered_bytes, words::byte_rate);
const WAITING: Cell = Cell::new("Queue depth", |sample| sample.queue_events, words::count);
const AGE: Cell = Cell::new("Queue age", |sample| sample.queue_age_ms, words::duration);
const INBOXES: Cell = Cell::new("Inboxes", |sample| sample.inbox_bytes, words::bytes);
const TURN: Cell = Cell::new(
    "Turn, p99",
    |sample| sample.turn_us_p99,
    |microseconds| words::duration(microseconds.map(|microseconds| microseconds / 1000.0)),
);
const DROPPED: Cell = Cell::loss("Dropped", |sample| sample.dropped);
const REFUSED: Cell = Cell::loss("Refused", |sample| sample.refused);
const HUNG_UP: Cell = Cell::loss("Hung up", |sample| sample.slow_clients_closed);

/// All figures with their names and units.
pub(in crate::top) fn figures(sample: &Sample, past: &Past) -> impl Iterator<Item = (String, String)> {
    const ALL: [Cell; 16] = [
        CONNECTIONS,
        SUBSCRIPTIONS,
        CHANNELS,
        USERS,
        QUEUED,
        POSTED,
        WHISPERED,
        DELIVERIES,
        SENT,
        WAITING,
        AGE,
        INBOXES,
        TURN,
        DROPPED,
        REFUSED,
        HUNG_UP,
    ];
    ALL.into_iter().map(|cell| (cell.label(past), cell.value(sample, past)))
}

/// Columns of cells: as much as is readable, and the most telling where there is little room.
fn arrangement(area: Rect) -> &'static [&'static [Cell]] {
    match (area.width, area.height) {
        (114.., 20..) => &[
            &[CONNECTIONS, SUBSCRIPTIONS, CHANNELS, USERS, INBOXES],
            &[QUEUED, POSTED, WHISPERED, DELIVERIES, SENT],
            &[WAITING, AGE, DROPPED, REFUSED, HUNG_UP],
        ],
        (_, 20..) => &[
            &[CONNECTIONS, SUBSCRIPTIONS, CHANNELS, USERS, DELIVERIES, SENT, HUNG_UP],
            &[QUEUED, POSTED, WHISPERED, WAITING, AGE, DROPPED, REFUSED],
        ],
        _ => &[
            &[CONNECTIONS, SUBSCRIPTIONS, DELIVERIES, SENT, DROPPED],
            &[QUEUED, POSTED, WAITING, AGE, REFUSED],
        ],
    }
}

/// Lines that a figure and its chart take.
fn cell_height(screen: Rect) -> u16 {
    if screen.height >= 40 { 2 } else { 1 }
}

/// How many lines all of it takes on a screen of this size.
pub(super) fn height(screen: Rect) -> u16 {
    let rows = arrangement(screen).iter().map(|column| column.len()).max().unwrap_or_default();
    rows as u16 * cell_height(screen) + 1
}

/// What the charts of this screen cover, in seconds.
pub(super) fn span(screen: Rect) -> u64 {
    let columns = chart_columns(column_width(screen));
    columns * step(columns)
}

fn column_width(screen: Rect) -> u16 {
    let columns = arrangement(screen).len() as u16;
    screen.width.saturating_sub(GAP * (columns - 1)) / columns
}

fn chart_columns(width: u16) -> u64 {
    width.saturating_sub(LABEL + VALUE + 1).into()
}

/// Seconds of a chart's column.
fn step(columns: u64) -> u64 {
    STEPS.into_iter().find(|step| columns * step >= SHORTEST_CHART).unwrap_or(STEPS[STEPS.len() - 1])
}

/// Draws them into `area` of the screen.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sample: &Sample, past: &Past, theme: Theme) {
    let screen = frame.area();
    let (columns, height) = (arrangement(screen), cell_height(screen));
    let width = column_width(screen);
    for (x, cells) in columns.iter().enumerate() {
        let left = area.x + x as u16 * (width + GAP);
        for (y, cell) in cells.iter().enumerate() {
            let place = Rect::new(left, area.y + y as u16 * height, width, height).intersection(area);
            draw_cell(frame, place, cell, (sample, past), theme);
        }
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    draw_workers(frame, last.intersection(area), (sample, past), theme);
}

fn draw_cell(frame: &mut Frame<'_>, area: Rect, cell: &Cell, known: (&Sample, &Past), theme: Theme) {
    let (sample, past) = known;
    let is_alarming = matches!(cell.shown, Shown::Loss) && past.total(cell.figure) > 0.0;
    let style = if is_alarming { theme.alarm() } else { FIGURE };
    let [text, chart] =
        Layout::horizontal([Constraint::Length(LABEL + VALUE), Constraint::Fill(1)]).spacing(1).areas(area);
    let (label, value) = (cell.label(past), cell.value(sample, past));
    let value = format!("{value:>0$}", usize::from(LABEL + VALUE).saturating_sub(label.chars().count()));
    frame.render_widget(
        Line::from(vec![Span::styled(label, theme.aside()), Span::styled(value, style)]),
        text,
    );
    let style = if is_alarming { style } else { theme.chart() };
    let columns = u64::from(chart.width);
    let figures = past.columns(chart.width.into(), step(columns), cell.figure);
    frame.render_widget(sparkline(&figures, 0.0, chart.height).style(style), chart);
}

/// Bars from the newest at the right. The highest figure, or `full`, is seven eighths of a line high: charts that stand one
/// under the other would grow together otherwise. What is not nothing is an eighth at least.
fn sparkline(figures: &[Option<f64>], full: f64, lines: u16) -> Sparkline<'static> {
    // Fractions matter in shares of a processor.
    let scaled = |figure: f64| (figure * 1000.0) as u64;
    let most = figures.iter().flatten().copied().fold(full, f64::max) * 8.0 / 7.0;
    let least = scaled(most).div_ceil(8 * u64::from(lines.max(1)));
    let bar = |figure: f64| if figure > 0.0 { scaled(figure).max(least) } else { 0 };
    let bars: Vec<Option<u64>> = figures.iter().map(|figure| figure.map(bar)).collect();
    Sparkline::default().data(bars).max(scaled(most).max(1)).direction(RenderDirection::RightToLeft)
}

/// Each worker's share of a processor with its chart; where they are too many, one bar each.
fn draw_workers(frame: &mut Frame<'_>, area: Rect, (sample, past): (&Sample, &Past), theme: Theme) {
    const SHARE: u16 = 5;
    let loads = sample.worker_load.as_deref().unwrap_or_default();
    let label = if loads.len() == 1 { "Worker" } else { "Workers" };
    let [name, rest] = Layout::horizontal([Constraint::Length(LABEL), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Line::styled(label, theme.aside()), name);
    if loads.is_empty() {
        frame.render_widget("-", rest);
        return;
    }
    let width = (rest.width / loads.len() as u16).min(24);
    if width < SHARE + 6 {
        let known = || loads.iter().flatten();
        let mean = known().sum::<f64>() / known().count().max(1) as f64;
        let text = format!(
            "{}: {} on average, {} at most ",
            loads.len(),
            words::percent(Some(mean)),
            words::percent(known().copied().reduce(f64::max)),
        );
        let [text_area, chart] =
            Layout::horizontal([Constraint::Length(text.len() as u16), Constraint::Fill(1)]).areas(rest);
        frame.render_widget(Line::styled(text, FIGURE), text_area);
        let bars = sparkline(loads, 1.0, chart.height).direction(RenderDirection::LeftToRight);
        frame.render_widget(bars.style(theme.chart()), chart);
        return;
    }
    let columns = u64::from(width - SHARE - 2);
    for (worker, &load) in loads.iter().enumerate() {
        let place = Rect { x: rest.x + worker as u16 * width, width: width - 2, ..rest };
        let [share, chart] =
            Layout::horizontal([Constraint::Length(SHARE), Constraint::Fill(1)]).spacing(1).areas(place);
        frame.render_widget(Line::styled(words::percent(load), FIGURE).right_aligned(), share);
        let of_worker = |sample: &Sample| *sample.worker_load.as_ref()?.get(worker)?;
        let figures = past.columns(chart.width.into(), step(columns), of_worker);
        frame.render_widget(sparkline(&figures, 1.0, chart.height).style(theme.chart()), chart);
    }
}
