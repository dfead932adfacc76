//! An HTTP server that takes webhooks and answers as a test tells it to.

use crate::support::{KEY, SECRET, patiently};
use bytes::Bytes;
use canyon::protocol::signature;
use http_body_util::{BodyExt, Full};
use hyper::header::LOCATION;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hook {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert_eq!(values.next(), None, "{name} came twice");
        value.to_str().unwrap()
    }

    /// The events, after everything that a server library checks.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.method, Method::POST);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-pusher-key"), KEY);
        let body = std::str::from_utf8(&self.body).unwrap();
        assert_eq!(self.header("x-pusher-signature"), signature::sign(SECRET, &[body]));
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(body["time_ms"].is_u64(), "{body}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        body["events"].as_array().unwrap().clone()
    }
}

/// The receiver; it ends with the test's runtime.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    hooks: UnboundedReceiver<Hook>,
    events: VecDeque<Value>,
}

/// What comes back, one status per request; 200 once they are used up, no answer at all for 0.
type Answers = Arc<Mutex<VecDeque<u16>>>;

impl Receiver {
    pub(crate) async fn open(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, hooks) = unbounded_channel();
        let answers: Answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (sender, answers) = (sender.clone(), Arc::clone(&answers));
                let service =
                    service_fn(move |request| answer(request, sender.clone(), Arc::clone(&answers)));
                let serving = hyper::server::conn::http1::Builder::new();
                tokio::spawn(serving.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { port, hooks, events: VecDeque::new() }
    }

    /// Settings of a webhook that comes here.
    pub(crate) fn webhook(&self, more: &str) -> String {
        format!("{{ url = 'http://127.0.0.1:{}/hook'{more} }}", self.port)
    }

    pub(crate) async fn hook(&mut self) -> Hook {
        patiently(self.hooks.recv()).await.unwrap()
    }

    /// The next event, whichever request it comes in.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let hook = self.hook().await;
            self.events.extend(hook.events());
        }
    }

    /// Whether everything that came has been looked at.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.events.is_empty() && self.hooks.try_recv().is_err()
    }
}

async fn answer(
    request: Request<hyper::body::Incoming>,
    sender: UnboundedSender<Hook>,
    answers: Answers,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let (method, target) = (head.method, head.uri.to_string());
    // A test that has seen enough is gone.
    let _ = sender.send(Hook { method, target, headers: head.headers, body });
    let status = answers.lock().unwrap().pop_front().unwrap_or(200);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let answer = Response::builder().status(status).header(LOCATION, "/elsewhere");
    Ok(answer.body(Full::from("taken\n")).unwrap())
}
