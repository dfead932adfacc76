//! The listener of its own for those who watch the server: `/metrics`, `/ready` and `/up`, and nothing else.

use super::{Answer, HEAD_BYTES, Refusal, metrics, ready, require_method, up};
use crate::config::Secret;
use crate::connection::Stream;
use crate::hub::{Hub, Socket};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Time for the head of a request; Prometheus asks every 15 or 60 seconds, and keeps its connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);

/// Speaks with one who watches. After `end` the request under way is answered, and no other.
pub(crate) async fn serve(
    hub: Arc<Hub>,
    token: Option<Secret>,
    socket: Socket,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let stream = Stream::register(socket).await?;
    let service = service_fn(move |request| {
        let answer = route(&hub, token.as_ref(), &request).unwrap_or_else(Refusal::answer);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = end => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    done.map_err(io::Error::other)
}

fn route<B>(hub: &Hub, token: Option<&Secret>, request: &Request<B>) -> Result<Answer, Refusal> {
    let path = request.uri().path();
    if !["/metrics", "/ready", "/up"].contains(&path) {
        let message = format!("Nothing is served at {path}: here are /metrics, /ready and /up");
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    }
    require_method(request, &Method::GET)?;
    match path {
        "/metrics" => metrics::answer(hub, token, request),
        "/ready" => Ok(ready::answer(&hub.health)),
        _ => Ok(up()),
    }
}
