//! Which addresses of a name are dialed.

use std::net::IpAddr;

/// Which addresses of a name are dialed: as many as the driver does that a job loads. A JVM has those of IPv4 first, as
/// [`Resolver::resolve`](crate::Resolver::resolve) does, and each family in the order of DNS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// The first, whatever becomes of it: `new InetSocketAddress(host, port)`, as in pgjdbc, MariaDB Connector/J and Redshift's driver.
    #[default]
    First,
    /// One after another until one accepts. One that does not answer within the definition's limit, which each has anew, is the end:
    /// MySQL Connector/J catches `SocketException`, and `SocketTimeoutException` is not one of them.
    All,
    /// Those of the first one's family, one after another until one accepts, each for the length of the limit: Kafka's clients
    /// (`client.dns.lookup=use_all_dns_ips`); kafka-clients 4.4.0 was seen to dial the second of IPv4, and none of IPv6 behind it.
    AllOfOneFamily,
    /// The first for half a second, then all at a time: Microsoft's driver for SQL Server, whose `transparentNetworkIPResolution` is on by itself.
    FirstThenTogether,
    /// All at a time: the same driver with `multiSubnetFailover=true`.
    Together,
    /// One after another while they do not answer, each for the length of the limit; one that refuses is the end: MongoDB's Java driver
    /// catches `SocketTimeoutException` alone (4.7.2 was seen to do so).
    WhileSilent,
}

impl Addresses {
    /// Those of `resolved` that are dialed, of which there is at least one.
    pub(crate) fn among(self, mut resolved: Vec<IpAddr>) -> Vec<IpAddr> {
        match self {
            Self::First => resolved.truncate(1),
            Self::All | Self::FirstThenTogether | Self::Together | Self::WhileSilent => {}
            Self::AllOfOneFamily => {
                let is_ipv6 = resolved[0].is_ipv6();
                resolved.retain(|address| address.is_ipv6() == is_ipv6);
            }
        }
        resolved
    }
}
