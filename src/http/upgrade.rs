//! `GET /app/{key}`: from an HTTP request to a WebSocket client, or to one that is told why not.

use super::Answer;
use super::handshake::Handshake;
use super::prefixed::Prefixed;
use crate::address::Address;
use crate::config::TrustedProxies;
use crate::connection::{Peer, Stream};
use crate::hub::Quota;
use crate::limits::Who;
use crate::metrics::Limit;
use crate::protocol::{Close, EncodedFrame, frame};
use crate::view;
use crate::watch::Refused;
use crate::worker::{Passage, Worker};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderName, ORIGIN, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

/// Protocol versions served. 1 to 3 are dropped by the hosted service, 7 is the present one.
const PROTOCOLS: std::ops::RangeInclusive<u32> = 4..=7;

/// How long a refused client gets to read why.
const REFUSAL_WAIT: Duration = Duration::from_secs(3);

pub(super) fn is_requested(request: &Request<Incoming>) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// What decides whether a client is let in.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) origin: Option<&'a str>,
    /// The scheme that a proxy says it speaks with the client.
    pub(super) proxy_says: Option<&'a str>,
    /// From where proxies say that the client comes, header by header.
    pub(super) forwarded_for: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn of<B>(request: &'a Request<B>) -> Self {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        Self {
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            origin: header(ORIGIN),
            proxy_says: header(HeaderName::from_static("x-forwarded-proto")),
            forwarded_for: request
                .headers()
                .get_all(HeaderName::from_static("x-forwarded-for"))
                .iter()
                .map(|value| value.to_str().unwrap_or_default())
                .collect(),
        }
    }

    /// Admits the client, and lets whoever watches know if it is refused.
    fn admit(&self, worker: &Worker, peer: Peer) -> Result<Quota, Close> {
        let admission = self.check(worker, peer);
        if let Err(close) = &admission {
            worker.hub.metrics.connections_refused.increment();
            let who = format_args!("a connection to {}", self.path);
            view::refused(who, format_args!("{} {}", close.code, close.reason));
            match self.key(worker).and_then(|key| worker.hub.app_by_key(key)) {
                Some(app) => {
                    let refused =
                        Refused { what: "connection", code: Some(close.code), ..Refused::default() };
                    let origin = self.origin.map(|origin| format!(" (from {origin})")).unwrap_or_default();
                    worker.hub.note_refusal(app, refused, format_args!("{}{origin}", close.reason));
                }
                None => worker.hub.metrics.refusals.increment(),
            }
        }
        admission
    }

    /// Checks in the order of the protocol contract: key, app, TLS, protocol, quota, origin.
    fn check(&self, worker: &Worker, peer: Peer) -> Result<Quota, Close> {
        let key = self.key(worker).ok_or(Close::PATH_NOT_FOUND)?;
        let app = worker.hub.app_by_key(key).ok_or(Close::UNKNOWN_APP)?;
        if !app.config.enabled {
            return Err(Close::APP_DISABLED);
        }
        let proxies = &worker.settings.trusted_proxies;
        if app.config.requires_tls && !self.is_encrypted(peer, proxies) {
            return Err(Close::TLS_ONLY);
        }
        let protocol = form_urlencoded::parse(self.query.as_bytes())
            .find_map(|(key, value)| (key == "protocol").then_some(value));
        // Whether the hosted service still assumes an old version where none is given is not known: be lenient.
        if let Some(protocol) = protocol {
            let protocol: u32 = protocol.parse().map_err(|_| Close::INVALID_VERSION)?;
            if !PROTOCOLS.contains(&protocol) {
                return Err(Close::UNSUPPORTED_PROTOCOL);
            }
        }
        let address = Address::of_client(peer.ip, &self.forwarded_for, proxies);
        let quota = app.take_connection(address).map_err(|limit| {
            let who = Who { address, app: Some(&app.config.id), socket_id: None };
            worker.hub.limits.met(limit, who, "refused a connection");
            match limit {
                Limit::MaxConnectionsPerAddress => Close::ADDRESS_OVER_QUOTA,
                Limit::ConnectsPerSecondPerAddress => Close::ADDRESS_TOO_FAST,
                _ => Close::OVER_QUOTA,
            }
        })?;
        if !app.config.allowed_origins.allow(self.origin) {
            return Err(Close::ORIGIN_REFUSED);
        }
        Ok(quota)
    }

    fn key(&self, worker: &Worker) -> Option<&'a str> {
        self.path.strip_prefix(worker.settings.path_prefix.as_str())?.strip_prefix("/app/")
    }

    /// Whether the client speaks TLS with this server, or with a trusted proxy that says so.
    fn is_encrypted(&self, peer: Peer, proxies: &TrustedProxies) -> bool {
        let is_proxied = matches!(self.proxy_says, Some("https" | "wss"));
        peer.is_encrypted || (is_proxied && proxies.trust(peer.ip))
    }
}

/// Switches protocols.
///
/// A client that is refused is let in all the same, to be told so: a browser shows its page nothing of a failed
/// handshake, and pusher-js would come back again and again.
pub(super) fn answer(worker: &Rc<Worker>, mut request: Request<Incoming>, peer: Peer) -> Answer {
    let upgrade = hyper::upgrade::on(&mut request);
    let admission = Asked::of(&request).admit(worker, peer);
    match create_response(&request.map(|_| ())) {
        Ok(response) => {
            spawn_local(switch(Rc::clone(worker), upgrade, admission, worker.passage()));
            response.map(|()| Full::default())
        }
        Err(error) => {
            let mut answer = Response::new(Full::from(format!("The WebSocket handshake failed: {error}\n")));
            *answer.status_mut() = StatusCode::BAD_REQUEST;
            answer
        }
    }
}

/// The same for a handshake that came in one piece.
pub(super) fn enter(worker: &Rc<Worker>, stream: Stream, handshake: &Handshake<'_>) {
    let answer = handshake.answer();
    match handshake.asked.admit(worker, stream.peer()) {
        Ok(quota) => adopt(worker, quota, stream, &answer, handshake.leftover),
        Err(close) => drop(spawn_local(refuse(stream, answer.into(), close))),
    }
}

async fn switch(worker: Rc<Worker>, upgrade: OnUpgrade, admission: Result<Quota, Close>, passage: Passage) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<Prefixed>>() else { return };
    let Some((unread, stream)) = parts.io.into_inner().into_parts() else { return };
    drop(passage);
    // Hyper has sent the answer.
    match admission {
        Ok(quota) => adopt(&worker, quota, stream, &[], &[parts.read_buf, unread].concat()),
        Err(close) => refuse(stream, Bytes::new(), close).await,
    }
}

fn adopt(worker: &Rc<Worker>, quota: Quota, stream: Stream, answer: &[u8], leftover: &[u8]) {
    if let Err(error) = worker.adopt(quota, stream, answer, leftover) {
        tracing::error!(%error, "a new connection could not be given a socket id");
    }
}

/// Tells a client why it is refused, by event and by close code, and makes sure that the socket ends.
async fn refuse(mut stream: Stream, answer: Bytes, close: Close) {
    let said = async {
        let words: [EncodedFrame; 3] =
            [answer, frame::error(Some(close.code), &close.reason), frame::close(&close)];
        stream.write_all(&words.concat()).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 512];
        while stream.read(&mut ignored).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // Whether the client took notice makes no difference: the socket is closed when it is dropped here.
    let _ = tokio::time::timeout(REFUSAL_WAIT, said).await;
}
