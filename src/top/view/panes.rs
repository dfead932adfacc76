//! The busiest channels, the slowest clients and the newest refusals.

use super::table::{self, Column};
use super::theme::Theme;
use super::words;
use crate::top::figures::{Channel, Client, Refusal, Sort, Top};
use crate::top::state::{Pane, State};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

pub(in crate::top) const CHANNELS: [Column<Channel>; 7] = [
    Column::text("Channel", 0, 0, |channel| words::foreign(&channel.name)),
    Column::text("Kind", 10, 70, |channel| words::foreign(&channel.kind)),
    Column::number("Subscr.", 9, 0, |channel| words::count(channel.subscriptions)),
    Column::number("Members", 8, 90, |channel| words::count(channel.members)),
    Column::number("Events/s", 9, 0, |channel| words::count(channel.events)),
    Column::number("Deliv./s", 9, 0, |channel| words::count(channel.deliveries)),
    Column::number("Sent/s", 9, 70, |channel| words::bytes(channel.bytes)),
];

pub(in crate::top) const CLIENTS: [Column<Client>; 5] = [
    Column::text("Socket id", 0, 0, |client| words::foreign(&client.socket_id)),
    Column::text("User", 16, 60, |client| words::foreign(client.user_id.as_deref().unwrap_or("-"))),
    Column::number("Subscr.", 9, 50, |client| words::count(client.subscriptions)),
    Column::number("Unsent", 10, 0, |client| words::bytes(client.unsent_bytes)),
    Column::number("Stalled", 10, 0, |client| words::duration(client.stalled_ms)),
];

/// What a pane is called: with how many rows, if there are any.
pub(super) fn title(pane: Pane, top: &Top) -> String {
    let counted = |name: &str, count: usize| match count {
        0 => name.to_owned(),
        count => format!("{name} ({count})"),
    };
    match pane {
        Pane::Channels => "Channels".to_owned(),
        Pane::Clients => counted("Slow clients", top.clients.len()),
        Pane::Refusals => counted("Refusals", top.refusals.len()),
    }
}

/// Draws a pane; how many rows were scrolled past.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, pane: Pane, state: &State, theme: Theme) -> usize {
    let scrolled = state.scrolled[pane as usize];
    let Some((top, _)) = &state.top else { return 0 };
    match pane {
        Pane::Channels => {
            let channels = state.channels();
            if channels.is_empty() {
                return say(frame, area, &no_channels(state, top), theme);
            }
            let marked = match state.sort {
                Sort::Events => "Events/s",
                Sort::Deliveries => "Deliv./s",
                Sort::Subscribers => "Subscr.",
            };
            table::draw(frame, area, &CHANNELS, &channels, (marked, scrolled), theme)
        }
        Pane::Clients if top.clients.is_empty() => {
            say(frame, area, "Every client reads what it is sent.", theme)
        }
        Pane::Clients => {
            let clients: Vec<&Client> = top.clients.iter().collect();
            table::draw(frame, area, &CLIENTS, &clients, ("Unsent", scrolled), theme)
        }
        Pane::Refusals if top.refusals.is_empty() => {
            say(frame, area, "Nobody has been refused anything.", theme)
        }
        Pane::Refusals => draw_refusals(frame, area, (top, scrolled), state, theme),
    }
}

fn no_channels(state: &State, top: &Top) -> String {
    let is_beginning = top.watching_ms.is_some_and(|watching| watching < 1000.0);
    if is_beginning && top.channels.is_empty() {
        "The server begins to count what happens on each channel: look again in a second.".to_owned()
    } else if state.filter.is_empty() {
        "No channel had an event in the last second.".to_owned()
    } else {
        format!("No channel that had an event in the last second has {:?} in its name.", state.filter)
    }
}

fn say(frame: &mut Frame<'_>, area: Rect, text: &str, theme: Theme) -> usize {
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).style(theme.aside()), area);
    0
}

/// Sentences, the newest first, each under the time that has passed since.
fn draw_refusals(
    frame: &mut Frame<'_>,
    area: Rect,
    (top, scrolled): (&Top, usize),
    state: &State,
    theme: Theme,
) -> usize {
    const AGE: usize = 12;
    let now = state.past.newest();
    let width = usize::from(area.width).saturating_sub(AGE);
    let mut lines = Vec::new();
    for refusal in top.refusals.iter().rev() {
        let mut age = words::ago(now.saturating_sub(refusal.time_ms));
        for line in words::wrapped(&sentence(refusal), width) {
            let margin = Span::styled(format!("{age:<AGE$}"), theme.aside());
            lines.push(Line::from(vec![margin, Span::styled(line, Style::new())]));
            age.clear();
        }
    }
    let scrolled = scrolled.min(lines.len().saturating_sub(area.height.into()));
    let visible: Vec<Line<'_>> = lines.into_iter().skip(scrolled).take(area.height.into()).collect();
    frame.render_widget(Paragraph::new(visible), area);
    scrolled
}

/// `3 × subscription of 1.2 on private-x (4009): why`
pub(in crate::top) fn sentence(refusal: &Refusal) -> String {
    let mut text = words::foreign(&refusal.what).replace('_', " ");
    if let Some(count) = refusal.count.filter(|&count| count > 1) {
        text = format!("{} × {text}", words::count(Some(count as f64)));
    }
    if let Some(socket_id) = &refusal.socket_id {
        text = format!("{text} of {}", words::foreign(socket_id));
    }
    if let Some(channel) = &refusal.channel {
        text = format!("{text} on {}", words::foreign(channel));
    }
    if let Some(code) = refusal.code {
        text = format!("{text} ({code})");
    }
    format!("{text}: {}", words::foreign(&refusal.why))
}
