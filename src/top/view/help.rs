//! The keys and the figures, explained.

use super::theme::Theme;
use super::words;
use crate::top::keys;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

const WIDTH: u16 = 76;

/// Draws it over the middle of the screen; the charts cover `span` seconds.
pub(super) fn draw(frame: &mut Frame<'_>, screen: Rect, theme: Theme, span: u64) {
    let width = WIDTH.min(screen.width);
    let inside = usize::from(width).saturating_sub(4);
    let key_width = keys::HELP.iter().map(|(key, _)| key.len()).max().unwrap_or_default() + 2;
    let mut lines: Vec<Line<'_>> = keys::HELP
        .iter()
        .map(|(key, meaning)| {
            let meaning = words::cut(meaning, inside.saturating_sub(key_width));
            Line::from(vec![Span::styled(format!("{key:<key_width$}"), theme.key()), Span::raw(meaning)])
        })
        .collect();
    let figures = format!(
        "Figures are the whole server's of its last second; connections, subscriptions, channels and users are the \
         app's. Charts show the last {}, the newest at the right. Dropped, refused and hung up (slow clients) count the \
         minutes beside their names.",
        words::duration(Some(span as f64 * 1000.0)),
    );
    lines.push(Line::default());
    lines.extend(words::wrapped(&figures, inside).into_iter().map(|line| Line::styled(line, theme.aside())));
    let height = (lines.len() as u16 + 2).min(screen.height);
    let place = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(" Keys ").padding(Padding::horizontal(1));
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
