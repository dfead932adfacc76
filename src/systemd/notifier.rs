//! Telling the supervisor how the service is: sd_notify(3).
//!
//! No crate that does it knows sockets in the abstract namespace, which container managers hand out.

use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// A supervisor that does not read must not hold the service up for longer.
const SEND_TIME: Duration = Duration::from_secs(1);

/// Something that the supervisor is told.
#[derive(Debug, Clone, Copy)]
pub enum State<'a> {
    /// The service serves: at the start, and at the end of a reload.
    Ready,
    /// A reload has begun.
    Reloading,
    /// The end has begun.
    Stopping,
    /// The service is alive.
    Alive,
    /// What to show people, in a line.
    Status(&'a str),
    /// However long what goes on now was allowed to take, it takes so long from now.
    Extend(Duration),
}

/// The way to the supervisor, if there is one.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the environment says. A supervisor that cannot be reached is one line in the log.
    #[must_use]
    pub fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        let socket = address(&name).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(SEND_TIME))?;
            Ok((socket, address))
        });
        match socket {
            Ok(socket) => Self { socket: Some(socket), watchdog: watchdog() },
            Err(error) => {
                tracing::warn!(%error, socket = ?name, "the supervisor cannot be told anything (NOTIFY_SOCKET)");
                Self::default()
            }
        }
    }

    /// The time within which the supervisor wants to hear that the service is alive, again and again.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.socket.is_some()
    }

    /// Tells all of this at once.
    pub fn tell(&self, states: &[State<'_>]) {
        let Some((socket, address)) = &self.socket else { return };
        // Unconnected: a supervisor that was started anew has another socket of the same name.
        if let Err(error) = socket.send_to_addr(message(states).as_bytes(), address) {
            tracing::warn!(%error, "the supervisor could not be told how the server is");
        }
    }
}

fn message(states: &[State<'_>]) -> String {
    let mut text = String::new();
    for state in states {
        let written = match state {
            State::Ready => writeln!(text, "READY=1"),
            State::Reloading => writeln!(text, "RELOADING=1\nMONOTONIC_USEC={}", monotonic_usec()),
            State::Stopping => writeln!(text, "STOPPING=1"),
            State::Alive => writeln!(text, "WATCHDOG=1"),
            State::Status(line) => writeln!(text, "STATUS={}", line.replace(['\n', '\r'], " ")),
            State::Extend(time) => writeln!(text, "EXTEND_TIMEOUT_USEC={}", time.as_micros()),
        };
        // Writing to a string does not fail.
        debug_assert!(written.is_ok());
    }
    text
}

fn monotonic_usec() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000
}

/// A path, or a name in the abstract namespace behind an `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "it is neither a path nor an abstract name")),
    }
}

fn watchdog() -> Option<Duration> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0).map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_a_line_of_the_protocol_and_none_can_smuggle_another_in() {
        let states = [
            State::Ready,
            State::Stopping,
            State::Alive,
            State::Status("one\nMAINPID=1"),
            State::Extend(Duration::from_secs(90)),
        ];
        let expected =
            "READY=1\nSTOPPING=1\nWATCHDOG=1\nSTATUS=one MAINPID=1\nEXTEND_TIMEOUT_USEC=90000000\n";
        assert_eq!(message(&states), expected);
        let reloading = message(&[State::Reloading]);
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(time.trim_end().parse::<u64>().unwrap() > 0);
    }

    #[test]
    fn both_kinds_of_sockets_are_found_and_others_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let on_disk = UnixDatagram::bind(&path).unwrap();
        let name = format!("@canyon-notifier-{}", std::process::id());
        let hidden = UnixDatagram::bind_addr(&address(name.as_ref()).unwrap()).unwrap();
        for (name, supervisor) in [(path.as_os_str(), on_disk), (name.as_ref(), hidden)] {
            let socket = Some((UnixDatagram::unbound().unwrap(), address(name).unwrap()));
            Notifier { socket, watchdog: None }.tell(&[State::Ready]);
            let mut heard = [0; 64];
            let count = supervisor.recv(&mut heard).unwrap();
            assert_eq!(&heard[..count], b"READY=1\n");
        }
        assert!(address("vsock:2:1234".as_ref()).is_err());
    }

    #[test]
    fn without_a_supervisor_nothing_happens() {
        let nobody = Notifier::default();
        nobody.tell(&[State::Ready]);
        assert!(!nobody.is_heard() && nobody.watchdog().is_none());
    }
}
