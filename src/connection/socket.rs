//! A TCP or Unix stream, as one type.

use crate::fork_guard::ForkGuard;
use crate::hub::Socket;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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

    /// Writes in one system call: a `writev`, or a plain `send` where one buffer is all, which is a tenth cheaper.
    pub(crate) fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match buffers {
            [buffer] => either!(self, inner => inner.try_write(buffer)),
            _ => either!(self, inner => inner.try_write_vectored(buffers)),
        }
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
        let _ = either!(self, inner => socket2::SockRef::from(&**inner).shutdown(how));
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
