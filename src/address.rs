//! Where a client comes from, as far as limits for an address are concerned.
//!
//! A leaf, but for the list of trusted proxies.

use crate::config::TrustedProxies;
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU64;

/// An IPv4 address, or an IPv6 network of 64 bits: a household or a rented machine has at least one of those, and could
/// come from a new address of it each time.
///
/// As a number it is the network, or the IPv4 address, which is less than 2^32: nobody has a network that begins with 32
/// zero bits (RFC 4291, section 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address(NonZeroU64);

impl Address {
    /// `None` for this host itself, which is no stranger: its proxy, its PHP, its tests.
    fn of(ip: IpAddr) -> Option<Self> {
        let number = match ip.to_canonical() {
            ip if ip.is_loopback() => 0,
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
        };
        Self::from_number(number)
    }

    /// The address that another server has told of.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    /// The address that a connection counts for: that of its peer, or, if the peer is a trusted proxy, the nearest in
    /// `forwarded_for` that is none (the header's values, in the order in which they came).
    ///
    /// `None` if only trusted proxies and this host are known of it, for all that come that way would count as one: a proxy
    /// says nothing, or what it says makes no sense. What is beyond something that makes no sense counts as not said.
    pub(crate) fn of_client(
        peer: Option<IpAddr>,
        forwarded_for: &[&str],
        proxies: &TrustedProxies,
    ) -> Option<Self> {
        if !proxies.trust(peer) {
            return peer.and_then(Self::of);
        }
        forwarded_for
            .iter()
            .rev()
            .flat_map(|value| value.rsplit(','))
            .map_while(parse)
            .find(|ip| !proxies.trust(Some(*ip)))
            .and_then(Self::of)
    }
}

/// `192.0.2.1`, `2001:db8::1`, or either with a port: some proxies tell that too.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse().ok().map(|address: std::net::SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port)
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.number()) {
            Ok(bits) => Ipv4Addr::from_bits(bits).fmt(f),
            Err(_) => write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(self.number()) << 64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded_for: &[&str], proxies: &str) -> Option<String> {
        let proxies = TrustedProxies::from_list(proxies).unwrap();
        let address = Address::of_client(peer.parse().ok(), forwarded_for, &proxies)?;
        assert_eq!(Address::from_number(address.number()), Some(address));
        Some(address.to_string())
    }

    #[test]
    fn an_address_is_that_of_the_peer() {
        let direct = |peer| client(peer, &["192.0.2.9"], "loopback,unix");
        assert_eq!(direct("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(direct("::ffff:192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(direct("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::/64"));
        assert_eq!(direct("0.0.0.1").as_deref(), Some("0.0.0.1"));
        // This host is nobody, whether it is a trusted proxy or not.
        for this_host in ["127.0.0.1", "::1", "a Unix socket"] {
            assert_eq!(client(this_host, &["192.0.2.9"], "none"), None, "{this_host}");
        }
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else() {
        let told = |forwarded_for: &[&str]| client("127.0.0.1", forwarded_for, "loopback,10.0.0.0/8");
        for (wanted, forwarded_for) in [
            (Some("192.0.2.1"), &["192.0.2.1"][..]),
            // What the client wrote itself stands on the left.
            (Some("192.0.2.1"), &["198.51.100.7, 192.0.2.1"]),
            (Some("192.0.2.1"), &["198.51.100.7", "192.0.2.1"]),
            (Some("192.0.2.1"), &["127.0.0.1,192.0.2.1, 10.1.1.1", "10.2.2.2 , ::1"]),
            (Some("192.0.2.1"), &["nonsense, 192.0.2.1"]),
            (Some("192.0.2.1"), &["192.0.2.1:4711"]),
            (Some("2001:db8::/64"), &["[2001:db8::1]:4711"]),
            (Some("2001:db8::/64"), &["[2001:db8::1]"]),
            (Some("2001:db8::/64"), &["2001:db8::1"]),
            (None, &["192.0.2.1, nonsense"]),
            (None, &["192.0.2.1, "]),
            (None, &["unknown"]),
            (None, &["192.0.2.1, nonsense, 10.1.1.1"]),
            (None, &["10.1.1.1"]),
            (None, &[""]),
            (None, &[]),
        ] {
            assert_eq!(told(forwarded_for).as_deref(), wanted, "{forwarded_for:?}");
        }
        assert_eq!(client("a Unix socket", &["192.0.2.1"], "unix").as_deref(), Some("192.0.2.1"));
        assert_eq!(client("a Unix socket", &["192.0.2.1"], "loopback"), None);
        assert_eq!(client("11.0.0.1", &["192.0.2.1"], "10.0.0.0/8").as_deref(), Some("11.0.0.1"));
    }
}
