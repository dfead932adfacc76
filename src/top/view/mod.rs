//! The screen: a function of the state, and of the time that it is looked at.

mod grid;
mod help;
mod panes;
mod table;
mod theme;

pub(super) use grid::figures;
pub(super) use panes::{CHANNELS, CLIENTS, sentence};
pub(super) use table::Column;

use super::figures::Top;
use super::state::{Pane, State};
use super::words;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use std::time::Instant;
use theme::{CHOSEN, Theme};
use unicode_width::UnicodeWidthStr;

const SMALLEST: (u16, u16) = (40, 10);

/// From this height on, all panes are there at once.
const TALL: u16 = 36;

/// From this width on, two of them stand side by side then.
const WIDE: u16 = 120;

/// The most lines that trouble takes.
const TROUBLE_LINES: usize = 4;

/// Draws everything; for each pane, how many rows have been scrolled past, which is not more than there are.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, now: Instant) -> [usize; Pane::ALL.len()] {
    let theme = Theme { has_colours: state.has_colours };
    let screen = frame.area();
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        let text = format!("canyon top needs {} columns and {} lines.", SMALLEST.0, SMALLEST.1);
        frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), screen);
        return state.scrolled;
    }
    let trouble = trouble(state, now, screen.width.into());
    let top = state.top.as_ref().map(|(top, _)| top);
    let sample = top.and_then(|top| top.sample.as_ref());
    let [head, alarm, figures, rest, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(trouble.len() as u16),
        Constraint::Length(sample.map_or(0, |_| grid::height(screen))),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(screen);
    draw_head(frame, head, state, now);
    let trouble: Vec<Line<'_>> = trouble.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(trouble).style(theme.alarm()), alarm);
    if let Some(sample) = sample {
        grid::draw(frame, figures, sample, &state.past, theme);
    }
    let scrolled = top.map_or(state.scrolled, |top| draw_panes(frame, rest, top, state, theme));
    if state.stale_for(now).is_some() {
        frame.buffer_mut().set_style(figures.union(rest), theme.stale());
    }
    draw_foot(frame, foot, state, theme);
    if state.shows_help {
        help::draw(frame, screen, theme, grid::span(screen));
    }
    scrolled
}

/// Whose figures they are, at the left; since when the server runs, at the right.
fn draw_head(frame: &mut Frame<'_>, area: Rect, state: &State, now: Instant) {
    let mut right = match &state.top {
        Some((top, since)) => {
            // It goes on running while nobody asks; but who knows, when it does not answer.
            let since =
                if state.trouble.is_none() { now.saturating_duration_since(*since) } else { <_>::default() };
            let uptime = top.uptime_ms.map(|uptime| uptime + since.as_millis() as f64);
            format!("{}, up {} ", words::foreign(&top.version), words::duration(uptime))
        }
        None => String::new(),
    };
    if state.is_paused {
        right = format!("PAUSED  {right}");
    }
    let subject = &state.subject;
    let left =
        format!(" canyon top   {} at {}", words::foreign(&subject.app), words::foreign(&subject.address));
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let left = words::cut(&left, room);
    let gap = usize::from(area.width).saturating_sub(left.width() + right.width());
    frame.render_widget(Line::styled(format!("{left}{}{right}", " ".repeat(gap)), CHOSEN), area);
}

/// What is wrong, what to do, and how old the figures are.
fn trouble(state: &State, now: Instant, width: usize) -> Vec<String> {
    let every = match state.interval.as_millis() {
        1000 => "each second".to_owned(),
        milliseconds => format!("every {}", words::duration(Some(milliseconds as f64))),
    };
    let mut text = match (&state.trouble, &state.top) {
        (None, None) => format!("Asking {} ...", state.subject.address),
        (None, Some(_)) => return Vec::new(),
        (Some(trouble), _) => format!("{trouble} Asking again {every}."),
    };
    if let Some(age) = state.stale_for(now) {
        let age = words::duration(Some(age.as_millis() as f64));
        text = format!("{text} These figures are {age} old.");
    }
    let mut lines = words::wrapped(&words::foreign(&text), width);
    lines.truncate(TROUBLE_LINES);
    lines
}

/// One pane with the others behind their titles, or all of them where there is room.
fn draw_panes(
    frame: &mut Frame<'_>,
    area: Rect,
    top: &Top,
    state: &State,
    theme: Theme,
) -> [usize; Pane::ALL.len()] {
    let mut scrolled = state.scrolled;
    let [_, area] =
        Layout::vertical([Constraint::Length(u16::from(frame.area().height >= 24)), Constraint::Fill(1)])
            .areas(area);
    if frame.area().height < TALL {
        let [titles, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        draw_titles(frame, titles, &Pane::ALL, top, state, theme);
        scrolled[state.pane as usize] = panes::draw(frame, body, state.pane, state, theme);
        return scrolled;
    }
    let below = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).spacing(1);
    let [channels, others] = below.areas(area);
    let [clients, refusals] = if area.width >= WIDE {
        Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(2).areas(others)
    } else {
        Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(others)
    };
    for (pane, place) in Pane::ALL.into_iter().zip([channels, clients, refusals]) {
        let [title, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(place);
        draw_titles(frame, title, &[pane], top, state, theme);
        scrolled[pane as usize] = panes::draw(frame, body, pane, state, theme);
    }
    scrolled
}

fn draw_titles(frame: &mut Frame<'_>, area: Rect, panes: &[Pane], top: &Top, state: &State, theme: Theme) {
    let mut spans = Vec::new();
    for &pane in panes {
        let style = if pane == state.pane { CHOSEN } else { theme.aside() };
        spans.push(Span::styled(format!(" {} {} ", pane as usize + 1, panes::title(pane, top)), style));
        spans.push(Span::raw(" "));
    }
    if panes.contains(&Pane::Channels) && !state.filter.is_empty() {
        spans.push(Span::styled(format!("with {:?}", state.filter), theme.alarm()));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The keys; or the filter that is being typed.
fn draw_foot(frame: &mut Frame<'_>, area: Rect, state: &State, theme: Theme) {
    let mut spans = vec![Span::raw(" ")];
    if state.is_editing() {
        spans.push(Span::styled("Filter ", theme.key()));
        spans.push(Span::raw(words::foreign(&state.filter)));
        spans.push(Span::styled(" ", CHOSEN));
        spans.push(Span::styled("  Enter keeps it, Esc gives it up", theme.aside()));
    } else {
        let pause = if state.is_paused { "go on" } else { "pause" };
        for (key, meaning) in
            [("q", "quit"), ("?", "help"), ("/", "filter"), ("s", "sort"), ("Tab", "pane"), ("p", pause)]
        {
            spans.push(Span::styled(key, theme.key()));
            spans.push(Span::styled(format!(" {meaning}   "), theme.aside()));
        }
    }
    frame.render_widget(Clear, area);
    frame.render_widget(Line::from(spans), area);
}

#[cfg(test)]
mod tests;
