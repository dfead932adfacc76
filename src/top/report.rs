//! The figures as text, for those who look once: nothing is cut.

use super::figures::{Client, Top};
use super::state::State;
use super::view::{self, Column};
use super::words;
use ratatui::layout::Alignment;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Writes what `state` holds; headlines are bold if `is_bold`.
pub(super) fn write(state: &State, is_bold: bool) -> String {
    let Some((top, _)) = &state.top else { return String::new() };
    let headline = |text: &str| if is_bold { format!("\x1b[1m{text}\x1b[0m\n") } else { format!("{text}\n") };
    let mut out = headline(&format!(
        "Canyon {} at {}, app {}, up {}",
        words::foreign(&top.version),
        words::foreign(&state.subject.address),
        words::foreign(&state.subject.app),
        words::duration(top.uptime_ms),
    ));
    out.push('\n');
    if let Some(sample) = &top.sample {
        for (label, value) in view::figures(sample, &state.past) {
            line(&mut out, &format!("{label:<15}{value:>12}"));
        }
        let loads = sample.worker_load.iter().flatten();
        let loads: Vec<String> = loads.map(|&load| words::percent(load)).collect();
        line(&mut out, &format!("{:<15}{:>12}", "Workers", loads.join("  ")));
    }
    out += &headline(&format!("\nChannels, by {}", state.sort));
    table(&mut out, &view::CHANNELS, &state.channels(), "none with events in the last second");
    out += &headline("\nSlow clients");
    table(&mut out, &view::CLIENTS, &top.clients.iter().collect::<Vec<&Client>>(), "none");
    out += &headline("\nRefusals");
    refusals(&mut out, top, state.past.newest());
    out
}

fn line(out: &mut String, text: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

/// Columns as wide as what stands in them.
fn table<T>(out: &mut String, columns: &[Column<T>], rows: &[&T], nothing: &str) {
    if rows.is_empty() {
        return line(out, nothing);
    }
    let cells: Vec<Vec<String>> =
        std::iter::once(columns.iter().map(|column| column.title.to_owned()).collect())
            .chain(rows.iter().map(|row| columns.iter().map(|column| (column.value)(row)).collect()))
            .collect();
    let width =
        |place: usize| cells.iter().map(|row: &Vec<String>| row[place].width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &cells {
        let padded = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| {
            let space = " ".repeat(width - cell.width());
            if column.alignment == Alignment::Right { space + cell } else { format!("{cell}{space}") }
        });
        line(out, &padded.collect::<Vec<_>>().join("  "));
    }
}

fn refusals(out: &mut String, top: &Top, now: u64) {
    if top.refusals.is_empty() {
        return line(out, "none");
    }
    for refusal in top.refusals.iter().rev() {
        let age = words::ago(now.saturating_sub(refusal.time_ms));
        line(out, &format!("{age:<12}{}", view::sentence(refusal)));
    }
}
