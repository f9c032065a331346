//! IPv4 addresses inside IPv6 ones.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address inside an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embedded {
    /// The form of the address says that it is there.
    Certain(Ipv4Addr),
    /// It is one of several places where it may be.
    Possible(Ipv4Addr),
}

impl Embedded {
    pub(super) const fn address(self) -> Ipv4Addr {
        match self {
            Self::Certain(address) | Self::Possible(address) => address,
        }
    }
}

/// Where RFC 6052, section 2.2, puts the four octets behind a prefix of 32, 40, 48, 56, 64 and 96 bits. The octet 8 (bits 64 to 71, called
/// u) is left out; it should be zero, and what is behind the address too, but a translator need not look.
const RFC_6052: [[usize; 4]; 6] =
    [[4, 5, 6, 7], [5, 6, 7, 9], [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]];

/// Every IPv4 address that `address` may have inside:
///
/// | form | where | source |
/// |---|---|---|
/// | IPv4-mapped, IPv4-compatible | `::ffff:a.b.c.d`, `::a.b.c.d` | RFC 4291 |
/// | IPv4-translated | `::ffff:0:a.b.c.d` | RFC 2765 |
/// | NAT64, well-known prefix | `64:ff9b::a.b.c.d` | RFC 6052 |
/// | NAT64, local-use prefix | below `64:ff9b:1::/48`, in each place of RFC 6052, since a network chooses the length of its prefix | RFC 8215 |
/// | 6to4 | `2002:aabb:ccdd::` | RFC 3056 |
/// | Teredo | `2001:0:` server, flags, port, client; the client's is inverted | RFC 4380 |
/// | ISATAP | `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d` behind any prefix of 64 bits | RFC 5214 |
pub(super) fn addresses(address: Ipv6Addr) -> Vec<Embedded> {
    use Embedded::{Certain, Possible};

    let octets = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    let tail = at([12, 13, 14, 15]);
    let mut found = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            vec![Certain(tail)]
        }
        // Nothing else of 64:ff9b::/32 is assigned: no ordinary address is read this way.
        [0x64, 0xff9b, ..] => RFC_6052.map(|places| Possible(at(places))).to_vec(),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => vec![Certain(tail)],
        [0x2002, ..] => vec![Certain(at([2, 3, 4, 5]))],
        [0x2001, 0, ..] => {
            vec![Certain(at([4, 5, 6, 7])), Certain(Ipv4Addr::from(!u32::from(tail)))]
        }
        _ => Vec::new(),
    };
    if matches!(address.segments(), [.., 0 | 0x0200, 0x5efe, _, _]) {
        found.push(Certain(tail));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6052, section 2.4, with the prefix of the local use in the place of 2001:db8::.
    #[test]
    fn the_places_are_those_of_rfc_6052() {
        let inside = Ipv4Addr::new(192, 0, 2, 33);
        for address in [
            "64:ff9b:c000:221::",
            "64:ff9b:1c0:2:21::",
            "64:ff9b:1:c000:2:2100::",
            "64:ff9b:1:3c0:0:221::",
            "64:ff9b:1:344:c0:2:2100::",
            "64:ff9b:1:344::192.0.2.33",
            // Whatever is in the octet u, and behind the address.
            "64:ff9b:1:c000:ff02:21ff:ffff:ffff",
        ] {
            let found = addresses(address.parse().unwrap());
            assert!(found.contains(&Embedded::Possible(inside)), "{address}: {found:?}");
        }
    }

    #[test]
    fn each_form_has_its_place() {
        for (address, expected) in [
            ("::192.0.2.33", vec![[192, 0, 2, 33]]),
            ("::ffff:0:192.0.2.33", vec![[192, 0, 2, 33]]),
            ("64:ff9b::192.0.2.33", vec![[192, 0, 2, 33]]),
            ("2002:c000:221::1", vec![[192, 0, 2, 33]]),
            // The example of RFC 4380, section 2.7.
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", vec![[65, 54, 227, 120], [192, 0, 2, 45]]),
            ("2001:db8::5efe:192.0.2.33", vec![[192, 0, 2, 33]]),
            ("2001:db8::200:5efe:192.0.2.33", vec![[192, 0, 2, 33]]),
            ("2001:db8::1", vec![]),
            ("2001:4860:4860::8888", vec![]),
            ("::1", vec![]),
            ("::", vec![]),
        ] {
            let found: Vec<_> = addresses(address.parse().unwrap());
            let found: Vec<_> = found.into_iter().map(|embedded| embedded.address().octets()).collect();
            assert_eq!(found, expected, "{address}");
        }
    }
}
