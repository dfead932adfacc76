//! A TLS session over a TCP stream, with the calls of a bare stream.

use super::outbox::BATCH;
use crate::fork_guard::ForkGuard;
use crate::tls::Tls;
use rustls::ServerConnection;
use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;

/// Time for a client to shake hands.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// First byte of everything that a TLS client says at first (RFC 8446, section 5.1: a handshake record).
const HANDSHAKE_RECORD: u8 = 22;

/// What somebody is told who speaks HTTP here.
const SPEAK_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
    This port speaks TLS: use https:// or wss://, and forceTLS: true in Echo.\n";

/// See the module. One worker owns it.
#[derive(Debug)]
pub(crate) struct TlsStream {
    socket: ForkGuard<TcpStream>,
    session: RefCell<ServerConnection>,
}

/// The socket as the session reads and writes it: what would block is an error.
struct Plain<'a>(&'a TcpStream);

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsStream {
    /// Shakes hands.
    pub(crate) async fn accept(socket: ForkGuard<TcpStream>, tls: &Tls) -> io::Result<Self> {
        let session = RefCell::new(tls.session().map_err(io::Error::other)?);
        let stream = Self { socket, session };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, stream.shake_hands()).await {
            Ok(done) => done.map(|()| stream),
            Err(_) => Err(io::Error::new(ErrorKind::TimedOut, "the client did not finish its TLS handshake")),
        }
    }

    async fn shake_hands(&self) -> io::Result<()> {
        let mut first = [0];
        if self.socket.peek(&mut first).await? > 0 && first[0] != HANDSHAKE_RECORD {
            // It is told so as far as that is possible; that it is refused stands anyhow.
            let _ = self.socket.try_write(SPEAK_TLS);
            return Err(io::Error::new(ErrorKind::InvalidData, "a client spoke no TLS where TLS is spoken"));
        }
        while self.session.borrow().is_handshaking() {
            let received = self.receive();
            // An alert, too, is worth sending.
            match self.send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.socket.writable().await?,
                sent => sent?,
            }
            match received {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.socket.readable().await?,
                received => drop(received?),
            }
        }
        match self.send() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            sent => sent,
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(crate) fn has_plaintext(&self) -> bool {
        let state = self.session.borrow_mut().process_new_packets();
        state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.borrow_mut().reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // Many end the connection without ending the session; frames say where the end is.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            let received = self.receive();
            // What the client is owed: tickets, an alert, a new key. The rest follows with what is written next.
            let _ = self.send();
            if received? == 0 {
                return Ok(0);
            }
        }
    }

    /// Encrypts and sends; an error only if nothing was taken. Not all that was taken need be with the kernel:
    /// [`TlsStream::send`] does the rest.
    pub(crate) fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = 0;
        let mut copies = [IoSlice::new(&[]); BATCH];
        let mut rest = &mut copies[..buffers.len().min(BATCH)];
        rest.copy_from_slice(&buffers[..rest.len()]);
        loop {
            match self.send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock && taken > 0 => return Ok(taken),
                sent => sent?,
            }
            if rest.iter().all(|buffer| buffer.is_empty()) {
                return Ok(taken);
            }
            let count = self.session.borrow_mut().writer().write_vectored(rest)?;
            taken += count;
            IoSlice::advance_slices(&mut rest, count);
        }
    }

    /// Sends what was taken and is not with the kernel yet.
    pub(crate) fn send(&self) -> io::Result<()> {
        let mut session = self.session.borrow_mut();
        while session.wants_write() {
            if session.write_tls(&mut Plain(&self.socket))? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Reads and decrypts once; 0 at the end of the stream.
    fn receive(&self) -> io::Result<usize> {
        let mut session = self.session.borrow_mut();
        let count = session.read_tls(&mut Plain(&self.socket))?;
        session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        Ok(count)
    }

    /// Says that nothing will follow; the end of the stream says it too, if this does not get through.
    pub(crate) fn say_goodbye(&self) {
        self.session.borrow_mut().send_close_notify();
        let _ = self.send();
    }

    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.try_read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_read_ready(cx))?
                }
                read => return Poll::Ready(read),
            }
        }
    }

    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.try_write(buffers) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_write_ready(cx))?
                }
                written => return Poll::Ready(written),
            }
        }
    }

    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_write_ready(cx))?
                }
                sent => return Poll::Ready(sent),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TlsConfig;
    use crate::connection::{Flushed, Stream};
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream as ClientStream;
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    /// A stream and the client at its other end.
    async fn connected() -> (Stream, ClientStream<TcpStream>) {
        let own = rcgen::generate_simple_self_signed(["one.test".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let pair = TlsConfig { certificate: directory.path().join("crt"), key: directory.path().join("key") };
        std::fs::write(&pair.certificate, own.cert.pem()).unwrap();
        std::fs::write(&pair.key, own.signing_key.serialize_pem()).unwrap();
        let tls = Tls::load(&[pair]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(own.cert.der().clone()).unwrap();
        let provider = rustls::crypto::ring::default_provider().into();
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("one.test").unwrap();
        let (stream, client) =
            tokio::join!(TlsStream::accept(ForkGuard::new(accepted), &tls), connector.connect(name, client));
        (Stream::Tls(Box::new(stream.unwrap())), client.unwrap())
    }

    #[tokio::test]
    async fn what_the_session_took_and_the_socket_did_not_is_gone_on_with() {
        let (stream, mut client) = connected().await;
        let chunk = [7; 30_000];
        let mut taken = 0;
        while stream.settled(Flushed::Everything) == Flushed::Everything {
            taken += stream.try_write(&[IoSlice::new(&chunk)]).unwrap();
        }
        assert_eq!(stream.settled(Flushed::Everything), Flushed::Blocked { progress: true });
        let reading = tokio::spawn(async move {
            let mut everything = vec![0; taken];
            client.read_exact(&mut everything).await.unwrap();
            everything
        });
        while stream.settled(Flushed::Everything) != Flushed::Everything {
            stream.writable().await.unwrap();
        }
        assert!(reading.await.unwrap().iter().all(|byte| *byte == 7));
    }
}
