//! GSSAPI, against a MIT Kerberos and the genuine broker.

use std::path::Path;

use fixtures::{Fault, FaultProxy, Listener, free_port};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed};
use crate::support::servers::kafka::{BROKER, FILES, at, file, refused, refused_as};

/// Writes a keytab or a krb5.conf, and gives its place.
pub(super) fn place(name: &str, bytes: impl AsRef<[u8]>) -> String {
    use std::io::Write as _;
    // Whole at once: another test may read the same file now.
    let mut new = tempfile::NamedTempFile::new_in(FILES.path()).unwrap();
    new.write_all(bytes.as_ref()).unwrap();
    new.persist(FILES.path().join(name)).unwrap();
    file(name)
}

/// As `principal`, with the keytab that is right for `keys`.
pub(super) fn kerberos(listener: Listener, principal: &str, keys: &str) -> Connection {
    let kerberos = BROKER.kerberos();
    at(listener)
        .with("KAFKA_SASL_MECHANISM", "GSSAPI")
        .with("KAFKA_SASL_GSSAPI_SERVICE", "kafka")
        .with("KAFKA_SASL_GSSAPI_PRINCIPAL", principal)
        .with("KAFKA_SASL_GSSAPI_KEYTAB", place(&format!("{keys}.keytab"), kerberos.keytab(keys)))
        .with("KAFKA_SASL_GSSAPI_KRB5_CONF", place("krb5.conf", kerberos.krb5_conf()))
}

pub(super) const LISTENERS: [Listener; 2] = [Listener::SaslPlaintext, Listener::SaslSsl];

const fn auth<'a>(code: &'a str, native: &'a str, exception: &'a str) -> Failed<'a> {
    Failed { stage: "auth", code, native: Some(native), exception, exit: 1 }
}

const fn artefact<'a>() -> Failed<'a> {
    Failed { stage: "secrets", code: "file_invalid", native: None, exception: INVALID_INPUT, exit: 1 }
}

#[test]
fn a_keytab_logs_in() {
    for listener in LISTENERS {
        // The realm is the default one where the principal names none.
        for principal in ["alice@TEST.LOCAL", "alice"] {
            let tested = kerberos(listener, principal, "alice").test();
            tested.passed();
            assert_eq!(tested.evidence("auth", "mechanism"), "GSSAPI");
            assert_eq!(tested.evidence("auth", "user"), principal);
            assert_eq!(tested.evidence("query", "brokers"), 1);
            assert_eq!(tested.evidence("access", "topics"), 1);
            // The KDC was dialed before, under its own name.
            let kdc = format!("127.0.0.1:{}", BROKER.kerberos().port());
            let stages = tested.result["stages"].as_array().unwrap();
            let dialed = |stage: &str| {
                stages.iter().any(|record| record["stage"] == stage && record["endpoint"] == *kdc)
            };
            assert!(dialed("dns") && dialed("tcp"), "{stages:?}");
        }
    }
}

#[test]
fn a_principal_without_any_right() {
    let expected = Failed {
        stage: "access",
        code: "access_denied",
        native: Some("29"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    for listener in LISTENERS {
        let mallory = kerberos(listener, "mallory@TEST.LOCAL", "mallory");
        mallory.test().passed().warns("no_topic_visible");
        for arguments in [&["--strict"][..], &["--topic", "orders"]] {
            refused_as(listener, || mallory.test_with(arguments), &expected, 0);
        }
        let alice = kerberos(listener, "alice@TEST.LOCAL", "alice");
        alice.test_with(&["--topic", "orders", "--strict"]).passed();
    }
}

/// The KDC refuses these; the broker hears of none.
#[test]
fn logins_that_the_kdc_refuses() {
    let listener = Listener::SaslSsl;
    let right = kerberos(listener, "alice@TEST.LOCAL", "alice");
    let outdated = place("outdated.keytab", BROKER.kerberos().outdated_keytab("alice"));
    let outdated = right.clone().with("KAFKA_SASL_GSSAPI_KEYTAB", outdated);
    let failed = BROKER.kerberos().log().matches("PREAUTH_FAILED").count();
    let expected = auth("credentials_rejected", "KDC_ERR_PREAUTH_FAILED (24)", FS_CREDENTIALS);
    refused(listener, &outdated, &expected, 0).says("keytab");
    assert_eq!(BROKER.kerberos().log().matches("PREAUTH_FAILED").count(), failed + 1, "one attempt");

    let unknown = kerberos(listener, "ghost@TEST.LOCAL", "ghost");
    let expected = auth("credentials_rejected", "KDC_ERR_C_PRINCIPAL_UNKNOWN (6)", FS_CREDENTIALS);
    refused(listener, &unknown, &expected, 0).says("KAFKA_SASL_GSSAPI_PRINCIPAL");

    let expired = kerberos(listener, "expired@TEST.LOCAL", "expired");
    let expected = auth("credentials_expired", "KDC_ERR_NAME_EXP (1)", FS_CREDENTIALS);
    refused(listener, &expired, &expected, 0);

    let service = right.with("KAFKA_SASL_GSSAPI_SERVICE", "nosuch");
    let expected =
        Failed { exit: 2, ..auth("invalid_settings", "KDC_ERR_S_PRINCIPAL_UNKNOWN (7)", INVALID_INPUT) };
    refused(listener, &service, &expected, 0).says("KAFKA_SASL_GSSAPI_SERVICE");
}

#[test]
fn keytabs_that_are_none() {
    let listener = Listener::SaslPlaintext;
    // Another principal's keys.
    let wrong = kerberos(listener, "alice@TEST.LOCAL", "mallory");
    refused(listener, &wrong, &artefact(), 0).says("KAFKA_SASL_GSSAPI_KEYTAB").says("mallory@TEST.LOCAL");
    let right = kerberos(listener, "alice@TEST.LOCAL", "alice");
    let keytab = BROKER.kerberos().keytab("alice");
    for (name, bytes) in [("text", &b"no keytab"[..]), ("half", &keytab[..keytab.len() / 2]), ("empty", b"")]
    {
        let broken = right.clone().with("KAFKA_SASL_GSSAPI_KEYTAB", place(&format!("{name}.keytab"), bytes));
        refused(listener, &broken, &artefact(), 0).says("KAFKA_SASL_GSSAPI_KEYTAB");
    }
}

#[test]
fn configurations_of_kerberos_that_lead_nowhere() {
    let listener = Listener::SaslPlaintext;
    let with = |name: &str, text: &str| {
        kerberos(listener, "alice@TEST.LOCAL", "alice")
            .with("KAFKA_SASL_GSSAPI_KRB5_CONF", place(&format!("{name}.conf"), text))
    };
    let none = with("no-kdc", "[libdefaults]\ndefault_realm = TEST.LOCAL\ndns_lookup_kdc = true\n");
    refused(listener, &none, &artefact(), 0).says("KAFKA_SASL_GSSAPI_KRB5_CONF");
    let conf = |port: u16| {
        format!(
            "[libdefaults]\ndefault_realm = TEST.LOCAL\n[realms]\nTEST.LOCAL = {{\n kdc = localhost:{port}\n}}\n"
        )
    };
    let down = Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    };
    refused(listener, &with("down", &conf(free_port().unwrap())), &down, 0)
        .says("KAFKA_SASL_GSSAPI_KRB5_CONF");
    // The metadata address passes no gate, no matter who names it.
    let metadata = conf(88).replace("localhost", "169.254.169.254");
    let gate =
        Failed { stage: "tcp", code: "egress_refused", native: None, exception: ACCESS_DENIED, exit: 2 };
    refused(listener, &with("metadata", &metadata), &gate, 0);
    // One of two is down.
    let two = BROKER.kerberos().krb5_conf();
    let first = format!("kdc = 127.0.0.1:{}\n kdc = 127.0.0.1", free_port().unwrap());
    let two = two.replacen("kdc = 127.0.0.1", &first, 1);
    with("two", &two).test().passed().warns("partial");
    // One that takes the connection and says nothing.
    let silent = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let tested = with("silent", &conf(silent.port())).test_with(&["--timeout", "3s"]);
    tested.failed(&Failed { stage: "auth", code: "timed_out", native: None, exception: TIMEOUT, exit: 4 });
}

/// As Java 17's client did with the same KDC.
#[test]
fn a_kdc_is_asked_by_the_transport_that_a_jvm_takes() {
    const BY_TCP: &str = "  udp_preference_limit = 1\n";
    let listener = Listener::SaslSsl;
    let (realm, both) = (BROKER.kerberos(), BROKER.kerberos().port());
    let (udp, tcp) = (realm.udp_port(), realm.tcp_port());
    let with = |port: u16, limit: &str| {
        let text = realm.krb5_conf().replace(&format!(":{both}"), &format!(":{port}"));
        let text = text.replace(BY_TCP, limit);
        let name = format!("{port}-{}.conf", fastrand::u64(..));
        kerberos(listener, "alice@TEST.LOCAL", "alice")
            .with("KAFKA_SASL_GSSAPI_KRB5_CONF", place(&name, text))
    };
    for (port, limit) in [(both, ""), (both, BY_TCP), (tcp, BY_TCP)] {
        with(port, limit).test().passed().warns_of_nothing();
    }
    // A JVM asks nobody else, and waits there for a minute and a half.
    for limit in ["", "  udp_preference_limit = 0\n", "  udp_preference_limit = 200\n"] {
        with(tcp, limit).test().passed().warns("kerberos_transport");
    }
    // Its first request is shorter than 140 bytes, and longer than 130.
    with(tcp, "  udp_preference_limit = 130\n").test().passed().warns_of_nothing();
    with(tcp, "  udp_preference_limit = 140\n").test().passed().warns("kerberos_transport");
    with(udp, "").test().passed().warns("partial");
    let closed = Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    };
    for limit in [BY_TCP, "  udp_preference_limit = 200\n"] {
        refused(listener, &with(udp, limit), &closed, 0).says("KAFKA_SASL_GSSAPI_KRB5_CONF");
    }
}

/// As Java 17's client did with the same KDC, which has all of these types.
#[test]
fn encryption_types_are_those_of_a_jvm() {
    let listener = Listener::SaslPlaintext;
    let with = |keys: &str, lines: &str| {
        let text = format!("{}[libdefaults]\n{lines}", BROKER.kerberos().krb5_conf());
        let name = format!("types-{}.conf", fastrand::u64(..));
        kerberos(listener, &format!("{keys}@TEST.LOCAL"), keys)
            .with("KAFKA_SASL_GSSAPI_KRB5_CONF", place(&name, text))
    };
    let keytab = Failed { stage: "auth", ..artefact() };
    refused(listener, &with("legacy", ""), &keytab, 0)
        .says("keys of arcfour-hmac alone")
        .says("allow_weak_crypto");
    with("legacy", "allow_weak_crypto = true\n").test().passed();
    let lists =
        Failed { stage: "auth", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };
    for (keys, lines) in [
        ("alice", "permitted_enctypes = rc4-hmac des3-cbc-sha1\n"),
        ("alice", "default_tkt_enctypes = rc4-hmac\n"),
        ("alice", "default_tgs_enctypes = rc4-hmac, aes256-cts\n"),
        ("legacy", "allow_weak_crypto = true\npermitted_enctypes = aes256-cts\n"),
    ] {
        refused(listener, &with(keys, lines), &lists, 0)
            .says("_enctypes in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names");
    }
    for lines in [
        "permitted_enctypes = rc4-hmac aes256-cts\n",
        "default_tkt_enctypes = aes128-cts\n",
        "allow_weak_crypto = yes\npermitted_enctypes = aes256-cts rc4-hmac\n",
    ] {
        with("alice", lines).test().passed();
    }
}

#[test]
fn what_a_krb5_conf_may_not_do_is_not_done() {
    let listener = Listener::SaslPlaintext;
    let marker = FILES.path().join("touched");
    let touched = marker.display();
    let conf = BROKER.kerberos().krb5_conf();
    let hostile = format!(
        "include {touched}\nmodule {touched}:init\n[plugins]\nclpreauth = {{\n module = x:{touched}\n}}\n[logging]\ndefault = FILE:{touched}\n{conf}"
    );
    let connection = kerberos(listener, "alice@TEST.LOCAL", "alice")
        .with("KAFKA_SASL_GSSAPI_KRB5_CONF", place("hostile.conf", hostile));
    connection.test().passed();
    assert!(!marker.exists());
}

/// librdkafka hands a principal to a shell, unless it is told otherwise.
#[test]
fn a_principal_of_a_shell_touches_nothing() {
    let listener = Listener::SaslPlaintext;
    let x = Path::new("x");
    assert!(!x.exists());
    let principal = "a;touch x";
    let connection = kerberos(listener, principal, "alice");
    refused(listener, &connection, &artefact(), 0).says("KAFKA_SASL_GSSAPI_KEYTAB");
    let renamed = renamed(&BROKER.kerberos().keytab("alice"), principal);
    let connection = connection.with("KAFKA_SASL_GSSAPI_KEYTAB", place("shell.keytab", renamed));
    let expected = auth("credentials_rejected", "KDC_ERR_C_PRINCIPAL_UNKNOWN (6)", FS_CREDENTIALS);
    refused(listener, &connection, &expected, 0);
    assert!(!x.exists());
}

/// A keytab of version 2 whose entries are those of `principal`, with its one component in place of `alice`.
fn renamed(keytab: &[u8], principal: &str) -> Vec<u8> {
    let (old, new) = (
        b"\0\x05alice",
        [&u16::try_from(principal.len()).unwrap().to_be_bytes()[..], principal.as_bytes()].concat(),
    );
    let mut renamed = keytab[..2].to_vec();
    let mut rest = &keytab[2..];
    while let Some((size, behind)) = rest.split_first_chunk::<4>() {
        let size = usize::try_from(i32::from_be_bytes(*size)).unwrap();
        let (entry, behind) = behind.split_at(size);
        let at = entry.windows(old.len()).position(|window| window == old).unwrap();
        let entry = [&entry[..at], &new, &entry[at + old.len()..]].concat();
        renamed.extend(u32::try_from(entry.len()).unwrap().to_be_bytes());
        renamed.extend(entry);
        rest = behind;
    }
    renamed
}

/// Nobody but dialcheck itself starts it.
#[test]
fn the_child_without_a_task_says_nothing() {
    let ran = crate::support::harness::dialcheck(&["kafka-gssapi"], b"no task");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (2, "", ""));
}
