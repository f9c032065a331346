//! The egress gate: which addresses may be dialed at all.
//!
//! An IPv6 address may have an IPv4 one inside, to which a translator or a tunnel on the way takes the packets. Each that the form of the
//! address allows is checked as if it were dialed itself: see [`embedded`]. What remains: a network may translate under its own prefix
//! (RFC 6052, "Network-Specific Prefix"; a provider's 6rd, RFC 5969), and no address says so. Where such a network leads to what must not
//! be reached, its translator has to refuse it.

mod embedded;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use embedded::Embedded;

/// Whether loopback may be dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// The command line, and a server that itself listens on loopback.
    Open,
    /// Everyone else: a caller from outside must not reach what only this machine may. Every address of the machine itself counts as
    /// loopback then, for it leads to the same services.
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
    /// Refuses link-local, metadata and unspecified addresses in every spelling, and where loopback is closed, loopback and the
    /// addresses of the machine's own network interfaces, as they are now.
    ///
    /// # Errors
    /// What kind of address it is.
    pub fn check(self, address: IpAddr) -> Result<(), &'static str> {
        self.check_beside(address, own_addresses)
    }

    /// As [`check`](Self::check), where `own` are the machine's addresses. They are asked for only where they matter.
    fn check_beside(
        self,
        address: IpAddr,
        own: impl FnOnce() -> io::Result<Vec<IpAddr>>,
    ) -> Result<(), &'static str> {
        let address = address.to_canonical();
        let embedded = match address {
            IpAddr::V4(address) => {
                self.check_v4(address)?;
                Vec::new()
            }
            IpAddr::V6(address) => {
                let embedded = embedded::addresses(address);
                for embedded in &embedded {
                    match embedded {
                        Embedded::Certain(inside) => self.check_v4(*inside)?,
                        // A field that is zero for another reason looks like 0.0.0.0/8, to which no translator sends anything.
                        Embedded::Possible(inside) if inside.octets()[0] == 0 => {}
                        Embedded::Possible(inside) => self.check_v4(*inside)?,
                    }
                }
                self.check_v6(address)?;
                embedded
            }
        };
        match self.loopback {
            Loopback::Open => Ok(()),
            Loopback::Closed => {
                let own = own().map_err(|_| "an address that can't be compared with this machine's own")?;
                let same = |own: &IpAddr| {
                    *own == address || embedded.iter().any(|inside| *own == IpAddr::V4(inside.address()))
                };
                if own.iter().map(IpAddr::to_canonical).any(|own| same(&own)) {
                    return Err("an address of this machine itself, which counts as loopback");
                }
                Ok(())
            }
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

/// The addresses of this machine's network interfaces. They change, so they are read for each check, which takes less than the dialing.
fn own_addresses() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect())
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

    /// A translator takes an address apart by a prefix that only its network knows.
    #[test]
    fn metadata_is_refused_wherever_an_address_may_have_it_inside() {
        for address in [
            "64:ff9b:a9fe:a9fe::",
            "64:ff9b:1a9:fea9:fe::",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1:0:a9:fea9:fe00:0",
            "64:ff9b:1:ffff:a9:fea9:fe00:0",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:2:3:4:169.254.169.254",
            // With something in the octet u, and behind the address.
            "64:ff9b:1:a9fe:ffa9:feff:ffff:ffff",
            "64:ff9b:1:a9:fffe:a9fe:1:1",
            "64:ff9b:1:a9fe:a9:fe12:3456:789a",
            // 168.63.129.16, the wire server of Azure, and a multicast address.
            "64:ff9b:1:a83f:81:1000::",
            "64:ff9b:1::224.0.0.1",
            // Teredo: the client, inverted, and the server.
            "2001:0:808:808:0:0:5601:5601",
            "2001:0:a9fe:a9fe::f7f7:f7f7",
            "2001:db8::5efe:169.254.169.254",
            "2001:db8:1:2:200:5efe:169.254.169.254",
            "fd00::5efe:100.100.100.200",
            "2002:a83f:8110::1",
        ] {
            assert!(!open(address), "{address}");
        }
    }

    #[test]
    fn ordinary_addresses_pass() {
        for address in [
            "10.0.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "::1",
            "8.8.8.8",
            "fd00::1",
            "2001:db8::1",
            "2001:db8:a9fe:a9fe::1",
            "2001:db8::a9fe:a9fe",
            "2001:4860:4860::8888",
            "2a05:d018::1",
            "2600:1f18:a9fe:a9fe:a9fe:a9fe:a9fe:a9fe",
            // Those of servers that are reached by translation, with each length of the prefix.
            "64:ff9b::8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:808:8:800::",
            "64:ff9b:1:8:8:808::",
            "64:ff9b:1:0:8:808:800:0",
            "64:ff9b:1:fffe:a:1:200:0",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::5efe:10.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            assert!(open(address), "{address}");
        }
    }

    #[test]
    fn loopback_can_be_closed_in_every_spelling() {
        let gate = Gate { loopback: Loopback::Closed };
        for address in [
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1:7f00:0:100::",
            "64:ff9b:1:0:7f:0:100:0",
            "2002:7f00:1::1",
            "2001:0:808:808:0:0:80ff:fffe",
            "2001:db8::5efe:127.0.0.1",
        ] {
            assert_eq!(gate.check(address.parse().unwrap()), Err("a loopback address"), "{address}");
        }
        // A service that listens on all addresses is reached by any of them.
        let elsewhere: IpAddr = "203.0.113.7".parse().unwrap();
        assert_eq!(gate.check(elsewhere), Ok(()));
    }

    #[test]
    fn the_machines_own_addresses_are_loopback() {
        let own = || Ok(vec!["192.0.2.77".parse().unwrap(), "2001:db8::77".parse().unwrap()]);
        let check = |loopback, address: &str| Gate { loopback }.check_beside(address.parse().unwrap(), own);
        let refused = Err("an address of this machine itself, which counts as loopback");
        for address in [
            "192.0.2.77",
            "2001:db8::77",
            "::ffff:192.0.2.77",
            "::192.0.2.77",
            "64:ff9b::192.0.2.77",
            "64:ff9b:1:c000:2:4d00::",
            "2002:c000:24d::1",
            "2001:db8::5efe:192.0.2.77",
        ] {
            assert_eq!(check(Loopback::Closed, address), refused, "{address}");
            assert_eq!(check(Loopback::Open, address), Ok(()), "{address}");
        }
        for address in ["192.0.2.78", "2001:db8::78", "64:ff9b::192.0.2.78"] {
            assert_eq!(check(Loopback::Closed, address), Ok(()), "{address}");
        }
        let unknown = || Err(io::ErrorKind::PermissionDenied.into());
        let closed = Gate { loopback: Loopback::Closed };
        let compared = closed.check_beside("192.0.2.78".parse().unwrap(), unknown);
        assert_eq!(compared, Err("an address that can't be compared with this machine's own"));
    }

    /// This machine's, of which there is at least the loopback interface.
    #[test]
    fn each_address_of_this_machine_is_refused_where_loopback_is_closed() {
        let own = own_addresses().unwrap();
        assert!(own.iter().any(IpAddr::is_loopback), "{own:?}");
        for address in own {
            assert!(Gate { loopback: Loopback::Closed }.check(address).is_err(), "{address}");
        }
    }
}
