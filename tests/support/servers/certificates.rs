//! The certificates of the shared servers, and files of the authorities.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use fixtures::{CertificateSet, Issued, Profile};

use crate::behaviour::{Certificate, ClientCertificate, ClientKind};
use crate::support::harness::PASSWORD;

pub(crate) static CERTIFICATES: LazyLock<CertificateSet> = LazyLock::new(|| CertificateSet::new().unwrap());

/// The authority's certificate, and a file with several of them.
pub(crate) static TRUST: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let set = &*CERTIFICATES;
    std::fs::write(folder.path().join("ca.pem"), set.authority.pem()).unwrap();
    std::fs::write(folder.path().join("other.pem"), set.other_authority.pem()).unwrap();
    std::fs::write(folder.path().join("both.pem"), set.other_authority.pem() + &set.authority.pem()).unwrap();
    std::fs::write(folder.path().join("leaf.pem"), &set.self_signed.certificate_pem).unwrap();
    std::fs::write(folder.path().join("leaf_ca.pem"), &set.self_signed_ca.certificate_pem).unwrap();
    std::fs::write(folder.path().join("not.pem"), "no certificate").unwrap();
    folder
});

pub(crate) fn trust(file: &str) -> String {
    TRUST.path().join(file).display().to_string()
}

/// A client's certificate for alice, from the authority of the shared servers or from the other one.
pub(crate) fn issued(of: ClientKind) -> ClientCertificate {
    issued_by(&CERTIFICATES, TRUST.path(), of)
}

/// The same from one of `set`, with its files in `folder`.
pub(crate) fn issued_by(set: &CertificateSet, folder: &Path, of: ClientKind) -> ClientCertificate {
    let alice = "alice".to_owned();
    let issued = match of {
        ClientKind::Good => set.authority.issue(&Profile::Client(alice)).unwrap(),
        ClientKind::Version1 => set.version_1_client.clone(),
        ClientKind::Expired => set.authority.issue(&Profile::ExpiredClient(alice)).unwrap(),
        ClientKind::Untrusted => set.other_authority.issue(&Profile::Client(alice)).unwrap(),
    };
    write_client(folder, &format!("{of:?}-{}", fastrand::u64(..)), &issued, PASSWORD)
}

/// Writes certificate, key, its PKCS#8 in DER, and a PKCS#12 keystore as `name` with an extension each. The key in the store is called
/// user, as pgjdbc wants it.
pub(crate) fn write_client(folder: &Path, name: &str, issued: &Issued, password: &str) -> ClientCertificate {
    let path = |extension: &str| folder.join(format!("{name}.{extension}"));
    // Glue wants a keystore's name to end so, whatever it is.
    let (certificate, key, pk8, keystore) = (path("crt"), path("key"), path("pk8"), path("jks"));
    std::fs::write(&certificate, &issued.certificate_pem).unwrap();
    std::fs::write(&key, &issued.key_pem).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in"]).arg(&key).arg("-out").arg(&pk8);
    assert!(openssl.status().unwrap().success());
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs12", "-export", "-name", "user", "-passout", &format!("pass:{password}")]);
    openssl.arg("-in").arg(&certificate).arg("-inkey").arg(&key).arg("-out").arg(&keystore);
    assert!(openssl.status().unwrap().success());
    ClientCertificate { certificate, key, pk8, keystore }
}

impl Certificate {
    /// The one of the shared servers' set.
    pub(crate) fn of_servers(self) -> &'static Issued {
        match self {
            Self::Good => &CERTIFICATES.good,
            Self::Expired => &CERTIFICATES.expired,
            Self::NotYetValid => &CERTIFICATES.not_yet_valid,
            Self::EndsSoon => &CERTIFICATES.ends_soon,
            Self::CommonNameOnly => &CERTIFICATES.common_name_only,
            Self::Version1 => &CERTIFICATES.version_1,
            Self::WrongName => &CERTIFICATES.wrong_name,
            Self::Untrusted => &CERTIFICATES.untrusted,
            Self::MissingIntermediate => &CERTIFICATES.missing_intermediate,
        }
    }
}
