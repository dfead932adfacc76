//! Channel names: which are allowed, and what a name's prefix says about its channel.

use std::fmt;

/// What the channel of a signed-in user begins with.
const USER: &str = "#server-to-user-";

/// Longest name the hosted service takes, prefix included.
pub const MAX_NAME_LENGTH: usize = 164;

/// Longest user id the hosted service takes, in characters.
pub const MAX_USER_ID_LENGTH: usize = 128;

/// What a channel does, read off its prefix.
///
/// Matching is by the whole prefix with its dash: `privateer` is public, `my-cache-x` is not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Anybody may subscribe.
    Public,
    /// `private-`, the encrypted and cached forms included: a signature is needed.
    Private,
    /// `presence-`: a signature that names the member.
    Presence,
    /// `#server-to-user-{id}`: the connections signed in as that user.
    User,
}

impl ChannelKind {
    /// The kind that `name` asks for.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name.starts_with("private-") {
            Self::Private
        } else if name.starts_with("presence-") {
            Self::Presence
        } else if name.starts_with(USER) {
            Self::User
        } else {
            Self::Public
        }
    }

    /// Whether a client needs a signature of the application to subscribe.
    #[must_use]
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Private | Self::Presence)
    }
}

/// Whether the channel remembers its last event: `cache-` stands at the start or right behind the other prefixes.
#[must_use]
pub fn is_cached(name: &str) -> bool {
    ["private-encrypted-", "private-", "presence-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
        .starts_with("cache-")
}

/// Whether the data of the channel's events is encrypted by the application.
#[must_use]
pub fn is_encrypted(name: &str) -> bool {
    name.starts_with("private-encrypted-")
}

/// The user whose channel `name` is.
#[must_use]
pub fn user_of(name: &str) -> Option<&str> {
    name.strip_prefix(USER)
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidName {
    /// The empty name.
    Empty,
    /// More than this many bytes.
    TooLong(usize),
    /// A character outside `[-a-zA-Z0-9_=@,.;]`.
    Character(char),
    /// `#server-to-user-` with no user behind it.
    NoUser,
    /// A user's channel whose user id has more than this many characters.
    UserTooLong(usize),
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong(limit) => write!(f, "it is longer than {limit} characters"),
            Self::Character(c) => write!(f, "{c:?} is not one of a-z A-Z 0-9 _ - = @ , . ;"),
            Self::NoUser => f.write_str("it names no user"),
            Self::UserTooLong(limit) => write!(f, "its user id is longer than {limit} characters"),
        }
    }
}

/// Checks a name against the characters of the contract and a length limit in bytes.
///
/// A leading `#` is allowed only in front of `server-to-user-`. What follows there is the id that the application signed
/// for the user, and whoever can sign in must be reachable: it can hold any character, and has a limit of its own. (What
/// the hosted service does with the other characters in it is not known; its libraries sign users in with them.)
///
/// # Errors
/// The first thing that is wrong with the name.
#[inline]
pub fn validate(name: &[u8], max_length: usize) -> Result<(), InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if let Some(id) = name.strip_prefix(USER.as_bytes()) {
        return validate_user(id);
    }
    if name.len() > max_length {
        return Err(InvalidName::TooLong(max_length));
    }
    // Every byte is looked up, whatever the others are: faster than a branch for each.
    let allowed = name.iter().fold(true, |all, &byte| all & ALLOWED[usize::from(byte)]);
    if allowed { Ok(()) } else { Err(first_refused(name)) }
}

/// The bytes a name may hold: a publisher checks a hundred names in a microsecond.
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        allowed[byte] =
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=' | b'@' | b',' | b'.' | b';');
        byte += 1;
    }
    allowed
};

/// See [`validate`].
#[cold]
fn validate_user(id: &[u8]) -> Result<(), InvalidName> {
    let Ok(id) = std::str::from_utf8(id) else {
        return Err(InvalidName::Character(char::REPLACEMENT_CHARACTER));
    };
    match id.chars().count() {
        0 => Err(InvalidName::NoUser),
        1..=MAX_USER_ID_LENGTH => Ok(()),
        _ => Err(InvalidName::UserTooLong(MAX_USER_ID_LENGTH)),
    }
}

#[cold]
fn first_refused(name: &[u8]) -> InvalidName {
    let text = String::from_utf8_lossy(name);
    let refused = text.chars().find(|c| !u8::try_from(*c).is_ok_and(|byte| ALLOWED[usize::from(byte)]));
    InvalidName::Character(refused.unwrap_or(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_counts_with_its_dash() {
        let kinds = [
            ("lobby", ChannelKind::Public),
            ("privateer", ChannelKind::Public),
            ("presences", ChannelKind::Public),
            ("cache-news", ChannelKind::Public),
            ("private-a", ChannelKind::Private),
            ("private-encrypted-cache-a", ChannelKind::Private),
            ("presence-room.7", ChannelKind::Presence),
            ("presence-cache-a", ChannelKind::Presence),
            ("#server-to-user-31", ChannelKind::User),
        ];
        for (name, kind) in kinds {
            assert_eq!(ChannelKind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn only_the_eight_prefixes_make_a_channel_what_it_is() {
        let cached = ["cache-a", "private-cache-a", "private-encrypted-cache-a", "presence-cache-a"];
        assert!(cached.iter().all(|name| is_cached(name)));
        let uncached = ["my-cache-a", "private-my-cache-a", "cached", "presence-a", "private-encrypted-a"];
        assert!(!uncached.iter().any(|name| is_cached(name)));
        assert!(is_encrypted("private-encrypted-a") && is_encrypted("private-encrypted-cache-a"));
        assert!(!is_encrypted("private-encryptedx") && !is_encrypted("presence-encrypted-a"));
        assert_eq!(user_of("#server-to-user-31"), Some("31"));
        assert_eq!(user_of("server-to-user-31"), None);
    }

    #[test]
    fn names_hold_only_the_allowed_characters() {
        let validate = |name: &str| validate(name.as_bytes(), MAX_NAME_LENGTH);
        assert_eq!(validate("private-Foo_1=@,.;"), Ok(()));
        assert_eq!(validate("#server-to-user-31"), Ok(()));
        assert_eq!(validate("bad name!"), Err(InvalidName::Character(' ')));
        assert_eq!(validate("#lobby"), Err(InvalidName::Character('#')));
        assert_eq!(validate("grün"), Err(InvalidName::Character('ü')));
        assert_eq!(validate(""), Err(InvalidName::Empty));
    }

    #[test]
    fn a_users_channel_takes_every_id_that_a_user_can_have() {
        let named = |id: &str| validate(format!("#server-to-user-{id}").as_bytes(), MAX_NAME_LENGTH);
        for id in ["31", "auth0|31", "ada+x@example.com", "Ada Lovelace", "ülle/7", &"☃".repeat(128)] {
            assert_eq!(named(id), Ok(()), "{id}");
        }
        assert_eq!(named(""), Err(InvalidName::NoUser));
        assert_eq!(named(&"x".repeat(129)), Err(InvalidName::UserTooLong(128)));
        let broken = validate(b"#server-to-user-\xff", MAX_NAME_LENGTH);
        assert_eq!(broken, Err(InvalidName::Character(char::REPLACEMENT_CHARACTER)));
    }

    #[test]
    fn the_prefix_counts_towards_the_length() {
        let name = format!("private-{}", "x".repeat(MAX_NAME_LENGTH - 8));
        assert_eq!(validate(name.as_bytes(), MAX_NAME_LENGTH), Ok(()));
        assert_eq!(validate(format!("{name}x").as_bytes(), MAX_NAME_LENGTH), Err(InvalidName::TooLong(164)));
    }
}
