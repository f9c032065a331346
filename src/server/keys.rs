//! Who may call: access keys from a file in the format of the AWS CLI and SDKs.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>. Two things of it are left out on purpose: a value is
//! taken as it is to the end of its line, because the SDKs disagree about comments and quotes there, and nothing but a
//! profile is a section.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use probe_contract::Secret;

use crate::private_file::{self, PrivateFileError, Readers};
use crate::service::{GrantError, Grants, Rights};

/// No file is larger: it has room for some 5,000 profiles.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

const ACCESS_KEY_ID: &str = "aws_access_key_id";
const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
const SESSION_TOKEN: &str = "aws_session_token";
/// What the names of dialcheck's own settings begin with.
const OWN: &str = "dialcheck_";
const OPERATIONS: &str = "dialcheck_operations";
const CONNECTIONS: &str = "dialcheck_connections";
const REFERENCES: &str = "dialcheck_references";
const ENCRYPTION_SETTINGS: &str = "dialcheck_encryption_settings";
const OWN_SETTINGS: [&str; 4] = [OPERATIONS, CONNECTIONS, REFERENCES, ENCRYPTION_SETTINGS];

/// The access keys that requests may be signed with.
#[derive(Debug)]
pub struct Keys {
    by_access_key_id: HashMap<String, AccessKey>,
}

/// Whom an access key belongs to: one profile of the file.
#[derive(Debug)]
pub(super) struct AccessKey {
    /// The name of the profile.
    pub(super) name: String,
    /// `aws_access_key_id`, which says who signed.
    pub(super) access_key_id: String,
    /// `aws_secret_access_key`, which the signature proves.
    pub(super) secret_access_key: Secret,
    /// `aws_session_token`; a profile that has one must send it with every request.
    pub(super) session_token: Option<Secret>,
    /// What the settings `dialcheck_…` grant.
    pub(super) rights: Arc<Rights>,
}

/// Why a file holds no keys. Shows lines and profiles and never a value.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read, or others can read it too.
    #[error(transparent)]
    File(#[from] PrivateFileError),
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
    /// The file contains no profile.
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
    /// A profile grants something by a pattern that can't be meant.
    #[error("profile {profile}: {key}: {wrong}")]
    Grant {
        /// The name of the profile.
        profile: String,
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        wrong: GrantError,
    },
    /// A profile has a setting of dialcheck's that there is not: what was meant would be granted to nobody, or to everybody.
    #[error("profile {profile}: {key} is not a setting; expected one of {}", OWN_SETTINGS.join(", "))]
    UnknownSetting {
        /// The name of the profile.
        profile: String,
        /// The setting.
        key: String,
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
    /// The first thing that is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let bytes = private_file::read(path, Readers::OwnerAndGroup, MAX_FILE_BYTES)?.to_vec();
        // As a secret, the text is wiped from memory when it has been read.
        let text = Secret::new(String::from_utf8(bytes).map_err(|_| KeysError::NotUtf8)?);
        Self::parse(text.expose())
    }

    /// Whose access key `access_key_id` is.
    pub(super) fn get(&self, access_key_id: &str) -> Option<&AccessKey> {
        self.by_access_key_id.get(access_key_id)
    }

    fn parse(text: &str) -> Result<Self, KeysError> {
        let mut names = HashSet::new();
        let mut by_access_key_id = HashMap::<String, AccessKey>::new();
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
    fn caller(&self) -> Result<AccessKey, KeysError> {
        let is_unknown = |key: &&&str| key.starts_with(OWN) && !OWN_SETTINGS.contains(*key);
        if let Some(key) = self.settings.keys().find(is_unknown) {
            return Err(KeysError::UnknownSetting { profile: self.name.to_owned(), key: (*key).to_owned() });
        }
        let session_token = match self.settings.get(SESSION_TOKEN) {
            Some(_) => Some(Secret::new(self.value(SESSION_TOKEN)?)),
            None => None,
        };
        Ok(AccessKey {
            name: self.name.to_owned(),
            access_key_id: self.value(ACCESS_KEY_ID)?,
            secret_access_key: Secret::new(self.value(SECRET_ACCESS_KEY)?),
            session_token,
            rights: Arc::new(self.rights()?),
        })
    }

    fn rights(&self) -> Result<Rights, KeysError> {
        let text = |key: &'static str| self.settings.get(key).map(|_| self.value(key)).transpose();
        let (operations, connections) = (text(OPERATIONS)?, text(CONNECTIONS)?);
        let grants = Grants {
            operations: operations.as_deref(),
            connections: connections.as_deref(),
            references: self.boolean(REFERENCES)?,
            encryption_settings: self.boolean(ENCRYPTION_SETTINGS)?,
        };
        Rights::granted(grants).map_err(|wrong| {
            let key = match wrong {
                GrantError::UnknownOperation(_) | GrantError::BlankOperation => OPERATIONS,
                GrantError::BlankConnection => CONNECTIONS,
            };
            KeysError::Grant { profile: self.name.to_owned(), key, wrong }
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
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::engine::References;

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
    fn a_profile_grants_what_it_names() {
        let whole = "[a]\naws_access_key_id = A\naws_secret_access_key = CANARY\n";
        let rights = |settings: &str| {
            let keys = Keys::parse(&format!("{whole}{settings}")).expect("keys");
            Arc::clone(&keys.get("A").expect("a caller").rights)
        };
        assert_eq!(rights("").references(), References::Denied);
        assert_eq!(rights("dialcheck_references = true").references(), References::Allowed);
        let own = rights("dialcheck_connections = staging-*");
        assert!(own.cover("staging-a") && !own.cover("orders"));
        for (settings, expected) in [
            (
                "dialcheck_inline_pointers = true",
                "profile a: dialcheck_inline_pointers is not a setting; expected one of dialcheck_operations, \
                 dialcheck_connections, dialcheck_references, dialcheck_encryption_settings",
            ),
            ("dialcheck_references = yes", "profile a: expected true or false for dialcheck_references"),
            ("dialcheck_connections =", "profile a: expected a value for dialcheck_connections"),
            (
                "dialcheck_connections = a,,b",
                "profile a: dialcheck_connections: expected names or patterns, with commas between them",
            ),
            (
                "dialcheck_operations = Tset*",
                "profile a: dialcheck_operations: the pattern Tset* matches no operation",
            ),
        ] {
            assert_eq!(error(&format!("{whole}{settings}")), expected);
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
        for (mode, expected) in [
            (0o644, "other users can read it: run chmod 600 on it"),
            (0o604, "other users can read it: run chmod 600 on it"),
            (0o660, "other users can read it: run chmod 600 on it"),
            (0o440, "the file is not UTF-8"),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(message(&path), expected, "{mode:o}");
        }
        assert_eq!(message(&path), "the file is not UTF-8");

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");

        let mut text = "[a]\naws_access_key_id = A\naws_secret_access_key = B\n".to_owned();
        text.extend(std::iter::repeat_n('\n', 1024 * 1024 - text.len()));
        std::fs::write(&path, &text).expect("a file");
        assert!(Keys::read(&path).is_ok());
        text.push('\n');
        std::fs::write(&path, &text).expect("a file");
        assert_eq!(message(&path), "the file is larger than 1048576 bytes");
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        assert!(matches!(Keys::read(&fifo), Err(KeysError::File(PrivateFileError::NotAFile))));
    }
}
