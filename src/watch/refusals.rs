//! What an app's clients and publishers were refused last, for whoever looks for the reason.

use super::Refusal;
use super::text::cut;
use crate::protocol::SocketId;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt::Display;

/// How many are kept.
const KEPT: usize = 50;

/// Longest text, in characters.
const MOST_TEXT: usize = 300;

/// See the module. Secrets and payloads are for the caller to leave out.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    refusals: VecDeque<Refusal>,
    last_id: u64,
    /// How many of the newest are news.
    news: usize,
}

/// What is refused, where, and to whom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Refused<'a> {
    /// One word: `subscription`.
    pub(crate) what: &'static str,
    pub(crate) code: Option<u16>,
    pub(crate) channel: Option<&'a str>,
    pub(crate) socket_id: Option<SocketId>,
}

impl Refusals {
    /// Notes something that happened `count` times. What is the same as the last one counts it up.
    pub(crate) fn note(&self, refused: Refused<'_>, why: impl Display, count: u64, time_ms: u64) {
        let why = cut(why, MOST_TEXT);
        let channel = refused.channel.map(|channel| cut(channel, MOST_TEXT));
        let socket_id = refused.socket_id.map(|socket_id| socket_id.to_string());
        let mut kept = self.0.lock();
        if let Some(last) = kept.refusals.back_mut()
            && (last.what.as_str(), last.code, &last.why, &last.channel)
                == (refused.what, refused.code, &why, &channel)
        {
            last.count += count;
            last.time_ms = time_ms;
            last.socket_id = socket_id;
            kept.news = kept.news.max(1);
            return;
        }
        kept.last_id += 1;
        let (id, what) = (kept.last_id, refused.what.to_owned());
        kept.push(Refusal { id, time_ms, what, code: refused.code, why, channel, socket_id, count });
    }

    /// All that are kept, the newest last.
    pub(crate) fn all(&self) -> Vec<Refusal> {
        self.0.lock().refusals.iter().cloned().collect()
    }

    /// Those that are new, or happened again, since this was last asked.
    pub(crate) fn take_news(&self) -> Vec<Refusal> {
        let mut kept = self.0.lock();
        let known = kept.refusals.len() - std::mem::take(&mut kept.news);
        kept.refusals.range(known..).cloned().collect()
    }

    /// Begins with what another server has kept; what happened since `told_ms` is still news.
    pub(crate) fn restore(&self, refusals: Vec<Refusal>, told_ms: u64) {
        let mut kept = self.0.lock();
        kept.news = 0;
        for refusal in refusals {
            kept.last_id = kept.last_id.max(refusal.id);
            let was_told = refusal.time_ms < told_ms;
            kept.push(refusal);
            if was_told {
                kept.news = 0;
            }
        }
    }
}

impl Kept {
    fn push(&mut self, refusal: Refusal) {
        if self.refusals.len() == KEPT {
            self.refusals.pop_front();
        }
        self.refusals.push_back(refusal);
        self.news = (self.news + 1).min(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(refusals: &Refusals, why: &str, socket: u64) {
        let socket_id = Some(SocketId::from_random(socket));
        let refused = Refused { what: "subscription", code: None, channel: Some("private-a"), socket_id };
        refusals.note(refused, why, 1, 1000 + socket);
    }

    #[test]
    fn equal_ones_in_a_row_are_counted_and_the_last_of_them_is_shown() {
        let refusals = Refusals::default();
        for (why, socket) in [("bad", 1), ("bad", 2), ("worse", 3), ("bad", 4)] {
            refuse(&refusals, why, socket);
        }
        let all = refusals.all();
        let shown: Vec<_> = all.iter().map(|one| (one.id, &*one.why, one.count, one.time_ms)).collect();
        assert_eq!(shown, [(1, "bad", 2, 1002), (2, "worse", 1, 1003), (3, "bad", 1, 1004)]);
        assert_eq!(all[0].socket_id.as_deref(), Some("0.2"));
    }

    #[test]
    fn news_are_told_once_and_again_when_they_count_up() {
        let refusals = Refusals::default();
        assert!(refusals.take_news().is_empty());
        refuse(&refusals, "bad", 1);
        refuse(&refusals, "worse", 2);
        assert_eq!(refusals.take_news().len(), 2);
        assert!(refusals.take_news().is_empty());
        refuse(&refusals, "worse", 3);
        let news = refusals.take_news();
        assert_eq!((news.len(), news[0].count), (1, 2));
    }

    #[test]
    fn the_newest_are_kept_and_their_texts_are_short() {
        let refusals = Refusals::default();
        for number in 0..60 {
            refuse(&refusals, &format!("{number} {}", "\u{1b}".repeat(400)), number);
        }
        let all = refusals.all();
        assert_eq!((all.len(), all[0].id, all[49].id), (50, 11, 60));
        assert!(all[49].why.starts_with("59 \\u{1b}") && all[49].why.chars().count() == 300);
        assert_eq!(refusals.take_news().len(), 50);
    }

    #[test]
    fn another_server_goes_on_with_them() {
        let (old, new) = (Refusals::default(), Refusals::default());
        refuse(&old, "bad", 1);
        new.restore(old.all(), 1002);
        assert!(new.take_news().is_empty(), "they have been told");
        refuse(&old, "later", 5);
        let other = Refusals::default();
        other.restore(old.all(), 1002);
        assert_eq!(other.take_news().len(), 1, "the old server had no time to tell");
        refuse(&new, "bad", 2);
        refuse(&new, "worse", 3);
        let shown: Vec<_> = new.all().into_iter().map(|one| (one.id, one.count)).collect();
        assert_eq!(shown, [(1, 2), (2, 1)]);
    }
}
