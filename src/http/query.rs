//! Parameters of a request's query string, decoded.

use std::borrow::Cow;

/// Decoded keys and values in the order in which they came.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    pub(super) fn parse(query: &'a str) -> Self {
        Self { pairs: form_urlencoded::parse(query.as_bytes()).collect() }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// Every value of an array parameter, `key[]=a&key[]=b`.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        let is_of_array = move |name: &str| name.strip_suffix("[]") == Some(key);
        self.pairs.iter().filter(move |(name, _)| is_of_array(name)).map(|(_, value)| value.as_ref())
    }

    pub(super) fn pairs(&self) -> &[(Cow<'a, str>, Cow<'a, str>)] {
        &self.pairs
    }
}
