//! Asking a server: signed requests, and what becomes of them.

use super::address::Address;
use super::figures::Sort;
use super::trouble::Trouble;
use super::words;
use crate::config::AppConfig;
use crate::outbound::{self, HttpClient, causes};
use crate::protocol::signature;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::UnixStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const ANSWER_BYTES: usize = 16 << 20;

/// What is shown of an answer that is not understood.
const SHOWN_COLUMNS: usize = 300;

/// What stays as it is in a path.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A server, and the app whose figures it is asked for.
#[derive(Debug)]
pub(super) struct Server {
    address: Address,
    app: AppConfig,
    http: HttpClient,
}

impl Server {
    /// # Errors
    /// If TLS cannot be set up.
    pub(super) fn new(address: Address, app: AppConfig) -> io::Result<Self> {
        let http = outbound::client(matches!(address, Address::Web { is_secure: true, .. }))?;
        Ok(Self { address, app, http })
    }

    /// Where it is.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The app's id.
    pub(super) fn app(&self) -> &str {
        &self.app.id
    }

    /// The figures of now, as they come.
    pub(super) async fn top(&self, limit: u16, sort: Sort, filter: &str) -> Result<Value, Trouble> {
        let mut parameters = vec![("limit", limit.to_string()), ("sort", sort.to_string())];
        if !filter.is_empty() {
            parameters.push(("filter", filter.to_owned()));
        }
        match self.ask("top", &parameters).await {
            Err(Failure::Answered(StatusCode::NOT_FOUND, said)) => Err(self.not_found(&said).await),
            answer => answer.map_err(|failure| self.trouble(failure)),
        }
    }

    /// The samples of the last seconds.
    pub(super) async fn history(&self, seconds: u64) -> Result<Value, Trouble> {
        let answer = self.ask("history", &[("seconds", seconds.to_string())]).await;
        answer.map_err(|failure| self.trouble(failure))
    }

    async fn ask(&self, endpoint: &str, parameters: &[(&'static str, String)]) -> Result<Value, Failure> {
        let path = format!("/apps/{}/{endpoint}", utf8_percent_encode(&self.app.id, &UNRESERVED));
        let stamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let mut query: Vec<(Cow<'_, str>, Cow<'_, str>)> = vec![
            ("auth_key".into(), self.app.key.as_str().into()),
            ("auth_timestamp".into(), stamp.to_string().into()),
            ("auth_version".into(), "1.0".into()),
        ];
        query.extend(parameters.iter().map(|(name, value)| ((*name).into(), value.as_str().into())));
        // The prefix is the server's own, and not signed.
        let text = signature::request_to_sign("GET", &path, &query);
        let signature = signature::sign(self.app.secret.reveal(), &[&text]);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .append_pair("auth_signature", &signature)
            .finish();
        let target = format!("{}{path}?{query}", self.address.prefix());
        let asked = async {
            let answer = match &self.address {
                Address::Unix { path, .. } => through_socket(path, &target).await?,
                Address::Web { is_secure, authority, .. } => {
                    let scheme = if *is_secure { "https" } else { "http" };
                    let request = request(&format!("{scheme}://{authority}{target}"), None)?;
                    self.http.request(request).await.map_err(|error| failed(&error))?
                }
            };
            understand(answer).await
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(Failure::Timeout))
    }

    fn trouble(&self, failure: Failure) -> Trouble {
        let Self { address, app, .. } = self;
        match failure {
            Failure::Transport(why) => Trouble::passing(
                format!("There is no answer from {address}: {}", words::foreign(&why)),
                "Is the server running, and is this its address?",
            ),
            Failure::Timeout => Trouble::passing(
                format!("There is no answer from {address} within {} seconds", PATIENCE.as_secs()),
                "The server, or a proxy before it, accepts connections and says nothing.",
            ),
            Failure::Answered(StatusCode::UNAUTHORIZED, said) => Trouble::lasting(
                format!(
                    "{address} does not take the credentials of the app {:?}: {}",
                    app.id,
                    refusal(&said)
                ),
                "Take key and secret from where the server has them, for example with --config.",
            ),
            Failure::Answered(StatusCode::FORBIDDEN, said) => Trouble::lasting(
                format!("{address} refuses to tell anything about the app {:?}: {said}", app.id),
                "Is the app disabled, or does a proxy keep others out?",
            ),
            Failure::Answered(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, _) => Trouble::passing(
                format!("A proxy answers at {address}, and the server behind it does not"),
                "Is the server running, and is this the address that the proxy passes requests on to?",
            ),
            Failure::Answered(status, said) => Trouble::passing(
                format!("{address} answers with status {}: {said}", status.as_u16()),
                "Its log may say more.",
            ),
            Failure::NotJson(said) => Trouble::lasting(
                format!("What answers at {address} is not a Canyon server: {said}"),
                "Look at the port, and at the path before /apps.",
            ),
        }
    }

    /// What a 404 means: that depends on whether a server without these figures knows the app.
    async fn not_found(&self, said: &str) -> Trouble {
        let Self { address, app, .. } = self;
        if said.starts_with("No app has the id") {
            return Trouble::lasting(
                format!("The server at {address} has no app {:?}", app.id),
                "Is this the server that you mean? The id is the app's, not its key.",
            );
        }
        match self.ask("status", &[]).await {
            Ok(status) if status["version"].is_string() => Trouble::lasting(
                format!(
                    "The server at {address} is Canyon {}, which has no such figures",
                    words::foreign(status["version"].as_str().unwrap_or_default())
                ),
                "Update it: canyon top needs a server of its own version.",
            ),
            Err(failure @ (Failure::Transport(_) | Failure::Timeout)) => self.trouble(failure),
            _ => self.trouble(Failure::NotJson(said.to_owned())),
        }
    }
}

/// The text of a refusal without what was to be signed: long, and of use to those alone who write signing code.
fn refusal(said: &str) -> &str {
    said.split(": you should have sent").next().unwrap_or(said)
}

/// Why there is no JSON. The texts are fit to be shown.
enum Failure {
    Transport(String),
    Timeout,
    Answered(StatusCode, String),
    NotJson(String),
}

fn request(uri: &str, host: Option<&str>) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request =
        Request::builder().uri(uri).header(USER_AGENT, concat!("canyon/", env!("CARGO_PKG_VERSION")));
    if let Some(host) = host {
        request = request.header(HOST, host);
    }
    request.body(Full::default()).map_err(|error| Failure::Transport(error.to_string()))
}

/// What hyper calls an error of the client is that of a connection.
fn failed(error: &(dyn Error + 'static)) -> Failure {
    Failure::Transport(causes(error.source().unwrap_or(error)))
}

/// A connection for each request: a neighbour's costs little.
async fn through_socket(path: &Path, target: &str) -> Result<Response<Incoming>, Failure> {
    let stream = UnixStream::connect(path).await.map_err(|error| failed(&error))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|error| failed(&error))?;
    // It ends with the answer; what goes wrong with it the answer tells.
    tokio::spawn(connection);
    sender.send_request(request(target, Some("localhost"))?).await.map_err(|error| failed(&error))
}

async fn understand(answer: Response<Incoming>) -> Result<Value, Failure> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| Failure::Transport(error.to_string()))?.to_bytes();
    let said = || {
        let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN_COLUMNS)]).into_owned();
        words::cut(&words::foreign(text.trim().trim_end_matches('.')), SHOWN_COLUMNS)
    };
    if status != StatusCode::OK {
        return Err(Failure::Answered(status, said()));
    }
    serde_json::from_slice(&body).ok().filter(Value::is_object).ok_or_else(|| Failure::NotJson(said()))
}
