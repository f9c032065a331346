//! The name in a certificate, as Microsoft's JDBC driver looks for it.

use std::net::IpAddr;

use super::certificate::Facts;

/// Where the name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    CommonNameAlone,
    AlternativeName,
}

/// Where the certificate has the name `expected`: in its common name, or among its subject alternative names, but for addresses.
pub(super) fn find(facts: &Facts, expected: &str) -> Option<Found> {
    let mut dns_names = facts.alternative_names.iter().filter(|name| name.parse::<IpAddr>().is_err());
    if dns_names.any(|name| fits(name, expected)) {
        return Some(Found::AlternativeName);
    }
    let common_name = facts.common_name.as_ref()?;
    fits(common_name, expected).then_some(Found::CommonNameAlone)
}

/// Whether `name`, which may have asterisks in its first label, stands for `host`.
fn fits(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    if name == host {
        return true;
    }
    let (Some((pattern, domain)), Some((label, behind))) = (name.split_once('.'), host.split_once('.'))
    else {
        return false;
    };
    pattern.contains('*')
        && !pattern.starts_with("xn--")
        && domain == behind
        && behind.contains('.')
        && stands_for(pattern, label)
}

/// Whether `pattern` stands for `label`, each of its asterisks for any number of characters.
fn stands_for(pattern: &str, label: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == label };
    let Some(rest) = label.strip_prefix(head) else { return false };
    (0..=rest.len()).any(|place| rest.get(place..).is_some_and(|rest| stands_for(tail, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(common_name: Option<&str>, alternative_names: &[&str]) -> Facts {
        Facts {
            subject: String::new(),
            issuer: String::new(),
            self_issued: false,
            common_name: common_name.map(str::to_owned),
            only_name: None,
            alternative_names: alternative_names.iter().map(|&name| name.to_owned()).collect(),
            rsa_bits: None,
            not_before: 0,
            not_after: 0,
        }
    }

    #[test]
    fn the_common_name_counts_beside_alternative_names_and_addresses_do_not() {
        let cases = [
            (facts(Some("db.example"), &["other.example"]), "db.example", Some(Found::CommonNameAlone)),
            (facts(Some("other.example"), &["DB.example"]), "db.EXAMPLE", Some(Found::AlternativeName)),
            (facts(Some("10.0.0.7"), &[]), "10.0.0.7", Some(Found::CommonNameAlone)),
            (facts(None, &["10.0.0.7"]), "10.0.0.7", None),
            (facts(None, &[]), "db.example", None),
            (facts(Some("db.example"), &[]), "", None),
        ];
        for (facts, expected, found) in cases {
            assert_eq!(find(&facts, expected), found, "{expected}");
        }
    }

    #[test]
    fn asterisks_stand_within_the_first_label() {
        for host in ["a.example.com", "A.Example.COM"] {
            assert!(fits("*.example.com", host), "{host}");
        }
        assert!(fits("db*.example.com", "db7.example.com"));
        assert!(fits("d*7*.example.com", "db7x.example.com"));
        let others = [
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", "example.com"),
            ("*.local", "a.local"),
            ("*", "a.b.c"),
            ("xn--*.example.com", "xn--a.example.com"),
            ("a.*.com", "a.example.com"),
            ("db*.example.com", "sql.example.com"),
        ];
        for (name, host) in others {
            assert!(!fits(name, host), "{name} {host}");
        }
    }
}
