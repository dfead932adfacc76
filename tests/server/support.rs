//! A server of its own for each test, and a WebSocket client without any Pusher library in between.

use canyon::config::{Config, Settings};
use canyon::protocol::signature;
use canyon::server::{Given, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Nothing in these tests takes this long; it bounds a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const ID: &str = "4242";
pub(crate) const KEY: &str = "app-key";
pub(crate) const SECRET: &str = "app-secret";

/// Where a house listens beside its port.
const SOCKET: &str = "http.sock";

/// A running server and the directory of its queue.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) port: u16,
    pub(crate) queue: PathBuf,
    directory: TempDir,
}

impl House {
    /// With one app and default settings.
    pub(crate) fn open() -> Self {
        Self::with("", "")
    }

    /// With extra lines of TOML at the top and in the app.
    pub(crate) fn with(top: &str, app: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::around(Server::start(&config(&directory, top, app)).unwrap(), directory)
    }

    /// Has a second server take over from this house's, with these settings; whether it did, or why not.
    pub(crate) fn reload(&mut self, top: &str, app: &str) -> Result<Given, String> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let config = config(&self.directory, top, app);
        let successor = std::thread::spawn(move || Server::take_over(&config, false, theirs));
        let given = self.server.give(ours);
        match (&given, successor.join().unwrap()) {
            (Ok(_), Ok(successor)) => drop(std::mem::replace(&mut self.server, successor)),
            (Err(_), Err(_)) => {}
            (given, taken) => panic!("both or nobody serves: {given:?}, {taken:?}"),
        }
        given
    }

    /// Around a server whose queue is `queue` in the directory.
    pub(crate) fn around(server: Server, directory: TempDir) -> Self {
        let address = server.addresses()[0].to_string();
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        let queue = directory.path().join("queue");
        Self { server, port, queue, directory }
    }

    /// The Unix socket of a house that was opened with settings.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join(SOCKET)
    }

    /// The server, to be stopped, and the directory with its queue.
    pub(crate) fn part(self) -> (Server, TempDir) {
        (self.server, self.directory)
    }

    /// A client that has read its `connection_established`.
    pub(crate) async fn client(&self) -> Client {
        let mut client = self.connect(&format!("/app/{KEY}?protocol=7&client=test&version=1.0")).await;
        let established = client.event("pusher:connection_established").await;
        let data = inner(&established);
        client.socket_id = data["socket_id"].as_str().unwrap().to_owned();
        client
    }

    /// A client that has sent its handshake and read nothing yet.
    pub(crate) async fn connect(&self, path: &str) -> Client {
        let url = format!("ws://127.0.0.1:{}{path}", self.port);
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        Client::over(stream, url).await
    }

    /// `POST /apps/{id}/events`, signed; status and body.
    pub(crate) async fn publish(&self, body: &Value) -> (u16, String) {
        self.post(&format!("/apps/{ID}/events"), &body.to_string()).await
    }

    /// A signed POST.
    pub(crate) async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let target = signed_target("POST", path, body, (KEY, SECRET));
        self.request(&format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
    }

    /// A signed GET of `/apps/{id}{path}` with further parameters; status and body.
    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let stamp = now.to_string();
        let mut pairs = vec![("auth_key", KEY), ("auth_timestamp", &stamp), ("auth_version", "1.0")];
        pairs.extend(parameters);
        pairs.sort_unstable();
        let query = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&");
        let path = format!("/apps/{ID}{path}");
        let signature = signature::sign(SECRET, &[&format!("GET\n{path}\n{query}")]);
        let escaped = query.replace(',', "%2C").replace('#', "%23");
        let target = format!("{}?{escaped}&auth_signature={signature}", path.replace('#', "%23"));
        self.request(&format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
    }

    /// Sends the bytes of a request and reads until the server closes.
    pub(crate) async fn request(&self, request: &str) -> (u16, String) {
        request_at(([127, 0, 0, 1], self.port).into(), request).await
    }
}

/// Sends the bytes of a request and reads until the other side closes; status and body.
pub(crate) async fn request_at(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    patiently(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn config(directory: &TempDir, top: &str, app: &str) -> Config {
    let directory = directory.path();
    settle(&format!(
        "listen = ['127.0.0.1:0', 'unix:{}']\nqueue = '{}'\nworkers = 2\n{top}\n\
         [[app]]\nid = '{ID}'\nkey = '{KEY}'\nsecret = '{SECRET}'\n{app}\n\
         [[app]]\nid = 'other'\nkey = 'other-key'\nsecret = 'other-secret'\n",
        directory.join(SOCKET).display(),
        directory.join("queue").display()
    ))
}

pub(crate) fn settle(toml: &str) -> Config {
    Settings::from_toml(toml, &"test").unwrap().settle().unwrap()
}

/// Path and query of a request signed as the REST documentation says.
pub(crate) fn signed_target(method: &str, path: &str, body: &str, (key, secret): (&str, &str)) -> String {
    use md5::Digest;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let digest = hex::encode(md5::Md5::digest(body));
    let query = format!("auth_key={key}&auth_timestamp={now}&auth_version=1.0&body_md5={digest}");
    let signature = signature::sign(secret, &[&format!("{method}\n{path}\n{query}")]);
    format!("{path}?{query}&auth_signature={signature}")
}

/// The value inside a `data` that must be a JSON string.
pub(crate) fn inner(event: &Value) -> Value {
    serde_json::from_str(event["data"].as_str().expect("data is a string")).unwrap()
}

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the server took too long")
}

/// A client that sees every frame.
pub(crate) struct Client {
    socket: WebSocketStream<Box<dyn Transport>>,
    pub(crate) socket_id: String,
}

/// A TCP stream, or TLS over one.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

impl Client {
    /// Sends the handshake, a URL or more than that, over `transport`.
    pub(crate) async fn over(
        transport: impl Transport + 'static,
        request: impl IntoClientRequest + Unpin,
    ) -> Self {
        let transport: Box<dyn Transport> = Box::new(transport);
        let (socket, _) = patiently(tokio_tungstenite::client_async(request, transport)).await.unwrap();
        Self { socket, socket_id: String::new() }
    }

    /// Over a transport on which the handshake is done.
    pub(crate) async fn upgraded(transport: impl Transport + 'static) -> Self {
        let transport: Box<dyn Transport> = Box::new(transport);
        let socket = WebSocketStream::from_raw_socket(transport, Role::Client, None).await;
        Self { socket, socket_id: String::new() }
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_frame(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next frame, whatever it is; `None` at the end of the stream.
    pub(crate) async fn frame(&mut self) -> Option<Message> {
        patiently(self.socket.next()).await.and_then(Result::ok)
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        match self.frame().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected an event, got {other:?}"),
        }
    }

    /// The next event, which must have this name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event["event"], name, "{event}");
        event
    }

    /// The message of the next event, which must be a `pusher:error` with `code: null`.
    pub(crate) async fn error(&mut self) -> String {
        let error = self.event("pusher:error").await;
        assert_eq!(error["data"]["code"], Value::Null, "{error}");
        error["data"]["message"].as_str().unwrap().to_owned()
    }

    /// Code and reason of the close frame that must come next.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        match self.frame().await {
            Some(Message::Close(Some(frame))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("expected a close frame, got {other:?}"),
        }
    }

    /// Proves that nothing was sent so far: the answer to a ping is the next thing that comes.
    pub(crate) async fn expect_nothing(&mut self) {
        self.send(&json!({"event": "pusher:ping", "data": {}})).await;
        self.event("pusher:pong").await;
    }

    /// Sends a subscription as pusher-js does, signed where it must be.
    pub(crate) async fn ask_for(&mut self, channel: &str, channel_data: Option<&str>) {
        let mut data = json!({"auth": "", "channel": channel});
        if channel.starts_with("private-") || channel.starts_with("presence-") {
            data["auth"] = json!(self.auth(channel, channel_data));
        }
        if let Some(channel_data) = channel_data {
            data["channel_data"] = json!(channel_data);
        }
        self.send(&json!({"event": "pusher:subscribe", "data": data})).await;
    }

    /// Subscribes and reads the `subscription_succeeded`; its data.
    pub(crate) async fn subscribe(&mut self, channel: &str, channel_data: Option<&str>) -> Value {
        self.ask_for(channel, channel_data).await;
        let succeeded = self.event("pusher_internal:subscription_succeeded").await;
        assert_eq!(succeeded["channel"], channel);
        inner(&succeeded)
    }

    pub(crate) async fn unsubscribe(&mut self, channel: &str) {
        self.send(&json!({"event": "pusher:unsubscribe", "data": {"channel": channel}})).await;
    }

    /// Sends a sign-in with a right signature.
    pub(crate) async fn sign_in(&mut self, user_data: &str) {
        let signed = format!("{}::user::{user_data}", self.socket_id);
        let auth = format!("{KEY}:{}", signature::sign(SECRET, &[&signed]));
        self.send(&json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": user_data}})).await;
    }

    pub(crate) fn auth(&self, channel: &str, channel_data: Option<&str>) -> String {
        let tail = channel_data.map(|data| format!(":{data}")).unwrap_or_default();
        let signed = format!("{}:{channel}{tail}", self.socket_id);
        format!("{KEY}:{}", signature::sign(SECRET, &[&signed]))
    }
}
