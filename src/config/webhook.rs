//! Where an app's life-cycle events are posted, and which of them.
//!
//! An URL can hold a password or a token, and so can a header: both are printed without.

use super::{LifeKind, LifeKinds};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::num::NonZeroU16;

/// One of the `webhooks` of an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where the events are posted. A user and password in it are sent as `Authorization: Basic`, unless `headers` has
    /// an `Authorization` of its own.
    pub url: WebhookUrl,
    /// The kinds of events that are posted; none named means all.
    #[serde(default)]
    pub events: LifeKinds,
    /// Only events of channels whose name begins like this are posted.
    #[serde(default, deserialize_with = "channel_prefix")]
    pub channel_prefix: String,
    /// Headers that every request has besides its own.
    #[serde(default)]
    pub headers: WebhookHeaders,
}

impl WebhookConfig {
    /// Whether an event of this kind and channel is posted.
    #[must_use]
    pub fn wants(&self, kind: LifeKind, channel: &str) -> bool {
        self.events.contains(kind) && channel.starts_with(&self.channel_prefix)
    }
}

/// An `http://` or `https://` URL. Displayed, it shows neither user nor query.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookUrl {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl WebhookUrl {
    /// The URL without user and password.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// `Basic …`, if there is a user in the URL.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Scheme, host and port: what may be said of it in a log, since a path can be a secret too.
    #[must_use]
    pub fn origin(&self) -> String {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        format!("{}://{authority}", self.uri.scheme_str().unwrap_or_default())
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = &'static str;

    // The messages do not repeat the URL: it may hold a password.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if !text.is_ascii() {
            return Err(
                "the url of a webhook must be ASCII: write other characters percent-encoded, a host in punycode",
            );
        }
        if text.contains('#') {
            return Err("the url of a webhook cannot have a fragment (#)");
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !scheme.is_some_and(|scheme| ["http", "https"].contains(&scheme.as_str())) {
            return Err("the url of a webhook must begin with http:// or https://");
        }
        let uri: Uri = text.parse().map_err(|_| "the url of a webhook is not a valid URL")?;
        let mut parts = uri.into_parts();
        let authority = parts.authority.as_ref().map_or("", |authority| authority.as_str());
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let authorization = user.map(basic).transpose()?;
        let host = host.parse().map_err(|_| "the url of a webhook must name a host")?;
        parts.authority = Some(host);
        let uri = Uri::from_parts(parts).map_err(|_| "the url of a webhook is not a valid URL")?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let port = match uri.host() {
            None | Some("") => return Err("the url of a webhook must name a host"),
            Some(host) => authority.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')),
        };
        if port.is_some_and(|port| port.parse::<NonZeroU16>().is_err()) {
            return Err("the port in the url of a webhook must be 1 to 65535");
        }
        Ok(Self { uri, authorization })
    }
}

/// The value of `Authorization` for the `user:password` of an URL.
fn basic(user: &str) -> Result<HeaderValue, &'static str> {
    let mut decoded: Vec<u8> = percent_decode_str(user).collect();
    if !user.contains(':') {
        decoded.push(b':');
    }
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(decoded)))
        .map_err(|_| "the user in the url of a webhook cannot be sent")?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.authorization.is_some() { "(redacted)@" } else { "" };
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let query = if self.uri.query().is_some() { "?(redacted)" } else { "" };
        let scheme = self.uri.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{user}{authority}{}{query}", self.uri.path())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Headers by name; their values are not printed.
#[derive(Debug, Clone, Default)]
pub struct WebhookHeaders(Vec<(HeaderName, HeaderValue)>);

impl WebhookHeaders {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let known: HeaderName =
            name.parse().map_err(|_| format!("{name:?} cannot be the name of a header"))?;
        if TAKEN.contains(&known.as_str()) {
            return Err(format!("the header {name} is set by the server itself"));
        }
        if self.0.iter().any(|(other, _)| *other == known) {
            return Err(format!("the header {name} is given twice"));
        }
        // Whoever reads the message knows the name; the value may be a password.
        let mut value: HeaderValue =
            value.parse().map_err(|_| format!("the value of the header {name} must be visible ASCII"))?;
        value.set_sensitive(true);
        self.0.push((known, value));
        Ok(())
    }
}

/// Headers that say what the request is and where it ends.
const TAKEN: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-pusher-key",
    "x-pusher-signature",
];

impl Serialize for WebhookHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, _)| (name.as_str(), "(redacted)")))
    }
}

impl<'de> Deserialize<'de> for WebhookHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Headers;

        impl<'de> Visitor<'de> for Headers {
            type Value = WebhookHeaders;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers as { \"Name\" = \"value\" }")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut headers = WebhookHeaders::default();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    headers.add(&name, &value).map_err(A::Error::custom)?;
                }
                Ok(headers)
            }

            /// PHP has one empty array for lists and maps, and it becomes a list in JSON.
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(WebhookHeaders::default()),
                    Some(_) => Err(A::Error::custom("headers are given by name, not as a list")),
                }
            }
        }

        deserializer.deserialize_any(Headers)
    }
}

/// A prefix that no channel's name can have would be a webhook that never fires.
fn channel_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(deserializer)?;
    let rest = prefix.strip_prefix('#').unwrap_or(&prefix);
    if rest.chars().all(|c| c.is_ascii_alphanumeric() || "-_=@,.;".contains(c)) {
        Ok(prefix)
    } else {
        Err(D::Error::custom(format!(
            "no channel begins with {prefix:?}: give the beginning of a name, without a wildcard"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings};

    const APP: &str = "[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n";

    fn settle(webhook: &str) -> Result<Config, String> {
        Settings::from_toml(&format!("{APP}webhooks = [{webhook}]\n"), &"test.toml")
            .and_then(Settings::settle)
            .map_err(|error| error.to_string())
    }

    fn webhook(toml: &str) -> WebhookConfig {
        settle(toml).unwrap().apps[0].webhooks[0].clone()
    }

    #[test]
    fn everything_but_the_url_has_a_default() {
        let webhook = webhook("{ url = 'http://127.0.0.1:9000/hook?a=b' }");
        assert_eq!(webhook.url.uri(), "http://127.0.0.1:9000/hook?a=b");
        assert!(webhook.url.authorization().is_none());
        assert!(LifeKind::ALL.into_iter().all(|kind| webhook.wants(kind, "any")));
        assert_eq!(webhook.headers.iter().count(), 0);
    }

    #[test]
    fn scheme_and_host_may_be_written_in_capitals_and_hosts_as_addresses() {
        for (url, origin) in [
            ("HTTPS://Example.com/A", "https://Example.com"),
            ("http://[::1]:9000/", "http://[::1]:9000"),
            ("http://127.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(webhook(&format!("{{ url = '{url}' }}")).url.origin(), origin);
        }
    }

    #[test]
    fn events_and_prefix_both_count() {
        let webhook =
            webhook("{ url = 'https://a', events = ['channel_occupied'], channel_prefix = 'presence-' }");
        assert!(webhook.wants(LifeKind::ChannelOccupied, "presence-a"));
        assert!(!webhook.wants(LifeKind::ChannelVacated, "presence-a"));
        assert!(!webhook.wants(LifeKind::ChannelOccupied, "private-presence-a"));
    }

    #[test]
    fn a_user_in_the_url_becomes_basic_authorization() {
        let with = webhook("{ url = 'https://ada:p%40ss:word@example.com:8443/x' }");
        assert_eq!(with.url.uri(), "https://example.com:8443/x");
        assert_eq!(with.url.origin(), "https://example.com:8443");
        let value = format!("Basic {}", STANDARD.encode("ada:p@ss:word"));
        assert_eq!(with.url.authorization().unwrap().as_bytes(), value.as_bytes());
        let without = webhook("{ url = 'https://ada@example.com' }");
        let value = format!("Basic {}", STANDARD.encode("ada:"));
        assert_eq!(without.url.authorization().unwrap().as_bytes(), value.as_bytes());
    }

    #[test]
    fn mistakes_name_file_line_and_key() {
        let bad_url = |url: &str| format!("{{ url = '{url}' }}");
        let bad_header = |headers: &str| format!("{{ url = 'http://a', headers = {headers} }}");
        for (toml, wanted) in [
            ("{ events = [] }".to_owned(), "missing field `url`"),
            ("{ url = 'http://a', uri = 'x' }".to_owned(), "unknown field `uri`"),
            ("{ url = 'http://a', events = ['channel_ocupied'] }".to_owned(), "channel_ocupied"),
            ("{ url = 'http://a', channel_prefix = 'private-*' }".to_owned(), "private-*"),
            (bad_url(""), "url of a webhook"),
            (bad_url("example.com/hook"), "http://"),
            (bad_url("/hook"), "http://"),
            (bad_url("ftp://example.com"), "http://"),
            (bad_url("http://exa mple.com"), "not a valid URL"),
            (bad_url("http:///hook"), "url of a webhook"),
            (bad_url("http://user@/hook"), "not a valid URL"),
            (bad_url("http://a:0/"), "port"),
            (bad_url("http://a:/"), "port"),
            (bad_url("http://a:65536/"), "port"),
            (bad_url("http://a/#top"), "fragment"),
            (bad_url("http://exämple.com"), "ASCII"),
            (bad_header("{ 'X A' = 'b' }"), "\"X A\""),
            (bad_header("{ 'X-A' = \"b\\nc\" }"), "visible ASCII"),
            (bad_header("{ 'X-Pusher-Key' = 'b' }"), "set by the server"),
            (bad_header("{ 'X-A' = 'b', 'x-a' = 'c' }"), "twice"),
            (bad_header("{ 'X-A' = 1 }"), "expected a string"),
            (bad_header("['X-A']"), "not as a list"),
        ] {
            let message = settle(&toml).expect_err(&toml);
            for part in [wanted, "test.toml", "line 5", "webhooks"] {
                assert!(message.contains(part), "{toml}: {message}");
            }
        }
    }

    #[test]
    fn a_mistake_in_json_names_the_key() {
        let json = r#"{"app":[{"id":"1","key":"k","secret":"s","webhooks":[{"url":"nowhere"}]}]}"#;
        let message = Settings::from_json(json, "CANYON_SETTINGS").unwrap_err().to_string();
        assert!(message.contains("CANYON_SETTINGS: app[0].webhooks[0].url: "), "{message}");
    }

    #[test]
    fn an_empty_array_of_php_is_no_headers() {
        let json = r#"{"url":"http://a","events":[],"headers":[]}"#;
        let webhook: WebhookConfig = serde_json::from_str(json).unwrap();
        assert_eq!((webhook.headers.iter().count(), webhook.events), (0, LifeKinds::ALL));
    }

    #[test]
    fn neither_password_nor_query_nor_header_values_are_printed() {
        let config = settle(
            "{ url = 'https://ada:hush@example.com/hook?token=hush', headers = { Authorization = 'hush' } }",
        );
        let config = config.unwrap();
        let printed = toml::to_string(&config).unwrap();
        assert!(!printed.contains("hush") && !printed.contains("ada"), "{printed}");
        assert!(printed.contains("https://(redacted)@example.com/hook?(redacted)"), "{printed}");
        assert!(printed.contains("authorization = \"(redacted)\""), "{printed}");
        let shown = format!("{config:?}");
        assert!(!shown.contains("hush") && !shown.contains("ada"), "{shown}");
    }
}
