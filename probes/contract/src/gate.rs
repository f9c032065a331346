//! The egress gate: which addresses may be dialed at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether loopback may be dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// The command line, and a server that itself listens on loopback.
    Open,
    /// Everyone else: a caller from outside must not reach what only this machine may.
    Closed,
}

/// Decides about every address before it is dialed, and after its name was resolved.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Whether loopback may be dialed.
    pub loopback: Loopback,
}

/// Addresses of metadata services that are not link-local: Alibaba Cloud, Oracle Cloud, Azure's wire server.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// Google Cloud's metadata service over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

impl Gate {
    /// Refuses link-local, metadata and unspecified addresses in every spelling, and loopback where it is closed.
    ///
    /// # Errors
    /// What kind of address it is.
    pub fn check(self, address: IpAddr) -> Result<(), &'static str> {
        match address {
            IpAddr::V4(address) => self.check_v4(address),
            IpAddr::V6(address) => self.check_v6(address),
        }
    }

    fn check_v4(self, address: Ipv4Addr) -> Result<(), &'static str> {
        if address.is_link_local() {
            return Err("a link-local address, where cloud metadata is served");
        }
        if METADATA_V4.contains(&address) {
            return Err("the address of a cloud's metadata service");
        }
        // Linux dials loopback for 0.0.0.0.
        if address.octets()[0] == 0 {
            return Err("an unspecified address");
        }
        if address.is_multicast() || address.is_broadcast() {
            return Err("a multicast or broadcast address");
        }
        if address.is_loopback() && self.loopback == Loopback::Closed {
            return Err("a loopback address");
        }
        Ok(())
    }

    fn check_v6(self, address: Ipv6Addr) -> Result<(), &'static str> {
        if let Some(embedded) = embedded_v4(address) {
            return self.check_v4(embedded);
        }
        // fe80::/10, and fec0::/10, which some systems still route on the link.
        if address.segments()[0] & 0xff80 == 0xfe80 {
            return Err("a link-local address");
        }
        // fd00:ec2::/32 holds the EC2 instance metadata service, DNS, NTP and EKS Pod Identity.
        if address.segments()[..2] == [0xfd00, 0xec2] || address == METADATA_V6 {
            return Err("the address of a cloud's metadata service");
        }
        if address.is_unspecified() {
            return Err("an unspecified address");
        }
        if address.is_multicast() {
            return Err("a multicast address");
        }
        if address.is_loopback() && self.loopback == Loopback::Closed {
            return Err("a loopback address");
        }
        Ok(())
    }
}

/// The IPv4 address inside an IPv6 one: mapped (RFC 4291), compatible, translated (RFC 2765), NAT64 (RFC 6052,
/// RFC 8215) and 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let tail = from(segments[6], segments[7]);
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..]
        | [0x64, 0xff9b, 1, ..] => Some(tail),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(tail),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(address: &str) -> bool {
        Gate { loopback: Loopback::Open }.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn metadata_is_refused_in_every_spelling() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "::ffff:0.0.0.0",
        ] {
            assert!(!open(address), "{address}");
        }
    }

    #[test]
    fn ordinary_addresses_pass() {
        for address in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "8.8.8.8", "fd00::1", "2001:db8::1"] {
            assert!(open(address), "{address}");
        }
    }

    #[test]
    fn loopback_can_be_closed_in_every_spelling() {
        let gate = Gate { loopback: Loopback::Closed };
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
            assert!(gate.check(address.parse().unwrap()).is_err(), "{address}");
        }
        assert!(gate.check("10.0.0.1".parse().unwrap()).is_ok());
    }
}
