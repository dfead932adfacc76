//! Texts of others, made fit for a table: cut, and without what speaks to a terminal.

use crate::escape::Line;
use std::fmt::{self, Display, Write};

/// A text of at most `most` characters; one that was longer ends with `…`.
pub(crate) fn cut(text: impl Display, most: usize) -> String {
    let mut cut = Cut { text: String::new(), left: most };
    if write!(cut, "{}", Line(text)).is_err() {
        cut.text.pop();
        cut.text.push('…');
    }
    cut.text
}

/// The first bytes of a text, `most` of them or some less, so that no character is cut.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

struct Cut {
    text: String,
    left: usize,
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.write_char(c))
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
        self.text.push(c);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_early_and_says_so() {
        assert_eq!(cut("grün", 4), "grün");
        assert_eq!(cut("grüner", 4), "grü…");
        assert_eq!(cut(format_args!("{}{}", "x".repeat(300), 7), 300).chars().count(), 300);
    }

    #[test]
    fn nothing_speaks_to_the_terminal() {
        assert_eq!(cut("a\u{1b}[2J\r\nb", 100), "a\\u{1b}[2J\\r\\nb");
    }

    #[test]
    fn data_is_cut_between_characters() {
        assert_eq!(beginning("aü", 2), "a");
        assert_eq!(beginning("aü", 3), "aü");
        assert_eq!(beginning("a", 4096), "a");
    }
}
