//! The requests of webhooks, and what may become of them.

use super::payload::Payload;
use crate::config::WebhookConfig;
use crate::outbound::{self, causes};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request};
use std::fmt;
use std::io;
use std::time::Duration;

/// How much is read, and for how long, of an answer that nobody looks at, so that its connection can be used again.
const ANSWER_BYTES: usize = 64 << 10;
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// Where a request goes and what stands in its head.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) webhook: WebhookConfig,
    /// The app's key.
    pub(super) key: String,
}

/// Why a request did not arrive. The text holds nothing of URL or headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Answered with another status than 2xx.
    Status(u16),
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Transport(String),
    /// The server stopped meanwhile.
    Stopped,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "it answered with status {status}"),
            Self::Timeout => f.write_str("it did not answer in time"),
            Self::Transport(why) => f.write_str(why),
            Self::Stopped => f.write_str("the server stopped before it answered"),
        }
    }
}

/// How requests are made; in tests something else than HTTP.
pub(super) trait Post: Send + Sync + 'static {
    /// Makes one request; good if the answer is 2xx.
    fn post(&self, target: &Target, payload: &Payload) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Keeps connections for the requests of all endpoints.
pub(super) struct HttpClient(outbound::HttpClient);

impl HttpClient {
    /// A client for endpoints of which some are `secure`, if any are.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(super) fn new(secure: bool) -> io::Result<Self> {
        outbound::client(secure).map(Self)
    }
}

impl Post for HttpClient {
    async fn post(&self, target: &Target, payload: &Payload) -> Result<(), Failure> {
        let request = target.request(payload).map_err(|error| Failure::Transport(error.to_string()))?;
        let answer = self.0.request(request).await.map_err(|error| Failure::Transport(causes(&error)))?;
        let status = answer.status();
        let rest = Limited::new(answer.into_body(), ANSWER_BYTES).collect();
        // Whatever comes of it: the status has been answered.
        let _ = tokio::time::timeout(ANSWER_TIME, rest).await;
        if status.is_success() { Ok(()) } else { Err(Failure::Status(status.as_u16())) }
    }
}

impl Target {
    fn request(&self, payload: &Payload) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let url = &self.webhook.url;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url.uri())
            .header(CONTENT_TYPE, "application/json")
            .header("x-pusher-key", self.key.as_str())
            .header("x-pusher-signature", payload.signature.as_str())
            .header(USER_AGENT, concat!("canyon/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(payload.body.clone()))?;
        let headers = request.headers_mut();
        headers.extend(url.authorization().map(|value| (AUTHORIZATION, value.clone())));
        // Inserted, not added: `User-Agent` and `Authorization` give way to those of the settings.
        for (name, value) in self.webhook.headers.iter() {
            headers.insert(name, value.clone());
        }
        Ok(request)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
