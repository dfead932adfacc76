//! Listening sockets that systemd has opened for the service: sd_listen_fds(3).

use crate::config::ListenAddress;
use listenfd::ListenFd;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The name that says that TLS is to be spoken (`FileDescriptorName=tls`).
const TLS: &str = "tls";

/// The first descriptor of those that are given.
const FIRST: usize = 3;

/// A listening socket that somebody else has opened. Where it listens outlives this process.
#[derive(Debug)]
pub struct Activated {
    name: String,
    address: ListenAddress,
    socket: OwnedFd,
}

impl Activated {
    /// Those that the environment tells of. They are taken: asked again, there are none.
    ///
    /// # Errors
    /// If one of them is no listening stream socket.
    pub fn from_environment() -> io::Result<Vec<Self>> {
        // The crate takes a missing LISTEN_PID for anybody's.
        if std::env::var("LISTEN_PID").ok().as_deref() != Some(&std::process::id().to_string()) {
            return Ok(Vec::new());
        }
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut given = ListenFd::from_env();
        let count = given.len();
        let one = |index| {
            let name = names.next().unwrap_or_default().to_owned();
            let socket = match given.take_tcp_listener(index) {
                Ok(socket) => socket.map(OwnedFd::from),
                Err(_) => given
                    .take_unix_listener(index)
                    .map_err(|_| {
                        refusal(&name, &format!("descriptor {} is no stream socket", FIRST + index))
                    })?
                    .map(OwnedFd::from),
            };
            socket.map(|socket| Self::new(name, socket)).transpose()
        };
        (0..count).map(one).filter_map(Result::transpose).collect()
    }

    /// One that was passed on, with the name it had.
    ///
    /// # Errors
    /// If it is no listening stream socket.
    pub fn new(name: String, socket: OwnedFd) -> io::Result<Self> {
        let reference = SockRef::from(&socket);
        if !reference.is_listener()? {
            return Err(refusal(
                &name,
                "it does not listen: a socket unit for Canyon has ListenStream= and Accept=no",
            ));
        }
        let address = reference.local_addr()?;
        let address = match (address.as_socket(), address.as_pathname()) {
            (Some(address), _) if name == TLS => ListenAddress::Tls(address),
            (Some(address), _) => ListenAddress::Tcp(address),
            (None, Some(path)) => ListenAddress::Unix(path.to_owned()),
            (None, None) => return Err(refusal(&name, "it has neither an IP address nor a path")),
        };
        Ok(Self { name, address, socket })
    }

    /// What systemd calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens; with TLS, if its name says so.
    #[must_use]
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Whether it is where a server with this address would listen.
    #[must_use]
    pub fn is_for(&self, wanted: &ListenAddress) -> bool {
        match (wanted, &self.address) {
            (ListenAddress::Unix(wanted), ListenAddress::Unix(path)) => wanted == path,
            (
                ListenAddress::Tcp(wanted) | ListenAddress::Tls(wanted),
                ListenAddress::Tcp(address) | ListenAddress::Tls(address),
            ) => wanted == address || self.is_for_any(*wanted, *address),
            _ => false,
        }
    }

    /// `ListenStream=443` is `[::]:443`, which takes the clients of `0.0.0.0:443` too.
    fn is_for_any(&self, wanted: SocketAddr, address: SocketAddr) -> bool {
        wanted.port() == address.port()
            && wanted.ip().is_unspecified()
            && address.ip().is_unspecified()
            && address.is_ipv6()
            && SockRef::from(&self.socket).only_v6().is_ok_and(|is_alone| !is_alone)
    }

    /// The socket itself.
    #[must_use]
    pub fn into_socket(self) -> OwnedFd {
        self.socket
    }
}

impl AsFd for Activated {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn refusal(name: &str, why: &str) -> io::Error {
    let text = format!("the socket {name:?} that systemd gives cannot be used: {why}");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::{UnixListener, UnixStream};

    fn tcp(address: &str) -> (Activated, u16) {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        (Activated::new(String::new(), listener.into()).unwrap(), port)
    }

    fn wanted(text: &str) -> ListenAddress {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_finds_its_socket_with_or_without_tls() {
        let (socket, port) = tcp("127.0.0.1:0");
        assert!(socket.is_for(&wanted(&format!("127.0.0.1:{port}"))));
        assert!(socket.is_for(&wanted(&format!("tls:127.0.0.1:{port}"))));
        for other in [format!("0.0.0.0:{port}"), "127.0.0.1:1".to_owned(), "unix:/run/x".to_owned()] {
            assert!(!socket.is_for(&wanted(&other)), "{other}");
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let socket = Activated::new("web".to_owned(), UnixListener::bind(&path).unwrap().into()).unwrap();
        assert!(socket.is_for(&ListenAddress::Unix(path)));
        assert!(!socket.is_for(&ListenAddress::Unix(directory.path().join("other"))));
    }

    #[test]
    fn a_socket_for_both_families_serves_the_older_one_too() {
        let Ok(listener) = TcpListener::bind("[::]:0") else { return };
        let port = listener.local_addr().unwrap().port();
        let socket = Activated::new(TLS.to_owned(), listener.into()).unwrap();
        assert_eq!(socket.address(), &wanted(&format!("tls:[::]:{port}")));
        assert!(socket.is_for(&wanted(&format!("tls:0.0.0.0:{port}"))));
        assert!(!socket.is_for(&wanted(&format!("127.0.0.1:{port}"))));
    }

    #[test]
    fn what_does_not_listen_is_refused_by_name() {
        let (one, _other) = UnixStream::pair().unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        for socket in [OwnedFd::from(one), udp.into()] {
            let why = Activated::new("web".to_owned(), socket).unwrap_err().to_string();
            assert!(why.contains("\"web\"") && why.contains("ListenStream="), "{why}");
        }
    }
}
