//! Names of channels and sockets: the checks agree with the rules said in another way.

#![no_main]

use canyon::protocol::channel::{
    InvalidName, MAX_USER_ID_LENGTH, is_cached, is_encrypted, user_of, validate,
};
use canyon::protocol::{ChannelKind, ErrorReply, SocketId};
use canyon_fuzz::refused;
use libfuzzer_sys::fuzz_target;

/// The prefixes of the contract, longest first where one begins another, and whether the channel remembers.
const PREFIXES: [(&str, ChannelKind, bool); 8] = [
    ("private-encrypted-cache-", ChannelKind::Private, true),
    ("private-encrypted-", ChannelKind::Private, false),
    ("private-cache-", ChannelKind::Private, true),
    ("private-", ChannelKind::Private, false),
    ("presence-cache-", ChannelKind::Presence, true),
    ("presence-", ChannelKind::Presence, false),
    ("#server-to-user-", ChannelKind::User, false),
    ("cache-", ChannelKind::Public, true),
];

fuzz_target!(|input: (u8, &str)| {
    let (limit, name) = (usize::from(input.0), input.1);
    let found = PREFIXES.iter().find(|(prefix, _, _)| name.starts_with(prefix));
    let (kind, cached) = found.map_or((ChannelKind::Public, false), |&(_, kind, cached)| (kind, cached));
    assert_eq!(ChannelKind::of(name), kind);
    assert_eq!(is_cached(name), cached);
    assert_eq!(is_encrypted(name), found.is_some_and(|(prefix, _, _)| prefix.contains("encrypted")));
    assert_eq!(user_of(name).is_some(), kind == ChannelKind::User);

    let allowed = match name.strip_prefix("#server-to-user-") {
        Some(id) => (1..=MAX_USER_ID_LENGTH).contains(&id.chars().count()),
        None => {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
            name.bytes().all(is_allowed) && (1..=limit).contains(&name.len())
        }
    };
    let checked = validate(name.as_bytes(), limit);
    assert_eq!(checked.is_ok(), allowed, "{checked:?}");
    if let Err(why) = checked {
        assert_eq!(why == InvalidName::Empty, name.is_empty());
        assert_eq!(refused(&ErrorReply::invalid_channel(name, why)).len(), 2);
    }

    if let Ok(id) = name.parse::<SocketId>() {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        assert!(name.split_once('.').is_some_and(|(high, low)| digits(high) && digits(low)));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
});
