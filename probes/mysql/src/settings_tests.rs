use std::time::Duration;

use probe_contract::{Code, Properties, Protocol};

use super::*;
use crate::Mysql;

fn target(properties: &[(&str, &str)]) -> Target {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    let address = Mysql.declaration("JDBC").unwrap().address.read(&properties);
    Target { connection_type: "JDBC".to_owned(), properties, address, ..Target::default() }
}

fn settings(properties: &[(&str, &str)]) -> Settings {
    read(&target(properties)).unwrap()
}

fn of_url(url: &str) -> Settings {
    settings(&[("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")])
}

fn mistakes_of_url(url: &str) -> Vec<String> {
    let properties = [("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
    read(&target(&properties)).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_scheme_or_an_engine_claims_a_target_in_any_case() {
    let url = |url| target(&[("JDBC_CONNECTION_URL", url)]);
    let engine = |name| target(&[("JDBC_ENGINE", name)]);
    for claimed in ["JDBC:MySQL://h/d", "jdbc:mariadb://h/d", "jdbc:mysql:aurora://h/d"] {
        assert!(Mysql.claims(&url(claimed)), "{claimed}");
    }
    assert!(!Mysql.claims(&url("jdbc:postgresql://h/d")));
    assert!(Mysql.claims(&engine("MySQL")));
    assert!(Mysql.claims(&engine("mariadb")));
    assert!(!Mysql.claims(&engine("aurora")));
}

#[test]
fn every_form_of_the_url_leads_to_its_address() {
    for (url, endpoint, database, scheme) in [
        ("jdbc:mysql://db.example:3307/orders", "db.example:3307", Some("orders"), Scheme::Mysql),
        ("jdbc:mysql:aurora://db.example/orders", "db.example:3306", Some("orders"), Scheme::Mysql),
        ("jdbc:mysql:aws://db.example/orders", "db.example:3306", Some("orders"), Scheme::Mysql),
        ("jdbc:mariadb://db.example", "db.example:3306", None, Scheme::Mariadb),
        ("jdbc:mysql://[::1]:3306/o%20r", "[::1]:3306", Some("o r"), Scheme::Mysql),
    ] {
        let read = of_url(url);
        assert_eq!(read.endpoint.to_string(), endpoint, "{url}");
        assert_eq!((read.database.as_deref(), read.scheme), (database, scheme), "{url}");
    }
}

#[test]
fn a_url_without_a_host_is_a_mistake() {
    const FORM: &str = "JDBC_CONNECTION_URL: expected jdbc:mysql://host:port/database";
    for (url, expected) in [
        ("jdbc:mysql:nosuch://a/d", FORM),
        ("jdbc:mysql:h/d", FORM),
        ("jdbc:mysql:", FORM),
        ("jdbc:mysql:///d", "JDBC_CONNECTION_URL: expected a host behind the //"),
        ("jdbc:mysql://(port=1)/d", "JDBC_CONNECTION_URL: expected a host behind the //"),
        (
            "jdbc:mysql://u:p@ss@h/d",
            "JDBC_CONNECTION_URL: expected one @ in front of the host: one in a password is written %40",
        ),
        (
            "jdbc:mariadb://u:p@h/d",
            "JDBC_CONNECTION_URL: expected no user or password in front of the host, which the driver takes for a part of its name: \
             give USERNAME and PASSWORD",
        ),
    ] {
        assert_eq!(mistakes_of_url(url), [expected], "{url}");
    }
}

/// Seen with both drivers: `jdbc:mysql:replication:` logs in at a replica and at the source, MariaDB's driver does without replicas.
#[test]
fn several_hosts_are_grouped_as_the_driver_needs_them() {
    let groups = |url: &str| -> Vec<(String, bool)> {
        let hosts =
            |group: &Group| group.hosts.iter().map(|host| host.host.as_str()).collect::<Vec<_>>().join(",");
        of_url(url).groups.iter().map(|group| (hosts(group), group.is_required)).collect()
    };
    let expect = |groups: &[(&str, bool)]| -> Vec<(String, bool)> {
        groups.iter().map(|(hosts, is_required)| ((*hosts).to_owned(), *is_required)).collect()
    };
    for (url, expected) in [
        ("jdbc:mysql:loadbalance://a/d", &[("a", true)][..]),
        ("jdbc:mysql:replication://a/d", &[("a", true)]),
        ("jdbc:mysql:sequential://a/d", &[("a", true)]),
        ("jdbc:mysql://a,b,a/d", &[("a,b", true)]),
        ("jdbc:mysql:replication://a,b,c/d", &[("b,c", true), ("a", true)]),
        ("jdbc:mariadb:replication://a,b/d", &[("a", true), ("b", false)]),
        ("jdbc:mariadb:load-balance://a,b/d", &[("a,b", true)]),
    ] {
        assert_eq!(groups(url), expect(expected), "{url}");
    }
    let warned = |url: &str, code: &str| of_url(url).warnings.iter().any(|warning| warning.code == code);
    assert!(warned("jdbc:mysql:loadbalance://a,b/d", "not_tried"));
    assert!(!warned("jdbc:mysql:loadbalance://a/d", "not_tried"));
    assert!(warned("jdbc:mysql:sequential://a/d", "driver_differs"));
}

#[test]
fn what_can_not_be_chosen_as_the_driver_does_is_not_testable() {
    for url in [
        "jdbc:mysql:aws://a,b/d",
        "jdbc:mysql://u:p@a,b/d",
        "jdbc:mysql://(host=a,sslMode=DISABLED),b/d",
        "jdbc:mysql:replication://a,b/d?allowReplicaDownConnections=true",
        "jdbc:mysql://(host=a,protocol=pipe)/d",
        "jdbc:mysql://a/d?protocol=pipe",
        "jdbc:mariadb://address=(host=a)(pipe=p)/d",
        "jdbc:mariadb:replication://address=(host=a)(type=replica),b/d",
    ] {
        let properties = [("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        let mistakes = read(&target(&properties)).unwrap_err();
        let codes: Vec<Code> = mistakes.iter().map(|mistake| mistake.code).collect();
        assert_eq!(codes, [Code::NotTestable], "{url}");
    }
}

#[test]
fn what_is_in_front_of_the_host_beats_the_properties() {
    let resolved = |url: &str| {
        let settings = of_url(url);
        let login = settings.login(&ResolvedSecrets::default());
        (login.user, login.secret.expose().to_owned(), settings.endpoint.to_string())
    };
    let expect = |user: &str, password: &str| (user.to_owned(), password.to_owned(), "h:3307".to_owned());
    assert_eq!(resolved("jdbc:mysql://bob:x%40y@h:3307/d"), expect("bob", "x@y"));
    assert_eq!(resolved("jdbc:mysql://bob@h:3307/d"), expect("bob", "secret"));
    assert_eq!(resolved("jdbc:mysql://bob:@h:3307/d"), expect("bob", ""));
    assert_eq!(resolved("jdbc:mysql://(host=h,port=3307,user=bob,password=x)/d"), expect("bob", "x"));
    assert_eq!(resolved("jdbc:mysql://h/d?port=3307"), expect("alice", "secret"));
    assert_eq!(of_url("jdbc:mysql://h/d?DbName=e").database.as_deref(), Some("e"));
    assert_eq!(of_url("jdbc:mysql://(host=h,dbname=f)/d?dbname=e").database.as_deref(), Some("f"));
    assert_eq!(resolved("jdbc:mariadb://address=(host=h)(port=3307)(user=bob)/d"), expect("alice", "secret"));
    let stored = |url: &str| {
        read(&target(&[("JDBC_CONNECTION_URL", url), ("SECRET_ID", "prod/db")]))
            .map(|read| read.references.len())
    };
    assert_eq!(stored("jdbc:mysql://bob:x@h/d").unwrap(), 0);
    assert_eq!(stored("jdbc:mysql://bob@h/d").unwrap_err()[0].code, Code::NotTestable);
}

#[test]
fn a_port_that_is_given_twice_is_pointed_out() {
    let warnings = |url: &str| -> Vec<String> {
        of_url(url).warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
    };
    assert_eq!(
        warnings("jdbc:mysql://h:3307/d?Port=1&host=x"),
        [
            "parameter_ignored: JDBC_CONNECTION_URL has both in front of the database, so the driver ignores these parameters: host, Port"
        ]
    );
    let url = "jdbc:mariadb://address=(host=h)(port=1)(port=2)/d";
    assert_eq!(of_url(url).endpoint.port, 2);
    assert_eq!(
        warnings(url)[0],
        "parameter_ignored: JDBC_CONNECTION_URL gives the port of an address twice, and the driver takes the last"
    );
    assert_eq!(of_url("jdbc:mariadb://h:1:2/d").endpoint.to_string(), "h:1");
    assert_eq!(
        mistakes_of_url("jdbc:mysql://h:1:2/d"),
        ["JDBC_CONNECTION_URL: expected one port, or an IPv6 address in brackets: //[address]:port/"]
    );
    for (host, port, expected) in [
        ("H", "3307", ""),
        ("h", "1", "; PORT is another one than the URL's"),
        ("g", "3307", "; HOST leads elsewhere than the URL"),
        ("g", "1", "; both lead elsewhere than the URL"),
    ] {
        let given = [("JDBC_CONNECTION_URL", "jdbc:mysql://h:3307/d"), ("HOST", host), ("PORT", port)];
        let read = settings(&[&given[..], &[("USERNAME", "alice"), ("PASSWORD", "secret")]].concat());
        let said = "JDBC_CONNECTION_URL is given, so HOST, PORT and JDBC_ENGINE are ignored";
        assert_eq!(read.warnings[0].message, format!("{said}{expected}"));
    }
}

#[test]
fn ssl_mode_and_the_flags_before_it_mean_what_they_mean_to_their_driver() {
    let none = (Encryption::None, Verify::Nothing);
    let if_offered = (Encryption::IfOffered, Verify::Dates);
    let required = (Encryption::Required, Verify::Dates);
    let trusting = (Encryption::Required, Verify::Nothing);
    let chain = (Encryption::Required, Verify::Chain);
    let full = (Encryption::Required, Verify::ChainAndName);
    for (url, expected) in [
        ("mysql://h/d", if_offered),
        ("mysql://h/d?sslMode=DISABLED", none),
        ("mysql://h/d?sslMode=preferred", if_offered),
        ("mysql://h/d?sslMode=REQUIRED", required),
        ("mysql://h/d?sslMode=VERIFY_CA", chain),
        ("mysql://h/d?sslMode=VERIFY_IDENTITY", full),
        ("mysql://h/d?useSSL=false", none),
        ("mysql://h/d?useSSL=no", none),
        ("mysql://h/d?useSSL=true", if_offered),
        ("mysql://h/d?useSSL=true&requireSSL=true", required),
        ("mysql://h/d?useSSL=true&verifyServerCertificate=true", chain),
        ("mysql://h/d?useSSL=false&sslMode=VERIFY_CA", chain),
        ("mysql://h/d?useSSL=false&requireSSL=true", none),
        ("mysql://h/d?verifyServerCertificate=true", chain),
        ("mysql://h/d?sslMode=PREFERRED&useSSL=true&verifyServerCertificate=true", if_offered),
        ("mysql://h/d?sslMode=REQUIRED&sslMode=DISABLED", none),
        // Names in another case are ignored, and blanks are not a part of them.
        ("mysql://h/d?sslmode=VERIFY_CA", if_offered),
        ("mysql://h/d?SSLMODE=DISABLED", if_offered),
        ("mysql://h/d?x=1& sslMode=VERIFY_IDENTITY", full),
        ("mysql://h/d?sslMode = VERIFY_IDENTITY ", full),
        ("mysql://h/d?%73slMode=REQUIRED", required),
        ("mysql://h/d?sslMode=REQUIRED#&sslMode=DISABLED", required),
        ("mysql://h/d#?sslMode=REQUIRED", if_offered),
        ("mysql://h/d?a=1;sslMode=REQUIRED", if_offered),
        ("mariadb://h/d", none),
        ("mariadb://h/d?sslMode=disable", none),
        ("mariadb://h/d?sslMode=DISABLED", none),
        ("mariadb://h/d?sslMode=0", none),
        ("mariadb://h/d?sslMode=false", none),
        ("mariadb://h/d?sslMode", none),
        ("mariadb://h/d?sslMode=trust", trusting),
        ("mariadb://h/d?SSLMODE=REQUIRED", trusting),
        ("mariadb://h/d?sslMode=verify-ca", chain),
        ("mariadb://h/d?sslMode=VERIFY_CA", chain),
        ("mariadb://h/d?sslMode=verify-full", full),
        ("mariadb://h/d?sslMode=VERIFY_IDENTITY", full),
        ("mariadb://h/d?sslMode=1", full),
        ("mariadb://h/d?sslMode=true", full),
        ("mariadb://h/d?x=1& sslMode=verify-full", none),
        ("mariadb://h/d?useSsl=true", full),
        ("mariadb://h/d?useSsl", full),
        ("mariadb://h/d?useSSL=1", full),
        ("mariadb://h/d?useSsl=TRUE", none),
        ("mariadb://h/d?useSsl=yes", none),
        ("mariadb://h/d?useSsl=true&trustServerCertificate=true", trusting),
        ("mariadb://h/d?useSsl=true&trustServerCertificate=yes", full),
        ("mariadb://h/d?trustServerCertificate=true", none),
        ("mariadb://h/d?useSsl=true&disableSslHostnameVerification=true", chain),
        ("mariadb://h/d?requireSSL=true&verifyServerCertificate=true", none),
    ] {
        let read = of_url(&format!("jdbc:{url}"));
        assert_eq!((read.encryption, read.verify), expected, "{url}");
    }
}

/// Connector/J 8.0.33 and MariaDB Connector/J 3.4.1 refuse each before they dial.
#[test]
fn a_value_that_the_driver_refuses_is_a_mistake() {
    for (parameter, url) in [
        ("sslMode", "mysql://h/d?sslMode=disable"),
        ("sslMode", "mysql://h/d?sslMode=trust"),
        ("sslMode", "mysql://h/d?sslMode=verify-ca"),
        ("sslMode", "mysql://h/d?sslMode="),
        ("sslMode", "mysql://h/d?sslMode=%20REQUIRED"),
        ("useSSL", "mysql://h/d?useSSL=1"),
        ("useSSL", "mysql://h/d?useSSL"),
        ("useSSL", "mysql://h/d?useSSL=maybe"),
        ("allowPublicKeyRetrieval", "mysql://h/d?allowPublicKeyRetrieval=1"),
        ("connectTimeout", "mysql://h/d?connectTimeout=-1"),
        ("connectTimeout", "mysql://h/d?connectTimeout="),
        ("password", "mysql://h/d?password=a%zz"),
        ("characterEncoding", "mysql://h/d?characterEncoding=utf8mb4"),
        ("autoReconnect", "mysql://h/d?autoReconnect=maybe"),
        ("prepStmtCacheSize", "mysql://h/d?prepStmtCacheSize=abc"),
        ("zeroDateTimeBehavior", "mysql://h/d?zeroDateTimeBehavior=junk"),
        ("tlsVersions", "mysql://h/d?tlsVersions=TLSv1"),
        ("trustCertificateKeyStoreUrl", "mysql://h/d?fallbackToSystemTrustStore=false&sslMode=VERIFY_CA"),
        (
            "trustCertificateKeyStoreType",
            "mysql://h/d?trustCertificateKeyStoreUrl=file:/x&trustCertificateKeyStoreType=BKS&sslMode=VERIFY_CA",
        ),
        ("autocommit", "mariadb://h/d?autocommit=maybe"),
        ("maxAllowedPacket", "mariadb://h/d?maxAllowedPacket=abc"),
        ("transactionIsolation", "mariadb://h/d?transactionIsolation=junk"),
        ("sslMode", "mariadb://h/d?sslMode=PREFERRED"),
        ("sslMode", "mariadb://h/d?sslMode= trust"),
        ("sslMode", "mariadb://h/d?sslMode=trust#x"),
        ("allowPublicKeyRetrieval", "mariadb://h/d?allowPublicKeyRetrieval=maybe"),
        ("connectTimeout", "mariadb://h/d?connectTimeout=1.5"),
        ("connectTimeout", "mariadb://h/d?connectTimeout=-1"),
    ] {
        let mistakes = mistakes_of_url(&format!("jdbc:{url}"));
        assert_eq!(mistakes.len(), 1, "{url}: {mistakes:?}");
        assert!(
            mistakes[0].starts_with(&format!("JDBC_CONNECTION_URL?{parameter}: ")),
            "{url}: {mistakes:?}"
        );
    }
    for url in ["jdbc:mariadb://h:/d", "JDBC:MARIADB://h/d"] {
        assert_eq!(mistakes_of_url(url).len(), 1, "{url}");
    }
}

#[test]
fn mariadbs_driver_decodes_nothing() {
    let read = of_url("jdbc:mariadb://h/a%20b?sslMode=trust");
    assert_eq!(read.database.as_deref(), Some("a%20b"));
    let read = settings(&[("JDBC_CONNECTION_URL", "jdbc:mariadb://h/d?user=a%40b&password=c+d%zz")]);
    let login = read.login(&ResolvedSecrets::default());
    assert_eq!((login.user.as_str(), login.secret.expose()), ("a%40b", "c+d%zz"));
}

#[test]
fn the_report_says_what_the_driver_ignores_or_what_glue_lacks() {
    let codes = |url| of_url(url).warnings.into_iter().map(|one| (one.code, one.message)).collect::<Vec<_>>();
    let one = |url, code, text: &str| {
        let warnings = codes(url);
        assert_eq!(warnings.len(), 1, "{url}: {warnings:?}");
        assert!(warnings[0].0 == code && warnings[0].1.contains(text), "{url}: {warnings:?}");
    };
    one("jdbc:mysql://h/d?sslmode=VERIFY_CA", "parameter_ignored", "distinguishes case");
    one("jdbc:mysql://h/d?sslMode=REQUIRED#x", "parameter_ignored", "ignores #");
    one("jdbc:mysql://h/d?serverSslCert=/x", "parameter_ignored", "does not know");
    one("jdbc:mysql://h/d?createDatabaseIfNotExist=true", "parameter_ignored", "createDatabaseIfNotExist");
    one("jdbc:mysql://h/d?sessionVariables=sql_mode=ANSI", "not_tried", "sessionVariables");
    one("jdbc:mysql:aws://h/d", "driver_differs", "does not take this URL");
    one("jdbc:mariadb://h/d", "driver_differs", "JDBC_DRIVER_JAR_URI");
    assert_eq!(codes("jdbc:mysql://h/d?useUnicode=true&sslMode=REQUIRED"), []);
}

#[test]
fn jdbc_enforce_ssl_is_a_floor() {
    let read = settings(&[
        ("JDBC_CONNECTION_URL", "jdbc:mysql://h/d?useSSL=false"),
        ("USERNAME", "alice"),
        ("PASSWORD", "secret"),
        ("JDBC_ENFORCE_SSL", "True"),
        ("CUSTOM_JDBC_CERT", "/ca.pem"),
    ]);
    assert_eq!((read.encryption, read.verify), (Encryption::Required, Verify::ChainAndName));
    assert_eq!(read.warnings[0].code, "property_ignored");
    assert_eq!(
        read.trust.map(|file| file.reference().property().to_owned()).as_deref(),
        Some("CUSTOM_JDBC_CERT")
    );
}

#[test]
fn a_store_of_authorities_counts_where_a_certificate_is_checked() {
    let url = "jdbc:mysql://h/d?trustCertificateKeyStoreUrl=file:/x";
    let trusted = |url: &str, further: &[(&str, &str)]| {
        let mut properties =
            vec![("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        properties.extend(further);
        let read = read(&target(&properties)).unwrap();
        let warned = read.warnings.iter().any(|warning| warning.code == "property_ignored");
        (read.trust.map(|trust| trust.reference().property().to_owned()), warned)
    };
    let store = Some("JDBC_CONNECTION_URL?trustCertificateKeyStoreUrl".to_owned());
    let custom = Some("CUSTOM_JDBC_CERT".to_owned());
    for unchecked in ["", "&sslMode=REQUIRED", "&trustCertificateKeyStoreType=junk"] {
        assert_eq!(trusted(&format!("{url}{unchecked}"), &[]), (None, false), "{unchecked}");
    }
    for checked in ["&sslMode=VERIFY_CA", "&sslMode=VERIFY_IDENTITY&trustCertificateKeyStoreType=pkcs12"] {
        assert_eq!(trusted(&format!("{url}{checked}"), &[]), (store.clone(), false), "{checked}");
    }
    assert_eq!(trusted(url, &[("JDBC_ENFORCE_SSL", "true")]), (store, false));
    // Glue gives the driver its file beside the URL, which the driver prefers.
    let given = [("CUSTOM_JDBC_CERT", "/ca.pem")];
    assert_eq!(trusted(&format!("{url}&sslMode=VERIFY_CA"), &given), (custom.clone(), true));
    let alone = "jdbc:mysql://h/d?sslMode=VERIFY_CA&fallbackToSystemTrustStore=false";
    assert_eq!(trusted(alone, &given), (custom, false));
    // MariaDB's driver has no such parameter.
    let url = "jdbc:mariadb://h/d?sslMode=verify-ca&trustStore=/x";
    assert_eq!(trusted(url, &[]), (None, false));
}

#[test]
fn limits_are_milliseconds() {
    let read = of_url("jdbc:mysql://h/d?connectTimeout=2500&socketTimeout=0");
    assert_eq!(read.limits.connect, Some(Duration::from_millis(2500)));
    assert_eq!(read.limits.socket, None);
    let read = of_url("jdbc:mysql://h/d?connectTimeout=1.5&socketTimeout=2147483648");
    assert_eq!(read.limits.connect, Some(Duration::from_millis(1)));
    assert_eq!(read.limits.socket, Some(Duration::from_millis(2_147_483_647)));
}

#[test]
fn the_properties_win_over_the_url() {
    let read = of_url("jdbc:mysql://h/d?user=bob&password=other");
    let login = read.login(&ResolvedSecrets::default());
    assert_eq!((login.user.as_str(), login.secret.expose()), ("alice", "secret"));
    let read = settings(&[("JDBC_CONNECTION_URL", "jdbc:mysql://h/d?user=bob&password=oth%26er")]);
    let login = read.login(&ResolvedSecrets::default());
    assert_eq!((login.user.as_str(), login.secret.expose()), ("bob", "oth&er"));
}

#[test]
fn the_url_wins_over_the_properties_with_mariadbs_driver() {
    let login = |url: &str| {
        let login = of_url(url).logins(&ResolvedSecrets::default()).remove(0);
        (login.user, login.secret.expose().to_owned())
    };
    let pair = |user: &str, password: &str| (user.to_owned(), password.to_owned());
    assert_eq!(login("jdbc:mariadb://h/d?user=bob&password=other"), pair("bob", "other"));
    assert_eq!(login("jdbc:mariadb://h/d?password="), pair("alice", ""));
    for spelling in ["user=", "USER=bob", "PassWord=x"] {
        assert_eq!(mistakes_of_url(&format!("jdbc:mariadb://h/d?{spelling}")).len(), 1, "{spelling}");
    }
}

#[test]
fn all_mistakes_come_at_once_and_hold_no_value() {
    let properties = [
        ("JDBC_CONNECTION_URL", "jdbc:mysql://h:99999/d?sslMode=sometimes&connectTimeout=soon&dnsSrv=true"),
        ("JDBC_ENFORCE_SSL", "maybe"),
    ];
    let mistakes: Vec<_> = read(&target(&properties)).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        mistakes,
        [
            "JDBC_CONNECTION_URL: expected a port from 1 to 65535 behind the host",
            "JDBC_CONNECTION_URL?sslMode: expected DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
            "JDBC_CONNECTION_URL?connectTimeout: expected a whole number of milliseconds, 0 for no limit",
            "JDBC_CONNECTION_URL?dnsSrv: expected false: dialcheck asks DNS for addresses of hosts alone",
            "JDBC_ENFORCE_SSL: expected true or false",
            "USERNAME: expected the name of the user to log in as",
            "PASSWORD: expected the user's password",
        ]
    );
}

#[test]
fn unknown_parameters_are_named_unless_they_may_be_a_part_of_the_password() {
    let message = |url| of_url(url).warnings[0].message.clone();
    assert!(message("jdbc:mysql://h/d?useUnicode=true&noSuchParameter=true").ends_with(": noSuchParameter"));
    assert!(!message("jdbc:mysql://h/d?password=a&b0c=d").contains("b0c"));
}
