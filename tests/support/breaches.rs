//! Breaches of one promise.

use std::fmt;

/// The first of a kind are shown.
const SHOWN: usize = 5;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Breaches {
    pub(crate) count: u64,
    pub(crate) first: Vec<String>,
}

impl Breaches {
    pub(crate) fn note(&mut self, what: impl fmt::Display) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(what.to_string());
        }
    }
}
