//! Webhooks over HTTPS, and what the log says of one that fails. The server is a process of its own here, since the
//! certificate authorities that it trusts come from its environment.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Nothing here takes this long; it bounds a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// An HTTPS server for `localhost`, under a certificate that it signed itself.
struct Receiver {
    port: u16,
    certificate: String,
    bodies: UnboundedReceiver<String>,
}

impl Receiver {
    async fn open() -> Self {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, bodies) = unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate is gone here.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                        let sender = sender.clone();
                        async move {
                            let body = request.into_body().collect().await.unwrap().to_bytes();
                            let _ = sender.send(String::from_utf8(body.to_vec()).unwrap());
                            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
                        }
                    });
                    let serving = hyper::server::conn::http1::Builder::new();
                    let _ = serving.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { port, certificate: own.cert.pem(), bodies }
    }
}

/// `canyon serve` with one webhook whose every secret, and whose channels, have a word in them to look for.
struct Served {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Served {
    fn with(receiver: &Receiver, is_trusted: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let settings = format!(
            "listen = ['127.0.0.1:0']\nqueue = '{}'\n[[app]]\nid = '1'\nkey = 'key'\nsecret = 'hush-secret'\n\
             webhooks = [{{ url = 'https://hush-user:hush@localhost:{}/hush?hush', headers = {{ X-A = 'hush' }} }}]\n",
            directory.path().join("queue").display(),
            receiver.port,
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_canyon"));
        command.arg("serve").arg("--config").arg(file("canyon.toml", &settings));
        for (name, _) in std::env::vars() {
            if ["CANYON_", "REVERB_", "SSL_CERT_"].iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        if is_trusted {
            command.env("SSL_CERT_FILE", file("authorities.pem", &receiver.certificate));
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let port = ready.trim_end().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port, _directory: directory }
    }

    /// Subscribes to a channel; the connection, which must be kept.
    async fn occupy(&self, channel: &str) -> impl Sized + use<> {
        use futures_util::{SinkExt, StreamExt};
        use tokio_tungstenite::tungstenite::Message;
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let url = format!("ws://127.0.0.1:{}/app/key?protocol=7", self.port);
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        socket.next().await.unwrap().unwrap();
        let subscribe = format!(r#"{{"event":"pusher:subscribe","data":{{"channel":"{channel}"}}}}"#);
        socket.send(Message::text(subscribe)).await.unwrap();
        socket
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_webhook_is_posted_over_tls_under_an_authority_that_the_system_trusts() {
    let mut receiver = Receiver::open().await;
    let served = Served::with(&receiver, true);
    let _socket = served.occupy("lobby").await;
    let body = tokio::time::timeout(PATIENCE, receiver.bodies.recv()).await.unwrap().unwrap();
    assert!(body.contains(r#"{"name":"channel_occupied","channel":"lobby"}"#), "{body}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_the_log_tells_without_secrets() {
    let mut receiver = Receiver::open().await;
    let mut served = Served::with(&receiver, false);
    let log = BufReader::new(served.child.stderr.take().unwrap());
    let _socket = served.occupy("hush-lobby").await;
    // In a thread of its own: the receiver lives on this one.
    let read = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        for line in log.lines().map_while(Result::ok) {
            let is_it = line.contains("a webhook fails");
            lines.push(line);
            if is_it {
                break;
            }
        }
        lines
    });
    let lines = tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    let told = lines.last().unwrap();
    for part in ["certificate", "app=1", &format!("https://localhost:{}", receiver.port)] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert!(!lines.concat().contains("hush"), "{lines:#?}");
    assert!(receiver.bodies.try_recv().is_err());
}
