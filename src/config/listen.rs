//! Addresses to listen on.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// `HOST:PORT`, `tls:HOST:PORT` or `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ListenAddress {
    /// An IP address and port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A Unix socket at this path.
    Unix(PathBuf),
    /// The same as [`ListenAddress::Tcp`], with TLS spoken.
    Tls(SocketAddr),
}

impl Default for ListenAddress {
    /// Every address, port 8080: the same as Reverb.
    fn default() -> Self {
        Self::Tcp(SocketAddr::from(([0, 0, 0, 0], 8080)))
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(format!("the path of {text:?} must be absolute"))
            };
        }
        let (kind, address): (fn(SocketAddr) -> Self, _) = match text.strip_prefix("tls:") {
            Some(address) => (Self::Tls, address),
            None => (Self::Tcp, text),
        };
        let named = address.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        named.as_deref().unwrap_or(address).parse().map(kind).map_err(|_| {
            format!(
                "{text:?} is not an address to listen on: give IP:PORT ([::]:8080 for IPv6), tls:IP:PORT or unix:/path"
            )
        })
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Tls(address) => write!(f, "tls:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
