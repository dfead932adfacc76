//! A TCP or Unix stream, as one type.

use crate::fork_guard::ForkGuard;
use crate::hub::Socket;
use libc::MSG_NOSIGNAL;
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connected stream that the worker's runtime watches.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(ForkGuard<TcpStream>),
    Unix(ForkGuard<UnixStream>),
}

macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            Stream::Unix($inner) => $call,
        }
    };
}

impl Stream {
    /// Registers an accepted socket with the runtime of the calling thread.
    pub(crate) fn register(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(stream) => stream.convert(TcpStream::from_std).map(Self::Tcp),
            Socket::Unix(stream) => stream.convert(UnixStream::from_std).map(Self::Unix),
        }
    }

    /// Whether the peer is on this host: over a Unix socket or the loopback interface.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback()),
            Self::Unix(_) => true,
        }
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        either!(self, inner => inner.readable().await)
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        either!(self, inner => inner.writable().await)
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, inner => inner.try_read(buffer))
    }

    /// Writes in one system call: a `sendmsg`, or a plain `send` where one buffer is all, which is a tenth cheaper.
    ///
    /// Not through the runtime, which looks up first whether the socket may take bytes: it nearly always does, and the
    /// look is a cache miss for each delivery. Whoever finds the socket full says so with [`Stream::note_full`].
    pub(crate) fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = either!(self, inner => SockRef::from(&**inner));
        match buffers {
            [buffer] => socket.send_with_flags(buffer, MSG_NOSIGNAL),
            _ => socket.send_vectored_with_flags(buffers, MSG_NOSIGNAL),
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
        self.shut(std::net::Shutdown::Write);
    }

    /// Ends both halves, which also wakes whoever waits for the socket.
    pub(crate) fn abort(&self) {
        self.shut(std::net::Shutdown::Both);
    }

    fn shut(&self, how: std::net::Shutdown) {
        // Fails only where the peer was faster, and then there is nothing left to end.
        let _ = either!(self, inner => SockRef::from(&**inner).shutdown(how));
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), inner => Pin::new(&mut **inner).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), inner => Pin::new(&mut **inner).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), inner => Pin::new(&mut **inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), inner => Pin::new(&mut **inner).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), inner => Pin::new(&mut **inner).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
