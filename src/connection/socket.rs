//! A TCP or Unix stream, or TLS over TCP, as one type.

use super::outbox::Flushed;
use super::tls::TlsStream;
use crate::fork_guard::ForkGuard;
use crate::hub::Socket;
use libc::MSG_NOSIGNAL;
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::{IpAddr, Ipv4Addr, Shutdown};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connected stream that the worker's runtime watches.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(ForkGuard<TcpStream>),
    Unix(ForkGuard<UnixStream>),
    /// Boxed: a session is large, and most streams have none.
    Tls(Box<TlsStream>),
}

/// Does the same with either socket, whatever is spoken over it.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp(stream) => {
                let $inner = &**stream;
                $call
            }
            Stream::Unix(stream) => {
                let $inner = &**stream;
                $call
            }
            Stream::Tls(stream) => {
                let $inner = stream.socket();
                $call
            }
        }
    };
}

/// What a stream says of who is at its other end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// `None` if it came over a Unix socket.
    pub(crate) ip: Option<IpAddr>,
    /// It speaks TLS with this server.
    pub(crate) is_encrypted: bool,
}

impl Stream {
    /// Registers an accepted socket with the runtime of the calling thread, and shakes hands where TLS is spoken.
    pub(crate) async fn register(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tls(stream, tls) => {
                let stream = TlsStream::accept(stream.convert(TcpStream::from_std)?, &tls).await?;
                Ok(Self::Tls(Box::new(stream)))
            }
            plain => Self::register_plain(plain),
        }
    }

    /// The same for a socket that has spoken in clear, here or with another server.
    pub(crate) fn register_plain(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(stream) => stream.convert(TcpStream::from_std).map(Self::Tcp),
            Socket::Unix(stream) => stream.convert(UnixStream::from_std).map(Self::Unix),
            Socket::Tls(..) => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Asks the kernel who is at the other end.
    pub(crate) fn peer(&self) -> Peer {
        // Whoever is gone already is nobody's proxy.
        let gone = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let ip = |stream: &TcpStream| Some(stream.peer_addr().map_or(gone, |peer| peer.ip()));
        match self {
            Self::Tcp(stream) => Peer { ip: ip(stream), is_encrypted: false },
            Self::Unix(_) => Peer { ip: None, is_encrypted: false },
            Self::Tls(stream) => Peer { ip: ip(stream.socket()), is_encrypted: true },
        }
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        either!(self, inner => inner.as_raw_fd())
    }

    pub(crate) fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// Whether it has a TLS session, which no other process can go on with.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        either!(self, inner => inner.writable().await)
    }

    /// Waits until there may be something to read, for the one task that reads: nothing is put on a list for it.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tls(stream) if stream.has_plaintext() => Poll::Ready(Ok(())),
            _ => either!(self, inner => inner.poll_read_ready(context)),
        }
    }

    /// Reads what there is; how many bytes, and whether there may be more. Fewer bytes than there is room for mean that the
    /// socket is empty, which the runtime learns here: a second call would only be told so. (The end of a stream is an event
    /// of its own.)
    pub(crate) fn read_some(&self, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
        if let Self::Tls(stream) = self {
            return stream.try_read(buffer).map(|count| (count, true));
        }
        let room = buffer.len();
        let mut count = 0;
        let read = || {
            count = either!(self, inner => (&*SockRef::from(inner)).read(buffer))?;
            if (1..room).contains(&count) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        };
        match either!(self, inner => inner.try_io(Interest::READABLE, read)) {
            Err(_) if count > 0 => Ok((count, false)),
            other => other.map(|()| (count, true)),
        }
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            Self::Unix(stream) => stream.try_read(buffer),
            Self::Tls(stream) => stream.try_read(buffer),
        }
    }

    /// Writes in one system call: a `sendmsg`, or a plain `send` where one buffer is all, which is a tenth cheaper.
    ///
    /// Not through the runtime, which looks up first whether the socket may take bytes: it nearly always does, and the
    /// look is a cache miss for each delivery. Whoever finds the socket full says so with [`Stream::note_full`].
    pub(crate) fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = match self {
            Self::Tcp(stream) => SockRef::from(&**stream),
            Self::Unix(stream) => SockRef::from(&**stream),
            Self::Tls(stream) => return stream.try_write(buffers),
        };
        match buffers {
            [buffer] => socket.send_with_flags(buffer, MSG_NOSIGNAL),
            _ => socket.send_vectored_with_flags(buffers, MSG_NOSIGNAL),
        }
    }

    /// How far a flush really came: a TLS session takes more than its socket may.
    pub(crate) fn settled(&self, flushed: Flushed) -> Flushed {
        match (self, flushed) {
            (Self::Tls(stream), Flushed::Everything) => match stream.send() {
                Ok(()) => flushed,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Flushed::Blocked { progress: true },
                Err(_) => Flushed::Gone,
            },
            _ => flushed,
        }
    }

    /// Tells the runtime that the socket took less than it was given: [`Stream::writable`] waits from now on.
    pub(crate) fn note_full(&self) {
        let full = || Err::<(), _>(ErrorKind::WouldBlock.into());
        // It is an error that is passed on, for the runtime to see.
        let _ = either!(self, inner => inner.try_io(Interest::WRITABLE, full));
    }

    /// Ends the sending half: the client sees the end of the stream after what was sent.
    pub(crate) fn end(&self) {
        self.shut(Shutdown::Write);
    }

    /// Ends both halves, which also wakes whoever waits for the socket.
    pub(crate) fn abort(&self) {
        self.shut(Shutdown::Both);
    }

    fn shut(&self, how: Shutdown) {
        if let Self::Tls(stream) = self {
            stream.say_goodbye();
        }
        // Fails only where the peer was faster, and then there is nothing left to end.
        let _ = either!(self, inner => SockRef::from(inner).shutdown(how));
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        either!(self, inner => inner.as_fd())
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
            Self::Tls(stream) => {
                let count = ready!(stream.poll_read(cx, buf.initialize_unfilled()))?;
                buf.advance(count);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // What was written is with the kernel.
            Self::Tcp(_) | Self::Unix(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => stream.poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => stream.poll_write(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
