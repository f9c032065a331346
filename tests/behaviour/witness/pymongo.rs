//! pymongo.

use fixtures::mongodb::{Packages, PyMongoLogin, PyMongoVerdict};
use serde_json::json;

use super::Verdict;
use crate::behaviour::mongodb::{client_file, url};
use crate::behaviour::{Login, Tls};

/// Logs in, and lists the collections.
pub(crate) fn log_in(login: &Login) -> Verdict {
    let mut options = json!({ "username": login.user, "password": login.password });
    if let Tls::Verified(authorities) = &login.tls {
        options["tlsCAFile"] = json!(authorities);
    }
    if let Some(client) = &login.client {
        options["tlsCertificateKeyFile"] = json!(client_file(client));
    }
    let login = PyMongoLogin::new(url(login)).with(options);
    Packages::find().unwrap().judge(&[login]).unwrap().remove(0).into()
}

impl From<PyMongoVerdict> for Verdict {
    fn from(verdict: PyMongoVerdict) -> Self {
        match verdict {
            PyMongoVerdict::Passed { .. } => Self::Passed,
            PyMongoVerdict::Refused { code: Some(code), .. } => Self::Refused(code.to_string()),
            PyMongoVerdict::Refused { exception, message, .. } => {
                Self::Failed(format!("{exception}: {message}"))
            }
        }
    }
}
