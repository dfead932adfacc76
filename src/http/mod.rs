//! What an accepted socket says first: the HTTP API of Pusher, and the way in for WebSocket clients.
//!
//! A WebSocket handshake that comes in one piece is answered at once; all other HTTP/1.1 is hyper's. A request is answered
//! on the worker that owns its socket, and an event is in the workers' inboxes before its publisher is told so: the order
//! of requests on one connection is the order of delivery.

mod channels;
mod ended;
mod events;
mod farewell;
mod handshake;
mod info;
mod metrics;
mod monitor;
mod prefixed;
mod query;
mod ready;
mod signed;
mod status;
mod upgrade;
mod users;
mod watching;

use crate::connection::{Peer, Stream, Talk};
use crate::hub::{App, Hub, Socket};
use crate::view;
use crate::watch::Refused;
use crate::worker::Worker;
use bytes::Bytes;
use farewell::Farewell;
use handshake::{FIRST_READ, First};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
pub(crate) use monitor::serve as monitor;
use percent_encoding::percent_decode_str;
use prefixed::Prefixed;
use query::Query;
use signed::Signed;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::spawn_local;

type Answer = Response<Full<Bytes>>;

/// Time for a client to send the head of a request; an idle kept-alive connection ends after it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest head of a request, and the read buffer of a connection that still speaks HTTP.
const HEAD_BYTES: usize = 16 << 10;

/// A request that cannot be served: its status, and a line of text as the hosted service answers.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
    /// Whether the rest of the request is not worth reading.
    ends_connection: bool,
    /// Whether a token would open the door.
    asks_for_token: bool,
    /// The message without what was sent, where it quotes that: not only the sender reads it.
    redacted: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            ends_connection: false,
            asks_for_token: false,
            redacted: None,
        }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn token_required() -> Self {
        let message = "The metrics are for those who have the token: send \"Authorization: Bearer TOKEN\" (metrics_token)";
        Self { asks_for_token: true, ..Self::new(StatusCode::UNAUTHORIZED, message) }
    }

    fn answer(self) -> Answer {
        let mut answer = Response::new(Full::from(format!("{}\n", self.message)));
        *answer.status_mut() = self.status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if self.ends_connection {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.asks_for_token {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// Hears what an accepted socket says first, and has it answered: at once if it is a handshake in one piece. `beginning` is
/// what another server has heard of it.
pub(crate) fn serve(worker: &Rc<Worker>, socket: Socket, beginning: &[u8]) {
    if !beginning.is_empty() {
        let registered = Stream::register_plain(socket);
        return ended::tell(
            worker,
            None,
            registered.map(|stream| meet(worker, stream, First::Http(beginning))),
        );
    }
    let mut buffer = [0; FIRST_READ];
    // Whoever is as near as a proxy has said it by now. Read before the runtime knows the socket, it wakes nobody.
    let first = First::read(&mut buffer, |buffer| read_now(&socket, buffer));
    let met = first.and_then(|first| {
        if let First::Silence = first {
            let passage = worker.passage();
            let waiting = wait(Rc::clone(worker), socket);
            spawn_local(async move {
                // The first step of the task notes the socket.
                drop(passage);
                waiting.await;
            });
            return Ok(());
        }
        Stream::register_plain(socket).map(|stream| meet(worker, stream, first))
    });
    ended::tell(worker, None, met);
}

/// Answers the first words of a client.
fn meet(worker: &Rc<Worker>, stream: Stream, first: First<'_>) {
    let beginning = match first {
        First::End => return,
        First::Handshake(handshake) => return upgrade::enter(worker, stream, &handshake),
        First::Silence => Bytes::new(),
        First::Http(beginning) => Bytes::copy_from_slice(beginning),
    };
    spawn_local(speak(worker, beginning, stream));
}

/// Waits for the first words of a client. Until they come another process can go on with the socket.
async fn wait(worker: Rc<Worker>, socket: Socket) {
    let ip = socket.ip();
    let heard = hear(&worker, socket).await;
    ended::tell(&worker, ip, heard);
}

async fn hear(worker: &Rc<Worker>, socket: Socket) -> io::Result<()> {
    let talk = Talk::new(Stream::register(socket).await?, &[]);
    worker.note(&talk);
    tokio::time::timeout(HEADER_TIMEOUT, poll_fn(|context| talk.stream.lock().poll_readable(context)))
        .await??;
    let stream = Arc::into_inner(talk).ok_or(ErrorKind::Other)?.stream.into_inner();
    let mut buffer = [0; FIRST_READ];
    let first = First::read(&mut buffer, |buffer| stream.try_read(buffer))?;
    meet(worker, stream, first);
    Ok(())
}

fn read_now(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    match socket {
        Socket::Tcp(stream) => (&**stream).read(buffer),
        Socket::Unix(stream) => (&**stream).read(buffer),
        // What it says is not in clear.
        Socket::Tls(..) => Err(ErrorKind::WouldBlock.into()),
    }
}

/// Lets hyper speak; boxed, as what it needs is many times what a handshake needs.
fn speak(worker: &Rc<Worker>, beginning: Bytes, stream: Stream) -> Pin<Box<dyn Future<Output = ()>>> {
    let (worker, peer) = (Rc::clone(worker), stream.peer());
    let talk = Talk::new(stream, &beginning);
    worker.note(&talk);
    let stream = Prefixed::new(beginning, talk);
    let talk = Arc::downgrade(stream.talk());
    Box::pin(async move {
        let farewell = Farewell::new(&worker.hub);
        let begun = farewell.begun();
        let (has_begun, served_by) = (Rc::clone(&begun), Rc::clone(&worker));
        let service = service_fn(move |request: Request<Incoming>| {
            begun.set(true);
            let (worker, talk) = (Rc::clone(&served_by), Weak::clone(&talk));
            async move {
                let body = request.body().size_hint().exact();
                let answer = answer(&worker, request, peer).await;
                if let Some(talk) = talk.upgrade() {
                    talk.forget_request(body);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let done = farewell.see_off(conversation).await;
        ended::tell_of_talk(&worker, peer.ip, done, has_begun.get());
    })
}

async fn answer(worker: &Rc<Worker>, request: Request<Incoming>, peer: Peer) -> Answer {
    if upgrade::is_requested(&request) {
        return upgrade::answer(worker, request, peer);
    }
    let (head, mut body) = request.into_parts();
    let request = Request::from_parts(head, ());
    let mut answer = route(worker, &request, &mut body).await;
    if let Err(refusal) = &mut answer {
        // The connection does not outlive a body that nobody has read. A proxy must know, or it sends its next request there.
        refusal.ends_connection |= !signed::forget(&mut body).await;
    }
    answer.unwrap_or_else(|refusal| {
        let (method, path) = (request.method(), request.uri().path());
        let what = format_args!("{method} {path}");
        view::refused(what, format_args!("{} {}", refusal.status.as_u16(), refusal.message));
        if let Some(app) = asked_app(worker, path) {
            let refused = Refused { what: "http", code: Some(refusal.status.as_u16()), ..Refused::default() };
            let why = refusal.redacted.as_deref().unwrap_or(&refusal.message);
            worker.hub.note_refusal(app, refused, format_args!("{what}: {why}"));
        }
        refusal.answer()
    })
}

/// The app whose part of the API a path names, if there is such an app.
fn asked_app<'a>(worker: &'a Worker, path: &str) -> Option<&'a Arc<App>> {
    let inside = path.strip_prefix(worker.settings.path_prefix.as_str())?.strip_prefix("/apps/")?;
    let id = inside.split('/').next()?;
    worker.hub.app_by_id(&percent_decode_str(id).decode_utf8().ok()?)
}

async fn route(worker: &Rc<Worker>, request: &Request<()>, body: &mut Incoming) -> Result<Answer, Refusal> {
    let path = request.uri().path();
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, format!("Nothing is served at {path}"));
    // The prefix is ours alone: server libraries sign the path without it.
    let inside = path.strip_prefix(worker.settings.path_prefix.as_str()).ok_or_else(not_found)?;
    let segments: Vec<Cow<'_, str>> = inside
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8())
        .collect::<Result<_, _>>()
        .map_err(|_| not_found())?;
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments[..] {
        ["up"] => {
            require_method(request, &Method::GET)?;
            Ok(up())
        }
        ["ready"] => {
            require_method(request, &Method::GET)?;
            Ok(ready::answer(&worker.hub.health))
        }
        // Without a token it is not served here, and nobody need know that it could be.
        ["metrics"] if worker.settings.metrics_token.is_some() => {
            require_method(request, &Method::GET)?;
            metrics::answer(&worker.hub, worker.settings.metrics_token.as_ref(), request)
        }
        ["apps", app_id, ref endpoint @ ..] => {
            let endpoint = Endpoint::of(endpoint).ok_or_else(not_found)?;
            require_method(request, endpoint.method())?;
            // Before the signature, which needs the app's secret. (The hosted status is not known.)
            let app = worker
                .hub
                .app_by_id(app_id)
                .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("No app has the id {app_id}")))?;
            let signed = signed::verify(app, inside, request, body, endpoint.data_bytes(app)).await;
            let signed = signed.inspect_err(|refusal| ended::note_refusal(&worker.hub, app, refusal))?;
            if !app.config.enabled {
                return Err(Refusal::new(StatusCode::FORBIDDEN, "Application disabled"));
            }
            endpoint.answer(&worker.hub, app, &signed).await
        }
        ["app", _] => Err(Refusal::new(
            StatusCode::UPGRADE_REQUIRED,
            "This is the address of the WebSocket endpoint: connect with a WebSocket client. If you did, a proxy on \
             the way does not pass the Upgrade and Connection headers on.",
        )),
        _ => Err(not_found()),
    }
}

/// An endpoint of the HTTP API, behind `/apps/{id}`: those of the hosted service, Reverb's count of connections, and our
/// own `status`, `history`, `top` and `users/{id}`.
enum Endpoint<'a> {
    Connections,
    Events,
    BatchEvents,
    Channels,
    Channel(&'a str),
    Members(&'a str),
    Status,
    History,
    Top,
    User(&'a str),
    Terminate(&'a str),
}

impl<'a> Endpoint<'a> {
    fn of(path: &[&'a str]) -> Option<Self> {
        Some(match *path {
            ["connections"] => Self::Connections,
            ["events"] => Self::Events,
            ["batch_events"] => Self::BatchEvents,
            ["channels"] => Self::Channels,
            ["channels", name] => Self::Channel(name),
            ["channels", name, "users"] => Self::Members(name),
            ["status"] => Self::Status,
            ["history"] => Self::History,
            ["top"] => Self::Top,
            ["users", id] => Self::User(id),
            ["users", id, "terminate_connections"] => Self::Terminate(id),
            _ => return None,
        })
    }

    fn method(&self) -> &'static Method {
        match self {
            Self::Events | Self::BatchEvents | Self::Terminate(_) => &Method::POST,
            Self::Connections
            | Self::Channels
            | Self::Channel(_)
            | Self::Members(_)
            | Self::Status
            | Self::History
            | Self::Top
            | Self::User(_) => &Method::GET,
        }
    }

    /// Event data that a request can hold.
    fn data_bytes(&self, app: &App) -> usize {
        match self {
            Self::Events => app.config.max_event_bytes,
            Self::BatchEvents => app.config.max_event_bytes * app.config.max_batch_size,
            _ => 0,
        }
    }

    async fn answer(&self, hub: &Hub, app: &App, signed: &Signed) -> Result<Answer, Refusal> {
        let query = Query::parse(&signed.query);
        match self {
            Self::Connections => Ok(json(format!(r#"{{"connections":{}}}"#, app.connections()))),
            Self::Events => events::publish(hub, app, &signed.body, &query),
            Self::BatchEvents => events::publish_batch(hub, app, &signed.body),
            Self::Channels => channels::list(hub, app, &query),
            Self::Channel(name) => channels::show(hub, app, name, &query),
            Self::Members(name) => channels::members(hub, app, name),
            Self::Status => Ok(status::show(hub, app)),
            Self::History => watching::history(hub, app, &query),
            Self::Top => watching::top(hub, app, &query).await,
            Self::User(id) => Ok(users::show(hub, app, id)),
            Self::Terminate(user_id) => {
                hub.terminate(app, user_id);
                Ok(json("{}"))
            }
        }
    }
}

fn up() -> Answer {
    json(r#"{"health":"OK"}"#)
}

fn require_method<B>(request: &Request<B>, method: &Method) -> Result<(), Refusal> {
    if request.method() == method {
        return Ok(());
    }
    let message = format!("{} takes {method}, not {}", request.uri().path(), request.method());
    Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message))
}

fn json(body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
