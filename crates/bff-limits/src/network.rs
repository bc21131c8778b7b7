//! Whose an address is: the only place that makes a limit's key of one.

use std::net::IpAddr;

/// The least that one subscriber has: an IPv4 address, or a /64 of IPv6, in which every packet may
/// come from another address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// One address.
    V4([u8; 4]),
    /// The first 64 bits of one.
    V6([u8; 8]),
}

impl Network {
    /// The network of an address, whichever way the address is written.
    #[must_use]
    pub const fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => match ip.octets() {
                // Everybody's IPv4, as a network sees it that speaks IPv6 only (RFC 6052, section 2.1).
                [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => Self::V4([a, b, c, d]),
                [a, b, c, d, e, f, g, h, ..] => Self::V6([a, b, c, d, e, f, g, h]),
            },
        }
    }

    /// Its key. No two networks have the same one.
    #[must_use]
    pub const fn octets(&self) -> &[u8] {
        match self {
            Self::V4(octets) => octets,
            Self::V6(octets) => octets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn c12_addresses_of_one_subscriber_are_one_network() {
        for (one, other) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("192.0.2.1", "::ffff:c000:201"),
            ("192.0.2.1", "64:ff9b::192.0.2.1"),
            ("2001:db8::1", "2001:db8::8"),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
            ("2001:db8:0:1::1", "2001:0DB8:0000:0001:1:2:3:4"),
            ("fe80::1", "fe80::2"),
        ] {
            assert_eq!(network(one), network(other), "{one} {other}");
        }
    }

    #[test]
    fn c12_addresses_of_two_subscribers_are_two_networks() {
        for (one, other) in [
            ("192.0.2.1", "192.0.2.2"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
            ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2"),
            ("2001:db8::1", "2001:db8:0:1::1"),
            ("2001:db8::1", "2001:db9::1"),
            // What is written nearly so is no IPv4.
            ("192.0.2.1", "::192.0.2.1"),
            ("192.0.2.1", "64:ff9b:1::192.0.2.1"),
            ("192.0.2.1", "::ffff:0:192.0.2.1"),
            ("0.0.0.0", "::"),
        ] {
            assert_ne!(network(one), network(other), "{one} {other}");
            assert_ne!(network(one).octets(), network(other).octets(), "{one} {other}");
        }
    }
}
