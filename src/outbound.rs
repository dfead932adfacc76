//! Requests to other servers, over HTTP and HTTPS.
//!
//! Certificates are checked against the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` count), so that a
//! private one can be used; where the system has none, as in a bare container, against Mozilla's list.

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::io;
use std::time::Duration;

/// How long an unused connection is kept: under the 5 seconds after which many servers close theirs.
const IDLE: Duration = Duration::from_secs(4);

/// Keeps connections for requests to any number of servers. Redirects are not followed, and no proxy is used.
pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client for servers of which some are `secure`, if any are: reading the authorities takes a while.
///
/// # Errors
/// If TLS cannot be set up.
pub(crate) fn client(secure: bool) -> io::Result<HttpClient> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let tls = HttpsConnectorBuilder::new().with_tls_config(tls(secure).map_err(io::Error::other)?);
    let connector = tls.https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_title_case_headers(true)
        .build(connector))
}

fn tls(secure: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = rustls::crypto::ring::default_provider();
    let builder =
        ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions()?;
    let trusting = if secure {
        builder.clone().with_native_roots().unwrap_or_else(|error| {
            tracing::info!(%error, "trusting Mozilla's list of certificate authorities");
            builder.with_webpki_roots()
        })
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(trusting.with_no_client_auth())
}

/// An error and what it came from, in one line.
pub(crate) fn causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
