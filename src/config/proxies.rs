//! The proxies whose word on where a client comes from is believed.

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Who may say with `X-Forwarded-For` where a client comes from, and with `X-Forwarded-Proto` how: addresses, networks
/// (`10.0.0.0/8`), and the words `loopback`, `private`, `unix` and `none`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct TrustedProxies {
    /// As they were given.
    names: Vec<String>,
    networks: Vec<IpNet>,
    unix: bool,
}

/// This host.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// RFC 1918 and RFC 4193: what Docker, clouds and offices number their machines from.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

impl Default for TrustedProxies {
    fn default() -> Self {
        let networks = LOOPBACK.iter().filter_map(|network| network.parse().ok()).collect();
        Self { names: vec!["loopback".to_owned(), "unix".to_owned()], networks, unix: true }
    }
}

impl TrustedProxies {
    /// Whether a peer is one of them; `None` is one that came over a Unix socket.
    #[must_use]
    pub fn trust(&self, peer: Option<IpAddr>) -> bool {
        match peer {
            None => self.unix,
            Some(address) => {
                let address = address.to_canonical();
                self.networks.iter().any(|network| network.contains(&address))
            }
        }
    }

    /// Reads the list as one text with commas, the form that the environment has for it.
    ///
    /// # Errors
    /// If it holds anything but addresses, networks and the words: names it.
    pub fn from_list(text: &str) -> Result<Self, String> {
        text.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>().try_into()
    }
}

impl TryFrom<Vec<String>> for TrustedProxies {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let (mut networks, mut unix) = (Vec::new(), false);
        for name in &names {
            let texts = match name.as_str() {
                "none" => vec![],
                "unix" => {
                    unix = true;
                    vec![]
                }
                "loopback" => LOOPBACK.to_vec(),
                "private" => PRIVATE.to_vec(),
                text => vec![text],
            };
            for text in texts {
                networks.push(network(text)?);
            }
        }
        Ok(Self { names, networks, unix })
    }
}

impl From<TrustedProxies> for Vec<String> {
    fn from(proxies: TrustedProxies) -> Self {
        proxies.names
    }
}

/// A network, or a single address as one. Those of IPv4 that are written in IPv6 are of IPv4.
fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || {
        format!(
            "trusted_proxies holds {text:?}, which is no address, no network like \"10.0.0.0/8\", \
             and not \"loopback\", \"private\", \"unix\" or \"none\""
        )
    };
    let network: IpNet = match text.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => text.parse().map_err(|_| wrong())?,
    };
    match network {
        IpNet::V6(v6) => match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
            (Some(v4), Some(length)) => Ipv4Net::new(v4, length).map(IpNet::V4).map_err(|_| wrong()),
            _ => Ok(network),
        },
        IpNet::V4(_) => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(names: &[&str]) -> Result<TrustedProxies, String> {
        names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>().try_into()
    }

    fn trusted(names: &[&str], peers: &[&str]) -> Vec<bool> {
        let proxies = proxies(names).unwrap();
        peers.iter().map(|peer| proxies.trust(peer.parse().ok())).collect()
    }

    #[test]
    fn by_default_it_is_those_on_this_host() {
        assert_eq!(TrustedProxies::default(), proxies(&["loopback", "unix"]).unwrap());
        let peers = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "unix", "10.0.0.1", "::2"];
        assert_eq!(trusted(&["loopback", "unix"], &peers), [true, true, true, true, true, false, false]);
        assert_eq!(trusted(&[], &["127.0.0.1", "unix"]), [false, false]);
        assert_eq!(trusted(&["none"], &["127.0.0.1", "unix"]), [false, false]);
    }

    #[test]
    fn addresses_and_networks_of_both_kinds_are_understood() {
        assert_eq!(
            trusted(&["10.1.2.3/8", "2001:db8::/32"], &["10.9.9.9", "11.0.0.1", "2001:db8:7::1"]),
            [true, false, true]
        );
        assert_eq!(trusted(&["192.0.2.7"], &["192.0.2.7", "192.0.2.8"]), [true, false]);
        assert_eq!(trusted(&["::ffff:192.0.2.0/120"], &["192.0.2.8", "192.0.3.8"]), [true, false]);
        let private = ["10.0.0.1", "172.18.0.2", "192.168.1.1", "fd00::1", "172.32.0.1", "127.0.0.1"];
        assert_eq!(trusted(&["private"], &private), [true, true, true, true, false, false]);
    }

    #[test]
    fn what_is_neither_is_named() {
        for wrong in ["10.0.0.0/33", "example.com", "", "*", "Unix", "10.0.0.1:80"] {
            let message = proxies(&["loopback", wrong]).unwrap_err();
            assert!(
                message.contains("trusted_proxies") && message.contains(&format!("{wrong:?}")),
                "{message}"
            );
        }
        assert_eq!(
            TrustedProxies::from_list("10.0.0.1, unix").unwrap(),
            proxies(&["10.0.0.1", "unix"]).unwrap()
        );
    }
}
