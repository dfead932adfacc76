//! Faults put into the queue on purpose, to show that the model finds them.
//!
//! `CANYON_MUTATION=tail.change=relaxed,fence=none` weakens the exchange of every tail and drops every fence: a word, what
//! is done with it (`load`, `store`, `change`), and the ordering to use instead. `ticket.load=max` takes the limit away from
//! the consumer: it reads the largest number there is.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

/// What is done with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Load,
    Store,
    Change,
}

#[derive(Debug)]
pub(crate) struct Mutation {
    word: &'static str,
    access: Access,
    ordering: Ordering,
}

#[derive(Debug, Default)]
struct Mutations {
    orderings: Vec<Mutation>,
    no_fence: bool,
    no_limit: bool,
}

fn chosen() -> &'static Mutations {
    static CHOSEN: OnceLock<Mutations> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let mut mutations = Mutations::default();
        let chosen = std::env::var("CANYON_MUTATION").unwrap_or_default();
        for one in chosen.leak().split(',').filter(|one| !one.is_empty()) {
            match one {
                "fence=none" => mutations.no_fence = true,
                "ticket.load=max" => mutations.no_limit = true,
                one => mutations
                    .orderings
                    .push(parse(one).unwrap_or_else(|| panic!("no mutation is called {one}"))),
            }
        }
        mutations
    })
}

fn parse(text: &'static str) -> Option<Mutation> {
    let (place, ordering) = text.split_once('=')?;
    let (word, access) = place.split_once('.')?;
    let access = match access {
        "load" => Access::Load,
        "store" => Access::Store,
        "change" => Access::Change,
        _ => return None,
    };
    let ordering = match ordering {
        "relaxed" => Ordering::Relaxed,
        "acquire" => Ordering::Acquire,
        "release" => Ordering::Release,
        "acqrel" => Ordering::AcqRel,
        _ => return None,
    };
    Some(Mutation { word, access, ordering })
}

impl Mutation {
    /// The ordering to use for this access.
    pub(crate) fn apply(word: &str, access: Access, ordering: Ordering) -> Ordering {
        let found = chosen().orderings.iter().find(|one| one.word == word && one.access == access);
        found.map_or(ordering, |one| one.ordering)
    }

    pub(crate) fn drops_fence() -> bool {
        chosen().no_fence
    }

    pub(crate) fn has_no_limit(word: &str) -> bool {
        chosen().no_limit && word == "ticket"
    }
}
