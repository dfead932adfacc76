//! TLS on a listener.

use crate::support::{Client, House, ID, KEY, SECRET, inner, patiently, settle, signed_target};
use canyon::metrics::Limit;
use canyon::server::Server;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, version};

const PATH: &str = "/app/app-key?protocol=7";

/// A server with TLS on its second address, and certificates for two names.
struct Secure {
    house: House,
    port: u16,
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
    toml: String,
}

impl Secure {
    fn open(app: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (mut roots, mut certificates, mut pairs) = (RootCertStore::empty(), Vec::new(), String::new());
        for name in ["one.test", "*.two.test"] {
            let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
            let file = |ending: &str, text: String| {
                let path = directory.path().join(format!("{}{ending}", certificates.len()));
                std::fs::write(&path, text).unwrap();
                path
            };
            let (certificate, key) = (file(".crt", cert.pem()), file(".key", signing_key.serialize_pem()));
            pairs += &pair(&certificate, &key);
            roots.add(cert.der().clone()).unwrap();
            certificates.push(cert.der().clone());
        }
        let toml = format!(
            "listen = ['127.0.0.1:0', 'tls:127.0.0.1:0']\nqueue = '{}'\n{pairs}\
             [[app]]\nid = '{ID}'\nkey = '{KEY}'\nsecret = '{SECRET}'\n{app}\n",
            directory.path().join("queue").display()
        );
        let server = Server::start(&settle(&toml)).unwrap();
        let address = server.addresses()[1].to_string();
        let port = address.strip_prefix("tls:127.0.0.1:").unwrap().parse().unwrap();
        Self { house: House::around(server, directory), port, roots, certificates, toml }
    }

    fn connector(&self) -> TlsConnector {
        let config = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    async fn shake_hands(&self, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        patiently(self.connector().connect(name.to_owned().try_into().unwrap(), stream)).await
    }

    async fn client(&self) -> Client {
        let stream = self.shake_hands("one.test").await.unwrap();
        let mut client = Client::over(stream, format!("wss://one.test{PATH}")).await;
        let established = client.event("pusher:connection_established").await;
        client.socket_id = inner(&established)["socket_id"].as_str().unwrap().to_owned();
        client
    }
}

fn pair(certificate: &Path, key: &Path) -> String {
    format!("[[tls]]\ncertificate = '{}'\nkey = '{}'\n", certificate.display(), key.display())
}

#[tokio::test]
async fn clients_and_the_http_api_come_in_over_tls() {
    let secure = Secure::open("requires_tls = true");
    let mut client = secure.client().await;
    client.subscribe("private-a", None).await;
    let body = json!({"name": "e", "data": "d", "channel": "private-a"}).to_string();
    let target = signed_target("POST", &format!("/apps/{ID}/events"), &body, (KEY, SECRET));
    let mut api = secure.shake_hands("one.test").await.unwrap();
    let length = body.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    api.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    patiently(api.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(client.event("e").await["data"], "d");
    // And who does not speak TLS is turned away by an app that requires it.
    let mut plain = secure.house.connect(PATH).await;
    assert_eq!(plain.event("pusher:error").await["data"]["code"], 4000);
}

#[tokio::test]
async fn each_name_gets_its_certificate_and_others_the_first() {
    let secure = Secure::open("");
    let shown = async |name: &str| {
        let stream = secure.shake_hands(name).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned())
    };
    assert_eq!(shown("one.test").await.unwrap(), secure.certificates[0]);
    assert_eq!(shown("app.two.test").await.unwrap(), secure.certificates[1]);
    let refusal = shown("three.test").await.unwrap_err();
    assert!(refusal.contains("not valid for name") && refusal.contains("one.test"), "{refusal}");
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let secure = Secure::open("");
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_root_certificates(secure.roots.clone())
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", secure.port)).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = patiently(connector.connect("one.test".try_into().unwrap(), stream)).await.unwrap();
    let mut client = Client::over(stream, format!("wss://one.test{PATH}")).await;
    client.event("pusher:connection_established").await;
}

#[tokio::test]
async fn whoever_speaks_http_to_a_tls_port_is_told() {
    let secure = Secure::open("");
    let mut stream = TcpStream::connect(("127.0.0.1", secure.port)).await.unwrap();
    stream.write_all(b"GET /up HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 512];
    let count = patiently(stream.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("use https:// or wss://"), "{answer}");
}

#[tokio::test]
async fn whoever_says_nothing_is_not_waited_for() {
    let secure = Secure::open("");
    let mut silent = TcpStream::connect(("127.0.0.1", secure.port)).await.unwrap();
    let mut half = TcpStream::connect(("127.0.0.1", secure.port)).await.unwrap();
    half.write_all(&[22, 3, 1, 0, 200, 1]).await.unwrap();
    for stream in [&mut silent, &mut half] {
        assert_eq!(patiently(stream.read(&mut [0; 64])).await.unwrap_or(0), 0);
    }
    let counted = secure.house.server.metrics().limits.of(Limit::HandshakeTimeout);
    patiently(async {
        while counted.get() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    secure.client().await;
}

/// The session takes more than the socket does, and it has to be gone on with, in order, when the socket takes more.
#[tokio::test]
async fn a_client_that_reads_late_gets_everything_in_order() {
    let secure = Secure::open("");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(([127, 0, 0, 1], secure.port).into()).await.unwrap();
    let stream = patiently(secure.connector().connect("one.test".try_into().unwrap(), stream)).await.unwrap();
    let mut late = Client::over(stream, format!("wss://one.test{PATH}")).await;
    late.event("pusher:connection_established").await;
    late.subscribe("lobby", None).await;
    let padding = "x".repeat(200_000);
    for number in 0..40 {
        let body = json!({"name": "big", "data": format!("{number}:{padding}"), "channel": "lobby"});
        assert_eq!(secure.house.publish(&body).await.0, 200);
    }
    for number in 0..40 {
        let event = late.event("big").await;
        assert!(event["data"].as_str().unwrap().starts_with(&format!("{number}:x")));
    }
    late.expect_nothing().await;
    assert_eq!(secure.house.server.metrics().slow_clients_closed.get(), 0);
}

#[tokio::test]
async fn a_server_that_stops_says_so_over_tls_too() {
    let secure = Secure::open("");
    let mut client = secure.client().await;
    let (server, _directory) = secure.house.part();
    let stopping = tokio::task::spawn_blocking(move || server.stop(std::time::Duration::from_secs(5)));
    assert_eq!(client.closed().await.0, 4200);
    drop(client);
    stopping.await.unwrap();
}

#[test]
fn a_server_without_its_certificate_does_not_start() {
    let toml = |tls: &str| {
        format!(
            "listen = ['tls:127.0.0.1:0']\nqueue = '/dev/shm/never'\n{tls}[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'\n"
        )
    };
    let settings = canyon::config::Settings::from_toml(&toml(""), &"test").unwrap();
    let refusal = settings.settle().unwrap_err().to_string();
    assert!(refusal.contains("there is no certificate for tls:127.0.0.1:0: add a [[tls]]"), "{refusal}");
    let config = settle(&toml(&pair("/nowhere.crt".as_ref(), "/nowhere.key".as_ref())));
    let refusal = Server::start(&config).unwrap_err().to_string();
    assert!(refusal.contains("/nowhere.crt: cannot be read: No such file"), "{refusal}");
}

#[tokio::test]
async fn a_hand_over_keeps_the_listener_and_closes_the_clients_politely() {
    let mut secure = Secure::open("");
    let mut ada = secure.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    let mut bob = secure.house.client().await;
    bob.subscribe("presence-a", Some(r#"{"user_id":"bob"}"#)).await;
    ada.event("pusher_internal:member_added").await;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let config = settle(&secure.toml);
    let successor = std::thread::spawn(move || Server::take_over(&config, false, theirs).unwrap());
    let given = secure.house.server.give(ours).unwrap();
    assert_eq!((given.clients, given.drained), (1, 1));
    secure.house.server = successor.join().unwrap();
    assert_eq!(ada.closed().await.0, 4200);
    assert_eq!(inner(&bob.event("pusher_internal:member_removed").await), json!({"user_id": "ada"}));
    let mut ada = secure.client().await;
    ada.subscribe("presence-a", Some(r#"{"user_id":"ada"}"#)).await;
    bob.event("pusher_internal:member_added").await;
}
