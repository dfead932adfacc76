//! Why there are no figures, and what to do about it.

use std::fmt;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// A sentence without its full stop.
    pub(super) what: String,
    /// A sentence, with it.
    pub(super) advice: String,
    /// Whether it may pass by itself.
    pub(super) may_pass: bool,
}

impl Trouble {
    /// Something that comes and goes.
    pub(super) fn passing(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), advice: advice.into(), may_pass: true }
    }

    /// Something that somebody has to change.
    pub(super) fn lasting(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { may_pass: false, ..Self::passing(what, advice) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.what, self.advice)
    }
}

impl std::error::Error for Trouble {}
