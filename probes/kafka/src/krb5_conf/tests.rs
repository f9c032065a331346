use super::*;

fn read_text(text: &str) -> KerberosConfiguration {
    read(text.as_bytes()).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn refused(file: impl AsRef<[u8]>) -> (String, Option<String>) {
    let failure = read(file.as_ref()).unwrap_err();
    assert_eq!(failure.code, Code::FileInvalid);
    assert!(!format!("{failure:?}").contains("canary"));
    (failure.detail, failure.hints.into_iter().next().map(Into::into))
}

/// `line` under `[realms]`, in the braces of one realm that has a KDC.
fn in_a_realm(line: &str) -> String {
    format!("[realms]\nR = {{\n kdc = a\n {line}\n}}\n")
}

/// `line` behind a realm that has a KDC.
fn in_section(section: &str, line: &str) -> String {
    format!("[realms]\nR = {{\n kdc = a\n}}\n[{section}]\n{line}\n")
}

fn kdcs(line: &str) -> Vec<String> {
    let configuration = read_text(&in_a_realm(line));
    configuration.realms[0].kdcs.iter().skip(1).map(ToString::to_string).collect()
}

#[test]
fn realms_have_their_kdcs() {
    let configuration = read_text(
        "\u{feff}# made by hand\r\n\
         include /etc/krb5.conf.d/more.conf\r\n\
         includedir /etc/krb5.conf.d/\r\n\
         module /usr/lib/plugin.so:canary\r\n\
         [logging]\n\
         \tdefault = FILE:/var/log/krb5libs.log\n\
         [LibDefaults]\n\
         \tdefault_realm = EXAMPLE.COM\n\
         \tdefault_realm = SECOND.EXAMPLE\n\
         ; dns_lookup_kdc = true\n\
         \tdns_lookup_kdc = false\n\
         \tpermitted_enctypes = aes256-cts-hmac-sha1-96,aes128-cts,aes,+camellia,RC4-hmac\n\
         \tdefault_tgs_enctypes = \"aes256-cts\"\n\
         \tallow_weak_crypto = Yes\n\
         \tallow_weak_crypto = no\n\
         \tudp_preference_limit = 1\n\
         \tplugin_base_dir = /tmp/canary\n\
         \n\
         [realms]\n\
         EXAMPLE.COM = {\n\
         \tkdc = kdc-1.example.com\n\
         \tkdc = kdc-2.example.com:750\n\
         \tadmin_server = kadmin.example.com\n\
         \tauth_to_local_names = {\n\
         \t\tkdc = not-one.example.com\n\
         \t}\n\
         }\n\
         EMPTY.EXAMPLE = {\n\
         }\n\
         OTHER.EXAMPLE =\n\
         \n\
         {\n\
         \tkdc = [::1]:88\n\
         }\n\
         [domain_realm]\n\
         .example.com = EXAMPLE.COM\n\
         kafka.example = OTHER.EXAMPLE\n\
         [appdefaults]\n\
         pam = {\n\
         \tdebug = false\n\
         }\n\
         [realms]\n\
         EXAMPLE.COM = {\n\
         \tkdc = kdc-3.example.com\n\
         }\n",
    );
    let endpoint = |host: &str, port| Endpoint { host: host.to_owned(), port };
    let expected = KerberosConfiguration {
        default_realm: Some("EXAMPLE.COM".to_owned()),
        realms: vec![
            KerberosRealm {
                name: "EXAMPLE.COM".to_owned(),
                kdcs: vec![endpoint("kdc-1.example.com", 88), endpoint("kdc-2.example.com", 750)],
                udp_preference_limit: None,
            },
            KerberosRealm {
                name: "OTHER.EXAMPLE".to_owned(),
                kdcs: vec![endpoint("::1", 88)],
                udp_preference_limit: None,
            },
        ],
        domain_realm: vec![
            (".example.com".to_owned(), "EXAMPLE.COM".to_owned()),
            ("kafka.example".to_owned(), "OTHER.EXAMPLE".to_owned()),
        ],
        enctypes: vec![
            ("permitted_enctypes", vec![Enctype::Aes256, Enctype::Aes128, Enctype::Rc4]),
            ("default_tgs_enctypes", vec![Enctype::Aes256]),
        ],
        allow_weak_crypto: true,
        udp_preference_limit: Some(1),
        warnings: [LATER_BLOCK, INCLUDES]
            .map(|message| Warning::new("kerberos_configuration", message))
            .to_vec(),
    };
    assert_eq!(configuration, expected);
}

#[test]
fn a_kdc_is_a_host_with_or_without_a_port() {
    for (line, expected) in [
        ("kdc = kdc.example", ["kdc.example:88"].as_slice()),
        ("kdc=kdc.example:750", &["kdc.example:750"]),
        ("kdc = \"kdc.example:750\"", &["kdc.example:750"]),
        ("kdc = kdc.example # the first one", &["kdc.example:88"]),
        ("kdc = kdc.example ;first", &["kdc.example:88"]),
        ("kdc = 'kdc.example'", &["kdc.example:88"]),
        ("kdc = 10.0.0.1:88", &["10.0.0.1:88"]),
        ("kdc = [fd00::1]", &["[fd00::1]:88"]),
        ("kdc = [fd00::1]:750", &["[fd00::1]:750"]),
        ("kdc = fd00::1", &["[fd00::1]:88"]),
        ("kdc = a.example:1 b.example", &["a.example:1", "b.example:88"]),
        ("master_kdc = a.example", &[]),
        ("KDC = a.example", &[]),
    ] {
        assert_eq!(kdcs(line), expected, "{line}");
    }
    for line in [
        "kdc = canary.example:0",
        "kdc = canary.example:65536",
        "kdc = canary.example:port",
        "kdc = canary.example:",
        "kdc = # canary.example",
        "kdc = canary.example, b.example",
        "kdc = [canary.example]:88",
        "kdc = fd00:::canary",
        "kdc = http://canary.example",
        "kdc = /run/canary.socket",
        "kdc = \"canary\\b\"",
    ] {
        let expected = "line 4: expected a KDC as host, host:port or [address]:port";
        assert_eq!(refused(in_a_realm(line)).0, expected, "{line}");
    }
    for line in ["kdc = tcp/canary.example", "kdc = udp/canary.example:88"] {
        let expected =
            "line 4: expected a KDC without a transport in front, which a JVM takes for a part of its name";
        assert_eq!(refused(in_a_realm(line)).0, expected, "{line}");
    }
    assert_eq!(
        refused(in_a_realm("kdc = HTTPS://canary.example/KdcProxy")).0,
        "line 4: a KDC behind an HTTPS proxy (MS-KKDCP) can't be asked: expected its host"
    );
}

#[test]
fn where_no_kdc_is_named_that_is_reported() {
    let looked_up = "[libdefaults]\n dns_lookup_kdc = true\n default_realm = R\n[realms]\n R = {\n }\n";
    let (detail, hint) = refused(looked_up);
    assert_eq!(detail, "the file names no KDC");
    assert_eq!(
        hint.unwrap(),
        "Name the KDCs of the realm: [realms] REALM = { kdc = host:port }; dialcheck does not look for them in DNS \
         (dns_lookup_kdc)"
    );
    for file in ["include /etc/canary.conf\n", "[libdefaults]\nincludedir /etc/canary.d\n"] {
        let (detail, hint) = refused(file);
        assert_eq!(detail, "the file itself names no KDC, and the files that it includes are not read");
        assert!(hint.unwrap().starts_with("Give one file that has the realm with its KDCs"));
    }
    for file in ["# nothing", "[realms]", "module canary.so:x"] {
        assert_eq!(refused(file).0, "the file names no KDC");
    }
    for file in ["", " \n\t\r\n", "\u{feff}"] {
        assert_eq!(refused(file).0, "the file is empty");
    }
    assert_eq!(refused(b"[realms]\n\xff").0, "the file is not text in UTF-8");
}

#[test]
fn a_line_that_can_not_be_read_is_reported_by_its_number() {
    for (file, expected) in [
        ("<html>canary".to_owned(), "the file names no KDC"),
        ("\n\n[canary".to_owned(), "line 3: expected [section], and nothing behind it"),
        ("[canary] x".to_owned(), "line 1: expected [section], and nothing behind it"),
        ("[libdefaults]*".to_owned(), "line 1: expected [section], and nothing behind it"),
        ("[libdefaults] # canary".to_owned(), "line 1: expected [section], and nothing behind it"),
        ("[ ]".to_owned(), "line 1: expected [section], and nothing behind it"),
        ("[a]\ncanary".to_owned(), "line 2: expected tag = value"),
        ("[a]\n include /canary".to_owned(), "line 2: expected tag = value"),
        ("[a]\n{".to_owned(), "line 2: expected a name and = before an opening brace"),
        ("[a]\nb = { # canary\n}".to_owned(), "line 3: closes a brace that is not open"),
        ("include etc/canary".to_owned(), "line 1: expected an absolute path to include"),
        ("[a]\nb = {\n} # canary".to_owned(), "line 3: expected nothing behind a closing brace"),
        ("[a]\nb = {\n}*".to_owned(), "line 3: expected nothing behind a closing brace"),
        (
            in_section("libdefaults", "default_realm = R # canary"),
            "line 6: expected no comment behind a realm, which a JVM takes for a part of its name",
        ),
        ("[a]\nb = {\n[canary]\n}".to_owned(), "line 3: a section begins before a brace is closed"),
        ("[a]\n}".to_owned(), "line 2: closes a brace that is not open"),
        ("[a]\nb = {\n} canary".to_owned(), "line 3: expected nothing behind a closing brace"),
        ("[a]\nb = {\nc = {\n}\n".to_owned(), "line 2: what it opens with a brace is never closed"),
        (format!("[a]\n{}", "b = {\n".repeat(17)), "line 18: braces are nested too deep"),
        (in_section("libdefaults", "default_realm = canary realm"), REALM),
        (in_section("libdefaults", "default_realm = \"R\\n[libdefaults]\""), REALM),
        (in_section("domain_realm", "canary.example = R}"), REALM),
        (
            in_section("domain_realm", "*.canary = R"),
            "line 6: expected a host name, or a domain behind a dot",
        ),
        (
            "[realms]\nca{nary = {\nkdc = a\n}".to_owned(),
            "line 3: expected a realm: letters, digits, dots and hyphens",
        ),
    ] {
        assert_eq!(refused(&file).0, expected, "{file}");
    }
}

const REALM: &str = "line 6: expected a realm: letters, digits, dots and hyphens";

/// As `sun.security.krb5.Config` of Java 17 read each of them.
#[test]
fn what_a_jvm_passes_over_is_passed_over() {
    let whole = "[libdefaults]\ndefault_realm = R\n[realms]\nR = {\nkdc = a\n}\n";
    let expected = read_text(whole);
    let same = |file: &str| assert_eq!(read_text(file), expected, "{file}");
    same(&format!("what stands before\ndefault_realm = OTHER\n}}\n{whole}"));
    same(&whole.replace("[realms]", "some words = x\n[realms]"));
    same(&whole.replace("[realms]", "renew_lifetime =\n[realms]"));
    same(&whole.replace("[realms]", "other = { x = 1 }\n[realms]"));
    same(&whole.replace("R = {\n", "R =\n{ "));
    same(&whole.replace("default_realm = R", "default_realm = 'R'"));
    same(&whole.replace("[realms]", "default_realm* = OTHER\n[ReALms]"));
    // The first line of a file with a byte order mark begins no section.
    assert_eq!(read_text(&format!("\u{feff}{whole}")).default_realm, None);
    for (line, warning) in [
        ("udp_preference_limit = 1 ; by TCP", NO_NUMBER),
        ("[realms]\nR = {\nkdc = b\n}", LATER_BLOCK),
        ("include /etc/canary", INCLUDES),
        ("[realms]\nS = {\nkdc = b # canary\n}", COMMENT),
    ] {
        let configuration = read_text(&format!("{whole}[libdefaults]\n{line}\n"));
        assert_eq!(configuration.warnings, [Warning::new("kerberos_configuration", warning)], "{line}");
        assert_eq!(
            (configuration.udp_preference_limit, &configuration.realms[0]),
            (None, &expected.realms[0])
        );
    }
    for (names, expected) in [
        ("aes256-cts # canary", [Enctype::Aes256].as_slice()),
        ("aes256-cts aes128-cts", &[Enctype::Aes256, Enctype::Aes128]),
        ("aes256-cts, aes128-cts", &[Enctype::Aes256]),
        ("rc4-hmac, aes256-cts", &[Enctype::Rc4]),
        ("aes256-cts\taes128-cts", &[]),
        (",", &[]),
    ] {
        let line = format!("permitted_enctypes = {names}");
        let read = read_text(&in_section("libdefaults", &line)).enctypes;
        assert_eq!(read, [("permitted_enctypes", expected.to_vec())], "{names}");
    }
}

/// As Java 17 asked a KDC that takes UDP alone, and one that takes TCP alone.
#[test]
fn the_first_limit_of_udp_counts_and_a_realm_goes_first() {
    let limits = |default: &str, own: &str| {
        let file = format!("[libdefaults]\n{default}\n[realms]\nR = {{\n{own}\nkdc = a\n}}\n");
        let configuration = read_text(&file);
        (configuration.udp_preference_limit, configuration.realms[0].udp_preference_limit)
    };
    let limit = |value: &str| format!("udp_preference_limit = {value}");
    assert_eq!(limits(&limit("1"), ""), (Some(1), None));
    assert_eq!(limits(&limit("1"), &limit("2000")), (Some(1), Some(2000)));
    assert_eq!(limits(&format!("{}\n{}", limit("1"), limit("2000")), ""), (Some(1), None));
    assert_eq!(limits("", &format!("{}\n{}", limit("2000"), limit("1"))), (None, Some(2000)));
    for none in ["0", "-1", "x", "1 # by TCP", "99999999999"] {
        assert_eq!(limits(&format!("{}\n{}", limit(none), limit("1")), &limit(none)), (None, None), "{none}");
    }
    // The first place of a realm counts, even without a KDC.
    for first in ["", "admin_server = a\n"] {
        let file = format!("[realms]\nR = {{\n{first}}}\nR = {{\nkdc = a\n}}\n");
        assert_eq!(refused(file).0, "the file names no KDC");
    }
    let later = "[realms]\nR = {\nkdc = a\n}\n[realms]\nR = {\nudp_preference_limit = 1\n}\n";
    assert_eq!(read_text(later).realms[0].udp_preference_limit, None);
}

/// Nothing that is read may mean something else when it is written into such a file again.
#[test]
fn no_mutation_panics_or_smuggles_a_line() {
    let genuine = "[libdefaults]\n default_realm = \"R.EXAMPLE\"\n permitted_enctypes = aes256-cts aes128-cts\n\
                   include /x\n allow_weak_crypto = no\n[realms]\n R.EXAMPLE = {\n  kdc = [::1]:88\n  kdc = a.example\n\
                   x =\n {\n y = \"z\\n\"\n }\n }\n[domain_realm]\n .r.example = R.EXAMPLE\n r.example = R.EXAMPLE\n";
    assert!(read(genuine.as_bytes()).is_ok());
    let is_word = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | ':'))
    };
    let mut random = fixtures::Mutations::default();
    let mut good = 0;
    for _ in 0..20_000 {
        let _whatever = read(&random.bytes());
        let Ok(configuration) = read(&random.mutate(genuine.as_bytes())) else { continue };
        good += 1;
        assert!(configuration.default_realm.as_deref().is_none_or(is_word));
        for KerberosRealm { name, kdcs, .. } in &configuration.realms {
            assert!(is_word(name) && !kdcs.is_empty());
            assert!(kdcs.iter().all(|kdc| is_word(&kdc.host) && kdc.port > 0));
        }
        assert!(configuration.domain_realm.iter().all(|(domain, realm)| is_word(domain) && is_word(realm)));
    }
    assert!((1_000..20_000).contains(&good), "{good}");
}

#[test]
fn the_largest_file_is_read_in_no_time() {
    let realms: String = (0..30_000).map(|number| format!("R{number} = {{\nkdc = a\n}}\n")).collect();
    let begin = std::time::Instant::now();
    assert_eq!(read_text(&format!("[realms]\n{realms}")).realms.len(), 30_000);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
}
