//! Figures with their units, at most ten characters each, and texts cut to a width.

use crate::escape::Line;
use unicode_truncate::UnicodeTruncateStr;
use unicode_width::UnicodeWidthStr;

/// What is not known.
const UNKNOWN: &str = "-";

/// A number of things: `12,345`, and in millions what is longer.
pub(super) fn count(number: Option<f64>) -> String {
    let Some(number) = number else { return UNKNOWN.to_owned() };
    let whole = number.round();
    if whole.abs() >= 10e6 {
        return scaled(whole, 1000.0, &["", " k", " M", " G", " T", " P"]);
    }
    if number != whole && number < 10.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{whole:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things in a second.
pub(super) fn rate(number: Option<f64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), |number| format!("{}/s", count(Some(number))))
}

/// A number of bytes: `1.50 KiB`.
pub(super) fn bytes(number: Option<f64>) -> String {
    number.map_or_else(
        || UNKNOWN.to_owned(),
        |number| scaled(number, 1024.0, &[" B", " KiB", " MiB", " GiB", " TiB", " PiB"]),
    )
}

/// A number of bytes in a second.
pub(super) fn byte_rate(number: Option<f64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), |number| format!("{}/s", bytes(Some(number))))
}

/// Three digits and a unit; no unit but the first has less than one.
fn scaled(mut number: f64, base: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while number.round() >= 1000.0 && unit + 1 < units.len() {
        number /= base;
        unit += 1;
    }
    let digits = match number {
        _ if unit == 0 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$}{}", units[unit])
}

/// A time: `850 ms`, `12.5 s`, `3m 12s`, `12h 59m`, `5d 3h`.
pub(super) fn duration(milliseconds: Option<f64>) -> String {
    let Some(milliseconds) = milliseconds else { return UNKNOWN.to_owned() };
    let seconds = milliseconds / 1000.0;
    let parts = |large: f64, small: f64, names: [&str; 2]| {
        format!(
            "{:.0}{} {:.0}{}",
            (seconds / large).floor(),
            names[0],
            (seconds % large / small).floor(),
            names[1]
        )
    };
    match seconds {
        ..0.9995 => format!("{milliseconds:.0} ms"),
        ..9.95 => format!("{seconds:.1} s"),
        ..59.5 => format!("{seconds:.0} s"),
        ..3600.0 => parts(60.0, 1.0, ["m", "s"]),
        ..86_400.0 => parts(3600.0, 60.0, ["h", "m"]),
        _ => parts(86_400.0, 3600.0, ["d", "h"]),
    }
}

/// How long ago something was.
pub(super) fn ago(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        "now".to_owned()
    } else {
        format!("{} ago", duration(Some(milliseconds as f64)))
    }
}

/// A share of 1.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| UNKNOWN.to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// What others have written, on one line.
pub(super) fn foreign(text: &str) -> String {
    Line(text).to_string()
}

/// As much of a text as fits into so many columns; what is cut ends with an ellipsis.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (beginning, _) = text.unicode_truncate(columns.saturating_sub(1));
    format!("{beginning}{}", if columns > 0 { "…" } else { "" })
}

/// A text in lines of at most so many columns, broken between words where it can be.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for mut word in text.split(' ') {
        let line = &lines[lines.len() - 1];
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(String::new());
        }
        while word.width() > columns {
            let (beginning, width) = word.unicode_truncate(columns);
            if width == 0 {
                break;
            }
            lines.insert(lines.len() - 1, beginning.to_owned());
            word = &word[beginning.len()..];
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_room() {
        let counts = [0.0, 7.0, 2.5, 12.4, 999.0, 1000.0, 12_345.0, 9_999_999.0, 10_000_000.0, 1.5e12];
        assert_eq!(
            counts.map(|number| count(Some(number))),
            ["0", "7", "2.5", "12", "999", "1,000", "12,345", "9,999,999", "10.0 M", "1.50 T"]
        );
        assert_eq!((rate(Some(1_200.0)).as_str(), rate(None).as_str()), ("1,200/s", "-"));
        let sizes = [0.0, 999.0, 1000.0, 1536.0, 10_240.0, 1_048_575.0, 123e6, 5e15];
        assert_eq!(
            sizes.map(|number| bytes(Some(number))),
            ["0 B", "999 B", "0.98 KiB", "1.50 KiB", "10.0 KiB", "1.00 MiB", "117 MiB", "4.44 PiB"]
        );
        assert_eq!(byte_rate(Some(123e6)), "117 MiB/s");
        assert_eq!((percent(Some(0.126)).as_str(), percent(None).as_str()), ("13 %", "-"));
    }

    #[test]
    fn times_have_two_units_at_most() {
        let times = [0.0, 850.0, 999.9, 1500.0, 12_500.0, 59_700.0, 192_000.0, 46_740_000.0, 442_800_000.0];
        assert_eq!(
            times.map(|time| duration(Some(time))),
            ["0 ms", "850 ms", "1.0 s", "1.5 s", "12 s", "0m 59s", "3m 12s", "12h 59m", "5d 3h"]
        );
        assert_eq!((ago(999).as_str(), ago(3000).as_str()), ("now", "3.0 s ago"));
    }

    #[test]
    fn texts_are_cut_by_the_columns_they_take() {
        assert_eq!(cut("orders", 6), "orders");
        assert_eq!(cut("orders", 5), "orde…");
        assert_eq!(cut("注文注文", 8), "注文注文");
        assert_eq!(cut("注文注文", 7), "注文注…");
        assert_eq!(cut("注文注文", 6), "注文…");
        assert_eq!(cut("e\u{301}tude", 3), "e\u{301}t…");
        assert_eq!((cut("a", 0).as_str(), cut("ab", 1).as_str()), ("", "…"));
        assert_eq!(foreign("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }

    #[test]
    fn texts_are_wrapped_between_words_and_within_those_that_are_too_long() {
        assert_eq!(wrapped("a bc def ghij", 4), ["a bc", "def", "ghij"]);
        assert_eq!(wrapped("to private-orders", 6), ["to", "privat", "e-orde", "rs"]);
        assert_eq!(wrapped("注文注文", 3), ["注", "文", "注", "文"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("注", 1), ["注"], "there is no end to it otherwise");
    }
}
