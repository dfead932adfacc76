//! Requests over HTTP and HTTPS.
//!
//! Certificates are checked against the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` count), so that a
//! private one can be used; where the system has none, as in a bare container, against Mozilla's list.

use super::payload::Payload;
use crate::config::WebhookConfig;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// How long an unused connection is kept: under the 5 seconds after which many servers close theirs.
const IDLE: Duration = Duration::from_secs(4);

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

/// Keeps connections for the requests of all endpoints. Redirects are not followed, and no proxy is used.
pub(super) struct HttpClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl HttpClient {
    /// A client for endpoints of which some are `secure`, if any are: reading the authorities takes a while.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(super) fn new(secure: bool) -> io::Result<Self> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls(secure).map_err(io::Error::other)?);
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_title_case_headers(true)
            .build(connector);
        Ok(Self(client))
    }
}

fn tls(secure: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = rustls::crypto::ring::default_provider();
    let builder =
        ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions()?;
    let trusting = if secure {
        builder.clone().with_native_roots().unwrap_or_else(|error| {
            tracing::info!(%error, "webhooks: trusting Mozilla's list of certificate authorities");
            builder.with_webpki_roots()
        })
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(trusting.with_no_client_auth())
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

/// An error and what it came from, in one line.
fn causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
