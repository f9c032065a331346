//! Regions, and the host names of AWS's services in them.

/// The DNS suffix of each partition but `aws`, by how the names of its regions begin (`endpoints.json` of the AWS SDKs).
const DNS_SUFFIXES: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// What the host names of a region's services end with.
pub(super) fn dns_suffix(region: &str) -> &'static str {
    let begins =
        |prefix: &str| region.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    let found = DNS_SUFFIXES.iter().find(|(prefix, _)| begins(prefix));
    found.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Whether `name` has the form of a region's: `eu-central-1`, `us-gov-west-1`. `global`, in the name of an Aurora global
/// database's writer endpoint, is none.
pub(super) fn is_region(name: &str) -> bool {
    let mut parts = name.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let words: Vec<&str> = parts.collect();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_number && words.len() >= 2 && words.iter().all(is_word)
}

/// The host name of something that `service` runs, taken apart: what stands in front, and the region. Most stand as
/// `NAME.REGION.SERVICE.SUFFIX`, those of China and newer ones of GovCloud as `NAME.SERVICE.REGION.SUFFIX`.
pub(super) fn split<'a>(host: &'a str, service: &str) -> Option<(&'a str, &'a str)> {
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
        let fits = is_region(region) && suffix.eq_ignore_ascii_case(dns_suffix(region));
        (fits && !name.is_empty()).then_some((name, region))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_words_and_a_number() {
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-7", "us-isob-east-1", "eusc-de-east-1"]
        {
            assert!(is_region(region), "{region}");
        }
        for other in
            ["", "global", "local", "1", "-1", "east-1", "eu-central-", "eu--1", "eu-central-1a", "a.b-c-1"]
        {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn each_partition_has_its_suffix() {
        assert_eq!(dns_suffix("us-east-1"), "amazonaws.com");
        assert_eq!(dns_suffix("us-gov-east-1"), "amazonaws.com");
        assert_eq!(dns_suffix("CN-north-1"), "amazonaws.com.cn");
        assert_eq!(dns_suffix("us-isob-east-1"), "sc2s.sgov.gov");
        assert_eq!(dns_suffix("ü"), "amazonaws.com");
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
