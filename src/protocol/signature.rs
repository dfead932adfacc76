//! HMAC-SHA256 signatures: of subscriptions and of HTTP API requests.
//!
//! Comparisons are constant-time. `channel_data` is signed as the raw text that came, never re-serialised, and on
//! private channels too if it was sent: pusher-js' own test server signs it there.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::borrow::Cow;

/// Why the `auth` of a subscription does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthRefused {
    /// Not `key:signature`.
    Format,
    /// Signed for another app.
    Key(String),
    /// The signature is wrong.
    Signature {
        /// The text that should have been signed.
        signed: String,
        /// The signature that came.
        given: String,
    },
}

/// Checks `auth` = `key:hex` of a subscription.
///
/// # Errors
/// What is wrong with it.
pub fn verify_subscription(
    app: (&str, &str),
    auth: &str,
    socket_id: &str,
    channel: &str,
    channel_data: Option<&str>,
) -> Result<(), AuthRefused> {
    let signed = match channel_data {
        Some(data) => format!("{socket_id}:{channel}:{data}"),
        None => format!("{socket_id}:{channel}"),
    };
    verify(app, auth, signed)
}

fn verify((key, secret): (&str, &str), auth: &str, signed: String) -> Result<(), AuthRefused> {
    let (given_key, given) = auth.split_once(':').ok_or(AuthRefused::Format)?;
    if given_key != key {
        return Err(AuthRefused::Key(given_key.to_owned()));
    }
    if is_signature_of(secret, &[&signed], given) {
        Ok(())
    } else {
        Err(AuthRefused::Signature { signed, given: given.to_owned() })
    }
}

/// Checks `auth` = `key:hex` of a sign-in, which signs `socket_id::user::user_data`.
///
/// # Errors
/// What is wrong with it.
pub fn verify_user(
    app: (&str, &str),
    auth: &str,
    socket_id: &str,
    user_data: &str,
) -> Result<(), AuthRefused> {
    verify(app, auth, format!("{socket_id}::user::{user_data}"))
}

/// The text that a signed HTTP API request signs: `METHOD\nPATH\nk=v&k=v`.
///
/// `query` holds the decoded parameters in any order, `auth_signature` among them; keys are lower-cased and sorted.
#[must_use]
pub fn request_to_sign(method: &str, path: &str, query: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let mut pairs: Vec<(String, &str)> = query
        .iter()
        .map(|(key, value)| (key.to_ascii_lowercase(), value.as_ref()))
        .filter(|(key, _)| key != "auth_signature")
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let joined: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{}\n{path}\n{}", method.to_ascii_uppercase(), joined.join("&"))
}

/// Whether `given` is the hex HMAC-SHA256 of the concatenated `parts`, in constant time.
#[must_use]
pub fn is_signature_of(secret: &str, parts: &[&str], given: &str) -> bool {
    let Ok(given) = hex::decode(given) else { return false };
    mac(secret, parts).verify_slice(&given).is_ok()
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
#[must_use]
pub fn is_same(secret: &str, given: &str) -> bool {
    is_signature_of(secret, &[], &sign(given, &[]))
}

/// Lower-case hex HMAC-SHA256 of the concatenated `parts`.
#[must_use]
pub fn sign(secret: &str, parts: &[&str]) -> String {
    hex::encode(mac(secret, parts).finalize().into_bytes())
}

fn mac(secret: &str, parts: &[&str]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104); only the trait can fail"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "278d425bdf160c739803";
    const SECRET: &str = "7ad3773142a6692b25b8";

    /// The vectors of the Pusher documentation (auth-signatures page).
    #[test]
    fn documented_subscription_vectors_hold() {
        let private = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4";
        let presence = "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80";
        let data = r#"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#;
        assert_eq!(sign(SECRET, &["1234.1234:private-foobar"]), private);
        let verify = |channel, data, hex: &str| {
            verify_subscription((KEY, SECRET), &format!("{KEY}:{hex}"), "1234.1234", channel, data)
        };
        assert_eq!(verify("private-foobar", None, private), Ok(()));
        assert_eq!(verify("presence-foobar", Some(data), presence), Ok(()));
        assert!(matches!(verify("private-foobar", Some("{}"), private), Err(AuthRefused::Signature { .. })));
        assert!(matches!(verify("private-foobaz", None, private), Err(AuthRefused::Signature { .. })));
        let user = "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba";
        let verify_user = |data| verify_user((KEY, SECRET), &format!("{KEY}:{user}"), "1234.1234", data);
        assert_eq!(verify_user(r#"{"id":"12345"}"#), Ok(()));
        assert!(matches!(verify_user(r#"{"id":"12346"}"#), Err(AuthRefused::Signature { .. })));
    }

    #[test]
    fn a_valid_signature_under_another_key_is_refused() {
        let hex = sign(SECRET, &["1.1:private-a"]);
        let verify = |auth: &str| verify_subscription((KEY, SECRET), auth, "1.1", "private-a", None);
        assert_eq!(verify(&format!("other:{hex}")), Err(AuthRefused::Key("other".into())));
        assert_eq!(verify(&hex), Err(AuthRefused::Format));
        assert_eq!(verify(""), Err(AuthRefused::Format));
        assert!(matches!(verify(&format!("{KEY}:zz")), Err(AuthRefused::Signature { .. })));
        assert!(matches!(verify(&format!("{KEY}:{}", &hex[..62])), Err(AuthRefused::Signature { .. })));
    }

    /// The vector of the Pusher documentation (rest-api page).
    #[test]
    fn documented_request_vector_holds() {
        let query: Vec<(Cow<'_, str>, Cow<'_, str>)> = [
            ("auth_version", "1.0"),
            ("body_md5", "ec365a775a4cd0599faeb73354201b6f"),
            ("auth_key", KEY),
            ("auth_signature", "left out"),
            ("auth_timestamp", "1353088179"),
        ]
        .map(|(key, value)| (key.into(), value.into()))
        .to_vec();
        let text = request_to_sign("post", "/apps/3/events", &query);
        assert_eq!(
            sign(SECRET, &[&text]),
            "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
        );
    }
}
