//! The child's `krb5.conf`, written anew: of the definition's own file only what is named here gets into it, letter by letter.

use std::net::IpAddr;

use probe_contract::{Code, Failure};

use crate::krb5_conf::KerberosConfiguration;

/// MIT Kerberos documentation, "krb5.conf". Nothing here asks DNS, forwards a ticket or writes a file, and a path below a file contains no
/// plug-in.
const FORCED: &str = "\
[libdefaults]
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_uri_lookup = false
  dns_canonicalize_hostname = false
  rdns = false
  forwardable = false
  proxiable = false
  default_ccache_name = MEMORY:dialcheck
  plugin_base_dir = /dev/null
  request_timeout = 10
";

/// Writes what `configuration` holds. Its KDCs are addresses already.
///
/// # Errors
/// `invalid_settings` for a text that has no place in such a file.
pub(super) fn write(configuration: &KerberosConfiguration) -> Result<String, Failure> {
    let mut lines = vec![FORCED.to_owned()];
    // By TCP alone, unless it was seen that a KDC takes UDP alone.
    let limit = configuration.udp_preference_limit.unwrap_or(1);
    lines.push(format!("  udp_preference_limit = {limit}\n"));
    if let Some(realm) = &configuration.default_realm {
        lines.push(format!("  default_realm = {}\n", realm_name(realm)?));
    }
    for (relation, names) in &configuration.enctypes {
        let names: Vec<&str> = names.iter().map(|one| one.name()).collect();
        lines.push(format!("  {relation} = {}\n", names.join(" ")));
    }
    if configuration.allow_weak_crypto {
        lines.push("  allow_weak_crypto = true\n  allow_rc4 = true\n  allow_des3 = true\n".to_owned());
    }
    lines.push("[realms]\n".to_owned());
    for realm in &configuration.realms {
        lines.push(format!("  {} = {{\n", realm_name(&realm.name)?));
        for kdc in &realm.kdcs {
            // A name would be resolved once more, behind the gate.
            let _address: IpAddr = kdc.host.parse().map_err(|_| refused("the address of a KDC"))?;
            lines.push(format!("    kdc = {kdc}\n"));
        }
        lines.push("  }\n".to_owned());
    }
    lines.push("[domain_realm]\n".to_owned());
    for (host, realm) in &configuration.domain_realm {
        lines.push(format!("  {} = {}\n", host_name(host)?, realm_name(realm)?));
    }
    Ok(lines.concat())
}

fn realm_name(realm: &str) -> Result<&str, Failure> {
    checked(realm, ".-_", "the name of a realm")
}

fn host_name(host: &str) -> Result<&str, Failure> {
    checked(host, ".-_", "a host name")
}

fn checked<'a>(text: &'a str, besides: &str, what: &str) -> Result<&'a str, Failure> {
    let known = |c: char| c.is_ascii_alphanumeric() || besides.contains(c);
    if (1..=255).contains(&text.len()) && text.chars().all(known) { Ok(text) } else { Err(refused(what)) }
}

/// The text itself is not shown: it may be anything.
fn refused(what: &str) -> Failure {
    let detail = format!("krb5.conf contains {what} with characters that are not allowed there");
    Failure::new(Code::InvalidSettings, detail)
        .hint("Correct the file that KAFKA_SASL_GSSAPI_KRB5_CONF names")
}

#[cfg(test)]
mod tests {
    use probe_contract::Endpoint;

    use super::*;
    use crate::enctype::Enctype;
    use crate::krb5_conf::KerberosRealm;

    fn configuration() -> KerberosConfiguration {
        let kdc = |host: &str| Endpoint { host: host.to_owned(), port: 88 };
        KerberosConfiguration {
            default_realm: Some("FARM.TEST".to_owned()),
            realms: vec![KerberosRealm {
                name: "FARM.TEST".to_owned(),
                kdcs: vec![kdc("10.0.0.1"), kdc("2001:db8::1")],
                udp_preference_limit: Some(1000),
            }],
            domain_realm: vec![("b1.example".to_owned(), "FARM.TEST".to_owned())],
            enctypes: vec![("permitted_enctypes", vec![Enctype::Aes256, Enctype::Rc4])],
            allow_weak_crypto: false,
            udp_preference_limit: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn what_is_allowed_is_written_and_udp_only_where_a_kdc_takes_nothing_else() {
        let text = write(&configuration()).unwrap();
        let own = text.strip_prefix(FORCED).unwrap();
        assert_eq!(
            own,
            "  udp_preference_limit = 1\n  default_realm = FARM.TEST\n  permitted_enctypes = aes256-cts-hmac-sha1-96 arcfour-hmac\n[realms]\n  FARM.TEST = {\n    \
             kdc = 10.0.0.1:88\n    kdc = [2001:db8::1]:88\n  }\n[domain_realm]\n  b1.example = FARM.TEST\n"
        );
        let by_udp = write(&KerberosConfiguration { udp_preference_limit: Some(32_700), ..configuration() });
        assert!(by_udp.unwrap().contains("\n  udp_preference_limit = 32700\n"));
        // MIT's library has a key for each weak type, and passes over one that it does not know.
        let weak = write(&KerberosConfiguration { allow_weak_crypto: true, ..configuration() }).unwrap();
        assert!(
            weak.contains("\n  allow_weak_crypto = true\n  allow_rc4 = true\n  allow_des3 = true\n[realms]")
        );
    }

    #[test]
    fn no_text_breaks_out_of_its_line() {
        const HOSTILE: [&str; 9] = [
            "",
            "X\ninclude /etc/passwd",
            "X\r\nincludedir /tmp",
            "X = {\n  kdc = evil",
            "X}",
            "%{libdir}",
            "X Y",
            "a;touch x",
            "/etc/krb5.conf",
        ];
        for text in HOSTILE {
            let hostile = || text.to_owned();
            let with = |change: &dyn Fn(&mut KerberosConfiguration)| {
                let mut changed = configuration();
                change(&mut changed);
                changed
            };
            for changed in [
                with(&|changed| changed.default_realm = Some(hostile())),
                with(&|changed| changed.realms[0].name = hostile()),
                with(&|changed| changed.realms[0].kdcs[0].host = hostile()),
                with(&|changed| changed.domain_realm[0].0 = hostile()),
                with(&|changed| changed.domain_realm[0].1 = hostile()),
            ] {
                let failure = write(&changed).unwrap_err();
                assert_eq!(failure.code, Code::InvalidSettings, "{text:?}");
                assert!(text.is_empty() || !failure.detail.contains(text), "{}", failure.detail);
            }
        }
    }

    #[test]
    fn a_kdc_is_never_a_name() {
        let mut changed = configuration();
        changed.realms[0].kdcs[0].host = "kdc.example".to_owned();
        assert!(write(&changed).is_err());
    }
}
