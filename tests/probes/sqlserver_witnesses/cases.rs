//! The cases.

use super::case::{Case, Encrypt, Outcome};
use super::servers::Server;
use super::witness::Witness;
use crate::support::harness::{PASSWORD, WRONG_PASSWORD};

use Witness::{FreeTds, Go, Jdbc9, Jdbc10};

const ANY: &[&str] = &["certificate_not_checked"];
const PASSES: Outcome<'_> = Outcome::Passes;
const GLUE: &[Witness] = &[Jdbc10, Jdbc9];

pub(super) fn all() -> Vec<Case> {
    [logins(), databases(), encryption(), certificates(), strict()].into_iter().flatten().collect()
}

fn logins() -> Vec<Case> {
    let at = |name, expected| Case::at(Server::Offers, name, expected);
    vec![
        at("the right password", PASSES),
        at("a wrong password", refused("18456", "credentials_rejected")).user("alice", WRONG_PASSWORD),
        at("an unknown user", refused("18456", "credentials_rejected")).user("stranger", PASSWORD),
        at("a locked account", refused("18486", "account_locked")).user("locked", PASSWORD),
        at("a disabled account", refused("18470", "account_locked")).user("disabled", PASSWORD),
        at("an expired password", refused("18487", "credentials_expired")).user("expired", PASSWORD),
        at("a password that must be changed", refused("18488", "credentials_expired"))
            .user("mustchange", PASSWORD),
    ]
}

fn databases() -> Vec<Case> {
    let at = |name, expected| Case::at(Server::Offers, name, expected);
    let cannot_open = || fails("access", "database_not_found", Some("4060"), "EntityNotFoundException");
    let denied = |stage, native| fails(stage, "access_denied", Some(native), "AccessDeniedException");
    vec![
        at("no such database", cannot_open()).database("nope"),
        at("no right to the database, which 4060 says too", cannot_open()).user("mallory", PASSWORD),
        at("no right to the database, said as such", denied("access", "916")).database("apart"),
        at("no right to the query", denied("query", "229")).user("blind", PASSWORD),
    ]
}

fn encryption() -> Vec<Case> {
    let at = Case::at;
    vec![
        at(Server::Offers, "`encrypt` unsaid", PASSES).encrypt(Encrypt::Unsaid),
        at(Server::Offers, "`encrypt` unsaid, another authority", tls("certificate_untrusted", UNTRUSTED))
            .encrypt(Encrypt::Unsaid)
            .other_authority()
            .logs_in(
                &[Jdbc9],
                "it encrypts the login alone by itself, and checks nothing; the message says so",
            ),
        at(Server::Offers, "`encrypt=false`", PASSES).encrypt(Encrypt::False),
        at(Server::Offers, "`encrypt=false`, another authority", PASSES)
            .encrypt(Encrypt::False)
            .other_authority(),
        at(Server::Insists, "`encrypt=false`, the server insists", PASSES).encrypt(Encrypt::False),
        at(
            Server::Insists,
            "`encrypt=false`, the server insists, another authority",
            tls("certificate_untrusted", UNTRUSTED),
        )
        .encrypt(Encrypt::False)
        .other_authority()
        .logs_in(
            &[Jdbc9],
            "it checks nothing where the URL has `encrypt=false`, whatever the server insists on",
        ),
        at(Server::Plain, "a server without TLS", not_offered()),
        at(Server::Plain, "`encrypt=false`, a server without TLS", not_offered())
            .encrypt(Encrypt::False)
            .logs_in(&[Jdbc10, Jdbc9, FreeTds, Go], "it sends the password in clear text"),
        at(
            Server::Closed,
            "a refused port",
            fails("tcp", "refused", Some("ECONNREFUSED"), "InternalServiceException"),
        ),
    ]
}

fn certificates() -> Vec<Case> {
    let at = Case::at;
    let name = || tls("certificate_wrong_name", NAME);
    vec![
        at(Server::Offers, "another authority", tls("certificate_untrusted", UNTRUSTED)).other_authority(),
        at(Server::Offers, "another authority, `trustServerCertificate=true`", PASSES)
            .other_authority()
            .trusts_any()
            .warns(ANY),
        at(Server::WrongName, "a certificate for another host", name()),
        at(Server::WrongName, "a certificate for another host, `trustServerCertificate=true`", PASSES)
            .trusts_any()
            .warns(ANY),
        at(Server::WrongName, "a certificate for another host, named by `hostNameInCertificate`", PASSES)
            .host_in_certificate("other.example"),
        at(Server::Offers, "`hostNameInCertificate` names another host", name())
            .host_in_certificate("other.example"),
        at(Server::Expired, "an expired certificate", tls("certificate_expired", EXPIRED)),
        at(
            Server::NotYetValid,
            "a certificate from tomorrow on",
            tls("certificate_not_yet_valid", NOT_YET_VALID),
        ),
        at(Server::CommonNameOnly, "a certificate without alternative names", PASSES)
            .warns(&["common_name_only"])
            .fails(&[Go], "certificate relies on legacy Common Name field", "it looks at no common name"),
        at(Server::Sha1, "a certificate signed with SHA-1", PASSES)
            .warns(&["outdated_certificate"])
            .fails(&[Go], "insecure algorithm SHA1-RSA", SHA_1)
            .fails(&[FreeTds], "Adaptive Server connection failed", SHA_1),
        at(Server::Rsa1024, "a key of RSA with 1,024 bits", KEY_TOO_SMALL).logs_in(
            &[Jdbc10, Jdbc9, FreeTds, Go],
            "it takes the key; the test can't, and says that a JVM may",
        ),
        at(
            Server::SelfSigned,
            "what a SQL Server makes for itself",
            tls("certificate_untrusted", SELF_SIGNED),
        )
        .fails(
            &[Go],
            "certificate is not valid for any names",
            "of the certificate's two faults it looks for the name first",
        ),
        at(Server::SelfSigned, "the same, `trustServerCertificate=true`", PASSES).trusts_any().warns(ANY),
    ]
}

fn strict() -> Vec<Case> {
    const SAYS: &str = "does not contain a valid boolean value";
    const UNKNOWN: &str = "it does not know this value of `encrypt`; the test warns `newer_driver_needed`";
    let at = |server, name, expected| {
        Case::at(server, name, expected)
            .encrypt(Encrypt::Strict)
            .warns(&["newer_driver_needed"])
            .fails(GLUE, SAYS, UNKNOWN)
    };
    vec![
        at(Server::Strict, "`encrypt=strict`", PASSES),
        at(Server::Strict, "`encrypt=strict`, a wrong password", refused("18456", "credentials_rejected"))
            .user("alice", WRONG_PASSWORD),
        at(Server::Strict, "`encrypt=strict`, another authority", tls("certificate_untrusted", UNTRUSTED))
            .other_authority(),
        at(
            Server::Strict,
            "`encrypt=strict`, another authority, `trustServerCertificate=true`",
            tls("certificate_untrusted", UNTRUSTED),
        )
        .other_authority()
        .trusts_any()
        .warns(&["newer_driver_needed", "parameter_ignored"]),
        at(
            Server::StrictWrongName,
            "`encrypt=strict`, a certificate for another host",
            tls("certificate_wrong_name", NAME),
        ),
        at(
            Server::Offers,
            "`encrypt=strict`, a server without TDS 8.0",
            tls("connection_reset", Some("EOF")),
        ),
    ]
}

const UNTRUSTED: Option<&str> = Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
const NAME: Option<&str> = Some("X509_V_ERR_HOSTNAME_MISMATCH");
const EXPIRED: Option<&str> = Some("X509_V_ERR_CERT_HAS_EXPIRED");
const NOT_YET_VALID: Option<&str> = Some("X509_V_ERR_CERT_NOT_YET_VALID");
const SELF_SIGNED: Option<&str> = Some("X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT");

const SHA_1: &str = "it takes no SHA-1; the test warns `outdated_certificate`";
/// What can't be verified here, although others do.
const KEY_TOO_SMALL: Outcome<'_> = Outcome::Fails {
    stage: "tls",
    code: "not_testable",
    native: Some("X509_V_ERR_EE_KEY_TOO_SMALL"),
    exception: "InvalidInputException",
    source: None,
};

fn refused(native: &'static str, code: &'static str) -> Outcome<'static> {
    fails("auth", code, Some(native), "InvalidCredentialsException")
}

fn not_offered() -> Outcome<'static> {
    fails("tls", "tls_not_offered", None, "OperationNotSupportedException")
}

fn tls(code: &'static str, native: Option<&'static str>) -> Outcome<'static> {
    fails("tls", code, native, "InvalidResponseException")
}

/// With FederationSourceException, and this code in it.
fn fails(
    stage: &'static str,
    code: &'static str,
    native: Option<&'static str>,
    source: &'static str,
) -> Outcome<'static> {
    Outcome::Fails { stage, code, native, exception: "FederationSourceException", source: Some(source) }
}
