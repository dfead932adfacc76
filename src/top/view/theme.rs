//! The looks of things: the terminal's own sixteen colours, so that light and dark are its business.

use ratatui::style::{Color, Modifier, Style};

/// The figures themselves.
pub(super) const FIGURE: Style = Style::new().add_modifier(Modifier::BOLD);

/// What the keys go to.
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED.union(Modifier::BOLD));

/// How things look, with colours or without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    pub(super) has_colours: bool,
}

impl Theme {
    fn coloured(self, colour: Color, otherwise: Modifier) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new().add_modifier(otherwise) }
    }

    /// Names of figures, and what is said beside the point.
    pub(super) fn aside(self) -> Style {
        self.coloured(Color::DarkGray, Modifier::DIM)
    }

    pub(super) fn chart(self) -> Style {
        self.coloured(Color::Cyan, Modifier::empty())
    }

    /// Something was lost, or is in trouble.
    pub(super) fn alarm(self) -> Style {
        self.coloured(Color::Red, Modifier::empty()).add_modifier(Modifier::BOLD)
    }

    /// The heads of columns.
    pub(super) fn head(self) -> Style {
        self.coloured(Color::Blue, Modifier::UNDERLINED)
    }

    /// A key that can be pressed.
    pub(super) fn key(self) -> Style {
        self.coloured(Color::Blue, Modifier::BOLD).add_modifier(Modifier::BOLD)
    }

    /// Figures that are not of now any more.
    pub(super) fn stale(self) -> Style {
        self.coloured(Color::DarkGray, Modifier::DIM).remove_modifier(Modifier::BOLD)
    }
}
