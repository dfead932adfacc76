//! Signatures of subscriptions, users and requests, and the query strings that they stand in.

#![no_main]

use canyon::protocol::ErrorReply;
use canyon::protocol::signature::{is_signature_of, request_to_sign, sign, verify_subscription, verify_user};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::collections::HashSet;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    key: &'a str,
    secret: &'a str,
    auth: &'a str,
    socket_id: &'a str,
    channel: &'a str,
    channel_data: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    query: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    subscription(&input);
    request(&input);
});

fn subscription(input: &Input<'_>) {
    let Input { key, secret, auth, socket_id, channel, channel_data, .. } = *input;
    let signed = match channel_data {
        Some(data) => [socket_id, channel, data].join(":"),
        None => [socket_id, channel].join(":"),
    };
    let signature = sign(secret, &[&signed]);
    let is_ours = |auth: &str| {
        auth.split_once(':')
            .is_some_and(|(given_key, given)| given_key == key && given.eq_ignore_ascii_case(&signature))
    };
    let own = format!("{key}:{signature}");
    for auth in [auth, &own, &own.to_ascii_uppercase()] {
        let verdict = verify_subscription((key, secret), auth, socket_id, channel, channel_data);
        assert_eq!(verdict.is_ok(), is_ours(auth), "{auth:?}: {verdict:?}");
        if let Err(why) = verdict {
            assert!(!ErrorReply::auth_refused(channel, &why).message.is_empty());
        }
    }
    let user = format!("{key}:{}", sign(secret, &[socket_id, "::user::", channel]));
    assert_eq!(verify_user((key, secret), &user, socket_id, channel).is_ok(), !key.contains(':'));
}

fn request(input: &Input<'_>) {
    let Input { secret, auth, method, path, query, .. } = *input;
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(query.as_bytes()).collect();
    let text = request_to_sign(method, path, &pairs);
    let signature = sign(secret, &[&text]);
    assert!(is_signature_of(secret, &[&text], &signature));
    assert!(is_signature_of(secret, &[&text], &signature.to_ascii_uppercase()));
    assert_eq!(is_signature_of(secret, &[&text], auth), auth.eq_ignore_ascii_case(&signature));

    // The signature itself is not signed, and the order of different keys does not count.
    pairs.push(("auth_signature".into(), signature.into()));
    let keys: HashSet<String> = pairs.iter().map(|(key, _)| key.to_ascii_lowercase()).collect();
    if keys.len() == pairs.len() {
        pairs.reverse();
    }
    assert_eq!(request_to_sign(method, path, &pairs), text);
}
