//! A real server, and a real WebSocket client that subscribes to everything. The server is only ever paused: what it takes
//! out of the queue while nobody is subscribed would be gone, as it should.

use crate::Result;
use crate::checker::Checker;
use crate::delivery::Delivery;
use crate::message::Message;
use crate::php::existing;
use crate::place::Place;
use crate::process::{PATIENCE, Process};
use crate::random::Random;
use crate::receiver::{Receiver, Troubles};
use canyon::event::Draft;
use canyon::queue::{Producer, ProducerOptions, Push};
use rustix::process::Signal;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Message as Frame, WebSocket, client};

const KEY: &str = "soak-key";

/// The name of the event that comes after all others.
const END: &str = "ended";

/// What the client got.
enum Got {
    Delivery(Delivery),
    End,
    /// Anything that should not come.
    Surprise(String),
    /// The connection ended too early.
    Lost(String),
}

pub(crate) struct Audience<'a> {
    place: &'a Place,
    server: Process,
    got: Inbox<Got>,
    random: Random,
    pause_at: Instant,
    resume_at: Option<Instant>,
    has_ended: bool,
    is_lost: bool,
    troubles: Troubles,
}

impl<'a> Audience<'a> {
    pub(crate) fn new(place: &'a Place, seed: u64) -> Result<Self> {
        let config = place.path().join("canyon.toml");
        std::fs::write(&config, settings(&place.queue().display().to_string()))?;
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600))?;
        let mut server = Process::start(
            Command::new(existing("CANYON_BIN", "make server")?)
                .args(["serve", "--no-parent", "--config"])
                .arg(config)
                // Whoever runs this may have settings of an own server in the environment.
                .env_clear()
                .env("CANYON_LOG", "warn")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(place.log("server.log")?),
        )?;
        let output = server.child().stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .ok_or_else(|| format!("canyon serve did not start: {line}{}", place.logged("server.log")))?;
        let client = subscribe(address)?;
        let (sender, got) = channel();
        std::thread::spawn(move || listen(client, &sender));
        let mut random = Random::new(seed, "server", 0);
        let pause_at = Instant::now() + random.millis(100..=2000);
        let troubles = Troubles::default();
        Ok(Self {
            place,
            server,
            got,
            random,
            pause_at,
            resume_at: None,
            has_ended: false,
            is_lost: false,
            troubles,
        })
    }

    fn hand_on(&mut self, got: Got, checker: &mut Checker) {
        match got {
            Got::Delivery(delivery) => {
                checker.delivered(delivery);
                if self.has_ended {
                    self.troubles.complaints.note(format_args!("{delivery:?} came after the end"));
                }
            }
            Got::End => self.has_ended = true,
            Got::Surprise(what) => self.troubles.complaints.note(what),
            Got::Lost(why) => {
                self.is_lost = true;
                self.troubles.complaints.note(format_args!("the client was disconnected: {why}"));
            }
        }
    }

    /// Publishes what everything published before must precede.
    fn publish_end(&self) -> Result<()> {
        let channels = std::iter::once(b"soak".as_slice());
        let draft = Draft { app: b"soak", channels, name: END.as_bytes(), data: b"{}", except: None };
        let encoded = draft.encode()?;
        let mut producer = Producer::attach(ProducerOptions::new(self.place.queue()))?;
        match producer.push(encoded.len(), |writer| encoded.write(|piece| writer.put(piece)))? {
            Push::Published => Ok(()),
            Push::Full => Err("no room in a new ring".into()),
        }
    }
}

impl Receiver for Audience<'_> {
    fn tend(&mut self, now: Instant, checker: &mut Checker) -> Result<()> {
        while let Ok(got) = self.got.try_recv() {
            self.hand_on(got, checker);
        }
        if self.resume_at.is_some_and(|at| now >= at) {
            self.resume_at = None;
            self.server.signal(Signal::CONT)?;
        } else if self.resume_at.is_none() && now >= self.pause_at {
            self.resume_at = Some(now + self.random.millis(1..=300));
            self.pause_at = now + self.random.millis(400..=4000);
            self.troubles.paused += u64::from(self.server.signal(Signal::STOP)?);
        }
        if let Some(status) = self.server.ended()? {
            return Err(format!("the server ended: {status}\n{}", self.place.logged("server.log")).into());
        }
        Ok(())
    }

    fn finish(&mut self, checker: &mut Checker) -> Result<()> {
        self.server.signal(Signal::CONT)?;
        self.publish_end()?;
        let patience = Instant::now() + PATIENCE;
        let is_clear = |place: &Place| place.left_behind().is_ok_and(|names| names.is_empty());
        while (!self.has_ended || !is_clear(self.place)) && Instant::now() < patience {
            match self.got.recv_timeout(Duration::from_millis(20)) {
                Ok(got) => self.hand_on(got, checker),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if !self.has_ended {
            self.troubles.complaints.note("the last event did not come");
        }
        self.server.signal(Signal::TERM)?;
        while self.server.ended()?.is_none() && Instant::now() < patience + PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        if !self.server.ended()?.is_some_and(|status| status.success()) {
            self.troubles.complaints.note(format_args!("the server ended with {:?}", self.server.ended()?));
        }
        // Until the client has seen the connection end.
        while let Ok(got) = self.got.recv_timeout(PATIENCE) {
            self.hand_on(got, checker);
        }
        // That rings were full is true, and counted by the publishers.
        let log = self.place.logged("server.log");
        for line in
            log.lines().filter(|line| !line.contains("not taken: the rings of their publishers were full"))
        {
            self.troubles.complaints.note(line);
        }
        Ok(())
    }

    /// Less than what makes the server hang up on a slow client: one reader against sixteen writers, on a busy machine.
    fn most_on_the_way(&self) -> Option<u64> {
        Some(2000)
    }

    fn is_lost(&self) -> bool {
        self.is_lost
    }

    fn troubles(&mut self) -> &mut Troubles {
        &mut self.troubles
    }
}

/// The largest limit there is for events: a client may be that much further behind.
fn settings(queue: &str) -> String {
    format!(
        "listen = ['127.0.0.1:0']\nqueue = '{queue}'\n\
         [[app]]\nid = 'soak'\nkey = '{KEY}'\nsecret = 'soak-secret'\nmax_event_bytes = {}\n",
        4 << 20
    )
}

/// What the server says.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    channel: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Cow<'a, str>,
}

fn subscribe(address: &str) -> Result<WebSocket<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let url = format!("ws://{address}/app/{KEY}?protocol=7&client=soak&version=1");
    let (mut client, _) = client(url, stream).map_err(|error| error.to_string())?;
    client.send(Frame::text(r#"{"event":"pusher:subscribe","data":{"channel":"soak"}}"#))?;
    loop {
        let frame = client.read()?;
        let text = frame.to_text()?;
        if text.contains("pusher_internal:subscription_succeeded") {
            return Ok(client);
        }
        if !text.contains("pusher:connection_established") {
            return Err(format!("instead of a subscription came {text}").into());
        }
    }
}

/// Reads until the server closes.
fn listen(mut client: WebSocket<TcpStream>, got: &Sender<Got>) {
    let lost = loop {
        let next = match client.read() {
            Ok(Frame::Text(text)) if text.starts_with(r#"{"event":"pusher:ping""#) => {
                match client.send(Frame::text(r#"{"event":"pusher:pong","data":{}}"#)) {
                    Ok(()) => continue,
                    Err(error) => break error.to_string(),
                }
            }
            Ok(Frame::Text(text)) => {
                understand(&text).unwrap_or_else(|| Got::Surprise(format!("unexpected: {text:.200}")))
            }
            // Answered by the library.
            Ok(Frame::Ping(_)) => continue,
            Ok(Frame::Close(Some(frame))) if u16::from(frame.code) == 4200 => return,
            Ok(frame) => Got::Surprise(format!("unexpected: {frame:.200}")),
            Err(error) => break error.to_string(),
        };
        if got.send(next).is_err() {
            return;
        }
    };
    let _ = got.send(Got::Lost(lost));
}

fn understand(text: &str) -> Option<Got> {
    let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
    match (envelope.event.as_ref(), envelope.channel.as_ref()) {
        ("soaked", "soak") => Some(Got::Delivery(Message::read(&envelope.data))),
        (END, "soak") => Some(Got::End),
        _ => None,
    }
}
