//! `canyon-echo --listen HOST:PORT`: sends every WebSocket message back, for testers of RFC 6455 such as Autobahn.
//!
//! Bytes are read the way a worker reads them (one decoder and one read buffer for all connections, chunks as the
//! socket gives them) and messages are framed the way server frames are. Nothing of the Pusher protocol is here.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use canyon::protocol::frame;
use canyon::protocol::reader::{Decoder, FrameReader, Incoming};
use clap::Parser;
use std::cell::RefCell;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_local};
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{Request, create_response, write_response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

/// The largest message of Autobahn's cases.
const LARGEST_MESSAGE: usize = 16 << 20;

/// As large as a worker's.
const READ_BUFFER: usize = 16 << 10;

/// A handshake longer than this is none.
const LONGEST_HANDSHAKE: usize = 16 << 10;

/// How long a client that was told to go gets to hang up.
const FAREWELL: Duration = Duration::from_secs(3);

#[derive(Parser)]
#[command(name = "canyon-echo", about = "A WebSocket echo server on Canyon's frame layer")]
struct Arguments {
    /// HOST:PORT to listen on; port 0 takes a free one
    #[arg(long)]
    listen: String,
}

/// What all connections share, as those of a worker do.
struct Shared {
    decoder: RefCell<Decoder>,
    buffer: RefCell<Box<[u8]>>,
}

impl Shared {
    /// Reads what there is; `None` when the client hung up.
    async fn read<T>(&self, stream: &TcpStream, mut handle: impl FnMut(&[u8]) -> T) -> io::Result<Option<T>> {
        loop {
            stream.readable().await?;
            let mut buffer = self.buffer.borrow_mut();
            match stream.try_read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => return Ok(Some(handle(&buffer[..count]))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What is left to do after the messages of a chunk.
enum Next {
    Read,
    /// The client said goodbye and has its answer.
    HangUp,
    /// The client was told to go.
    WaitForEnd,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| LocalSet::new().block_on(&runtime, serve(&arguments.listen)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("canyon-echo: {}: {error}", arguments.listen);
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let shared = Rc::new(Shared {
        decoder: RefCell::new(Decoder::new(LARGEST_MESSAGE)),
        buffer: RefCell::new(vec![0; READ_BUFFER].into()),
    });
    loop {
        tokio::select! {
            _ = terminated.recv() => return Ok(()),
            _ = interrupted.recv() => return Ok(()),
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let shared = Rc::clone(&shared);
                spawn_local(async move {
                    if let Err(error) = echo(&shared, stream).await {
                        eprintln!("a connection ended: {error}");
                    }
                });
            }
        }
    }
}

/// One connection from its handshake to its end.
async fn echo(shared: &Shared, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(leftover) = shake_hands(shared, &mut stream).await? else { return Ok(()) };
    let mut reader = FrameReader::default();
    let mut incoming = Vec::new();
    let mut feed = |chunk: &[u8]| {
        reader.feed(chunk, &mut shared.decoder.borrow_mut(), &mut incoming);
        std::mem::take(&mut incoming)
    };
    let mut arrived = feed(&leftover);
    loop {
        match answer(&mut stream, arrived).await? {
            Next::Read => {}
            Next::HangUp => return stream.shutdown().await,
            Next::WaitForEnd => return see_off(shared, stream).await,
        }
        arrived = match shared.read(&stream, &mut feed).await? {
            Some(arrived) => arrived,
            None => return Ok(()),
        };
    }
}

async fn answer(stream: &mut TcpStream, arrived: Vec<Incoming>) -> io::Result<Next> {
    for item in arrived {
        match item {
            Incoming::Text(text) => {
                stream.write_all(&frame::message(Data::Text, text.as_bytes())).await?;
            }
            Incoming::Binary(data) => stream.write_all(&frame::message(Data::Binary, &data)).await?,
            Incoming::Answer(frame) => stream.write_all(&frame).await?,
            Incoming::Closed => return Ok(Next::HangUp),
            Incoming::Failed(close) => {
                stream.write_all(&frame::close(&close)).await?;
                return Ok(Next::WaitForEnd);
            }
        }
    }
    Ok(Next::Read)
}

/// Lets the client read why it is closed: a socket dropped with unread bytes would be reset, close frame and all.
async fn see_off(shared: &Shared, mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let ended = async { while let Ok(Some(())) = shared.read(&stream, |_| ()).await {} };
    // Whoever has not hung up by then finds the socket closed.
    let _ = tokio::time::timeout(FAREWELL, ended).await;
    Ok(())
}

/// Answers the request of a WebSocket client; what came after it, or `None` if there is no client.
async fn shake_hands(shared: &Shared, stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        if shared.read(stream, |chunk| head.extend_from_slice(chunk)).await?.is_none() {
            return Ok(None);
        }
        if let Some((size, request)) = Request::try_parse(&head).map_err(io::Error::other)? {
            let response = create_response(&request).map_err(io::Error::other)?;
            let mut bytes = Vec::new();
            write_response(&mut bytes, &response).map_err(io::Error::other)?;
            stream.write_all(&bytes).await?;
            return Ok(Some(head.split_off(size)));
        }
        if head.len() > LONGEST_HANDSHAKE {
            return Err(io::Error::other("the handshake is too long"));
        }
    }
}
