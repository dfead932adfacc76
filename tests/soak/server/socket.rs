//! A WebSocket connection of a client of the Pusher protocol.

use crate::world::{APP, World, name};
use canyon::protocol::signature;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// No answer of the server takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    id: String,
}

/// What the server says.
#[derive(Debug, Deserialize)]
pub(crate) struct Said<'a> {
    #[serde(borrow)]
    pub(crate) event: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) channel: Cow<'a, str>,
    #[serde(default)]
    pub(crate) data: Value,
}

impl Said<'_> {
    /// The data, where it must be text that is JSON.
    pub(crate) fn inner(&self) -> Value {
        self.data.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

impl Socket {
    /// Connects and is greeted. `receive_bytes` is what the kernel keeps for it, if not as usual.
    pub(crate) async fn connect(world: &World, receive_bytes: Option<u32>) -> Result<Self, String> {
        timeout(PATIENCE, Self::greet(world, receive_bytes)).await.map_err(|_| "no answer".to_owned())?
    }

    async fn greet(world: &World, receive_bytes: Option<u32>) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("not connected: {error}");
        let socket = TcpSocket::new_v4().map_err(failed)?;
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes).map_err(failed)?;
        }
        let stream = socket.connect(world.address).await.map_err(failed)?;
        let url = format!("ws://{}/app/{}?protocol=7&client=soak&version=1", world.address, APP.key);
        let opened = tokio_tungstenite::client_async(url, stream).await;
        let (stream, _) = opened.map_err(|error| format!("the handshake failed: {error}"))?;
        let mut socket = Self { stream, id: String::new() };
        let text = socket.next().await?.ok_or("a frame that is no text instead of a greeting")?;
        let said: Said<'_> = serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))?;
        if said.event != "pusher:connection_established" {
            return Err(format!("instead of a greeting: {text}"));
        }
        said.inner()["socket_id"].as_str().unwrap_or_default().clone_into(&mut socket.id);
        Ok(socket)
    }

    /// Asks for a channel, signed where its name asks for it, as that member.
    pub(crate) async fn subscribe(&mut self, channel: &str, user_id: &str) -> Result<(), String> {
        let (id, mut data) = (&self.id, json!({"channel": channel, "auth": ""}));
        let mut signed = format!("{id}:{channel}");
        if channel.starts_with("presence-") {
            let member = json!({"user_id": user_id, "user_info": {"name": user_id}}).to_string();
            signed = format!("{signed}:{member}");
            data["channel_data"] = json!(member);
        }
        if channel.starts_with('p') {
            data["auth"] = json!(sign(&signed));
        }
        self.say(&json!({"event": "pusher:subscribe", "data": data})).await
    }

    pub(crate) async fn sign_in(&mut self, user_id: &str) -> Result<(), String> {
        let user = json!({"id": user_id}).to_string();
        let auth = sign(&format!("{}::user::{user}", self.id));
        self.say(&json!({"event": "pusher:signin", "data": {"auth": auth, "user_data": user}})).await
    }

    pub(crate) async fn unsubscribe(&mut self, channel: usize) -> Result<(), String> {
        self.say(&json!({"event": "pusher:unsubscribe", "data": {"channel": name(channel)}})).await
    }

    pub(crate) async fn whisper(&mut self, channel: usize, data: &str) -> Result<(), String> {
        self.say(&json!({"event": "client-numbered", "channel": name(channel), "data": data})).await
    }

    pub(crate) async fn say(&mut self, message: &Value) -> Result<(), String> {
        let sent = self.stream.send(Message::text(message.to_string())).await;
        sent.map_err(|error| format!("cannot send: {error}"))
    }

    /// The next text; `None` for a frame that is none. Can be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, String> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
            Some(Ok(Message::Close(Some(frame)))) => {
                Err(format!("closed with {} {}", frame.code, frame.reason))
            }
            Some(Ok(Message::Close(None))) => Err("closed without a code".to_owned()),
            // Pings are answered by the library.
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(format!("broken: {error}")),
            None => Err("the end".to_owned()),
        }
    }

    /// Reads until the server hangs up, and answers nothing: past the library, which would answer pings.
    pub(crate) async fn outlast(&mut self) {
        let mut buffer = vec![0; 64 << 10];
        while matches!(self.stream.get_mut().read(&mut buffer).await, Ok(1..)) {}
    }

    /// Says goodbye as RFC 6455 has it.
    pub(crate) async fn close(mut self) {
        // The server may have gone.
        let _ = timeout(PATIENCE, self.stream.close(None)).await;
    }

    /// Is gone without a word, and what comes for it is answered with a reset.
    pub(crate) fn reset(self) {
        let _ = self.stream.get_ref().set_zero_linger();
    }
}

fn sign(text: &str) -> String {
    format!("{}:{}", APP.key, signature::sign(APP.secret, &[text]))
}
