//! Why a server cannot start.

use crate::config::{ConfigError, ListenAddress};
use crate::tls::CertificateError;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// See the module. The text says what is wrong and, where there is one, the way out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be served.
    Config(ConfigError),
    /// An address cannot be listened on.
    Listen(ListenAddress, io::Error),
    /// The queue directory cannot be used.
    Queue(PathBuf, crate::queue::Error),
    /// The configured owner or group of the queue directories does not exist.
    QueueAccess(String),
    /// A certificate cannot be shown.
    Certificate(CertificateError),
    /// A socket that systemd gives is none of this server's.
    Activation(String),
    /// Another server's state cannot be taken over.
    HandOver(String),
    /// The system refused a thread or a descriptor.
    System(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen(address, error) => match error.kind() {
                io::ErrorKind::AddrInUse => write!(
                    f,
                    "cannot listen on {address}: another process listens there; stop it or choose another address"
                ),
                io::ErrorKind::PermissionDenied => write!(
                    f,
                    "cannot listen on {address}: permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)"
                ),
                _ => write!(f, "cannot listen on {address}: {error}"),
            },
            Self::Queue(path, error) => write!(f, "queue {}: {error}", path.display()),
            Self::Certificate(error) => error.fmt(f),
            Self::QueueAccess(why) => write!(f, "queue_owner or queue_group: {why}"),
            Self::Activation(why) | Self::HandOver(why) => f.write_str(why),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Listen(_, error) | Self::System(_, error) => Some(error),
            Self::Queue(_, error) => Some(error),
            Self::Certificate(error) => Some(error),
            Self::QueueAccess(_) | Self::Activation(_) | Self::HandOver(_) => None,
        }
    }
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
