//! Who may call: access keys from a file in the format of the AWS CLI and SDKs.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>. Two things of it are left out on purpose: a value is
//! taken as it stands to the end of its line, because the SDKs disagree about comments and quotes there, and nothing but a
//! profile is a section.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use probe_contract::Secret;

/// No file is larger: it has room for some 5,000 profiles.
const LARGEST: u64 = 1024 * 1024;

const ACCESS_KEY_ID: &str = "aws_access_key_id";
const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
const SESSION_TOKEN: &str = "aws_session_token";
const INLINE_POINTERS: &str = "dialcheck_inline_pointers";

/// The access keys that requests may be signed with.
#[derive(Debug)]
pub struct Keys {
    by_access_key_id: HashMap<String, Caller>,
}

/// Whom an access key belongs to: one profile of the file.
#[derive(Debug)]
pub(super) struct Caller {
    /// The name of the profile.
    pub(super) name: String,
    /// `aws_access_key_id`, which says who signed.
    pub(super) access_key_id: String,
    /// `aws_secret_access_key`, which the signature proves.
    pub(super) secret_access_key: Secret,
    /// `aws_session_token`; a profile that has one must send it with every request.
    pub(super) session_token: Option<Secret>,
    /// `dialcheck_inline_pointers`, a setting of dialcheck's own: whether a definition that comes with a request may point at
    /// stored secrets, keys, roles and files.
    pub(super) inline_pointers: bool,
}

/// Why a file holds no keys. Shows lines and profiles and never a value.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The operating system refuses.
    #[error("the file can't be read: {}", .0.kind())]
    Unreadable(#[source] io::Error),
    /// It is a folder, a FIFO, a socket or a device.
    #[error("expected a regular file")]
    NotAFile,
    /// The file has more than 1 MiB.
    #[error("the file is larger than 1 MiB")]
    TooLarge,
    /// The file is in another encoding.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The line is neither blank, a comment, a profile nor a setting of one.
    #[error("line {line}: expected [profile] or, below one, key = value")]
    Malformed {
        /// The line, from 1.
        line: usize,
    },
    /// A profile sets one key twice.
    #[error("line {line}: the profile has this key already")]
    RepeatedKey {
        /// The line of the second one, from 1.
        line: usize,
    },
    /// There is no profile in the file.
    #[error("expected at least one [profile]")]
    NoProfile,
    /// Two profiles have one name.
    #[error("profile {profile} is there twice")]
    RepeatedProfile {
        /// The name.
        profile: String,
    },
    /// A profile lacks a key, or has it with nothing behind the equals sign.
    #[error("profile {profile}: expected a value for {key}")]
    NoValue {
        /// The name of the profile.
        profile: String,
        /// What it lacks.
        key: &'static str,
    },
    /// A profile has a key with something else than true or false behind the equals sign.
    #[error("profile {profile}: expected true or false for {key}")]
    NoBoolean {
        /// The name of the profile.
        profile: String,
        /// What it has.
        key: &'static str,
    },
    /// A request could come from either of two profiles.
    #[error("profiles {first} and {second} have the same aws_access_key_id")]
    SharedAccessKeyId {
        /// The name of the profile that comes first.
        first: String,
        /// The name of the other.
        second: String,
    },
}

impl Keys {
    /// Reads the credentials file at `path`.
    ///
    /// # Errors
    /// The first thing that is wrong with the file. Anything but a regular file is refused before it is opened.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        // The kind is asked before the file is opened: opening a FIFO would wait for a writer.
        let metadata = std::fs::metadata(path).map_err(KeysError::Unreadable)?;
        if !metadata.is_file() {
            return Err(KeysError::NotAFile);
        }
        let file = File::open(path).map_err(KeysError::Unreadable)?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(KeysError::Unreadable)?;
        if bytes.len() as u64 > LARGEST {
            return Err(KeysError::TooLarge);
        }
        // As a secret, the text is wiped from memory when it has been read.
        let text = Secret::new(String::from_utf8(bytes).map_err(|_| KeysError::NotUtf8)?);
        Self::parse(text.expose())
    }

    /// Whose access key `access_key_id` is.
    pub(super) fn get(&self, access_key_id: &str) -> Option<&Caller> {
        self.by_access_key_id.get(access_key_id)
    }

    fn parse(text: &str) -> Result<Self, KeysError> {
        let mut names = HashSet::new();
        let mut by_access_key_id = HashMap::<String, Caller>::new();
        for profile in profiles(text)? {
            if !names.insert(profile.name) {
                return Err(KeysError::RepeatedProfile { profile: profile.name.to_owned() });
            }
            let caller = profile.caller()?;
            match by_access_key_id.entry(caller.access_key_id.clone()) {
                Entry::Vacant(entry) => entry.insert(caller),
                Entry::Occupied(entry) => {
                    let first = entry.get().name.clone();
                    return Err(KeysError::SharedAccessKeyId { first, second: caller.name });
                }
            };
        }
        if by_access_key_id.is_empty() {
            return Err(KeysError::NoProfile);
        }
        Ok(Self { by_access_key_id })
    }
}

/// A section of the file, which borrows its values, so that no copy of a secret outlives the text.
struct Profile<'text> {
    name: &'text str,
    settings: HashMap<&'text str, &'text str>,
}

fn profiles(text: &str) -> Result<Vec<Profile<'_>>, KeysError> {
    let mut profiles = Vec::<Profile<'_>>::new();
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = profile_name(content) {
            profiles.push(Profile { name, settings: HashMap::new() });
            continue;
        }
        let (Some(profile), Some((key, value))) = (profiles.last_mut(), content.split_once('=')) else {
            return Err(KeysError::Malformed { line });
        };
        if profile.settings.insert(key.trim_end(), value.trim_start()).is_some() {
            return Err(KeysError::RepeatedKey { line });
        }
    }
    Ok(profiles)
}

/// `x` of `[x]`, and of `[profile x]` as the config file spells it.
fn profile_name(content: &str) -> Option<&str> {
    let section = content.strip_prefix('[')?.strip_suffix(']')?.trim();
    let name = section.strip_prefix("profile ").unwrap_or(section).trim_start();
    (!name.is_empty()).then_some(name)
}

impl Profile<'_> {
    /// What else the profile sets, a region say, is for the caller's own tools.
    fn caller(&self) -> Result<Caller, KeysError> {
        let session_token = match self.settings.get(SESSION_TOKEN) {
            Some(_) => Some(Secret::new(self.value(SESSION_TOKEN)?)),
            None => None,
        };
        Ok(Caller {
            name: self.name.to_owned(),
            access_key_id: self.value(ACCESS_KEY_ID)?,
            secret_access_key: Secret::new(self.value(SECRET_ACCESS_KEY)?),
            session_token,
            inline_pointers: self.boolean(INLINE_POINTERS)?,
        })
    }

    fn boolean(&self, key: &'static str) -> Result<bool, KeysError> {
        match self.settings.get(key).copied() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(KeysError::NoBoolean { profile: self.name.to_owned(), key }),
        }
    }

    fn value(&self, key: &'static str) -> Result<String, KeysError> {
        match self.settings.get(key) {
            Some(value) if !value.is_empty() => Ok((*value).to_owned()),
            Some(_) | None => Err(KeysError::NoValue { profile: self.name.to_owned(), key }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "c4n4ry/s3cr3t+=";

    /// The error of `text`, in which `CANARY` stands for every value.
    fn error(text: &str) -> String {
        let error = Keys::parse(&text.replace("CANARY", CANARY)).expect_err("a mistake");
        assert!(!format!("{error:?} {error}").contains("c4n4ry"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn a_profile_is_a_caller() {
        let keys = Keys::parse(
            "# comment\r\n; another\r\n[ default ]\r\naws_access_key_id=AKIDEXAMPLE\r\n\
             aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE== \r\nregion = eu-central-1\r\n\
             \n[profile etl job]\n\taws_session_token = a=b/c+d==\n\taws_access_key_id = ASIAEXAMPLE\n\
             \taws_secret_access_key = \"quoted\" # \\;\\",
        )
        .expect("keys");
        let default = keys.get("AKIDEXAMPLE").expect("a caller");
        assert_eq!((default.name.as_str(), default.access_key_id.as_str()), ("default", "AKIDEXAMPLE"));
        assert_eq!(default.secret_access_key.expose(), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE==");
        assert!(default.session_token.is_none());
        let job = keys.get("ASIAEXAMPLE").expect("a caller");
        assert_eq!(job.name, "etl job");
        assert_eq!(job.secret_access_key.expose(), r#""quoted" # \;\"#);
        assert_eq!(job.session_token.as_ref().map(Secret::expose), Some("a=b/c+d=="));
        assert!(keys.get("akidexample").is_none());
        assert!(keys.get("").is_none());
        assert!(!format!("{keys:?}").contains("wJalr"), "{keys:?}");
    }

    #[test]
    fn what_is_wrong_is_said_by_line_or_profile() {
        let whole = "aws_access_key_id = A\naws_secret_access_key = CANARY\n";
        for (text, expected) in [
            (String::new(), "expected at least one [profile]"),
            ("# [a]\n".to_owned(), "expected at least one [profile]"),
            (whole.to_owned(), "line 1: expected [profile] or, below one, key = value"),
            (format!("[a]\n{whole}AKIDEXAMPLE"), "line 4: expected [profile] or, below one, key = value"),
            (format!("[]\n{whole}"), "line 1: expected [profile] or, below one, key = value"),
            (format!("[profile a]\n{whole}\n[b\n"), "line 5: expected [profile] or, below one, key = value"),
            (
                format!("[a]\n{whole}aws_secret_access_key = CANARY"),
                "line 4: the profile has this key already",
            ),
            ("[a]\n".to_owned(), "profile a: expected a value for aws_access_key_id"),
            (format!("[a]\n{whole}[b]\nregion = x\n"), "profile b: expected a value for aws_access_key_id"),
            (
                "[a]\naws_access_key_id = CANARY\n".to_owned(),
                "profile a: expected a value for aws_secret_access_key",
            ),
            (
                "[a]\naws_access_key_id = A\naws_secret_access_key = \n".to_owned(),
                "profile a: expected a value for aws_secret_access_key",
            ),
            (
                format!("[a]\n{whole}aws_session_token =\n"),
                "profile a: expected a value for aws_session_token",
            ),
            (format!("[a]\n{whole}[b]\n{whole}"), "profiles a and b have the same aws_access_key_id"),
            (format!("[a]\n{whole}[profile a]\n"), "profile a is there twice"),
        ] {
            assert_eq!(error(&text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_regular_file_of_at_most_1_mib_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let message = |path: &Path| Keys::read(path).expect_err("no keys").to_string();
        let path = folder.path().join("credentials");
        assert_eq!(message(&path), "the file can't be read: entity not found");
        assert_eq!(message(folder.path()), "expected a regular file");
        std::fs::write(&path, b"[a]\n\xff").expect("a file");
        assert_eq!(message(&path), "the file is not UTF-8");

        let mut text = "[a]\naws_access_key_id = A\naws_secret_access_key = B\n".to_owned();
        text.extend(std::iter::repeat_n('\n', 1024 * 1024 - text.len()));
        std::fs::write(&path, &text).expect("a file");
        assert!(Keys::read(&path).is_ok());
        text.push('\n');
        std::fs::write(&path, &text).expect("a file");
        assert_eq!(message(&path), "the file is larger than 1 MiB");
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        assert!(matches!(Keys::read(&fifo), Err(KeysError::NotAFile)));
    }
}
