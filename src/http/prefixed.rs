//! A stream of which the beginning has been read already.

use crate::connection::{Stream, Talk};
use bytes::{Buf, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads what was read before, then the stream; writes go to the stream.
#[derive(Debug)]
pub(super) struct Prefixed {
    prefix: Bytes,
    talk: Arc<Talk>,
}

impl Prefixed {
    pub(super) fn new(prefix: Bytes, talk: Arc<Talk>) -> Self {
        Self { prefix, talk }
    }

    pub(super) fn talk(&self) -> &Arc<Talk> {
        &self.talk
    }

    /// The stream, and what nobody has read of its beginning; `None` if somebody else still uses it.
    pub(super) fn into_parts(self) -> Option<(Bytes, Stream)> {
        Arc::into_inner(self.talk).map(|talk| (self.prefix, talk.stream.into_inner()))
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            let before = buf.filled().len();
            let read = Pin::new(&mut *self.talk.stream.lock()).poll_read(cx, buf);
            self.talk.hear(&buf.filled()[before..]);
            return read;
        }
        let count = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..count]);
        self.prefix.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.talk.stream.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.talk.stream.lock()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.talk.stream.lock()).poll_write_vectored(cx, bufs);
        // Until it is in, nobody else can go on with this connection.
        self.talk.set_answering(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
