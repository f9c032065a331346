//! What a connection points at, fetched: stage `secrets`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use probe_contract::tls::{PrivateKeyDer, certificates_from_pem};
use probe_contract::{
    Artefact, Code, Evidence, Failure, Form, Leg, Location, Material, Pointer, Stage, Stop,
};

/// No certificate, key or keystore is larger.
const LARGEST: u64 = 1024 * 1024;

/// Whether a definition may point at files of the machine that runs the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalFiles {
    /// On the command line: whoever gives the definition may read the files anyway.
    Allowed,
    /// Those in this folder and below, for the definitions of a server's callers.
    Below(PathBuf),
    /// For everyone else's definitions.
    Refused,
}

/// Fetches every pointer.
pub(crate) async fn fetch(leg: &Leg, pointers: &[Pointer], files: &LocalFiles) -> Result<Material, Stop> {
    leg.stage(Stage::Secrets, async |step| {
        let mut material = Material::default();
        for pointer in pointers {
            let (asked, files) = (pointer.clone(), files.clone());
            // A stalled network mount must not stop everybody's deadlines.
            let read = tokio::task::spawn_blocking(move || read(&asked, &files)).await;
            let read = read.unwrap_or_else(|error| {
                Err(Failure::new(Code::AgentFailed, "reading it stopped by a fault").source(error))
            });
            let artefact = read.map_err(|failure| Failure {
                detail: format!("{}: {}", pointer.property, failure.detail),
                ..failure
            })?;
            step.note(Evidence::Fetched(pointer.property.clone()));
            material.insert(pointer.property.clone(), artefact);
        }
        Ok(material)
    })
    .await
}

fn read(pointer: &Pointer, files: &LocalFiles) -> Result<Artefact, Failure> {
    let Location::File(path) = &pointer.location;
    let bytes = match files {
        LocalFiles::Allowed => read_file(path)?,
        LocalFiles::Below(folder) => read_file(&within(folder, path)?)?,
        LocalFiles::Refused => return Err(refused()),
    };
    match pointer.form {
        Form::Certificates => certificates_from_pem(&bytes).map(Artefact::Certificates),
        Form::PrivateKey => private_key(bytes).map(Artefact::PrivateKey),
    }
}

fn refused() -> Failure {
    Failure::new(Code::EgressRefused, "a server reads no local files but those in its --material-dir")
        .hint("Put the file there and start the server with --material-dir, or test by the command line")
}

/// The file that `path` leads to, if that is in `folder`. A path that leads elsewhere is not told from one that leads nowhere.
fn within(folder: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let file = path.canonicalize().map_err(|_| refused())?;
    let folder = folder.canonicalize().map_err(|_| refused())?;
    if file.starts_with(folder) { Ok(file) } else { Err(refused()) }
}

/// Reads a regular file of at most 1 MiB. The message names no path: the property that holds it stands in front.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| {
        let native = error.raw_os_error().map(|number| format!("errno {number}"));
        let failure = if error.kind() == std::io::ErrorKind::NotFound {
            Failure::new(Code::ObjectNotFound, "there is no such file")
        } else {
            Failure::new(Code::ArtefactInvalid, format!("the file can't be read: {}", error.kind()))
        };
        Failure { native: native.map(Into::into), ..failure }.source(error)
    };
    // The kind is asked before the file is opened: opening a FIFO would wait for a writer.
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        return Err(Failure::new(Code::ArtefactInvalid, "expected a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(Code::ArtefactInvalid, "the file is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// A key in PEM, or PKCS#8 in DER, as pgjdbc keeps it in `.pk8` files.
fn private_key(file: Vec<u8>) -> Result<PrivateKeyDer<'static>, Failure> {
    use rustls_pki_types::pem::PemObject as _;

    if file.windows(11).any(|window| window == b"-----BEGIN ") {
        return PrivateKeyDer::from_pem_slice(&file).map_err(|error| {
            let detail = "the file holds no PEM private key that is not encrypted";
            Failure::new(Code::ArtefactInvalid, detail).source(error)
        });
    }
    PrivateKeyDer::try_from(file)
        .map_err(|_| Failure::new(Code::ArtefactInvalid, "the file holds no private key in PEM or PKCS#8"))
}
