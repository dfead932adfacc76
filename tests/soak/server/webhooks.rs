//! Who is told what happens on channels: an HTTP server that fails now and then, and compares what it is told.

use crate::random::Random;
use crate::world::{APP, lock};
use bytes::Bytes;
use canyon::protocol::signature;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What is known by now.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Channels that are occupied and members that are there, after the last that was told of each.
    present: BTreeMap<String, bool>,
    pub(crate) events: u64,
    pub(crate) failed: u64,
    /// Requests that were not signed as they should be, or made no sense.
    pub(crate) wrong: u64,
}

pub(crate) type Shared = Arc<Mutex<Told>>;

/// A receiver under way.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    pub(crate) told: Shared,
    /// Ends the connections that the server keeps for its next request.
    pub(crate) hang_up: Arc<Notify>,
}

impl Told {
    /// What was told last of whom is there: who should not be by the end.
    pub(crate) fn present(&self) -> Vec<&str> {
        self.present.iter().filter(|(_, is_present)| **is_present).map(|(what, _)| what.as_str()).collect()
    }

    /// A crash of the server: whom it knew, it cannot tell of any more.
    pub(crate) fn forget(&mut self) {
        self.present.clear();
    }

    fn note(&mut self, body: &Value) -> Option<()> {
        for event in body["events"].as_array()? {
            let (channel, user) = (event["channel"].as_str()?, event["user_id"].as_str().unwrap_or_default());
            let is_present = match event["name"].as_str()? {
                "channel_occupied" | "member_added" => Some(true),
                "channel_vacated" | "member_removed" => Some(false),
                _ => None,
            };
            self.events += 1;
            if let Some(is_present) = is_present {
                self.present.insert(format!("{channel} {user}"), is_present);
            }
        }
        Some(())
    }
}

/// Answers for ever.
pub(crate) async fn open(seed: u64) -> io::Result<Receiver> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let told = Shared::default();
    let (shared, hang_up) = (Arc::clone(&told), Arc::<Notify>::default());
    let end = Arc::clone(&hang_up);
    tokio::spawn(async move {
        let random = Arc::new(Mutex::new(Random::new(seed, "webhooks", 0)));
        while let Ok((stream, _)) = listener.accept().await {
            let (told, random) = (Arc::clone(&shared), Arc::clone(&random));
            let service = service_fn(move |request| answer(request, Arc::clone(&told), Arc::clone(&random)));
            let serving = hyper::server::conn::http1::Builder::new();
            let (serving, end) = (serving.serve_connection(TokioIo::new(stream), service), Arc::clone(&end));
            tokio::spawn(async move {
                tokio::select! { _ = serving => {}, () = end.notified() => {} }
            });
        }
    });
    Ok(Receiver { port, told, hang_up })
}

async fn answer(
    request: Request<hyper::body::Incoming>,
    told: Shared,
    random: Arc<Mutex<Random>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // Cut by a crash or a reload: it is made again.
    let Ok(body) = body.collect().await else { return Ok(Response::default()) };
    let (dice, pause) = {
        let mut random = lock(&random);
        (random.within(0..=99), random.millis(0..=300))
    };
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let signed = head.headers.get("x-pusher-signature").and_then(|value| value.to_str().ok());
    if dice < 15 {
        lock(&told).failed += 1;
        if dice < 3 {
            // Longer than it is waited for at a reload.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let mut failure = Response::new(Full::default());
        *failure.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        return Ok(failure);
    }
    tokio::time::sleep(pause).await;
    let mut told = lock(&told);
    let is_signed = signed == Some(&signature::sign(APP.secret, &[&text]));
    let is_understood = serde_json::from_str(&text).ok().and_then(|body| told.note(&body)).is_some();
    told.wrong += u64::from(!is_signed || !is_understood);
    Ok(Response::default())
}
