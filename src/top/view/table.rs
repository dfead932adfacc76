//! Tables whose columns are numbers but for the first, which gets what is left of the width.

use super::theme::Theme;
use super::words;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::text::Text;
use ratatui::widgets::{Cell, Row, Table};

const SPACING: u16 = 1;

/// A column of things of a kind.
pub(in crate::top) struct Column<T> {
    pub(in crate::top) title: &'static str,
    /// 0 for the one that gets what is left.
    pub(super) width: u16,
    pub(in crate::top) alignment: Alignment,
    pub(in crate::top) value: fn(&T) -> String,
    /// The width of the table from which on the column is there.
    pub(super) from: u16,
}

impl<T> Column<T> {
    pub(super) const fn text(title: &'static str, width: u16, from: u16, value: fn(&T) -> String) -> Self {
        Self { title, width, alignment: Alignment::Left, value, from }
    }

    pub(super) const fn number(title: &'static str, width: u16, from: u16, value: fn(&T) -> String) -> Self {
        Self { title, width, alignment: Alignment::Right, value, from }
    }
}

/// Draws the rows from `scrolled` on, or the last ones where it is too far; how many were scrolled past. The column `marked`
/// is the one that the rows are sorted by.
pub(super) fn draw<T>(
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[Column<T>],
    rows: &[&T],
    (marked, scrolled): (&str, usize),
    theme: Theme,
) -> usize {
    let columns: Vec<&Column<T>> = columns.iter().filter(|column| column.from <= area.width).collect();
    let spaces = SPACING * (columns.len() as u16).saturating_sub(1);
    let fixed: u16 = columns.iter().map(|column| column.width).sum();
    let rest = area.width.saturating_sub(fixed + spaces);
    let width = |column: &Column<T>| if column.width == 0 { rest } else { column.width };
    let visible = usize::from(area.height.saturating_sub(1));
    let scrolled = scrolled.min(rows.len().saturating_sub(visible));
    let cell = |column: &Column<T>, text: &str| {
        let text = words::cut(text, width(column).into());
        Cell::from(Text::from(text).alignment(column.alignment))
    };
    let head = columns.iter().map(|column| {
        let mark = if column.title == marked { "▼" } else { "" };
        cell(column, &format!("{mark}{}", column.title))
    });
    let body = rows
        .iter()
        .skip(scrolled)
        .take(visible)
        .map(|row| Row::new(columns.iter().map(|column| cell(column, &(column.value)(row)))));
    let widths = columns.iter().map(|column| Constraint::Length(width(column)));
    let table = Table::new(body, widths).column_spacing(SPACING).header(Row::new(head).style(theme.head()));
    frame.render_widget(table, area);
    scrolled
}
