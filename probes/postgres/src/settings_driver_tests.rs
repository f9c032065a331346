//! What the drivers were seen to do.

use super::*;

/// As `SslMode.of` of redshift-jdbc42 2.1.0.29 answered, and what it refuses at connect.
#[test]
fn tls_means_what_it_means_to_amazons_driver() {
    let of = |parameters: &str| {
        let url = format!("jdbc:redshift://h:5439/d{parameters}");
        let properties =
            [("JDBC_CONNECTION_URL", url.as_str()), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        read(Engine::Redshift, &target(&properties))
    };
    let chain = (Encryption::Required, Verify::Chain);
    let full = (Encryption::Required, Verify::ChainAndName);
    let none = (Encryption::None, Verify::Nothing);
    for (parameters, expected) in [
        ("", chain),
        (";ssl=true", chain),
        (";SSL=TRUE", chain),
        (";ssl", chain),
        ("?ssl=false", none),
        (";ssl=0", none),
        (";ssl=maybe", none),
        (";sslmode=verify-ca", chain),
        (";SSLMode=VERIFY-FULL", full),
        (";authmech=verify-full", full),
        (";authmech=verify-full;sslmode=verify-ca", chain),
    ] {
        let read = of(parameters).unwrap();
        assert_eq!((read.encryption, read.verify), expected, "{parameters}");
        assert_eq!(read.warnings.len(), 0, "{parameters}");
    }
    for mode in ["disable", "allow", "prefer", "require", "", "junk"] {
        let mistakes = of(&format!(";sslmode={mode}")).unwrap_err();
        assert_eq!(mistakes[0].property, "JDBC_CONNECTION_URL?sslmode", "{mode}");
    }
    let factory = "sslfactory=com.amazon.redshift.ssl.NonValidatingFactory";
    for (parameters, mistaken) in [
        (";ssl=false;sslmode=verify-full".to_owned(), "ssl"),
        (";ssl=false;authmech=verify-ca".to_owned(), "ssl"),
        (format!(";sslmode=verify-full;{factory}"), "sslfactory"),
        (";sslfactory=org.postgresql.ssl.NonValidatingFactory".to_owned(), "sslfactory"),
    ] {
        let mistakes = of(&parameters).unwrap_err();
        assert_eq!(mistakes[0].property, format!("JDBC_CONNECTION_URL?{mistaken}"), "{parameters}");
    }
    let read = of(&format!(";{factory}")).unwrap();
    assert_eq!((read.encryption, read.verify), (Encryption::Required, Verify::Nothing));
    let warned = of(";UID=bob;PWD=hunter2;zap=1").unwrap();
    let (user, _) = warned.credentials.resolve(&ResolvedSecrets::default());
    assert_eq!(user, "alice");
    assert!(warned.warnings[0].message.ends_with("does not read UID and PWD: it takes user and password"));
    assert!(!format!("{:?}", warned.warnings).contains("zap"));
}

/// pgjdbc 42.7.3 ignores the parameters of the first list, and rejects the URLs of the second.
#[test]
fn names_and_forms_are_read_as_pgjdbc_reads_them() {
    for parameters in ["SSLMODE=verify-full", "SslMode=disable", " sslmode=verify-full", "%73slmode=disable"]
    {
        let read = of_url(&format!("jdbc:postgresql://h/d?{parameters}"));
        assert_eq!((read.encryption, read.verify), (Encryption::IfOffered, Verify::Nothing), "{parameters}");
        assert_eq!((read.warnings.len(), &*read.warnings[0].code), (1, "parameter_ignored"), "{parameters}");
    }
    for url in [
        "JDBC:POSTGRESQL://h/d",
        "jdbc:postgresql://h",
        "jdbc:postgresql://h?sslmode=disable",
        "jdbc:postgresql://h:/d",
        "jdbc:postgresql://h/d/more",
        "jdbc:postgresql://h:0/d",
        "jdbc:postgresql://h/d?sslmode=",
        "jdbc:postgresql://h/d?sslmode=verify_full",
        "jdbc:postgresql://h/d?connectTimeout=",
        "jdbc:postgresql://h/d?password=a%zz",
        "jdbc:postgresql://h/d?stringtype=varchar2",
        "jdbc:postgresql://h/d?autosave=junk",
        "jdbc:postgresql://h/d?prepareThreshold=abc",
        "jdbc:postgresql://h/d?defaultRowFetchSize=-1",
        "jdbc:postgresql://h/d?targetServerType=junk",
    ] {
        let properties = [("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        assert_eq!(mistakes(Engine::Postgresql, &properties).len(), 1, "{url}");
    }
    for url in ["JDBC:REDSHIFT://h:5439/d", "jdbc:redshift://h:/d", "jdbc:redshift://h:5439"] {
        let properties = [("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        assert_eq!(mistakes(Engine::Redshift, &properties).len(), 1, "{url}");
    }
    for parameters in ["gssEncMode=require", "socketFactory=x", "service=x"] {
        let read = of_url(&format!("jdbc:postgresql://h/d?{parameters}"));
        assert_eq!((read.warnings.len(), &*read.warnings[0].code), (1, "not_tried"), "{parameters}");
    }
    let factory = |parameters: &str| {
        let read = of_url(&format!("jdbc:postgresql://h/d?{parameters}"));
        (read.encryption, read.verify, read.warnings.len())
    };
    let class = "sslfactory=org.postgresql.ssl";
    assert_eq!(
        factory(&format!("sslmode=require&{class}.DefaultJavaSSLFactory")),
        (Encryption::Required, Verify::Chain, 0)
    );
    assert_eq!(factory(&format!("{class}.DefaultJavaSSLFactory")), (Encryption::IfOffered, Verify::Chain, 0));
    assert_eq!(
        factory(&format!("sslmode=verify-full&{class}.NonValidatingFactory")),
        (Encryption::Required, Verify::Name, 0)
    );
    assert_eq!(
        factory(&format!("sslmode=verify-ca&{class}.NonValidatingFactory")),
        (Encryption::Required, Verify::Nothing, 0)
    );
    assert_eq!(factory("sslpassword=x"), (Encryption::IfOffered, Verify::Nothing, 0));
    assert_eq!(of_url("jdbc:postgresql://h/a%2Fb").database.as_deref(), Some("a/b"));
    assert_eq!(
        of_url("jdbc:postgresql://h/d?loginTimeout=2.5").limits.login,
        Some(Duration::from_millis(2500))
    );
    assert_eq!(of_url("jdbc:postgresql://h/d?loginTimeout=soon").warnings[0].code, "parameter_ignored");
}

/// Seen with pgjdbc 42.7.3 and Amazon's driver 2.1.0.29.
#[test]
fn parameters_beat_what_is_in_front_of_them() {
    let place = |read: &Settings| -> Vec<String> {
        let Place::At(endpoints) = &read.place else { panic!("{read:?}") };
        endpoints.iter().map(ToString::to_string).collect()
    };
    for (behind, expected, database, warnings) in [
        ("h:1/d?PGPORT=2", &["h:2"][..], "d", 1),
        ("h:1/d?Port=2", &["h:2"], "d", 1),
        ("h:1/d?port=1", &["h:1"], "d", 0),
        ("h:1/d?pgport=2", &["h:1"], "d", 1),
        ("h:1/d?PGHOST=g", &["g:1"], "d", 1),
        ("h:1/d?host=g,f&port=2,3", &["g:2", "f:3"], "d", 2),
        ("h:1,g/d?port=2,3", &["h:2", "g:3"], "d", 1),
        ("h:1,g,h:1,/d", &["h:1", "g:5432"], "d", 0),
        ("h:1/d?dbname=e", &["h:1"], "e", 1),
        ("h:1,g:2/d?loadBalanceHosts=true", &["h:1", "g:2"], "d", 1),
    ] {
        let read = of_url(&format!("jdbc:postgresql://{behind}"));
        assert_eq!(
            (place(&read).iter().map(String::as_str).collect::<Vec<_>>(), read.database.as_deref()),
            (expected.to_vec(), Some(database)),
            "{behind}"
        );
        assert_eq!(read.warnings.len(), warnings, "{behind}: {:?}", read.warnings);
    }
    let redshift = |behind: &str| {
        let url = format!("jdbc:redshift://{behind}");
        let properties = [("JDBC_CONNECTION_URL", &*url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        place(&read(Engine::Redshift, &target(&properties)).unwrap())
    };
    assert_eq!(redshift("h:1,g/d"), ["h:1", "g:5439"]);
    assert_eq!(redshift("h:1/d?PORT=2"), ["h:2"]);
    assert_eq!(redshift("h:1/d?PGPORT=2"), ["h:1"]);
    for behind in ["h:1,g:2/d?port=3", "h/d?port=", "h/d?PGHOST=", ",h/d", "u:p@h/d", "u@h/d"] {
        let url = format!("jdbc:postgresql://{behind}");
        let properties = [("JDBC_CONNECTION_URL", &*url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        assert_eq!(mistakes(Engine::Postgresql, &properties).len(), 1, "{behind}");
    }
}

/// As `SingleCertValidatingFactory` of pgjdbc 42.7.3 reads its argument.
#[test]
fn the_single_certificate_is_a_file_or_stands_in_the_url() {
    let class = "sslfactory=org.postgresql.ssl.SingleCertValidatingFactory";
    let file = of_url(&format!("jdbc:postgresql://h/d?sslmode=prefer&{class}&sslfactoryarg=file:/c.pem"));
    assert_eq!((file.encryption, file.verify), (Encryption::IfOffered, Verify::Chain));
    let Authorities::File(reference) = &file.trust else { panic!("{:?}", file.trust) };
    let reference = format!("{reference:?}");
    assert!(reference.contains("File(\"/c.pem\")") && reference.contains("First"), "{reference}");
    let mistake = |argument: &str| {
        let url = format!("jdbc:postgresql://h/d?{class}{argument}");
        let properties = [("JDBC_CONNECTION_URL", &*url), ("USERNAME", "alice"), ("PASSWORD", "secret")];
        let mistake = read(Engine::Postgresql, &target(&properties)).unwrap_err().remove(0);
        assert_eq!(mistake.property, "JDBC_CONNECTION_URL?sslfactoryarg");
        mistake.code
    };
    for untestable in ["&sslfactoryarg=classpath:c.pem", "&sslfactoryarg=env:C", "&sslfactoryarg=sys:c"] {
        assert_eq!(mistake(untestable), Code::MechanismUnsupported, "{untestable}");
    }
    for wrong in
        ["", "&sslfactoryarg=", "&sslfactoryarg=/c.pem", "&sslfactoryarg=-----BEGIN%20CERTIFICATE-----"]
    {
        assert_eq!(mistake(wrong), Code::InvalidSettings, "{wrong}");
    }
}

/// pgjdbc reads a key by the end of its name, and only its default factory shows a certificate.
#[test]
fn client_files_are_those_that_pgjdbc_opens() {
    let of = |parameters: &str| {
        let url = format!("jdbc:postgresql://h/d?sslmode=require&{parameters}");
        read(Engine::Postgresql, &target(&[("JDBC_CONNECTION_URL", url.as_str()), ("USERNAME", "alice")]))
    };
    for name in ["user.p12", "user.pfx"] {
        let read = of(&format!("sslkey=/{name}&sslpassword=x&sslcert=/passed-over.crt")).unwrap();
        assert!(matches!(read.client, Some(ClientFiles::Keystore(_))), "{name}");
        assert_eq!(read.references.len(), 1);
        assert!(format!("{:?}", read.references).contains("alias: Some(\"user\")"));
        let mistakes = of(&format!("sslkey=/{name}")).unwrap_err();
        assert_eq!(mistakes[0].property, "JDBC_CONNECTION_URL?sslpassword");
    }
    let read = of("sslkey=/user.P12&sslcert=/user.crt").unwrap();
    assert!(matches!(read.client, Some(ClientFiles::Separate { .. })));
    assert!(of("sslkey=&sslcert=&password=x").unwrap().client.is_none());
    for factory in ["NonValidatingFactory", "DefaultJavaSSLFactory"] {
        let factory = format!("sslfactory=org.postgresql.ssl.{factory}");
        let read = of(&format!("sslkey=/user.pk8&sslcert=/user.crt&password=x&{factory}")).unwrap();
        assert!(read.client.is_none() && read.references.is_empty());
        assert_eq!(read.warnings[0].code, "parameter_ignored");
    }
}
