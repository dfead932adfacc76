//! Listening sockets and the loop that accepts from them.

use crate::bell::Bell;
use crate::config::ListenAddress;
use crate::error::Error;
use crate::fork_guard::ForkGuard;
use crate::handover::halt::Request;
use crate::hub::{Hub, Letter, Socket};
use crate::limits::{Who, is_exhaustion};
use crate::metrics::Limit;
use crate::pulse::Beat;
use crate::systemd::Activated;
use crate::tls::Tls;
use mio::net::{TcpListener, UnixListener};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Connections that may wait to be accepted: all of a site's clients come back at once after an outage.
const BACKLOG: i32 = 4096;

/// Bytes of a socket that the kernel keeps beyond those on their way. What waits longer waits here, where the frames are
/// shared; and what a slow client takes is seen every few frames, instead of every megabyte or two.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 256 << 10;

/// Pause after an accept that failed for want of descriptors or memory, so as not to spin.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Connections that come closer together than this are a crowd.
const CROWD: Duration = Duration::from_millis(1);

/// How long the accepting thread lets a crowd gather. Woken for each of them, it would take the processor from the worker
/// that greets them each time: a tenth of what it costs to let somebody in.
const GATHERING: Duration = Duration::from_micros(500);

/// A bound socket.
///
/// What it accepts is non-blocking from birth, which is all that is wanted of mio here, and a system call less for each.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(ForkGuard<TcpListener>),
    Unix(ForkGuard<UnixListener>, SocketFile),
    Tls(ForkGuard<TcpListener>, Arc<Tls>),
}

/// The file of a Unix socket. It goes with the socket, unless another process has the socket too.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    is_given: AtomicBool,
    /// Whether it is of somebody who has opened the socket for this server, and keeps it.
    is_lent: bool,
}

impl Listener {
    /// Binds; an address with TLS gets `tls`, which the configuration has seen to.
    pub(super) fn bind(address: &ListenAddress, tls: Option<&Arc<Tls>>) -> Result<Self, Error> {
        match address {
            ListenAddress::Tcp(tcp) => bind_tcp(*tcp).map(|listener| Self::Tcp(ForkGuard::new(listener))),
            ListenAddress::Tls(tcp) => {
                let tls = tls.ok_or_else(|| no_certificate(address))?;
                bind_tcp(*tcp).map(|listener| Self::Tls(ForkGuard::new(listener), Arc::clone(tls)))
            }
            ListenAddress::Unix(path) => {
                bind_unix(path).map(|listener| Self::Unix(ForkGuard::new(listener), SocketFile::new(path)))
            }
        }
        .map_err(|error| Error::Listen(address.clone(), error))
    }

    /// Takes over a socket that another process has bound.
    pub(super) fn inherit(
        address: &ListenAddress,
        descriptor: OwnedFd,
        tls: Option<&Arc<Tls>>,
    ) -> Result<Self, Error> {
        let tcp = |descriptor: OwnedFd| ForkGuard::new(TcpListener::from_std(descriptor.into()));
        Ok(match address {
            ListenAddress::Tcp(_) => Self::Tcp(tcp(descriptor)),
            ListenAddress::Tls(_) => {
                Self::Tls(tcp(descriptor), tls.ok_or_else(|| no_certificate(address))?.clone())
            }
            ListenAddress::Unix(path) => {
                let file = SocketFile::new(path);
                // Until it is ours alone.
                file.is_given.store(true, Ordering::Release);
                Self::Unix(ForkGuard::new(UnixListener::from_std(descriptor.into())), file)
            }
        })
    }

    /// Takes a socket that systemd has opened, and will give to the next server too.
    pub(super) fn activated(
        address: &ListenAddress,
        socket: Activated,
        tls: Option<&Arc<Tls>>,
    ) -> Result<Self, Error> {
        let socket = socket2::Socket::from(socket.into_socket());
        prepare(&socket, !matches!(address, ListenAddress::Unix(_)))
            .map_err(|error| Error::Listen(address.clone(), error))?;
        let mut listener = Self::inherit(address, socket.into(), tls)?;
        if let Self::Unix(_, file) = &mut listener {
            file.is_lent = true;
        }
        Ok(listener)
    }

    /// Says whether the file of a Unix socket belongs to another process from now on.
    pub(super) fn set_given(&self, is_given: bool) {
        if let Self::Unix(_, file) = self {
            file.is_given.store(is_given, Ordering::Release);
        }
    }

    /// Where it really listens: the port that the system chose, where 0 was asked for.
    pub(super) fn address(&self) -> io::Result<ListenAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Self::Tls(listener, _) => listener.local_addr().map(ListenAddress::Tls),
            Self::Unix(_, file) => Ok(ListenAddress::Unix(file.path.clone())),
        }
    }

    pub(super) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                Ok(Socket::Tcp(ForkGuard::new(stream.into())))
            }
            Self::Tls(listener, tls) => {
                let (stream, _) = listener.accept()?;
                Ok(Socket::Tls(ForkGuard::new(stream.into()), Arc::clone(tls)))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                Ok(Socket::Unix(ForkGuard::new(stream.into())))
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) | Self::Tls(listener, _) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        }
    }
}

impl SocketFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), is_given: AtomicBool::new(false), is_lent: false }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !*self.is_given.get_mut() && !self.is_lent {
            // It may be gone already; a file left behind is cleared away by the next bind.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(address))?;
    prepare(&socket, true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Makes a listening socket of one that is bound.
fn prepare(socket: &socket2::Socket, is_tcp: bool) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    if is_tcp {
        // Accepted sockets have these from here: other system calls less for each.
        socket.set_tcp_nodelay(true)?;
        // A kernel that does not know it keeps more, and all else works.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
    }
    socket.listen(BACKLOG)
}

/// Binds, replacing the file of a server that is no more.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket
        && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        std::fs::remove_file(path)?;
    }
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    prepare(&socket, false)?;
    Ok(UnixListener::from_std(socket.into()))
}

fn no_certificate(address: &ListenAddress) -> Error {
    Error::Listen(address.clone(), io::Error::other("there is no certificate"))
}

/// Accepts until the bell rings, and deals the sockets out to the workers in turn.
pub(super) fn accept(
    listeners: &[Listener],
    tls: Option<&Tls>,
    hub: &Hub,
    workers: usize,
    stop: &Bell,
    halt: &Request,
    beat: &Beat,
) -> io::Result<()> {
    let mut accepted = 0;
    let mut last_came = Instant::now();
    let mut watched: Vec<PollFd<'_>> =
        listeners.iter().map(|listener| PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)).collect();
    watched.push(PollFd::new(stop, PollFlags::IN));
    loop {
        beat.beat();
        // A second at most: as often, at least, the hub's housekeeping is done.
        let pause = hub.watch_pause();
        match poll(&mut watched, Timespec::try_from(pause).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let is_over = watched.last().is_some_and(|bell| !bell.revents().is_empty());
        if is_over {
            stop.silence();
            match halt.take() {
                // Whoever connects meanwhile waits in the sockets' backlogs.
                Some(halt) if halt.stand_still() => continue,
                Some(_) => return Ok(()),
                None => {}
            }
        }
        hub.tell_due_counts();
        hub.keep_watch();
        if let Some(tls) = tls {
            tls.refresh();
        }
        let before = accepted;
        for listener in listeners {
            accepted = accept_waiting(listener, hub, accepted, workers);
        }
        if accepted > before {
            let last_came = std::mem::replace(&mut last_came, Instant::now());
            if last_came.elapsed() < CROWD {
                std::thread::sleep(GATHERING);
            }
        }
        // Those who were waiting by then have come in.
        if is_over {
            return Ok(());
        }
    }
}

/// Accepts what waits on one listener; how many were accepted by then.
fn accept_waiting(listener: &Listener, hub: &Hub, mut accepted: usize, workers: usize) -> usize {
    loop {
        match listener.accept() {
            Ok(socket) => {
                hub.inbox(accepted % workers).send(Letter::Adopt(socket));
                accepted += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return accepted,
            Err(error) if is_exhaustion(&error) => {
                let what = format_args!(
                    "new connections have to wait, those that are there are served (LimitNOFILE, ulimit -n): {error}"
                );
                hub.limits.met(Limit::OpenFiles, Who::default(), what);
                std::thread::sleep(EXHAUSTED_PAUSE);
                return accepted;
            }
            // A client that was gone before it was accepted.
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpStream;

    fn accept_one(listener: &Listener) -> Socket {
        let patience = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            match listener.accept() {
                Ok(socket) => return socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    assert!(std::time::Instant::now() < patience, "nobody comes");
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn accepted_sockets_block_nobody_and_delay_nothing() {
        let listener = Listener::bind(&ListenAddress::Tcp(([127, 0, 0, 1], 0).into()), None).unwrap();
        let ListenAddress::Tcp(address) = listener.address().unwrap() else { panic!("no TCP address") };
        let _client = TcpStream::connect(address).unwrap();
        let Socket::Tcp(accepted) = accept_one(&listener) else { panic!("no TCP socket") };
        assert!(accepted.nodelay().unwrap());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(socket2::SockRef::from(&*accepted).tcp_notsent_lowat().unwrap(), UNSENT);
        assert_eq!((&*accepted).read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn those_of_a_unix_socket_block_nobody_either() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = Listener::bind(&ListenAddress::Unix(path.clone()), None).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        let Socket::Unix(accepted) = accept_one(&listener) else { panic!("no Unix socket") };
        assert_eq!((&*accepted).read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
