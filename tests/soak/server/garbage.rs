//! Bytes that no client of good will sends: the server refuses each or hangs up, and serves on.

use crate::random::Random;
use crate::world::{APP, Phase, QUIET, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// What has to be answered, or ended by the server, is within this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// What need not be answered is left alone after this.
const GLANCE: Duration = Duration::from_millis(300);

/// What should come of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// An HTTP answer of 400 to 499, or nothing but the end.
    Refusal,
    /// The server hangs up.
    End,
    /// Whatever: it may wait for more.
    Anything,
}

/// What to send, after the handshake of a WebSocket or by itself.
#[derive(Debug)]
struct Attempt {
    kind: &'static str,
    is_upgraded: bool,
    bytes: Vec<u8>,
    wanted: Wanted,
}

/// One attempt after the other.
pub(crate) async fn throw(world: Arc<World>, lane: u64) {
    let mut random = Random::new(world.seed, "garbage", lane);
    while world.is_in(Phase::Running) {
        sleep(random.millis(5..=150)).await;
        let attempt = if random.percent(50) { http(&mut random) } else { websocket(&mut random) };
        let kind = attempt.kind;
        match make(&world, attempt).await {
            Ok(was_ended) => world.note_garbage(kind, was_ended),
            Err(_) if world.is_in_aftermath() => {}
            Err(what) => world.wrongs().garbage.note(format_args!("{kind}: {what}")),
        }
    }
}

/// Whether the server answered or hung up; or what it should not have done.
async fn make(world: &World, attempt: Attempt) -> Result<bool, String> {
    let Attempt { is_upgraded, bytes, wanted, .. } = attempt;
    let mut stream =
        TcpStream::connect(world.address).await.map_err(|error| format!("not connected: {error}"))?;
    if is_upgraded {
        stream.write_all(&handshake(APP.key)).await.map_err(|error| format!("no handshake: {error}"))?;
        let mut head = [0; 12];
        let answer =
            timeout(PATIENCE, stream.read_exact(&mut head)).await.map_err(|_| "no handshake".to_owned())?;
        answer.map_err(|error| format!("no handshake: {error}"))?;
        if &head != b"HTTP/1.1 101" {
            return Err(format!("the handshake was answered with {}", String::from_utf8_lossy(&head)));
        }
    }
    // The server may hang up before it has read all of it, which can be a reset for what it has said.
    let is_sent = timeout(PATIENCE, stream.write_all(&bytes)).await.is_ok_and(|sent| sent.is_ok());
    let patience = if wanted == Wanted::Anything { GLANCE } else { PATIENCE };
    let mut answer = Vec::new();
    let ended = timeout(patience, async {
        let mut buffer = [0; 4096];
        while !(wanted == Wanted::Refusal && answer.len() > 12) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
            }
        }
    });
    let was_ended = ended.await.is_ok();
    if wanted != Wanted::Anything && !was_ended {
        return Err(format!("neither answered nor ended (all of it was sent: {is_sent})"));
    }
    let is_refused = answer.is_empty() || answer.starts_with(b"HTTP/1.1 4");
    if wanted == Wanted::Refusal && !is_refused {
        return Err(format!("answered with {}", String::from_utf8_lossy(&answer[..answer.len().min(200)])));
    }
    Ok(was_ended)
}

fn handshake(key: &str) -> Vec<u8> {
    format!(
        "GET /app/{key}?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

fn http(random: &mut Random) -> Attempt {
    let plain = |kind, bytes: Vec<u8>, wanted| Attempt { kind, is_upgraded: false, bytes, wanted };
    let event = json!({"name": "x", "channel": QUIET, "data": "{}"}).to_string();
    let joined = |(head, body): (String, String)| [head, body].concat();
    let good = joined(APP.post("/events", &event));
    let signed = |path: &str, body: &str| joined(APP.post(path, body)).into_bytes();
    match random.within(0..=12) {
        0 => {
            let count = random.below(600) + 1;
            plain("random bytes", random.bytes(count), Wanted::Anything)
        }
        1 => plain(
            "API: wrong signature",
            good.replace("auth_signature=", "auth_signature=0").into_bytes(),
            Wanted::Refusal,
        ),
        2 => plain(
            "API: body of another request",
            good.replace("\"x\"", "\"y\"").into_bytes(),
            Wanted::Refusal,
        ),
        3 => plain("API: unknown key", good.replace(APP.key, "nobody").into_bytes(), Wanted::Refusal),
        4 => {
            let head = good.replace(&format!("Content-Length: {}", event.len()), "Content-Length: 900000000");
            plain("API: a body of 900 MB", head.into_bytes(), Wanted::Refusal)
        }
        5 => {
            let cut = random.below(good.len());
            plain("API: cut short", good.as_bytes()[..cut].to_vec(), Wanted::Anything)
        }
        6 => {
            let (mut bytes, at) = (good.into_bytes(), random.below(60));
            bytes[at] = random.bytes(1)[0];
            plain("API: a changed byte", bytes, Wanted::Anything)
        }
        7 => plain("API: no JSON", signed("/events", &"[".repeat(2_000)), Wanted::Refusal),
        8 => {
            let channels: Vec<String> = (0..500).map(|number| format!("c-{number}")).collect();
            let body = json!({"name": "x", "channels": channels, "data": "{}"});
            plain("API: too many channels", signed("/events", &body.to_string()), Wanted::Refusal)
        }
        9 => {
            let data = "x".repeat(1_200_000);
            let body = json!({"name": "x", "channel": QUIET, "data": data});
            plain("API: too large an event", signed("/events", &body.to_string()), Wanted::Refusal)
        }
        10 => {
            let batch =
                json!({"batch": vec![json!({"name": "x", "channel": "no such name!", "data": "{}"})]});
            plain("API: wrong names in a batch", signed("/batch_events", &batch.to_string()), Wanted::Refusal)
        }
        11 => {
            let bytes = format!(
                "GET /{} HTTP/1.1\r\nHost: x\r\n{}\r\n",
                random.below(1000),
                "A: b\r\n".repeat(random.below(3_000))
            );
            plain("HTTP: nowhere, with many headers", bytes.into_bytes(), Wanted::Refusal)
        }
        _ => {
            let key = if random.percent(50) { "nobody" } else { APP.key };
            let version = format!("Sec-WebSocket-Version: {}", random.below(13));
            let text = String::from_utf8(handshake(key)).unwrap_or_default();
            plain(
                "handshake: another version",
                text.replace("Sec-WebSocket-Version: 13", &version).into_bytes(),
                Wanted::Refusal,
            )
        }
    }
}

/// A frame with these two first bytes' worth of meaning, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    if payload.len() < 126 {
        frame.push(0x80 | payload.len() as u8);
    } else {
        frame.push(0x80 | 126);
        frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

fn websocket(random: &mut Random) -> Attempt {
    let after = |kind, bytes: Vec<u8>, wanted| Attempt { kind, is_upgraded: true, bytes, wanted };
    match random.within(0..=13) {
        0 => {
            let count = random.below(3_000) + 1;
            after("frames: random bytes", random.bytes(count), Wanted::Anything)
        }
        1 => after("frames: not masked", vec![0x81, 2, b'{', b'}'], Wanted::End),
        2 => after("frames: a reserved bit", frame(0xc1, b"{}"), Wanted::End),
        3 => after("frames: an opcode that is none", frame(0x83 + random.below(5) as u8, b"{}"), Wanted::End),
        4 => after("frames: 2^63 bytes", [&[0x81, 0xff][..], &[0xff; 8], &[0; 4]].concat(), Wanted::End),
        5 => after("frames: a ping in parts", frame(0x09, b"x"), Wanted::End),
        6 => after("frames: a ping of 200 bytes", frame(0x89, &[b'x'; 200]), Wanted::End),
        7 => after("frames: a continuation of nothing", frame(0x80, b"x"), Wanted::End),
        8 => after("frames: no UTF-8", frame(0x81, &[b'"', 0xff, 0xfe, b'"']), Wanted::End),
        9 => after("frames: an end with a code that is none", frame(0x88, &[0, 7]), Wanted::End),
        10 => after("messages: no JSON", frame(0x81, &vec![b'['; 5_000]), Wanted::Anything),
        11 => {
            let forged = json!({"event": "pusher:subscribe", "data": {"channel": "private-room-1", "auth": "soak-key:00"}});
            after(
                "messages: a forged subscription",
                frame(0x81, forged.to_string().as_bytes()),
                Wanted::Anything,
            )
        }
        12 => {
            let name: String = random.bytes(300).iter().map(|byte| char::from(byte & 0x7f)).collect();
            let strange = json!({"event": "pusher:subscribe", "data": {"channel": name}});
            after(
                "messages: a name that is none",
                frame(0x81, strange.to_string().as_bytes()),
                Wanted::Anything,
            )
        }
        _ => {
            let whisper = json!({"event": "client-x", "channel": "private-room-1", "data": {}}).to_string();
            let many: Vec<u8> = (0..50).flat_map(|_| frame(0x81, whisper.as_bytes())).collect();
            after("messages: whispers from outside", many, Wanted::Anything)
        }
    }
}
