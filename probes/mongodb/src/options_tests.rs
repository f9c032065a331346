use probe_contract::{Code, Properties};

use super::*;

/// Code and message of each.
type Warnings = Vec<(String, String)>;

/// The options with the warnings; or the properties of the mistakes.
fn read_all(text: &str) -> Result<(Options, Warnings), Vec<String>> {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let string = ConnectionString::parse(text, "URL", false, &mut reader);
    let options = read(&string, "URL", &mut reader);
    match reader.finish() {
        Ok(found) => {
            let warnings =
                found.warnings.iter().map(|warning| (warning.code.to_string(), warning.message.clone()));
            Ok((options, warnings.collect()))
        }
        Err(mistakes) => {
            assert!(!format!("{mistakes:?}").contains("c4n4ry"), "{mistakes:?}");
            Err(mistakes.into_iter().map(|mistake| mistake.property).collect())
        }
    }
}

fn options(query: &str) -> Options {
    read_all(&format!("mongodb://h/?{query}")).unwrap_or_else(|wrong| panic!("{query}: {wrong:?}")).0
}

/// The codes of the warnings.
fn warned(query: &str) -> Vec<String> {
    let (_, warnings) =
        read_all(&format!("mongodb://h/?{query}")).unwrap_or_else(|wrong| panic!("{query}: {wrong:?}"));
    warnings.into_iter().map(|(code, _)| code).collect()
}

/// As `com.mongodb.ConnectionString` and `MongoClientSettings` of the Java driver 4.7.2 were seen to refuse them.
#[test]
fn what_the_driver_refuses_is_a_mistake_with_its_name() {
    for (query, name) in [
        ("connectTimeoutMS=c4n4ry", "connectTimeoutMS"),
        ("connectTimeoutMS=99999999999", "connectTimeoutMS"),
        ("connectTimeoutMS=", "connectTimeoutMS"),
        ("connectTimeoutMS=+5", "connectTimeoutMS"),
        ("connectTimeoutMS=1&connectTimeoutMS=c4n4ry", "connectTimeoutMS"),
        // The driver's string takes these, its sockets do not.
        ("connectTimeoutMS=-1", "connectTimeoutMS"),
        ("socketTimeoutMS=-1", "socketTimeoutMS"),
        ("socketTimeoutMS=x", "socketTimeoutMS"),
        ("serverSelectionTimeoutMS=0", "serverSelectionTimeoutMS"),
        ("serverSelectionTimeoutMS=x", "serverSelectionTimeoutMS"),
        ("heartbeatFrequencyMS=x", "heartbeatFrequencyMS"),
        ("waitQueueTimeoutMS=x", "waitQueueTimeoutMS"),
        ("localThresholdMS=-1", "localThresholdMS"),
        ("wtimeoutMS=-1", "wtimeoutMS"),
        ("wtimeoutMS=x", "wtimeoutMS"),
        ("zlibCompressionLevel=x", "zlibCompressionLevel"),
        ("maxPoolSize=-1", "maxPoolSize"),
        ("minPoolSize=-1", "minPoolSize"),
        ("minPoolSize=200", "minPoolSize"),
        ("minPoolSize=200&maxPoolSize=0", "minPoolSize"),
        ("maxIdleTimeMS=-1", "maxIdleTimeMS"),
        ("maxLifeTimeMS=-1", "maxLifeTimeMS"),
        ("maxConnecting=0", "maxConnecting"),
        ("w=-2", "w"),
        ("w=0&journal=true", "journal"),
        ("readConcernLevel=nope", "readConcernLevel"),
        ("uuidRepresentation=nope", "uuidRepresentation"),
        ("compressors=nope", "compressors"),
        ("compressors=ZLIB", "compressors"),
        ("readPreference=nope", "readPreference"),
        ("readPreference=", "readPreference"),
        ("readPreference=primary&readPreferenceTags=dc:ny", "readPreference"),
        ("readPreference=primary&maxStalenessSeconds=120", "readPreference"),
        ("readPreferenceTags=dc:ny", "readPreference"),
        ("maxStalenessSeconds=100", "readPreference"),
        ("readPreference=secondary&readPreferenceTags=nope", "readPreferenceTags"),
        ("readPreference=secondary&maxStalenessSeconds=-2", "maxStalenessSeconds"),
        ("replicaSet=rs&readPreference=nearest&maxStalenessSeconds=89", "maxStalenessSeconds"),
        ("tls=true&ssl=false", "tls"),
        ("tls=true&tlsInsecure=true&tlsAllowInvalidHostnames=true", "tlsInsecure"),
        ("tlsInsecure=false&sslInvalidHostNameAllowed=false", "tlsInsecure"),
        ("authMechanism=scram-sha-256", "authMechanism"),
        ("authMechanism=", "authMechanism"),
        ("authMechanism=MONGODB-OIDC", "authMechanism"),
        ("authMechanism=GSSAPI", "authMechanism"),
        ("authSource=", "authSource"),
        ("authMechanism=MONGODB-X509&authSource=admin", "authSource"),
        ("authMechanismProperties=x", "authMechanismProperties"),
        ("loadBalanced=true&replicaSet=rs", "loadBalanced"),
        ("loadBalanced=true&directConnection=true", "loadBalanced"),
        ("srvMaxHosts=1", "srvMaxHosts"),
        ("srvMaxHosts=0", "srvMaxHosts"),
        ("srvServiceName=x", "srvServiceName"),
        ("replicaSet=", "replicaSet"),
    ] {
        let wrong = read_all(&format!("mongodb://h/?{query}")).map(|_| ()).unwrap_err();
        assert_eq!(wrong, [format!("URL?{name}")], "{query}");
    }
    for (text, name) in [
        ("mongodb://a,b/?directConnection=true", "directConnection"),
        ("mongodb://a,b/?loadBalanced=true", "loadBalanced"),
        ("mongodb+srv://h.example.com/?directConnection=true", "directConnection"),
        ("mongodb+srv://h.example.com/?tls=false", "tls"),
        ("mongodb+srv://h.example.com/?srvMaxHosts=-1", "srvMaxHosts"),
        ("mongodb+srv://h.example.com/?replicaSet=x&srvMaxHosts=2", "srvMaxHosts"),
        ("mongodb+srv://h.example.com/?loadBalanced=true&srvMaxHosts=2", "loadBalanced"),
    ] {
        assert_eq!(read_all(text).map(|_| ()).unwrap_err(), [format!("URL?{name}")], "{text}");
    }
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    Mechanism::read("GSSAPI", "URL?authMechanism", &mut reader);
    assert_eq!(reader.mistakes()[0].code, Code::MechanismUnsupported);
}

#[test]
fn what_the_driver_takes_is_taken() {
    assert_eq!(options("ssl=TRUE").tls, Some(true));
    assert_eq!(options("ssl=yes&tls=true").tls, Some(true));
    assert_eq!(options("tls=true&tls=false").tls, Some(false));
    assert_eq!(options("ssl=maybe&tls=true").tls, Some(true));
    assert_eq!(read_all("mongodb+srv://h.example.com/?ssl=false").unwrap().0.tls, Some(false));
    assert_eq!(options("connectTimeoutMS=%2B5").limits.connect, Some(Duration::from_millis(5)));
    assert_eq!(options("connectTimeoutMS=0&socketTimeoutMS=0").limits, Limits::default());
    assert_eq!(options("").limits, Limits { connect: Some(Duration::from_secs(10)), socket: None });
    assert_eq!(options("READPREFERENCE=SECONDARY").read_preference, ReadPreference::Secondary);
    assert_eq!(options("slaveOk=true").read_preference, ReadPreference::SecondaryPreferred);
    assert_eq!(options("directConnection=YES").direct, Some(true));
    assert_eq!(options("directConnection=maybe").direct, None);
    assert_eq!(options("replicaSet=a&replicaSet=b").replica_set.as_deref(), Some("b"));
    assert!(options("tlsInsecure=true").allow_invalid_hostnames);
    assert!(options("sslInvalidHostNameAllowed=1").allow_invalid_hostnames);
    assert_eq!(options("authMechanism=MONGODB-X509").mechanism, Some(Mechanism::X509));
    assert_eq!(
        options("authMechanism=MONGODB-X509&authSource=$external").auth_source.as_deref(),
        Some("$external")
    );
    assert_eq!(options("authMechanism=MONGODB-CR").mechanism, None);
    let token = options("authMechanismProperties=SERVICE_NAME:x,AWS_SESSION_TOKEN:c4n4ry:1").session_token;
    assert_eq!(token.as_ref().map(Secret::expose), Some("c4n4ry:1"));
    for query in [
        "w=majority&wtimeoutMS=5&journal=true",
        "w=",
        "w=1.5",
        "compressors=zlib,",
        "readConcernLevel=MAJORITY&uuidRepresentation=javaLegacy",
        "readPreference=secondary&maxStalenessSeconds=-1",
        "readPreference=secondary&maxStalenessSeconds=10",
        "replicaSet=rs&readPreference=secondary&maxStalenessSeconds=90",
        "readPreference=secondary&readPreferenceTags=a:b,c:d&readPreferenceTags=",
        "minPoolSize=5&maxPoolSize=5",
        "serverSelectionTimeoutMS=-1&waitQueueTimeoutMS=-1&heartbeatFrequencyMS=0",
    ] {
        assert_eq!(warned(query), ["not_tried"], "{query}");
    }
}

#[test]
fn what_is_not_honoured_is_warned_of() {
    for (query, codes) in [
        ("appName=x&replicaSet=rs&authSource=admin", [].as_slice()),
        ("c4n4ryness=1", &["parameter_ignored"]),
        ("ssl=maybe", &["parameter_ignored"]),
        ("replicaSet=a&replicaSet=b", &["parameter_ignored"]),
        ("replicaSet=a&replicaSet=a", &[]),
        ("retryWrites=false", &["not_tried"]),
        ("tlsCAFile=/x&tlsAllowInvalidCertificates=true", &["driver_differs"]),
    ] {
        assert_eq!(warned(query), codes, "{query}");
    }
    let (_, warnings) = read_all("mongodb://h/?retryWrites=false&w=majority").unwrap();
    let expected =
        "these options are about what a job does when it is connected, and were not tried: retryWrites, w";
    assert_eq!(warnings[0].1, expected);
}
