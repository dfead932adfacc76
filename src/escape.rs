//! Text that others have written, made fit for one line of a log or a terminal.

use std::fmt::{self, Display, Write};

/// A text that stays on its line: it can neither begin another one nor speak to the terminal, and not turn the text beside
/// it around either.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<T>(pub(crate) T);

impl<T: Display> Display for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c.is_control() || is_invisible(c) {
            true => write!(self.0, "{}", c.escape_default()),
            false => self.0.write_char(c),
        })
    }
}

/// Characters without a shape that end a line or change the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_named_stays_on_its_line() {
        let line = Line(format_args!("{} to {}", "client-x\r\n\u{1b}[2Jü", "private-\"a\""));
        assert_eq!(line.to_string(), "client-x\\r\\n\\u{1b}[2Jü to private-\"a\"");
        assert_eq!(Line("abc\u{202e}fed\u{2028}").to_string(), "abc\\u{202e}fed\\u{2028}");
        assert_eq!(Line("注文 👩‍🚀").to_string(), "注文 👩‍🚀");
    }
}
