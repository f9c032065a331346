//! Which encryption types a JVM asks a KDC for, so that the login here asks for no other.

use probe_contract::{Code, Failure};

use crate::enctype::Enctype;
use crate::keytab::Keytab;
use crate::krb5_conf::KerberosConfiguration;

/// The same configuration with the types that Java 17 asks for with the keys of `keytab`.
///
/// # Errors
/// `file_invalid` and `invalid_settings` where none is left, as a JVM then refuses by itself.
pub(crate) fn as_java_asks(
    configuration: &KerberosConfiguration,
    keytab: &Keytab,
) -> Result<KerberosConfiguration, Failure> {
    let is_allowed = |one: &Enctype| configuration.allow_weak_crypto || !one.is_weak();
    let keys: Vec<Enctype> = Enctype::ALL.into_iter().filter(|one| keytab.has(*one)).collect();
    if !keys.iter().any(is_allowed) {
        return Err(weak_keys(&keys));
    }
    let listed = |list: &'static str| {
        let find = |name| configuration.enctypes.iter().find(|(key, _)| *key == name);
        let (name, mut types) = match find(list).or_else(|| find(PERMITTED)) {
            Some((name, types)) => (*name, types.clone()),
            None => (list, Enctype::ALL.to_vec()),
        };
        types.retain(is_allowed);
        if types.is_empty() { Err(no_type(name)) } else { Ok((name, types)) }
    };
    let (list, mut ticket) = listed(TICKET)?;
    ticket.retain(|one| keys.contains(one));
    if ticket.is_empty() {
        return Err(nothing_in_common(list, &keys));
    }
    let (_, service) = listed(SERVICE)?;
    let mut permitted = ticket.clone();
    permitted.extend(service.iter().filter(|one| !ticket.contains(one)));
    Ok(KerberosConfiguration {
        enctypes: vec![(PERMITTED, permitted), (TICKET, ticket), (SERVICE, service)],
        ..configuration.clone()
    })
}

const PERMITTED: &str = "permitted_enctypes";
/// For the ticket of the KDC itself.
const TICKET: &str = "default_tkt_enctypes";
/// For the broker's.
const SERVICE: &str = "default_tgs_enctypes";

const NEW_KEYTAB: &str =
    "Export the keytab with a key of AES (kadmin ktadd -e aes256-cts-hmac-sha1-96:normal)";

/// Java's own words are "Unable to obtain password from user".
fn weak_keys(keys: &[Enctype]) -> Failure {
    let names = names(keys);
    let detail = if keys.is_empty() {
        "the keytab has no key of an encryption type that Java has".to_owned()
    } else {
        format!("the keytab has keys of {names} alone, which Java 17 takes for weak and passes over")
    };
    let failure = Failure::new(Code::FileInvalid, detail).hint(NEW_KEYTAB);
    if keys.is_empty() {
        return failure;
    }
    failure.hint("Or set allow_weak_crypto = true under [libdefaults] in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names")
}

/// "no supported etypes found for configuration".
fn no_type(list: &str) -> Failure {
    let detail = format!(
        "{list} in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names has no encryption type that Java 17 takes"
    );
    Failure::new(Code::InvalidSettings, detail).hint(
        "Name aes256-cts-hmac-sha1-96 there, with commas or blanks between names and never both, or set allow_weak_crypto = true \
         where RC4 or 3DES is meant",
    )
}

/// "Do not have keys of types listed in default_tkt_enctypes available".
fn nothing_in_common(list: &str, keys: &[Enctype]) -> Failure {
    let detail = format!(
        "the keytab has keys of {} alone, which {list} in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names leaves out",
        names(keys)
    );
    Failure::new(Code::InvalidSettings, detail).hint(
        "Name one of these encryption types there, or export a keytab with a key of one that is named there",
    )
}

fn names(types: &[Enctype]) -> String {
    types.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists that are asked with, or code and detail.
    fn asked(
        enctypes: &[(&'static str, &[Enctype])],
        allow_weak_crypto: bool,
        keys: &[u16],
    ) -> Result<[Vec<Enctype>; 3], (Code, String)> {
        let configuration = KerberosConfiguration {
            enctypes: enctypes.iter().map(|(list, types)| (*list, types.to_vec())).collect(),
            allow_weak_crypto,
            ..KerberosConfiguration::default()
        };
        let asked = as_java_asks(&configuration, &Keytab::of_keys(keys));
        let asked = asked.map_err(|failure| (failure.code, failure.detail))?;
        let names: Vec<_> = asked.enctypes.iter().map(|(list, _)| *list).collect();
        assert_eq!(names, [PERMITTED, TICKET, SERVICE]);
        Ok([0, 1, 2].map(|place| asked.enctypes[place].1.clone()))
    }

    /// As Java 17 answered each with a KDC that has all of them.
    #[test]
    fn a_jvm_asks_for_no_weak_type() {
        use Enctype::{Aes128, Aes128Sha2, Aes256, Aes256Sha2, Rc4, TripleDes};
        const ALL: &[u16] = &[18, 17, 23, 16];
        let strong = vec![Aes256, Aes128, Aes256Sha2, Aes128Sha2];
        assert_eq!(asked(&[], false, ALL).unwrap()[1..], [vec![Aes256, Aes128], strong.clone()]);
        assert_eq!(asked(&[], false, &[23, 18]).unwrap(), [strong.clone(), vec![Aes256], strong.clone()]);
        assert_eq!(asked(&[], true, &[23]).unwrap()[1..], [vec![Rc4], Enctype::ALL.to_vec()]);
        let weak = asked(&[], false, &[23, 16]).unwrap_err();
        assert_eq!(weak.0, Code::FileInvalid);
        assert_eq!(
            weak.1,
            "the keytab has keys of des3-cbc-sha1, arcfour-hmac alone, which Java 17 takes for weak and passes over"
        );
        let unknown = asked(&[], true, &[25, 26]).unwrap_err();
        assert_eq!(
            unknown,
            (Code::FileInvalid, "the keytab has no key of an encryption type that Java has".to_owned())
        );

        // What permitted_enctypes has stands for a list that is not there.
        let lists = asked(&[(PERMITTED, &[Rc4, Aes256])], false, ALL).unwrap();
        assert_eq!(lists, [vec![Aes256], vec![Aes256], vec![Aes256]]);
        let lists = asked(&[(PERMITTED, &[Rc4]), (TICKET, &[Aes256]), (SERVICE, &[Aes128])], false, ALL);
        assert_eq!(lists.unwrap(), [vec![Aes256, Aes128], vec![Aes256], vec![Aes128]]);
        let lists = asked(&[(SERVICE, &[Rc4])], true, &[18]).unwrap();
        assert_eq!(lists, [vec![Aes256, Rc4], vec![Aes256], vec![Rc4]]);
        for (list, other) in [(PERMITTED, TICKET), (TICKET, SERVICE), (SERVICE, TICKET)] {
            for types in [&[][..], &[Rc4], &[TripleDes, Rc4]] {
                let (code, detail) = asked(&[(other, &[Aes256]), (list, types)], false, ALL).unwrap_err();
                assert_eq!(code, Code::InvalidSettings);
                assert!(detail.starts_with(&format!("{list} in the file that")), "{detail}");
            }
        }
        let (code, detail) = asked(&[(TICKET, &[Aes128])], false, &[18]).unwrap_err();
        assert_eq!(code, Code::InvalidSettings);
        assert!(
            detail.starts_with(
                "the keytab has keys of aes256-cts-hmac-sha1-96 alone, which default_tkt_enctypes"
            )
        );
    }
}
