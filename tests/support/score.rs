//! Promises as counted tests: each is kept, or the first records that break it are shown.

use crate::breaches::Breaches;

/// Passed, or what is wrong.
pub(crate) struct Check {
    sentence: String,
    wrong: Vec<String>,
    count: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Check {
    pub(crate) fn new(sentence: &str, breaches: &Breaches) -> Self {
        Self { sentence: sentence.to_owned(), wrong: breaches.first.clone(), count: breaches.count }
    }

    pub(crate) fn that(sentence: &str, holds: bool, otherwise: String) -> Self {
        let wrong = if holds { Vec::new() } else { vec![otherwise] };
        Self { sentence: sentence.to_owned(), count: wrong.len() as u64, wrong }
    }
}

impl Score {
    /// Prints a promise, and the first records that break it.
    pub(crate) fn judge(&mut self, check: Check) {
        let Check { sentence, wrong, count } = check;
        if count == 0 {
            self.passed += 1;
            println!("ok: {sentence}");
        } else {
            self.failed += 1;
            println!("FAILED: {sentence}: {count} in all");
            wrong.iter().for_each(|line| println!("  {line}"));
        }
    }
}
