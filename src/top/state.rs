//! What is shown, and what the keys make of it.

use super::figures::{Channel, Sort, Top};
use super::past::Past;
use super::trouble::Trouble;
use std::time::{Duration, Instant};

/// The tables; one of them has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// The busiest channels.
    #[default]
    Channels,
    /// The slowest clients.
    Clients,
    /// The newest refusals.
    Refusals,
}

impl Pane {
    pub(super) const ALL: [Self; 3] = [Self::Channels, Self::Clients, Self::Refusals];

    fn step(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    Suspend,
    Leave,
    Sort(Option<Sort>),
    Pause,
    Refresh,
    Help,
    NextPane,
    FormerPane,
    Pane(Pane),
    Scroll(isize),
    Top,
    Bottom,
    EditFilter,
    Type(char),
    Erase,
    EraseAll,
    KeepFilter,
}

/// What has to happen outside after an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing but drawing.
    Shown,
    /// The server has to be asked again: something else is wanted.
    Asked,
    Suspended,
    Ended,
}

/// Whom the figures are of.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) address: String,
    pub(super) app: String,
}

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    pub(super) subject: Subject,
    /// Between two looks.
    pub(super) interval: Duration,
    /// The last figures, and when they came.
    pub(super) top: Option<(Top, Instant)>,
    pub(super) past: Past,
    /// Why there are no newer ones.
    pub(super) trouble: Option<Trouble>,
    pub(super) sort: Sort,
    pub(super) filter: String,
    /// The filter while it is typed; until it is kept, the former one is remembered.
    pub(super) former_filter: Option<String>,
    pub(super) pane: Pane,
    /// Rows that have been scrolled past, for each pane.
    pub(super) scrolled: [usize; Pane::ALL.len()],
    pub(super) is_paused: bool,
    pub(super) shows_help: bool,
    pub(super) has_colours: bool,
}

/// Rows that a page key scrolls.
pub(super) const PAGE: isize = 10;

impl State {
    pub(super) fn new(subject: Subject, interval: Duration, sort: Sort, filter: String) -> Self {
        Self {
            subject,
            interval,
            top: None,
            past: Past::default(),
            trouble: None,
            sort,
            filter,
            former_filter: None,
            pane: Pane::default(),
            scrolled: [0; 3],
            is_paused: false,
            shows_help: false,
            has_colours: true,
        }
    }

    /// Takes what the server has answered.
    pub(super) fn answered(&mut self, answer: Result<Top, Trouble>, now: Instant) {
        match answer {
            Ok(top) => {
                self.past.add(top.sample.clone());
                self.top = Some((top, now));
                self.trouble = None;
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    /// Does what a key asks for.
    pub(super) fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::Quit => return Outcome::Ended,
            Action::Suspend => return Outcome::Suspended,
            Action::Leave if self.shows_help => self.shows_help = false,
            Action::Leave => match self.former_filter.take() {
                Some(former) => self.refilter(former),
                None => return Outcome::Ended,
            },
            Action::Sort(sort) => {
                self.sort = sort.unwrap_or_else(|| self.sort.next());
                self.pane = Pane::Channels;
                self.scrolled[Pane::Channels as usize] = 0;
                return Outcome::Asked;
            }
            Action::Pause => {
                self.is_paused = !self.is_paused;
                return if self.is_paused { Outcome::Shown } else { Outcome::Asked };
            }
            Action::Refresh => return Outcome::Asked,
            Action::Help => self.shows_help = !self.shows_help,
            Action::NextPane => self.pane = self.pane.step(1),
            Action::FormerPane => self.pane = self.pane.step(Pane::ALL.len() - 1),
            Action::Pane(pane) => self.pane = pane,
            Action::Scroll(rows) => {
                let scrolled = &mut self.scrolled[self.pane as usize];
                *scrolled = scrolled.saturating_add_signed(rows);
            }
            Action::Top => self.scrolled[self.pane as usize] = 0,
            // The view knows where that is.
            Action::Bottom => self.scrolled[self.pane as usize] = usize::MAX,
            Action::EditFilter => {
                self.former_filter = Some(self.filter.clone());
                self.pane = Pane::Channels;
                self.shows_help = false;
            }
            Action::Type(letter) => self.refilter(format!("{}{letter}", self.filter)),
            Action::Erase => {
                let mut filter = self.filter.clone();
                filter.pop();
                self.refilter(filter);
            }
            Action::EraseAll => {
                self.refilter(String::new());
                return if self.is_editing() { Outcome::Shown } else { Outcome::Asked };
            }
            Action::KeepFilter => {
                self.former_filter = None;
                return Outcome::Asked;
            }
        }
        Outcome::Shown
    }

    fn refilter(&mut self, filter: String) {
        self.filter = filter;
        self.scrolled[Pane::Channels as usize] = 0;
    }

    /// Whether the filter is being typed.
    pub(super) fn is_editing(&self) -> bool {
        self.former_filter.is_some()
    }

    /// The channels that the filter lets through, in order.
    pub(super) fn channels(&self) -> Vec<&Channel> {
        let Some((top, _)) = &self.top else { return Vec::new() };
        let mut channels: Vec<&Channel> =
            top.channels.iter().filter(|channel| matches(&channel.name, &self.filter)).collect();
        channels.sort_by(|a, b| {
            b.rank(self.sort).total_cmp(&a.rank(self.sort)).then_with(|| a.name.cmp(&b.name))
        });
        channels
    }

    /// For how long the figures have stood still, if that is too long and not on purpose.
    pub(super) fn stale_for(&self, now: Instant) -> Option<Duration> {
        let (_, since) = self.top.as_ref()?;
        let age = now.saturating_duration_since(*since);
        (self.trouble.is_some() && !self.is_paused).then_some(age)
    }
}

/// Whether a name holds a text, whatever the case of its letters.
pub(super) fn matches(name: &str, filter: &str) -> bool {
    name.to_lowercase().contains(&filter.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let subject = Subject { address: "http://a".into(), app: "1".into() };
        State::new(subject, Duration::from_secs(1), Sort::Events, String::new())
    }

    fn with_channels() -> State {
        let mut state = state();
        let channel = |name: &str, events: f64, deliveries: f64, subscriptions: f64| Channel {
            name: name.into(),
            events: Some(events),
            deliveries: Some(deliveries),
            subscriptions: Some(subscriptions),
            ..Channel::default()
        };
        let channels = vec![
            channel("orders", 3.0, 3.0, 1.0),
            channel("Orders.eu", 1.0, 9.0, 9.0),
            channel("lobby", 2.0, 2.0, 90.0),
            channel("attic", 2.0, 0.0, 0.0),
        ];
        state.answered(Ok(Top { channels, ..Top::default() }), Instant::now());
        state
    }

    fn names(state: &State) -> Vec<&str> {
        state.channels().iter().map(|channel| channel.name.as_str()).collect()
    }

    #[test]
    fn channels_are_sorted_at_once_and_the_server_is_asked() {
        let mut state = with_channels();
        assert_eq!(names(&state), ["orders", "attic", "lobby", "Orders.eu"]);
        assert_eq!(state.act(Action::Sort(None)), Outcome::Asked);
        assert_eq!(names(&state), ["Orders.eu", "orders", "lobby", "attic"]);
        state.act(Action::Sort(None));
        assert_eq!(names(&state)[0], "lobby");
        state.act(Action::Sort(None));
        assert_eq!(state.sort, Sort::Events);
    }

    #[test]
    fn a_filter_counts_while_it_is_typed_and_can_be_given_up() {
        let mut state = with_channels();
        state.act(Action::EditFilter);
        "ORDX".chars().for_each(|letter| assert_eq!(state.act(Action::Type(letter)), Outcome::Shown));
        assert!(names(&state).is_empty());
        state.act(Action::Erase);
        assert_eq!(names(&state), ["orders", "Orders.eu"]);
        assert_eq!(state.act(Action::KeepFilter), Outcome::Asked);
        state.act(Action::EditFilter);
        state.act(Action::EraseAll);
        assert_eq!(names(&state).len(), 4);
        assert_eq!(state.act(Action::Leave), Outcome::Shown);
        assert_eq!(state.filter, "ORD");
        assert_eq!(state.act(Action::Leave), Outcome::Ended);
    }

    #[test]
    fn leaving_closes_the_help_first() {
        let mut state = state();
        state.act(Action::Help);
        assert_eq!(state.act(Action::Leave), Outcome::Shown);
        assert_eq!(state.act(Action::Leave), Outcome::Ended);
    }

    #[test]
    fn panes_go_round_and_scroll_by_themselves() {
        let mut state = state();
        state.act(Action::FormerPane);
        assert_eq!(state.pane, Pane::Refusals);
        state.act(Action::Scroll(PAGE));
        state.act(Action::NextPane);
        state.act(Action::Scroll(-1));
        assert_eq!((state.pane, state.scrolled), (Pane::Channels, [0, 0, 10]));
    }

    #[test]
    fn figures_stay_when_there_is_trouble_and_their_age_is_known() {
        let (mut state, now) = (with_channels(), Instant::now());
        assert_eq!(state.stale_for(now), None);
        state.answered(Err(Trouble::passing("Gone", "Wait.")), now);
        assert_eq!(names(&state).len(), 4);
        assert!(state.stale_for(now + Duration::from_secs(7)).unwrap() >= Duration::from_secs(7));
        state.answered(Ok(Top::default()), now);
        assert!(state.trouble.is_none() && state.stale_for(now).is_none());
    }
}
