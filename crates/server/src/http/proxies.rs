//! Who a request comes from when proxies stand in between.
//!
//! A proxy appends the address it was asked from to `X-Forwarded-For`; whatever stands further left it
//! was told and cannot vouch for. So only a proxy the operator trusts is believed, and of what it says
//! only the right-most address that is not itself a trusted proxy. Pure.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether an address is a proxy that is believed.
pub(super) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// The client's address: `peer` itself, unless that is a trusted proxy that says who asked it.
///
/// A malformed header leaves it at `peer`. When all named addresses are trusted, the left-most is the
/// client: one of the operator's own machines.
pub(super) fn client(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let mut client = peer;
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(line) = line.to_str() else { return peer };
        for text in line.rsplit(',') {
            let Some(address) = address(text.trim()) else { return peer };
            client = address;
            if !is_trusted(trusted, client) {
                return client;
            }
        }
    }
    client
}

/// The address that limits count for: of an IPv6 address the network only. A subscriber gets 64 bits
/// of addresses, so a single one would mean nothing.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & NETWORK).into(),
    }
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|it| it.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|it| it.parse().unwrap()).collect();
        let lines = lines.iter().map(|it| {
            let name = http::header::HeaderName::from_static(FORWARDED_FOR);
            (name, http::HeaderValue::from_bytes(it.as_bytes()).unwrap())
        });
        client(&trusted, peer.parse().unwrap(), &lines.collect()).to_string()
    }

    #[test]
    fn limits_count_for_networks_of_the_new_kind_and_for_addresses_of_the_old() {
        let counted = |text: &str| counted(text.parse().unwrap()).to_string();
        assert_eq!(counted("1.2.3.4"), "1.2.3.4");
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(found(&[], "10.0.0.1", &["1.1.1.1"]), "10.0.0.1");
        assert_eq!(found(&["10.0.0.2/32"], "10.0.0.1", &["1.1.1.1"]), "10.0.0.1");
        assert_eq!(found(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(found(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_claims_of_itself_does_not_count() {
        let trusted = &["10.0.0.0/8", "fd00::/8"];
        for (lines, expected) in [
            (&["9.9.9.9, 1.1.1.1"][..], "1.1.1.1"),
            (&["9.9.9.9", "1.1.1.1"], "1.1.1.1"),
            (&["9.9.9.9, 1.1.1.1, 10.0.0.7"], "1.1.1.1"),
            (&["9.9.9.9,1.1.1.1", "fd00::1 ,10.0.0.7"], "1.1.1.1"),
            (&["rubbish, 1.1.1.1"], "1.1.1.1"),
            (&["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:1.1.1.1"], "1.1.1.1"),
            (&["1.1.1.1:4711"], "1.1.1.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
        ] {
            assert_eq!(found(trusted, "10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_malformed_header_leaves_it_at_the_proxy() {
        for line in [
            "rubbish",
            "1.1.1.1, rubbish",
            "1.1.1.1,",
            "",
            "1.1.1.999",
            "unknown",
            "1.1.1.1 2.2.2.2",
            "ä",
        ] {
            assert_eq!(found(&["10.0.0.0/8"], "10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
    }
}
