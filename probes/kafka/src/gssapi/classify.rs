//! Words of Kerberos, Cyrus SASL and librdkafka to code and stage, as data: none of the three hands out a number of the one beneath it.

use probe_contract::classification::{Pattern, Row, first_match};
use probe_contract::{Code, Failure, Stage};

use super::log_lines::Words;
use super::login::GssapiLogin;
use super::message::ChildError;
use crate::classify::broker_error;

/// What a row recognises the words by.
struct Error {
    /// They begin so.
    begins: &'static str,
    /// They contain this too.
    contains: &'static str,
    /// The name and number that RFC 4120 or MIT Kerberos give the error, or the number that Kafka does.
    native: &'static str,
}

impl Pattern for Error {
    type Answer<'a> = &'a str;

    fn matches(&self, words: &&str) -> bool {
        words.starts_with(self.begins) && words.contains(self.contains)
    }

    fn sample<'a>(&'a self, message: &'a str) -> &'a str {
        message
    }
}

const MIT: &str = "MIT Kerberos 1.20";
const LIBRDKAFKA: &str = "librdkafka 2.3.0";
const KAFKA: &str = "Apache Kafka 4.4";
/// Not seen by us: its table of errors has it.
const MIT_SOURCE: &str = "MIT Kerberos 1.20, lib/krb5/error_tables/krb5_err.et";

const ROWS: &[Row<Error>] = &[
    // A key distribution centre, or what it sent, refuses the principal.
    kerberos(
        "Preauthentication failed",
        Code::CredentialsRejected,
        "KDC_ERR_PREAUTH_FAILED (24)",
        Some(OUTDATED),
        ("Preauthentication failed", MIT),
    ),
    // A principal that needs no pre-authentication: the answer can't be opened with the key.
    kerberos(
        "Decrypt integrity check failed",
        Code::CredentialsRejected,
        "KRB_AP_ERR_BAD_INTEGRITY (31)",
        Some(OUTDATED),
        ("Decrypt integrity check failed", MIT),
    ),
    Row {
        pattern: Error {
            begins: "Client ",
            contains: "not found in Kerberos database",
            native: "KDC_ERR_C_PRINCIPAL_UNKNOWN (6)",
        },
        ..kerberos(
            "Client ",
            Code::CredentialsRejected,
            "KDC_ERR_C_PRINCIPAL_UNKNOWN (6)",
            Some(
                "Check KAFKA_SASL_GSSAPI_PRINCIPAL and its realm, and that it was not deleted; dialcheck did not try a second time",
            ),
            ("Client 'ghost@TEST.LOCAL' not found in Kerberos database", MIT),
        )
    },
    kerberos(
        "Client's entry in database has expired",
        Code::CredentialsExpired,
        "KDC_ERR_NAME_EXP (1)",
        Some("Have the principal's expiration moved in the KDC: kadmin modprinc -expire"),
        ("Client's entry in database has expired", MIT),
    ),
    kerberos(
        "Password has expired",
        Code::CredentialsExpired,
        "KDC_ERR_KEY_EXPIRED (23)",
        Some("Have the principal's key changed and exported into a new keytab: kadmin ktadd"),
        ("Password has expired", MIT),
    ),
    kerberos(
        "Client's credentials have been revoked",
        Code::AccountLocked,
        "KDC_ERR_CLIENT_REVOKED (18)",
        Some(
            "Have the principal unlocked in the KDC: kadmin modprinc -unlock, or +allow_tix where it was disabled",
        ),
        ("Client's credentials have been revoked", MIT),
    ),
    kerberos(
        "Clock skew too great",
        Code::CredentialsRejected,
        "KRB_AP_ERR_SKEW (37)",
        Some(
            "Set the clocks of this machine, of the KDC and of the broker: Kerberos lets them differ by five minutes",
        ),
        ("Clock skew too great", MIT),
    ),
    // It refuses the ticket for the broker. The principal's key was right: the login stays worth another test.
    Row {
        pattern: Error {
            begins: "Server ",
            contains: "not found in Kerberos database",
            native: "KDC_ERR_S_PRINCIPAL_UNKNOWN (7)",
        },
        ..kerberos(
            "Server ",
            Code::InvalidSettings,
            "KDC_ERR_S_PRINCIPAL_UNKNOWN (7)",
            Some(SERVICE),
            ("Server nosuch/localhost@TEST.LOCAL not found in Kerberos database", MIT),
        )
    },
    kerberos(
        "Server principal valid for user2user only",
        Code::InvalidSettings,
        "KDC_ERR_MUST_USE_USER2USER (27)",
        Some(SERVICE),
        ("Server principal valid for user2user only", MIT),
    ),
    kerberos(
        "KDC policy rejects request",
        Code::AccessDenied,
        "KDC_ERR_POLICY (12)",
        Some("Have the KDC give this principal tickets for the broker's"),
        ("KDC policy rejects request", MIT),
    ),
    // The two sides have no encryption type, or no proof of the key, in common.
    kerberos(
        "KDC has no support for encryption type",
        Code::MechanismNotOffered,
        "KDC_ERR_ETYPE_NOSUPP (14)",
        Some(ENCTYPES),
        ("KDC has no support for encryption type", MIT),
    ),
    kerberos(
        "Generic preauthentication failure",
        Code::MechanismNotOffered,
        "KRB5_PREAUTH_FAILED",
        Some(ENCTYPES),
        ("Generic preauthentication failure", MIT),
    ),
    kerberos(
        "No supported encryption types",
        Code::InvalidSettings,
        "KRB5_CONFIG_ETYPE_NOSUPP",
        Some("Correct the encryption types in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names"),
        ("No supported encryption types (config file error?)", MIT),
    ),
    kerberos(
        "Keytab contains no suitable keys",
        Code::FileInvalid,
        "KRB5_KT_NOTFOUND",
        Some(KEYTAB),
        ("Keytab contains no suitable keys for alice@TEST.LOCAL", MIT_SOURCE),
    ),
    kerberos(
        "No Kerberos credentials available",
        Code::FileInvalid,
        "KRB5_FCC_NOFILE",
        Some(KEYTAB),
        ("No Kerberos credentials available (default cache: MEMORY:dialcheck)", MIT),
    ),
    // Nobody gives tickets.
    kerberos(
        "Cannot contact any KDC for realm",
        Code::Unreachable,
        "KRB5_KDC_UNREACH",
        Some(
            "Check that the KDC runs, and that what answers at its address is one: it took the connection, and then no request",
        ),
        ("Cannot contact any KDC for realm 'TEST.LOCAL'", MIT),
    ),
    kerberos(
        "Cannot find KDC for realm",
        Code::InvalidSettings,
        "KRB5_REALM_UNKNOWN",
        Some(
            "Name that realm's kdc under [realms] in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names, and the broker's realm under [domain_realm]",
        ),
        ("Cannot find KDC for realm \"OTHER.TEST\"", MIT),
    ),
    // The broker refuses the ticket.
    row(
        "",
        "with SASL mechanism GSSAPI",
        Code::CredentialsRejected,
        Some(Stage::Auth),
        "58",
        Some(
            "The KDC gave a ticket that the broker can't read: check that KAFKA_SASL_GSSAPI_SERVICE is the service that the broker runs as, that its keytab is current, and its clock",
        ),
        (
            "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism GSSAPI",
            KAFKA,
        ),
    ),
    row(
        "SASL GSSAPI mechanism handshake failed",
        "Unsupported SASL mechanism",
        Code::MechanismNotOffered,
        Some(Stage::Handshake),
        "33",
        None,
        (
            "SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN",
            KAFKA,
        ),
    ),
    // This machine.
    row(
        "",
        "No worthy mechs found",
        Code::AgentFailed,
        Some(Stage::Auth),
        "SASL_NOMECH (-4)",
        Some(
            "Install Cyrus SASL's module for Kerberos where dialcheck runs: apt-get install libsasl2-modules-gssapi-mit",
        ),
        (
            "Failed to initialize SASL authentication: SASL handshake failed (start (-4)): SASL(-4): no mechanism available: No worthy mechs found",
            LIBRDKAFKA,
        ),
    ),
    // The connection: it could be had a moment before.
    row(
        "",
        "Name or service not known",
        Code::NameNotFound,
        Some(Stage::Dns),
        "EAI_NONAME",
        None,
        ("Failed to resolve 'nosuch.invalid:9092': Name or service not known", LIBRDKAFKA),
    ),
    row(
        "Connect to",
        "Connection refused",
        Code::Refused,
        Some(Stage::Tcp),
        "ECONNREFUSED",
        None,
        ("Connect to ipv4#127.0.0.1:19999 failed: Connection refused", LIBRDKAFKA),
    ),
    row(
        "",
        "certificate verify failed",
        Code::CertificateUntrusted,
        Some(Stage::Tls),
        "-181",
        Some(
            "OpenSSL refuses a certificate that passed a moment before: have every broker behind the address show the same, with its whole chain",
        ),
        (
            "../ssl/statem/statem_clnt.c:1889:tls_post_process_server_certificate error:0A000086:SSL routines::certificate verify failed",
            LIBRDKAFKA,
        ),
    ),
    row(
        "Broker hostname updated",
        "",
        Code::ServerNotReady,
        None,
        "-195",
        Some(
            "While it was asked, the broker began to advertise another address (advertised.listeners), where dialcheck does not log in: test again when that is settled",
        ),
        ("Broker hostname updated", LIBRDKAFKA),
    ),
    row(
        "",
        "Disconnected",
        Code::ConnectionReset,
        None,
        "-195",
        None,
        (
            "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request)",
            LIBRDKAFKA,
        ),
    ),
];

const OUTDATED: &str = "Export the keytab again (kadmin ktadd) and store it where KAFKA_SASL_GSSAPI_KEYTAB points: its key is not, or no longer, the principal's; dialcheck did not try a second time";
const SERVICE: &str = "Set KAFKA_SASL_GSSAPI_SERVICE to the first part of the broker's own principal, and name the broker in KAFKA_BOOTSTRAP_SERVERS as that does: kafka/broker.example@REALM";
const ENCTYPES: &str = "Give the keytab, krb5.conf and the KDC an encryption type in common, such as aes256-cts-hmac-sha1-96; of the ways to prove the key, the encrypted timestamp is the one that works here";
const KEYTAB: &str = "Export a keytab that contains a key of KAFKA_SASL_GSSAPI_PRINCIPAL: kadmin ktadd";

const fn row(
    begins: &'static str,
    contains: &'static str,
    code: Code,
    stage: Option<Stage>,
    native: &'static str,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    Row { pattern: Error { begins, contains, native }, code, stage, detail: "", hint, sample }
}

const fn kerberos(
    begins: &'static str,
    code: Code,
    native: &'static str,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    row(begins, "", code, Some(Stage::Auth), native, hint, sample)
}

/// What a child's trouble means. What no row knows stays `unclassified`.
pub(super) fn failure(trouble: ChildError, login: &GssapiLogin<'_>) -> Failure {
    let broker = login.broker;
    match trouble {
        ChildError::Setup(words) => {
            Failure::from_peer(Code::AgentFailed, format!("librdkafka does not start: {words}"))
        }
        ChildError::Overdue { state } => {
            let stage = stage(&state);
            let (detail, hint) = match stage {
                Some(Stage::Auth) => (
                    format!("neither a KDC nor {broker} brought the login to an end in time"),
                    "Check that the KDC answers requests by TCP, and the load of both",
                ),
                _ => (format!("{broker} did not answer in time"), Code::TimedOut.hint()),
            };
            Failure { stage, ..Failure::new(Code::TimedOut, detail) }.hint(hint)
        }
        ChildError::Reported { error, words, state } => reported(error, &words, stage(&state)),
    }
}

fn reported(error: i32, text: &str, stage: Option<Stage>) -> Failure {
    let Words { words, by_kerberos } = Words::of(text);
    let plain = words.strip_prefix("SASL authentication error: ").unwrap_or(words);
    if let Ok(error @ 1..) = i16::try_from(error) {
        let failure = broker_error(error, Some(plain));
        return Failure { stage: failure.stage.or(stage), ..failure };
    }
    let detail = if by_kerberos { format!("Kerberos says: {words}") } else { plain.to_owned() };
    match first_match(ROWS, &words) {
        Some(row) => {
            let failure = row.failure(&detail);
            Failure { stage: failure.stage.or(stage), ..failure }.native(row.pattern.native)
        }
        None => Failure { stage, ..Failure::from_peer(Code::Unclassified, detail) }.native(error.to_string()),
    }
}

/// librdkafka's states of a connection.
const STATES: &[(&str, Stage)] = &[
    ("INIT", Stage::Tcp),
    ("TRY_CONNECT", Stage::Tcp),
    ("CONNECT", Stage::Tcp),
    ("SSL_HANDSHAKE", Stage::Tls),
    ("APIVERSION_QUERY", Stage::Handshake),
    ("AUTH_HANDSHAKE", Stage::Handshake),
    ("AUTH_LEGACY", Stage::Auth),
    ("AUTH_REQ", Stage::Auth),
    ("UP", Stage::Query),
    ("UPDATE", Stage::Query),
];

fn stage(state: &str) -> Option<Stage> {
    STATES.iter().find(|(name, _)| *name == state).map(|(_, stage)| *stage)
}

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
        assert_eq!(unreached(ROWS), [0; 0]);
    }

    #[test]
    fn the_cause_is_found_under_what_three_libraries_say() {
        let text = "sasl_plaintext://localhost:19095/bootstrap: Failed to initialize SASL authentication: SASL handshake failed (start (-1)): \
                    SASL(-1): generic failure: GSSAPI Error: No credentials were supplied, or the credentials were unavailable or \
                    inaccessible (Client 'gone@TEST.LOCAL' not found in Kerberos database) (after 1ms in state AUTH_REQ)";
        let failure = reported(-169, text, Some(Stage::Auth));
        assert_eq!(failure.detail, "Kerberos says: Client 'gone@TEST.LOCAL' not found in Kerberos database");
        assert_eq!(failure.code, Code::CredentialsRejected);
        assert!(failure.from_peer);
    }

    #[test]
    fn a_wrong_service_is_no_refusal_of_the_keys() {
        let text = "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (Server nosuch/b1@TEST.LOCAL not found in \
                    Kerberos database)";
        let failure = reported(-169, text, Some(Stage::Auth));
        assert_eq!((failure.code, failure.stage), (Code::InvalidSettings, Some(Stage::Auth)));
        assert_eq!(failure.native.as_deref(), Some("KDC_ERR_S_PRINCIPAL_UNKNOWN (7)"));
    }

    #[test]
    fn what_no_row_knows_is_never_the_nearest_guess() {
        let failure = reported(
            -199,
            "sasl_ssl://b1:9092/bootstrap: Invalid response size 1213486160",
            Some(Stage::Handshake),
        );
        assert_eq!((failure.code, failure.stage), (Code::Unclassified, Some(Stage::Handshake)));
        assert_eq!(failure.native.as_deref(), Some("-199"));
        let unknown =
            "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (Ticket's gone)";
        assert_eq!(reported(-169, unknown, None).code, Code::Unclassified);
        // A number of Kafka's own is looked up where they stand.
        let failure = reported(34, "SASL authentication error: no", Some(Stage::Auth));
        assert_eq!((failure.code, failure.native.as_deref()), (Code::MechanismNotOffered, Some("34")));
    }
}
