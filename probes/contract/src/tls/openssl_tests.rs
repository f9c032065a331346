//! Handshakes with servers of OpenSSL's, whose certificates and cipher suites are those that only a JVM takes.
//!
//! What passes is what a `SSLSocket` of Java 17 accepted from the same servers, with and without its check of the host name.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::{End, Endpoint, Gate, Loopback, Run, RunOptions, RunRecord, Stage};

fn openssl(folder: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    let output = openssl.args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Authorities, and certificates by their files' names.
static FILES: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let extensions = [
        ("signs", "keyUsage=digitalSignature"),
        ("ca", "basicConstraints=critical,CA:true"),
        ("localhost", "subjectAltName=DNS:localhost"),
        ("other", "subjectAltName=DNS:other.example"),
        ("email", "subjectAltName=email:a@b.example"),
        ("client", "subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth"),
        ("unknown", "subjectAltName=DNS:localhost\n1.2.3.4=critical,ASN1:NULL"),
        ("short", "basicConstraints=critical,CA:true,pathlen:0"),
        ("constrained", "basicConstraints=critical,CA:true\nnameConstraints=permitted;DNS:localhost"),
    ];
    for (name, text) in extensions {
        std::fs::write(path.join(format!("{name}.ext")), text).unwrap();
    }
    // The last one calls itself as the first one is called.
    for (name, key, subject) in [
        ("root", "rsa:2048", "root"),
        ("root1024", "rsa:1024", "root1024"),
        ("stranger", "rsa:2048", "stranger"),
        ("forger", "rsa:2048", "root"),
    ] {
        let files = format!("-keyout {name}.key -out {name}.pem");
        let ca = "-addext basicConstraints=critical,CA:true";
        openssl(path, &format!("req -x509 -newkey {key} -nodes -subj /CN={subject} {files} {ca}"));
    }
    for (name, authority, key, digest, extension, subject, days) in [
        ("v1", "root", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-elliptic", "root", "ec -pkeyopt ec_paramgen_curve:P-256", "sha256", "", "/CN=localhost", 90),
        ("v1-other", "root", "rsa:2048", "sha256", "", "/CN=other.example", 90),
        ("v1-expired", "root", "rsa:2048", "sha256", "", "/CN=localhost", -1),
        ("v1-stranger", "stranger", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-forged", "forger", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("sha1-forged", "forger", "rsa:2048", "sha1", "localhost", "/CN=x", 90),
        ("v1-two-names", "root", "rsa:2048", "sha256", "", "/CN=other.example/CN=localhost", 90),
        ("v1-wildcard", "root", "rsa:2048", "sha256", "", "/CN=*.db.example", 90),
        ("sha1", "root", "rsa:2048", "sha1", "localhost", "/CN=x", 90),
        ("sha1-other", "root", "rsa:2048", "sha1", "other", "/CN=x", 90),
        ("sha1-client", "root", "rsa:2048", "sha1", "client", "/CN=x", 90),
        ("sha1-unknown", "root", "rsa:2048", "sha1", "unknown", "/CN=x", 90),
        ("sha1-authority", "root", "rsa:2048", "sha1", "ca", "/CN=localhost", 90),
        ("by-1024", "root1024", "rsa:2048", "sha256", "localhost", "/CN=x", 90),
        ("rsa-1024", "root", "rsa:1024", "sha256", "localhost", "/CN=x", 90),
        ("common-name", "root", "rsa:2048", "sha256", "signs", "/CN=localhost", 90),
        ("email", "root", "rsa:2048", "sha256", "email", "/CN=localhost", 90),
        ("good", "root", "rsa:2048", "sha256", "localhost", "/CN=x", 90),
        ("middle", "root", "rsa:2048", "sha1", "ca", "/CN=middle", 90),
        ("middle-v1", "root", "rsa:2048", "sha256", "", "/CN=middle-v1", 90),
        ("middle-short", "root", "rsa:2048", "sha256", "short", "/CN=middle-short", 90),
        ("middle-constrained", "root", "rsa:2048", "sha256", "constrained", "/CN=middle-constrained", 90),
        ("middle-expired", "root", "rsa:2048", "sha256", "ca", "/CN=middle-expired", -1),
        ("middle-low", "middle-short", "rsa:2048", "sha256", "ca", "/CN=middle-low", 90),
        ("by-middle", "middle", "rsa:2048", "sha256", "localhost", "/CN=x", 90),
        ("v1-by-middle", "middle", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("by-v1", "middle-v1", "rsa:2048", "sha256", "localhost", "/CN=x", 90),
        ("v1-by-v1", "middle-v1", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-by-short", "middle-short", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-by-low", "middle-low", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-by-constrained", "middle-constrained", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-by-expired", "middle-expired", "rsa:2048", "sha256", "", "/CN=localhost", 90),
        ("v1-by-leaf", "good", "rsa:2048", "sha256", "", "/CN=localhost", 90),
    ] {
        openssl(
            path,
            &format!("req -newkey {key} -nodes -subj {subject} -keyout {name}.key -out {name}.csr"),
        );
        let extension =
            if extension.is_empty() { String::new() } else { format!("-extfile {extension}.ext") };
        let authority_files = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial");
        openssl(
            path,
            &format!(
                "x509 -req -in {name}.csr {authority_files} -days {days} -{digest} {extension} -out {name}.pem"
            ),
        );
        // Without its authority where that is a root: as servers send it.
        if !["root", "root1024", "stranger", "forger"].contains(&authority) {
            let chain = [name, authority]
                .map(|name| std::fs::read_to_string(path.join(format!("{name}.pem"))).unwrap());
            std::fs::write(path.join(format!("{name}.pem")), chain.concat()).unwrap();
        }
    }
    folder
});

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    certificates_from_pem(&std::fs::read(FILES.path().join(format!("{name}.pem"))).unwrap()).unwrap()
}

/// A server that ends with its value.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(certificate: &str, options: &str) -> Self {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_server", "-accept", "127.0.0.1:0"]);
        let files = format!("-cert {certificate}.pem -cert_chain {certificate}.pem -key {certificate}.key");
        openssl.args(files.split(' ')).args(options.split_whitespace()).current_dir(FILES.path());
        // Its input stays open: it ends where that does.
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = openssl.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let accepts = lines.into_iter().find(|line| line.starts_with("ACCEPT")).expect("it listens");
        Self { process, port: accepts.rsplit(':').next().unwrap().trim().parse().unwrap() }
    }

    async fn test(&self, host: &str, verify: Verify, trust: Trust) -> RunRecord {
        let options = RunOptions {
            deadline: Duration::from_secs(20),
            gate: Gate { loopback: Loopback::Open },
            resolver: Arc::default(),
            trust_roots: Arc::default(),
            certificate_days: 0,
            strict: false,
        };
        let run = Run::open(options, &[Stage::Tls], &[]);
        let attempt = run.attempt(Endpoint { host: "127.0.0.1".into(), port: self.port });
        let policy = TlsPolicy {
            host: host.to_owned(),
            verify,
            name: NameCheck::Host,
            trust,
            client: None,
            alpn: Vec::new(),
        };
        let stream = attempt.dial().await.unwrap();
        let result = attempt.secure(stream, &policy).await.map(drop);
        run.close(End::Returned(result))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn given(names: &[&str]) -> Trust {
    Trust::Given(names.iter().flat_map(|name| certificates(name)).collect())
}

/// The codes of the warnings, or code and native code of the failure.
fn verdict(record: &RunRecord) -> Result<Vec<&str>, (Code, &str)> {
    match &record.failure {
        None => Ok(record.warnings.iter().map(|warning| &*warning.code).collect()),
        Some((_, failure)) => Err((failure.code, failure.native.as_deref().unwrap_or_default())),
    }
}

/// OpenSSL itself takes no such certificate unless it is allowed to.
const ALLOWED: &str = "-cipher DEFAULT:@SECLEVEL=0";

#[tokio::test]
async fn what_a_jvm_takes_passes_with_a_warning() {
    for (name, expected) in [
        ("good", &[][..]),
        ("v1", &["common_name_only", "outdated_certificate"]),
        ("v1-elliptic", &["common_name_only", "outdated_certificate"]),
        ("v1-by-middle", &["common_name_only", "outdated_certificate"]),
        ("v1-by-short", &["common_name_only", "outdated_certificate"]),
        ("sha1", &["outdated_certificate"]),
        ("by-1024", &["outdated_certificate"]),
        ("by-middle", &["outdated_certificate"]),
        ("common-name", &["common_name_only"]),
    ] {
        for version in ["-tls1_2", "-tls1_3"] {
            let server = Server::start(name, &format!("{ALLOWED} {version}"));
            let trust = given(&["root", "root1024"]);
            let record = server.test("localhost", Verify::ChainAndName, trust).await;
            assert_eq!(verdict(&record).as_deref(), Ok(expected), "{name} {version}");
        }
    }
}

#[tokio::test]
async fn what_is_not_proven_does_not_pass() {
    let untrusted = (Code::CertificateUntrusted, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    let wrong_name = (Code::CertificateWrongName, "X509_V_ERR_HOSTNAME_MISMATCH");
    for (name, expected) in [
        ("v1-other", wrong_name),
        ("v1-two-names", wrong_name),
        ("v1-expired", (Code::CertificateExpired, "X509_V_ERR_CERT_HAS_EXPIRED")),
        ("v1-stranger", untrusted),
        ("v1-forged", untrusted),
        ("sha1-forged", (Code::CertificateUnsupported, "X509_V_ERR_CA_MD_TOO_WEAK")),
        ("v1-by-v1", untrusted),
        ("v1-by-low", untrusted),
        ("v1-by-constrained", untrusted),
        ("v1-by-expired", untrusted),
        ("v1-by-leaf", untrusted),
        ("sha1-other", wrong_name),
        ("sha1-client", (Code::CertificateUnsupported, "X509_V_ERR_INVALID_PURPOSE")),
        ("email", wrong_name),
    ] {
        let server = Server::start(name, ALLOWED);
        let record = server.test("localhost", Verify::ChainAndName, given(&["root"])).await;
        assert_eq!(verdict(&record), Err(expected), "{name}");
    }
    // OpenSSL has no name for these.
    for (name, why) in [
        ("by-v1", "is not of X.509 version 3"),
        ("sha1-unknown", "does not follow the rules of X.509"),
        ("sha1-authority", "is that of an authority, not of a server"),
    ] {
        let server = Server::start(name, ALLOWED);
        let record = server.test("localhost", Verify::ChainAndName, given(&["root"])).await;
        assert_eq!(verdict(&record), Err((Code::CertificateUnsupported, "")), "{name}");
        let (_, failure) = record.failure.as_ref().expect("a failure");
        assert!(failure.native.is_none() && failure.detail.contains(why), "{name}: {}", failure.detail);
    }
    // Java accepts no SHA-1 signature below the authorities that come with it, and compares no address with a common name.
    let server = Server::start("v1", ALLOWED);
    let record = server.test("127.0.0.1", Verify::ChainAndName, given(&["root"])).await;
    assert_eq!(verdict(&record), Err((Code::CertificateWrongName, "X509_V_ERR_IP_ADDRESS_MISMATCH")));
    let roots = TrustRoots::new(certificates("root"));
    let policy = |trust| TlsPolicy {
        host: "localhost".into(),
        verify: Verify::Chain,
        name: NameCheck::Host,
        trust,
        client: None,
        alpn: Vec::new(),
    };
    for (trust, proven) in [(Trust::Roots, false), (given(&["root"]), true)] {
        let verifier = Verifier::new(&policy(trust), &roots, &provider()).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let chain = certificates("sha1");
        let now = rustls::pki_types::UnixTime::now();
        let verified = rustls::client::danger::ServerCertVerifier::verify_server_cert(
            &verifier,
            &chain[0],
            &[],
            &name,
            &[],
            now,
        );
        assert_eq!(verified.is_ok(), proven);
    }
}

#[tokio::test]
async fn a_wildcard_stands_for_one_label() {
    let server = Server::start("v1-wildcard", ALLOWED);
    for (host, passes) in
        [("a.db.example", true), ("A.DB.example", true), ("db.example", false), ("a.b.db.example", false)]
    {
        let record = server.test(host, Verify::ChainAndName, given(&["root"])).await;
        assert_eq!(record.failure.is_none(), passes, "{host}");
    }
}

#[tokio::test]
async fn an_rsa_key_of_1024_bits_is_not_testable_where_it_is_checked() {
    let server = Server::start("rsa-1024", ALLOWED);
    let record = server.test("localhost", Verify::ChainAndName, given(&["root"])).await;
    assert_eq!(verdict(&record), Err((Code::NotTestable, "X509_V_ERR_EE_KEY_TOO_SMALL")));
    let record = server.test("localhost", Verify::ChainAndName, given(&["stranger"])).await;
    assert_eq!(
        verdict(&record),
        Err((Code::CertificateUntrusted, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"))
    );
    for verify in [Verify::Nothing, Verify::Dates, Verify::Name] {
        let record = server.test("localhost", verify, given(&["root"])).await;
        assert_eq!(verdict(&record), Ok(Vec::new()), "{verify:?}");
    }
}

#[tokio::test]
async fn nothing_old_matters_where_nothing_is_checked() {
    for name in ["v1", "v1-other", "sha1", "by-1024", "v1-stranger"] {
        let server = Server::start(name, ALLOWED);
        let record = server.test("localhost", Verify::Nothing, given(&["root"])).await;
        assert_eq!(verdict(&record), Ok(Vec::new()), "{name}");
    }
    let server = Server::start("v1", ALLOWED);
    let record = server.test("localhost", Verify::Name, given(&["stranger"])).await;
    assert_eq!(verdict(&record), Ok(vec!["common_name_only"]));
    let record = server.test("localhost", Verify::ChainAndName, given(&["v1"])).await;
    assert_eq!(verdict(&record), Ok(vec!["common_name_only", "pinned_certificate"]));
}

#[test]
fn a_client_certificate_of_version_1_has_its_key() {
    let identity = |certificate: &str, key: &str| {
        let pem = std::fs::read(FILES.path().join(format!("{key}.key"))).unwrap();
        let key = rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap();
        ClientIdentity::new(certificates(certificate), key)
    };
    for name in ["v1", "v1-elliptic", "good"] {
        assert!(certified(&identity(name, name), &provider()).is_ok(), "{name}");
    }
    let failure = certified(&identity("v1", "good"), &provider()).unwrap_err();
    assert_eq!(
        (failure.code, &*failure.detail),
        (Code::FileInvalid, "the client certificate and its key do not belong together")
    );
}

#[tokio::test]
async fn suites_that_a_jvm_has_are_not_testable_and_others_a_mismatch() {
    let mismatch = |native| (Code::TlsVersionMismatch, native);
    let not_testable = (Code::NotTestable, "handshake_failure");
    for (options, expected) in [
        ("-tls1_2 -cipher ECDHE-RSA-AES256-SHA384", not_testable),
        ("-tls1_2 -cipher ECDHE-RSA-AES128-SHA", not_testable),
        ("-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", not_testable),
        ("-tls1_2 -cipher DHE-RSA-AES128-SHA256", not_testable),
        ("-tls1_2 -cipher AES256-SHA", not_testable),
        ("-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384 -groups P-521", not_testable),
        ("-tls1_2 -cipher ECDHE-RSA-CAMELLIA256-SHA384", mismatch("handshake_failure")),
        ("-tls1_1 -cipher DEFAULT:@SECLEVEL=0", mismatch("protocol_version")),
        ("-tls1 -cipher DEFAULT:@SECLEVEL=0", mismatch("protocol_version")),
    ] {
        let server = Server::start("good", options);
        for verify in [Verify::Nothing, Verify::ChainAndName] {
            let record = server.test("localhost", verify, given(&["root"])).await;
            assert_eq!(verdict(&record), Err(expected), "{options}");
        }
    }
    let server = Server::start("good", "-tls1_2 -cipher DHE-RSA-AES256-SHA");
    let record = server.test("localhost", Verify::Nothing, given(&["root"])).await;
    let (stage, failure) = record.failure.unwrap();
    assert_eq!(stage, Stage::Tls);
    assert!(
        failure.detail.contains("takes TLS_DHE_RSA_WITH_AES_256_CBC_SHA from a JVM"),
        "{}",
        failure.detail
    );
}

#[tokio::test]
async fn a_server_that_is_silent_at_the_second_look_keeps_its_first_answer() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut hello = [0; 64];
        tokio::io::AsyncReadExt::read_exact(&mut first, &mut hello).await.unwrap();
        // A fatal alert: handshake failure.
        tokio::io::AsyncWriteExt::write_all(&mut first, &[21, 3, 3, 0, 2, 2, 40]).await.unwrap();
        let _silent = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    };
    let server = Server { process: Command::new("true").spawn().unwrap(), port };
    let testing = server.test("localhost", Verify::Nothing, given(&["root"]));
    let record = tokio::select! { record = testing => record, () = serving => unreachable!() };
    assert_eq!(verdict(&record), Err((Code::TlsVersionMismatch, "handshake_failure")));
}
