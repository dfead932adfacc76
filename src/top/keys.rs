//! What each key means.

use super::figures::Sort;
use super::state::{Action, PAGE, Pane};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The keys as they are explained.
pub(super) const HELP: [(&str, &str); 11] = [
    ("s", "sort by the next figure"),
    ("e  d  u", "sort by events, deliveries, subscribers"),
    ("/", "filter channels by name; Enter keeps it, Esc gives it up"),
    ("c", "clear the filter"),
    ("Tab  1 2 3", "switch panes: channels, slow clients, refusals"),
    ("Up Down j k", "scroll; PgUp, PgDn, Home and End too"),
    ("p  Space", "pause, and go on"),
    ("r", "ask the server now"),
    ("Ctrl-Z", "suspend; fg comes back"),
    ("?", "this help"),
    ("q  Esc  Ctrl-C", "quit"),
];

/// What a key asks for, if anything; while a filter is typed, letters are its own.
pub(super) fn action(key: KeyEvent, is_editing: bool) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if has_control || key.modifiers.contains(KeyModifiers::ALT) {
        return match key.code {
            KeyCode::Char('c') if has_control => Some(Action::Quit),
            KeyCode::Char('z') if has_control => Some(Action::Suspend),
            KeyCode::Char('u') if has_control && is_editing => Some(Action::EraseAll),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Esc => Action::Leave,
        KeyCode::Enter if is_editing => Action::KeepFilter,
        KeyCode::Backspace if is_editing => Action::Erase,
        KeyCode::Char(letter) if is_editing => Action::Type(letter),
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Char('s') => Action::Sort(None),
        KeyCode::Char('e') => Action::Sort(Some(Sort::Events)),
        KeyCode::Char('d') => Action::Sort(Some(Sort::Deliveries)),
        KeyCode::Char('u') => Action::Sort(Some(Sort::Subscribers)),
        KeyCode::Char('/') => Action::EditFilter,
        KeyCode::Char('c') => Action::EraseAll,
        KeyCode::Char('p' | ' ') => Action::Pause,
        KeyCode::Char('r') => Action::Refresh,
        KeyCode::Char('?' | 'h') => Action::Help,
        KeyCode::Tab | KeyCode::Right => Action::NextPane,
        KeyCode::BackTab | KeyCode::Left => Action::FormerPane,
        KeyCode::Char('1') => Action::Pane(Pane::Channels),
        KeyCode::Char('2') => Action::Pane(Pane::Clients),
        KeyCode::Char('3') => Action::Pane(Pane::Refusals),
        KeyCode::Up | KeyCode::Char('k') => Action::Scroll(-1),
        KeyCode::Down | KeyCode::Char('j') => Action::Scroll(1),
        KeyCode::PageUp => Action::Scroll(-PAGE),
        KeyCode::PageDown => Action::Scroll(PAGE),
        KeyCode::Home | KeyCode::Char('g') => Action::Top,
        KeyCode::End | KeyCode::Char('G') => Action::Bottom,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(code: KeyCode, modifiers: KeyModifiers, is_editing: bool) -> Option<Action> {
        action(KeyEvent::new(code, modifiers), is_editing)
    }

    #[test]
    fn letters_belong_to_the_filter_while_it_is_typed() {
        let letter = |letter, is_editing| meaning(KeyCode::Char(letter), KeyModifiers::NONE, is_editing);
        assert_eq!(letter('q', false), Some(Action::Quit));
        assert_eq!(letter('q', true), Some(Action::Type('q')));
        assert_eq!(letter('x', false), None);
        assert_eq!(meaning(KeyCode::Esc, KeyModifiers::NONE, true), Some(Action::Leave));
    }

    #[test]
    fn ctrl_c_quits_always() {
        for is_editing in [false, true] {
            let quit = meaning(KeyCode::Char('c'), KeyModifiers::CONTROL, is_editing);
            assert_eq!(quit, Some(Action::Quit));
            assert_eq!(meaning(KeyCode::Char('q'), KeyModifiers::ALT, is_editing), None);
        }
    }
}
