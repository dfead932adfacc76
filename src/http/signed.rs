//! Signed requests: what the HTTP API believes, and why it does not believe the rest.
//!
//! Source: the REST API page of the Pusher documentation, "Authentication"; order of the checks and texts are those
//! of the reference implementation, the Ruby gem `signature`. Every failure is a 401.

use super::{Refusal, query::Query};
use crate::hub::App;
use crate::protocol::signature;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{Request, StatusCode};
use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds that a request's clock may be off; captured requests cannot be replayed after that.
const CLOCK_TOLERANCE: u64 = 600;

/// Bytes of a body that is too large which are read all the same.
const FORGOTTEN_BYTES: usize = 64 << 20;

/// A request that its app has signed.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) query: String,
    pub(super) body: Bytes,
}

/// Checks the signature, then reads the body of at most `data_bytes` of event data. `path` is the request's without our
/// path prefix.
///
/// The signature covers the body through its digest, so a request that nobody signed is refused before its body is read.
pub(super) async fn verify(
    app: &App,
    path: &str,
    request: &Request<()>,
    body: &mut Incoming,
    data_bytes: usize,
) -> Result<Signed, Refusal> {
    let unauthorized = |why| Refusal::new(StatusCode::UNAUTHORIZED, why);
    let query = request.uri().query().unwrap_or_default().to_owned();
    let parsed = Query::parse(&query);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    check_signature(app, (request.method().as_str(), path), &parsed, now).map_err(|why| Refusal {
        // An event may stand in the parameters.
        redacted: why.split_once(": you should").map(|(why, _)| format!("{why} of its path and parameters")),
        ..unauthorized(why)
    })?;
    let body = read(body, data_bytes).await?;
    check_digest(&parsed, &body).map_err(unauthorized)?;
    Ok(Signed { query, body })
}

/// Reads a body that can hold `data_bytes` of event data.
///
/// Of one that is too large a bounded part is read and forgotten, so that its sender gets to read the answer: a
/// connection that is cut in the middle of a body shows no answer at all.
async fn read(body: &mut Incoming, data_bytes: usize) -> Result<Bytes, Refusal> {
    // The text of an event can grow sixfold when it is escaped as JSON; the rest is names and punctuation.
    let limit = data_bytes * 6 + (64 << 10);
    let ended = || Refusal { ends_connection: true, ..too_large(limit) };
    if body.size_hint().lower() > (limit + FORGOTTEN_BYTES) as u64 {
        return Err(ended());
    }
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Refusal::bad_request(format!("The body could not be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= limit {
            kept.extend_from_slice(&data);
        } else if length <= limit + FORGOTTEN_BYTES {
            kept = BytesMut::new();
        } else {
            return Err(ended());
        }
    }
    if length > limit { Err(too_large(limit)) } else { Ok(kept.freeze()) }
}

/// Reads the rest of a body whose request is refused, if that is little and comes at once; whether it was read to its end.
pub(super) async fn forget(body: &mut Incoming) -> bool {
    const LITTLE: usize = 64 << 10;
    const AT_ONCE: Duration = Duration::from_millis(500);
    let mut left = LITTLE;
    let all = async {
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.into_data().map_or(0, |data| data.len());
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    matches!(tokio::time::timeout(AT_ONCE, all).await, Ok(Some(())))
}

fn too_large(limit: usize) -> Refusal {
    let message = format!(
        "The data content of this event exceeds the allowed maximum: the body is larger than {limit} bytes"
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

fn check_signature(
    app: &App,
    (method, path): (&str, &str),
    query: &Query<'_>,
    now: u64,
) -> Result<(), String> {
    match query.get("auth_version") {
        Some("1.0") => {}
        Some(_) => return Err("Version not supported".to_owned()),
        None => return Err("Version required".to_owned()),
    }
    let stamp = query.get("auth_timestamp").ok_or("Timestamp required")?;
    let stamp: u64 = stamp.parse().map_err(|_| format!("Timestamp invalid: {stamp}"))?;
    if stamp.abs_diff(now) >= CLOCK_TOLERANCE {
        return Err(format!(
            "Timestamp expired: Given timestamp ({}) not within {CLOCK_TOLERANCE}s of server time ({})",
            iso(stamp),
            iso(now)
        ));
    }
    if query.get("auth_key") != Some(app.config.key.as_str()) {
        return Err("Unknown auth_key".to_owned());
    }
    let given = query.get("auth_signature").ok_or("Signature required")?;
    let secret = app.config.secret.reveal();
    let expected = signature::request_to_sign(method, path, query.pairs());
    // Some libraries sign the path before they escape it.
    let unescaped = percent_decode_str(path).decode_utf8_lossy();
    let is_valid = signature::is_signature_of(secret, &[&expected], given)
        || signature::is_signature_of(
            secret,
            &[&signature::request_to_sign(method, &unescaped, query.pairs())],
            given,
        );
    if !is_valid {
        return Err(format!(
            "Invalid signature: you should have sent HmacSHA256Hex({expected:?}, your_secret_key), but you sent {given:?}"
        ));
    }
    Ok(())
}

/// The signature covers the body through its digest: without one, anybody could put another body under it.
fn check_digest(query: &Query<'_>, body: &[u8]) -> Result<(), String> {
    match query.get("body_md5") {
        Some(digest) if digest.eq_ignore_ascii_case(&hex::encode(Md5::digest(body))) => Ok(()),
        Some(_) => Err("Invalid body_md5: it is not the MD5 digest of the body that was sent".to_owned()),
        None if body.is_empty() => Ok(()),
        None => Err("body_md5 required: the request has a body".to_owned()),
    }
}

fn iso(seconds: u64) -> String {
    let latest = 253_402_300_799; // the last second of the year 9999
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(latest))).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AppConfig, Secret};

    const NOW: u64 = 1_353_088_179;
    const BODY: &[u8] = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
    const MD5: &str = "ec365a775a4cd0599faeb73354201b6f";
    const SIGNATURE: &str = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";

    fn app() -> App {
        let secret = Secret::new("7ad3773142a6692b25b8".into());
        App::new(
            0,
            AppConfig::new("3".into(), "278d425bdf160c739803".into(), secret),
            &std::sync::Arc::default(),
        )
    }

    fn documented() -> String {
        format!(
            "auth_key=278d425bdf160c739803&auth_timestamp={NOW}&auth_version=1.0&body_md5={MD5}&auth_signature={SIGNATURE}"
        )
    }

    fn verdict(query: &str, body: &[u8], now: u64) -> Result<(), String> {
        let query = Query::parse(query);
        check_signature(&app(), ("POST", "/apps/3/events"), &query, now)?;
        check_digest(&query, body)
    }

    fn resigned(query: &str) -> String {
        let parsed = Query::parse(query);
        let text = signature::request_to_sign("POST", "/apps/3/events", parsed.pairs());
        format!("{query}&auth_signature={}", signature::sign(app().config.secret.reveal(), &[&text]))
    }

    #[test]
    fn the_documented_request_is_believed_for_600_seconds() {
        assert_eq!(verdict(&documented(), BODY, NOW), Ok(()));
        assert_eq!(verdict(&documented(), BODY, NOW + 599), Ok(()));
        assert_eq!(verdict(&documented(), BODY, NOW - 599), Ok(()));
        let expired = verdict(&documented(), BODY, NOW + 600).unwrap_err();
        assert_eq!(
            expired,
            "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (2012-11-16T17:59:39Z)"
        );
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        assert!(verdict(&documented(), b"{}", NOW).unwrap_err().contains("body_md5"));
        let other = documented().replace("auth_version=1.0", "auth_version=1.0&x=1");
        assert!(
            verdict(&other, BODY, NOW).unwrap_err().starts_with("Invalid signature: you should have sent")
        );
        let other_path =
            check_signature(&app(), ("POST", "/apps/4/events"), &Query::parse(&documented()), NOW);
        assert!(other_path.is_err());
    }

    #[test]
    fn each_missing_part_is_named() {
        let without = |part: &str| {
            let kept: Vec<String> =
                documented().split('&').filter(|pair| !pair.starts_with(part)).map(str::to_owned).collect();
            verdict(&kept.join("&"), BODY, NOW).unwrap_err()
        };
        assert_eq!(without("auth_version"), "Version required");
        assert_eq!(without("auth_timestamp"), "Timestamp required");
        assert_eq!(without("auth_key"), "Unknown auth_key");
        assert_eq!(without("auth_signature"), "Signature required");
    }

    #[test]
    fn a_body_without_its_digest_is_refused_though_the_signature_holds() {
        let query = resigned(&format!("auth_key=278d425bdf160c739803&auth_timestamp={NOW}&auth_version=1.0"));
        assert!(verdict(&query, BODY, NOW).unwrap_err().contains("body_md5 required"));
        assert_eq!(verdict(&query, b"", NOW), Ok(()));
    }

    /// The Python library sends the digest of an empty body.
    #[test]
    fn the_digest_of_an_empty_body_is_welcome() {
        let query = resigned(&format!(
            "auth_key=278d425bdf160c739803&auth_timestamp={NOW}&auth_version=1.0&body_md5=d41d8cd98f00b204e9800998ecf8427e"
        ));
        assert_eq!(verdict(&query, b"", NOW), Ok(()));
    }
}
