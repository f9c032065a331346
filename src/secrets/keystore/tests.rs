//! Against keystores that `keytool` and `openssl` make while the tests run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::CertifiedKey;
use tempfile::TempDir;

use super::*;

const STORE: &str = "canary-store";
const KEY: &str = "canary-key";
const BEYOND_ASCII: &str = "Schlüssel-𝄞";
const DAMAGED: &str = "the keystore is truncated or damaged";
const WRONG_STORE: &str =
    "the store password does not open the keystore: it is wrong, or the file was changed";
const WRONG_KEY: &str = "the key password does not open the private key";

fn opened(file: &[u8], store: Option<&str>, key: Option<&str>) -> Result<ClientIdentity, Failure> {
    let secret = |text: &str| Secret::new(text.to_owned());
    read(file, store.map(secret).as_ref(), key.map(secret).as_ref(), None, later())
}

/// A deadline that no test reaches.
fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The number of certificates that come with a key, which belongs to the first.
fn chain(file: &[u8], store: Option<&str>, key: Option<&str>) -> usize {
    let ClientIdentity { chain, key, .. } =
        opened(file, store, key).unwrap_or_else(|failure| panic!("{failure:?}"));
    let links = chain.len();
    for pair in chain.windows(2) {
        let [subject, issuer] = [&pair[0], &pair[1]].map(|der| X509Certificate::from_der(der).unwrap().1);
        assert_eq!(subject.issuer(), issuer.subject());
    }
    CertifiedKey::from_der(chain, key, &default_provider()).unwrap();
    links
}

fn refused(file: &[u8], store: Option<&str>, key: Option<&str>) -> String {
    let failure = opened(file, store, key).unwrap_err();
    assert_eq!(failure.code, Code::FileInvalid);
    assert!(!format!("{failure:?}").contains("canary"));
    failure.detail
}

fn run(folder: &Path, program: &str, package: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}: apt-get install {package}"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&said));
}

fn openssl(folder: &Path, arguments: &str) {
    run(folder, "openssl", "openssl", arguments);
}

fn keytool(folder: &Path, arguments: &str) {
    run(folder, "keytool", "default-jre-headless", arguments);
}

/// What `openssl pkcs12 -export` makes of the leaf and its issuers, with its options: under one password,
const ENCRYPTED: &[(&str, &str)] = &[
    ("modern.p12", ""),
    ("legacy.p12", "-legacy"),
    ("aes.p12", "-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha1"),
    ("3des.p12", "-keypbe DES-EDE3-CBC -certpbe AES-256-CBC -macalg sha224"),
    ("2des.p12", "-legacy -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-RC2-128 -macalg sha384"),
    ("sha512.p12", "-legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-RC2-40 -macalg sha512"),
    ("once.p12", "-iter 1"),
    ("once-without-mac.p12", "-iter 1 -nomac -certpbe AES-256-CBC"),
    ("once-legacy-without-mac.p12", "-legacy -iter 1 -nomac -certpbe PBE-SHA1-RC2-40"),
];

/// and otherwise.
const PECULIAR: &[(&str, &str)] = &[
    ("key-alone-protected.p12", "-nomac -certpbe NONE"),
    ("plain.p12", "-keypbe NONE -certpbe NONE"),
    ("unprotected.p12", "-nomac -keypbe NONE -certpbe NONE"),
    ("rc4.p12", "-legacy -keypbe PBE-SHA1-RC4-128"),
    ("rounds.p12", "-iter 70000"),
    ("rounds-sha512.p12", "-iter 70000 -macalg sha512"),
    ("rounds-pbes2.p12", "-iter 70000 -nomac -certpbe NONE"),
];

/// Every file, made once: each call of `keytool` starts a JVM.
static FILES: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    make(folder.path());
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
});

fn file(name: &str) -> Vec<u8> {
    FILES[name].clone()
}

fn make(folder: &Path) {
    let certificate = "req -x509 -batch -nodes -days 30";
    let elliptic = format!("{certificate} -newkey ec -pkeyopt ec_paramgen_curve:P-256");
    let by_root = "-CA root.pem -CAkey root.key -addext basicConstraints=critical,CA:true";
    let by_middle = "-CA middle.pem -CAkey middle.key";
    openssl(folder, &format!("{elliptic} -subj /CN=root -keyout root.key -out root.pem"));
    openssl(folder, &format!("{elliptic} -subj /CN=middle -keyout middle.key -out middle.pem {by_root}"));
    openssl(folder, &format!("{elliptic} -subj /CN=leaf -keyout leaf.key -out leaf.pem {by_middle}"));
    openssl(folder, &format!("{certificate} -newkey rsa:2048 -subj /CN=rsa -keyout rsa.key -out rsa.pem"));
    // The wrong way round: order is the reader's work.
    let read = |name| std::fs::read(folder.join(name)).unwrap();
    std::fs::write(folder.join("issuers.pem"), [read("root.pem"), read("middle.pem")].concat()).unwrap();

    let export = "pkcs12 -export";
    let chain = "-in leaf.pem -inkey leaf.key -certfile issuers.pem";
    let rsa = "-in rsa.pem -inkey rsa.key";
    for (name, options) in ENCRYPTED.iter().chain(PECULIAR) {
        openssl(folder, &format!("{export} {chain} -passout pass:{STORE} -out {name} {options}"));
    }
    openssl(folder, &format!("{export} {rsa} -passout pass:{STORE} -out rsa-legacy.p12 -legacy"));
    openssl(folder, &format!("{export} {rsa} -passout pass: -out empty.p12"));
    openssl(folder, &format!("{export} {rsa} -passout pass: -out empty-legacy.p12 -legacy"));
    openssl(folder, &format!("{export} {rsa} -passout pass:{BEYOND_ASCII} -out beyond.p12"));
    openssl(folder, &format!("{export} {rsa} -passout pass:{BEYOND_ASCII} -out beyond-legacy.p12 -legacy"));
    openssl(folder, &format!("{export} -nocerts -inkey rsa.key -passout pass:{STORE} -out bare.p12"));
    openssl(folder, "x509 -in rsa.pem -outform DER -out rsa.crt");
    openssl(folder, "pkcs8 -topk8 -nocrypt -in rsa.key -outform DER -out rsa.pk8");
    openssl(folder, "crl2pkcs7 -nocrl -certfile rsa.pem -outform DER -out rsa.p7b");

    let generate = format!("-genkeypair -alias generated -dname CN=generated -storepass {STORE}");
    let import = format!("-importkeystore -srckeystore modern.p12 -srcstorepass {STORE} -srcalias 1");
    let trust = format!("-importcert -noprompt -file root.pem -storepass {STORE} -alias a-trusted");
    let once = ["mac", "certPbe", "keyPbe"].map(|kind| format!("-J-Dkeystore.pkcs12.{kind}IterationCount=1"));
    let commands = [
        format!(
            "{import} -deststoretype JKS -deststorepass {STORE} -destkeypass {KEY} -destkeystore chain.jks"
        ),
        format!("{generate} -keyalg RSA -storetype JKS -keypass {STORE} -keystore rsa.jks"),
        format!("{generate} -keyalg RSA -keystore keytool.p12"),
        format!("{generate} -keyalg EC -keystore keytool-legacy.p12 -J-Dkeystore.pkcs12.legacy"),
        format!("{generate} -keyalg EC -keystore keytool-once.p12 {}", once.join(" ")),
        format!("{generate} -keyalg DSA -storetype JKS -keypass {STORE} -keystore dsa.jks"),
        format!("{generate} -keyalg EC -storetype JCEKS -keypass {STORE} -keystore jceks"),
        format!("{trust} -storetype JKS -keystore trust.jks"),
        format!("{trust} -storetype PKCS12 -keystore trust.p12"),
    ];
    std::thread::scope(|scope| {
        for command in &commands {
            scope.spawn(|| keytool(folder, command));
        }
    });
    // Beside another key, and another party's certificate.
    let second = "-genkeypair -alias second -dname CN=second -keyalg EC";
    std::fs::copy(folder.join("rsa.jks"), folder.join("two-passwords.jks")).unwrap();
    keytool(folder, &format!("{second} -storepass {STORE} -keypass {KEY} -keystore two-passwords.jks"));
    keytool(folder, &format!("{second} -storepass {STORE} -keypass {STORE} -keystore rsa.jks"));
    keytool(folder, &format!("{trust} -keystore rsa.jks"));
    let both = format!("-importkeystore -srckeystore rsa.jks -srcstorepass {STORE} -deststorepass {STORE}");
    keytool(folder, &format!("{both} -deststoretype PKCS12 -destkeystore both.p12"));
}

#[test]
fn jks_has_a_password_for_the_store_and_one_for_each_key() {
    let file = file("chain.jks");
    assert_eq!(chain(&file, Some(STORE), Some(KEY)), 3);
    assert_eq!(chain(&file, None, Some(KEY)), 3);
    assert_eq!(refused(&file, Some("wrong"), Some(KEY)), WRONG_STORE);
    assert_eq!(refused(&file, Some(STORE), Some("wrong")), WRONG_KEY);
    assert_eq!(refused(&file, Some(STORE), None), WRONG_KEY);
    assert_eq!(refused(&file, None, None), "the keystore needs a password, and none is given");
    let hint = |key| opened(&file, Some(STORE), key).unwrap_err().hints.remove(0);
    assert_eq!(hint(None), "the key has its own password: give that too");
    assert_eq!(hint(Some("wrong")), "a key without its own password has that of the store");
}

#[test]
fn a_jks_key_without_a_password_of_its_own_has_that_of_the_store() {
    let file = file("rsa.jks");
    assert_eq!(chain(&file, Some(STORE), None), 1);
    assert_eq!(chain(&file, Some(STORE), Some(STORE)), 1);
}

#[test]
fn a_key_is_found_by_its_name_in_any_case() {
    let named = |name: &str, alias| {
        let store = Secret::new(STORE.to_owned());
        read(&file(name), Some(&store), None, Some(alias), later())
    };
    for name in ["rsa.jks", "both.p12"] {
        let identity = named(name, "SECOND").unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let (_, certificate) = X509Certificate::from_der(&identity.chain[0]).unwrap();
        assert_eq!(certificate.subject().to_string(), "CN=second");
        let failure = named(name, "user").unwrap_err();
        assert!(failure.detail.contains("no") && failure.detail.contains("named user"), "{}", failure.detail);
    }
    // An entry with a trusted certificate is not a key entry, even under the alias that is asked for.
    assert!(named("trust.p12", "a-trusted").is_err());
}

#[test]
fn authorities_are_what_java_trusts() {
    let trusted = |name: &str, password: Option<&str>| {
        let password = password.map(|text| Secret::new(text.to_owned()));
        let certificates = authorities(&file(name), password.as_ref(), later()).map_err(|failure| {
            assert_eq!(failure.code, Code::FileInvalid);
            failure.detail
        })?;
        let subject =
            |one: &CertificateDer<'_>| X509Certificate::from_der(one).unwrap().1.subject().to_string();
        let mut subjects: Vec<_> = certificates.iter().map(subject).collect();
        subjects.sort();
        Ok(subjects.join(" "))
    };
    let refused = |detail: &str| Err(detail.to_owned());
    for name in ["trust.jks", "trust.p12"] {
        assert_eq!(trusted(name, Some(STORE)), Ok("CN=root".to_owned()), "{name}");
        assert_eq!(trusted(name, Some("")), refused(WRONG_STORE), "{name}");
    }
    // Where nobody gives a password, nothing of JKS is encrypted, and everything of PKCS#12.
    assert_eq!(trusted("trust.jks", None), Ok("CN=root".to_owned()));
    assert_eq!(trusted("trust.p12", None), refused("the keystore needs a password, and none is given"));
    for name in ["rsa.jks", "both.p12"] {
        assert_eq!(trusted(name, Some(STORE)), Ok("CN=generated CN=root CN=second".to_owned()), "{name}");
    }
    // The issuers that openssl puts beside a key are not marked as trusted.
    assert_eq!(trusted("modern.p12", Some(STORE)), Ok("CN=leaf".to_owned()));
    let found = refused("expected a keystore, JKS or PKCS#12, and found a certificate in DER");
    assert_eq!(trusted("rsa.crt", None), found);
}

#[test]
fn several_keys_come_as_java_looks_for_one() {
    for name in ["rsa.jks", "both.p12"] {
        let identity = opened(&file(name), Some(STORE), None).unwrap();
        let subjects = [&identity, &identity.further[0]].map(|identity| {
            let (_, certificate) = X509Certificate::from_der(&identity.chain[0]).unwrap();
            certificate.subject().to_string()
        });
        assert_eq!(subjects, ["CN=generated", "CN=second"], "{name}");
        assert_eq!(identity.further.len(), 1, "{name}");
    }
    // As java.util.HashMap gave them back.
    for order in [
        "a other b c d e kafka alias client mykey broker user",
        "k1 k2 k3 k4 k5 k11 k6 k10 k7 k13 k8 k12 k9 k14",
        "1 2 straße zürich",
    ] {
        let names: Vec<&str> = order.split(' ').collect();
        assert!(names.is_sorted_by_key(|name| place_in_hash_map(name, names.len())), "{order}");
    }
}

#[test]
fn every_key_of_a_keystore_has_to_be_opened() {
    let (several, one) = (file("two-passwords.jks"), Some("generated"));
    // The key that a name asks for is opened alone.
    let named = |alias| {
        let (store, key) = (Secret::new(STORE.to_owned()), Secret::new(KEY.to_owned()));
        read(&several, Some(&store), Some(&key), alias, later())
    };
    assert_eq!(refused(&several, Some(STORE), None), WRONG_KEY);
    assert_eq!(refused(&several, Some(STORE), Some(KEY)), WRONG_KEY);
    assert!(named(Some("second")).is_ok() && named(one).is_err());
}

#[test]
fn pkcs12_of_keytool_is_read() {
    for name in ["keytool.p12", "keytool-legacy.p12", "keytool-once.p12"] {
        let file = file(name);
        assert_eq!(chain(&file, Some(STORE), None), 1, "{name}");
        assert_eq!(chain(&file, Some(STORE), Some(STORE)), 1, "{name}");
        assert_eq!(refused(&file, Some("wrong"), None), WRONG_STORE, "{name}");
        assert_eq!(refused(&file, Some(STORE), Some("wrong")), WRONG_KEY, "{name}");
        assert_eq!(refused(&file, None, Some(STORE)), "the keystore needs a password, and none is given");
    }
}

#[test]
fn pkcs12_of_openssl_is_read() {
    for (name, _) in ENCRYPTED {
        let file = file(name);
        assert_eq!(chain(&file, Some(STORE), None), 3, "{name}");
        assert_eq!(refused(&file, Some("wrong"), None), WRONG_STORE, "{name}");
        assert_eq!(refused(&file, Some(STORE), Some("wrong")), WRONG_KEY, "{name}");
    }
    assert_eq!(chain(&file("rsa-legacy.p12"), Some(STORE), None), 1);
}

#[test]
fn a_password_may_be_empty() {
    for (name, password) in [("empty.p12", ""), ("empty-legacy.p12", "")] {
        assert_eq!(chain(&file(name), Some(password), None), 1, "{name}");
        assert_eq!(refused(&file(name), Some(" "), None), WRONG_STORE, "{name}");
    }
}

/// `PBEKey`: "Password is not ASCII".
#[test]
fn java_opens_no_pkcs12_by_a_password_beyond_printable_ascii() {
    for (name, store, key) in [
        ("beyond.p12", BEYOND_ASCII, None),
        ("beyond-legacy.p12", BEYOND_ASCII, None),
        ("modern.p12", "a\tb", None),
        ("modern.p12", STORE, Some(BEYOND_ASCII)),
    ] {
        let expected = "the keystore is PKCS#12, and Java opens none by a password with other characters than printable ASCII";
        assert_eq!(refused(&file(name), Some(store), key), expected, "{name}");
    }
}

#[test]
fn a_pkcs12_key_may_have_a_password_of_its_own() {
    let file = file("key-alone-protected.p12");
    assert_eq!(chain(&file, Some("another"), Some(STORE)), 3);
    assert_eq!(chain(&file, None, Some(STORE)), 3);
    assert_eq!(refused(&file, Some("another"), None), WRONG_KEY);
    assert_eq!(refused(&file, None, None), "the keystore needs a password, and none is given");
}

#[test]
fn pkcs12_without_any_protection_needs_no_password() {
    assert_eq!(chain(&file("unprotected.p12"), None, None), 3);
    assert_eq!(chain(&file("unprotected.p12"), Some("any"), Some("any")), 3);
}

#[test]
fn the_integrity_of_pkcs12_is_checked() {
    let mut file = file("plain.p12");
    assert_eq!(chain(&file, Some(STORE), None), 3);
    assert_eq!(chain(&file, None, None), 3);
    assert_eq!(refused(&file, Some("wrong"), None), WRONG_STORE);
    let name = file.windows(4).position(|window| window == b"leaf").unwrap();
    file[name] = b'L';
    assert_eq!(refused(&file, Some(STORE), None), WRONG_STORE);
}

#[test]
fn pkcs12_in_ber_is_read() {
    let file = indefinite(&file("modern.p12"));
    assert_eq!(chain(&file, Some(STORE), None), 3);
    assert_eq!(refused(&file, Some("wrong"), None), WRONG_STORE);
}

/// With indefinite lengths, and with octet strings in pieces.
fn indefinite(bytes: &[u8]) -> Vec<u8> {
    let mut elements = Elements::new(bytes);
    let mut written = Vec::new();
    while !elements.is_empty() {
        let element = elements.next().unwrap();
        if element.tag & 0x20 != 0 {
            written.extend([&[element.tag, 0x80], indefinite(element.content).as_slice(), &[0, 0]].concat());
        } else if element.content.len() < 100 {
            written.extend([&[element.tag, element.content.len() as u8], element.content].concat());
        } else {
            written.extend([element.tag | 0x20, 0x80]);
            for piece in element.content.chunks(100) {
                written.extend([&[element.tag, piece.len() as u8], piece].concat());
            }
            written.extend([0, 0]);
        }
    }
    written
}

#[test]
fn a_keystore_without_a_usable_key_is_reported() {
    for name in ["trust.jks", "trust.p12"] {
        assert_eq!(
            refused(&file(name), Some(STORE), None),
            "the keystore does not contain a private key",
            "{name}"
        );
        assert_eq!(refused(&file(name), Some("wrong"), None), WRONG_STORE, "{name}");
    }
    let unusable = "the keystore's private key is not one that TLS can use: RSA, ECDSA or Ed25519";
    assert_eq!(refused(&file("dsa.jks"), Some(STORE), None), unusable);
    assert_eq!(
        refused(&file("bare.p12"), Some(STORE), None),
        "the keystore does not contain a certificate for its private key"
    );
}

#[test]
fn what_is_not_a_keystore_is_named() {
    for (name, found) in [
        ("rsa.pem", "PEM"),
        ("rsa.crt", "a certificate in DER"),
        ("rsa.pk8", "a private key in DER"),
        ("rsa.p7b", "PKCS#7 certificates"),
        ("jceks", "a JCEKS keystore"),
    ] {
        let expected = format!("expected a keystore, JKS or PKCS#12, and found {found}");
        assert_eq!(refused(&file(name), Some(STORE), None), expected);
    }
    let named = |file: &[u8]| refused(file, None, None).split_once(" and found ").unwrap().1.to_owned();
    assert_eq!(named(b""), "an empty file");
    assert_eq!(named(&[0, 0, 0, 2, 0, 0, 0, 20, 1, 2]), "a Bouncy Castle keystore (BKS)");
    assert_eq!(named(b"/u3+7QAAAAIAAAAB"), "base64");
    assert_eq!(named(b"MIIKTAIBAzCCCgIG"), "base64");
    assert_eq!(named(b"<html>"), "something else");
    assert_eq!(named(b"\x30\x03abc"), "something else");
}

#[test]
fn unsupported_encryption_is_named() {
    let refused = refused(&file("rc4.p12"), Some(STORE), None);
    assert_eq!(refused, "the keystore is protected by RC4, which is not supported");
}

/// The file that asks for 70,000 rounds, asking in its last place for others: 65,536 times `high`, and so on.
fn with_rounds(name: &str, rounds: [u8; 3]) -> Vec<u8> {
    let mut file = file(name);
    let place = file.windows(5).rposition(|window| window == [2, 3, 0x01, 0x11, 0x70]).unwrap();
    file[place + 2..place + 5].copy_from_slice(&rounds);
    file
}

#[test]
fn the_rounds_of_key_derivation_are_bounded() {
    assert_eq!(chain(&file("rounds.p12"), Some(STORE), None), 3);
    for name in ["rounds.p12", "rounds-pbes2.p12"] {
        let begin = Instant::now();
        let refused = refused(&with_rounds(name, [0x0f, 0x42, 0x41]), Some(STORE), None);
        assert_eq!(
            refused, "opening the keystore takes more than 1000000 rounds of key derivation",
            "{name}"
        );
        assert!(begin.elapsed() < Duration::from_secs(1), "{name}");
    }
}

/// A key of 32 bytes by SHA-256 takes as many rounds as it says, and so does a MAC.
#[test]
fn the_most_that_a_file_may_ask_for_takes_seconds() {
    for (name, refusal) in [("rounds-sha512.p12", WRONG_STORE), ("rounds-pbes2.p12", WRONG_KEY)] {
        let begin = Instant::now();
        assert_eq!(refused(&with_rounds(name, [0x0f, 0x42, 0x40]), Some(STORE), None), refusal);
        assert!(begin.elapsed() < Duration::from_secs(10), "{name}");
    }
}

#[test]
fn no_key_is_derived_for_whom_it_would_be_too_late() {
    let (name, store) = ("rounds-sha512.p12", Secret::new(STORE.to_owned()));
    let file = with_rounds(name, [0x0f, 0x42, 0x40]);
    for time in [Duration::ZERO, Duration::from_millis(20)] {
        let begin = Instant::now();
        let failure = read(&file, Some(&store), None, None, begin + time).unwrap_err();
        assert_eq!(failure.detail, "opening the keystore took longer than the test may");
        assert!(begin.elapsed() < time + Duration::from_millis(300), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_truncated_keystore_is_damaged_wherever_it_ends() {
    for name in ["chain.jks", "rsa.jks", "trust.jks", "modern.p12", "legacy.p12", "keytool.p12"] {
        let file = file(name);
        for length in 0..file.len() {
            let refused = refused(&file[..length], Some(STORE), None);
            // What it was to be does not show in the first bytes.
            assert!(length < 7 || refused == DAMAGED, "{name} up to {length}: {refused}");
        }
    }
}

#[test]
fn no_mutation_panics_or_takes_long() {
    let mut random = fixtures::Mutations::default();
    let in_ber = ("in BER", indefinite(&file("unprotected.p12")));
    let files = [
        "chain.jks",
        "rsa.jks",
        "trust.jks",
        "once.p12",
        "once-without-mac.p12",
        "once-legacy-without-mac.p12",
        "unprotected.p12",
        "keytool-once.p12",
    ];
    for (name, file) in files.map(|name| (name, file(name))).into_iter().chain([in_ber]) {
        let begin = Instant::now();
        let mut read = 0;
        for turn in 0..5_000 {
            let mutated = random.mutate(&file);
            // Without its password a file is read past its integrity check.
            let store = (turn % 2 == 0).then_some(STORE);
            let key = if name == "chain.jks" { KEY } else { STORE };
            read += usize::from(opened(&mutated, store, Some(key)).is_ok());
        }
        assert!(read < 5_000, "{name}");
        assert!(begin.elapsed() < Duration::from_secs(60), "{name}");
    }
}
