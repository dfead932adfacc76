//! Requests of the Pusher HTTP API, signed, over connections that are kept.

use canyon::protocol::signature;
use md5::{Digest, Md5};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Credentials {
    pub(crate) id: &'static str,
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
}

impl Credentials {
    /// Head and body of a POST to `/apps/{id}{path}`.
    pub(crate) fn post(self, path: &str, body: &str) -> (String, String) {
        let target = self.target("POST", path, Some(body));
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        (head, body.to_owned())
    }

    /// A GET of `/apps/{id}{path}`.
    pub(crate) fn get(self, path: &str) -> String {
        format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", self.target("GET", path, None))
    }

    /// Path and query, signed as the documentation of the HTTP API says.
    pub(crate) fn target(self, method: &str, path: &str, body: Option<&str>) -> String {
        let Self { id, key, secret } = self;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let mut query = format!("auth_key={key}&auth_timestamp={now}&auth_version=1.0");
        if let Some(body) = body {
            query.push_str(&format!("&body_md5={}", hex::encode(Md5::digest(body))));
        }
        let path = format!("/apps/{id}{path}");
        let sign = signature::sign(secret, &[&format!("{method}\n{path}\n{query}")]);
        format!("{path}?{query}&auth_signature={sign}")
    }
}
