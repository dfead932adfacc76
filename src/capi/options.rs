//! The options of a publisher: the settings of PHP's extension, under the same names, in one string.

use crate::check::{self, EVENT_BYTES, Limit, Limits};
use crate::protocol::channel::MAX_NAME_LENGTH;
use crate::queue::{Access, MAX_PAYLOAD, ProducerOptions, RING_BYTES};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) ring_bytes: usize,
    pub(super) limits: Limits,
    pub(super) access: Access,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_bytes: ProducerOptions::RING_BYTES,
            limits: Limits {
                event_bytes: Limit { most: EVENT_BYTES, setting: "max_event_bytes" },
                channel_length: Limit { most: MAX_NAME_LENGTH, setting: "max_channel_length" },
            },
            access: Access::default(),
        }
    }
}

impl Options {
    /// Reads `name=value` pairs with white space between them; an empty value means the default.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let (mut owner, mut group) = ("", "");
        for pair in text.split_ascii_whitespace() {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("the option {pair:?} is none: options have the form name=value"))?;
            let size = |least, most| {
                check::size(value, least, most).map_err(|why| format!("the option {pair:?}: it {why}"))
            };
            match name {
                "queue_owner" => owner = value,
                "queue_group" => group = value,
                "ring_bytes" | "max_event_bytes" | "max_channel_length" if value.is_empty() => {}
                "ring_bytes" => options.ring_bytes = size(*RING_BYTES.start(), *RING_BYTES.end())?,
                "max_event_bytes" => options.limits.event_bytes.most = size(1, MAX_PAYLOAD)?,
                "max_channel_length" => options.limits.channel_length.most = size(1, 200)?,
                _ => {
                    return Err(format!(
                        "there is no option {name:?}; there are queue_owner, queue_group, ring_bytes, max_event_bytes \
                         and max_channel_length"
                    ));
                }
            }
        }
        options.access = Access::named(owner, group).map_err(|unknown| {
            let name = if unknown.is_group { "queue_group" } else { "queue_owner" };
            format!("the option {name}: it {unknown}")
        })?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_is_the_defaults_of_the_extension() {
        let options = Options::parse("").unwrap();
        assert_eq!(options, Options::default());
        assert_eq!((options.ring_bytes, options.limits.event_bytes.most), (256 * 1024, 1024 * 1024));
        assert_eq!(Options::parse(" queue_group= ring_bytes=\tmax_event_bytes=").unwrap(), options);
    }

    #[test]
    fn sizes_and_people_are_read_as_in_php_ini() {
        let options =
            Options::parse("ring_bytes=1M\nmax_event_bytes=2m max_channel_length=200 queue_group=7").unwrap();
        assert_eq!((options.ring_bytes, options.limits.event_bytes.most), (1 << 20, 2 << 20));
        assert_eq!(options.limits.channel_length.most, 200);
        assert_eq!(options.access, Access { owner: None, group: Some(7) });
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, wanted) in [
            ("ring_bits=1", ["ring_bits", "queue_owner"]),
            ("ring_bytes", ["ring_bytes", "name=value"]),
            ("ring_bytes=many", ["ring_bytes=many", "number from"]),
            ("max_event_bytes=9M", ["max_event_bytes=9M", "8388608"]),
            ("max_channel_length=201", ["max_channel_length=201", "200"]),
            ("queue_group=no-such-group", ["queue_group", "no-such-group"]),
            ("queue_owner=no-such-user", ["queue_owner", "no-such-user"]),
        ] {
            let refused = Options::parse(text).unwrap_err();
            assert!(wanted.iter().all(|part| refused.contains(part)), "{text}: {refused}");
        }
    }
}
