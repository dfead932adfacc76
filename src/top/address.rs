//! Where a server is reached.

use crate::config::{Config, ListenAddress};
use hyper::Uri;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// `http(s)://HOST:PORT[/PREFIX]` or `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Over TCP, or TLS.
    Web {
        /// Whether TLS is spoken.
        is_secure: bool,
        /// `HOST[:PORT]`.
        authority: String,
        /// Stands before `/apps`: empty, or `/segment` without a slash at its end.
        prefix: String,
    },
    /// Through a Unix socket.
    Unix {
        /// The path of the socket.
        path: PathBuf,
        /// As that of the other kind.
        prefix: String,
    },
}

impl Address {
    /// Where a server with this configuration is reached from the same machine: its first address without TLS, whose
    /// certificate would hardly be for `127.0.0.1`.
    ///
    /// # Errors
    /// If there is none, or its port is the system's choice.
    pub(super) fn of(config: &Config) -> Result<Self, String> {
        let is_plain = |address: &&ListenAddress| !matches!(address, ListenAddress::Tls(_));
        let prefix = config.path_prefix.clone();
        match config.listen.iter().find(is_plain) {
            Some(ListenAddress::Unix(path)) => Ok(Self::Unix { path: path.clone(), prefix }),
            Some(ListenAddress::Tcp(address)) if address.port() == 0 => {
                Err(format!("the port of {address} is the system's choice: name the server with --url"))
            }
            Some(ListenAddress::Tcp(address) | ListenAddress::Tls(address)) => {
                Ok(Self::Web { is_secure: false, authority: near(*address).to_string(), prefix })
            }
            None => Err("the server listens with TLS only: name it as its certificate does, \
                         for example --url https://example.com"
                .to_owned()),
        }
    }

    /// The same with this path before `/apps`, where it has none.
    pub(super) fn under(mut self, path_prefix: &str) -> Self {
        let (Self::Web { prefix, .. } | Self::Unix { prefix, .. }) = &mut self;
        if prefix.is_empty() {
            path_prefix.clone_into(prefix);
        }
        self
    }

    /// What stands before `/apps`.
    pub(super) fn prefix(&self) -> &str {
        let (Self::Web { prefix, .. } | Self::Unix { prefix, .. }) = self;
        prefix
    }
}

/// An address on which this machine reaches itself, where a server listens on all it has.
fn near(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "{text:?} {why}: give http://HOST:PORT, https://HOST[:PORT], either with a path behind it, or unix:/path"
            ))
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return wrong("is not the absolute path of a socket");
            }
            return Ok(Self::Unix { path, prefix: String::new() });
        }
        let Ok(uri) = text.parse::<Uri>() else { return wrong("is not a URL") };
        let is_secure = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return wrong("is not the URL of a server"),
        };
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return wrong("names no host");
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return wrong("has more than host, port and path");
        }
        if authority.port().is_some() && authority.port_u16().is_none_or(|port| port == 0) {
            return wrong("has no port from 1 to 65535");
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self::Web { is_secure, authority: authority.to_string(), prefix })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web { is_secure, authority, prefix } => {
                write!(f, "http{}://{authority}{prefix}", if *is_secure { "s" } else { "" })
            }
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn shown(text: &str) -> String {
        text.parse::<Address>().map_or_else(|error| error, |address| address.to_string())
    }

    #[test]
    fn addresses_of_servers_are_taken_in_every_form_there_is() {
        assert_eq!(shown("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(shown("https://example.com/ws/"), "https://example.com/ws");
        assert_eq!(shown("wss://[::1]:8443/"), "https://[::1]:8443");
        assert_eq!(shown("unix:/run/canyon/http.sock"), "unix:/run/canyon/http.sock");
    }

    #[test]
    fn what_is_no_address_is_told_so() {
        for (text, why) in [
            ("127.0.0.1:8080", "is not"),
            ("ftp://example.com", "is not the URL of a server"),
            ("http://", "is not a URL"),
            ("http://me:secret@example.com", "more than host"),
            ("http://example.com?x=1", "more than host"),
            ("http://example.com:0", "no port from 1"),
            ("unix:http.sock", "absolute path"),
            ("", "is not"),
        ] {
            assert!(shown(text).contains(why), "{text}: {}", shown(text));
        }
    }

    fn of(settings: &str) -> String {
        let toml = format!("{settings}\n[[app]]\nid = '1'\nkey = 'k'\nsecret = 's'");
        let config = Settings::from_toml(&toml, &"test").unwrap().settle().unwrap();
        Address::of(&config).map_or_else(|error| error, |address| format!("{address} {}", address.prefix()))
    }

    #[test]
    fn a_configuration_says_where_its_server_is() {
        assert_eq!(of(""), "http://127.0.0.1:8080 ");
        assert_eq!(of("listen = ['[::]:9000']\npath_prefix = 'ws'"), "http://[::1]:9000/ws /ws");
        assert_eq!(of("listen = ['192.0.2.1:80']"), "http://192.0.2.1:80 ");
        assert_eq!(of("listen = ['unix:/run/a.sock']\npath_prefix = '/ws'"), "unix:/run/a.sock /ws");
        let tls = "\n[[tls]]\ncertificate = '/c'\nkey = '/k'";
        assert_eq!(of(&format!("listen = ['tls:0.0.0.0:443', '0.0.0.0:80']{tls}")), "http://127.0.0.1:80 ");
        assert!(of(&format!("listen = ['tls:0.0.0.0:443']{tls}")).contains("--url https://"));
        assert!(of("listen = ['127.0.0.1:0']").contains("name the server with --url"));
    }
}
