//! The host names of what AWS's services run.

use probe_contract::Region;

/// The host name of something that `service` runs, taken apart: what is in front, and the region. Most stand as
/// `NAME.REGION.SERVICE.SUFFIX`, those of China and newer ones of GovCloud as `NAME.SERVICE.REGION.SUFFIX`. `global`, in the name of an
/// Aurora global database's writer endpoint, is not a region.
pub(crate) fn split<'a>(host: &'a str, service: &str) -> Option<(&'a str, Region)> {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.match_indices('.').find_map(|(dot, _)| {
        let (name, rest) = (&host[..dot], &host[dot + 1..]);
        let (first, rest) = rest.split_once('.')?;
        let (second, suffix) = rest.split_once('.')?;
        let region = if second.eq_ignore_ascii_case(service) {
            first
        } else if first.eq_ignore_ascii_case(service) {
            second
        } else {
            return None;
        };
        let region = Region::parse_label(region).ok()?;
        let fits = suffix.eq_ignore_ascii_case(region.partition().dns_suffix());
        (fits && !name.is_empty()).then_some((name, region))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_suffix() {
        let region = |host: &str| split(host, "rds").map(|(_, region)| region.to_string());
        for (host, expected) in [
            ("a.us-gov-east-1.rds.amazonaws.com", Some("us-gov-east-1")),
            ("a.rds.CN-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("a.us-isob-east-1.rds.sc2s.sgov.gov", Some("us-isob-east-1")),
            ("a.eusc-de-east-1.rds.amazonaws.eu", Some("eusc-de-east-1")),
            ("a.cn-north-1.rds.amazonaws.com", None),
            ("a.xx-north-1.rds.amazonaws.com", None),
        ] {
            assert_eq!(region(host).as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn no_host_is_too_odd() {
        for host in
            ["", ".", "..", "...rds.amazonaws.com", ".eu-central-1.rds.amazonaws.com", "ü.ü.ü", "a.rds"]
        {
            assert_eq!(split(host, "rds"), None, "{host}");
        }
    }
}
