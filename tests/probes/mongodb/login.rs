//! A login, as dialcheck's definition and as those of the witnesses, the driver for Rust and pymongo.

use std::path::PathBuf;

use fixtures::mongodb::{Packages, PyMongoLogin, PyMongoVerdict, User};
use serde_json::json;

use crate::behaviour::witness::{self, Verdict};
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::servers::certificates::trust;

/// A login at a genuine server.
#[derive(Clone)]
pub(super) struct Login {
    url: String,
    user: Option<String>,
    password: Option<String>,
    authority: Option<&'static str>,
    /// Certificate and key.
    client: Option<PathBuf>,
}

/// How dialcheck's test of a login ends, and what pymongo makes of it: `passed`, the server's code, or the exception. The driver for Rust must
/// say the same as pymongo.
pub(super) struct Judged<'a> {
    pub(super) login: Login,
    /// None where it passes.
    pub(super) failed: Option<Failed<'a>>,
    pub(super) pymongo: &'a str,
}

impl Login {
    /// Without a user. Database and options are `rest`, and there is an option.
    pub(super) fn at(port: u16, rest: &str) -> Self {
        let url = format!("mongodb://127.0.0.1:{port}/{rest}");
        Self { url, user: None, password: None, authority: None, client: None }
    }

    pub(super) fn of(self, user: &User) -> Self {
        self.named(user.name, user.password.unwrap_or_default())
    }

    pub(super) fn named(mut self, user: &str, password: &str) -> Self {
        self.user = Some(user.to_owned()).filter(|user| !user.is_empty());
        self.password = Some(password.to_owned()).filter(|password| !password.is_empty());
        self
    }

    /// Over TLS, where the authority in this file is trusted.
    pub(super) fn trusting(mut self, authority: &'static str) -> Self {
        self.url += "&tls=true";
        self.authority = Some(authority);
        self
    }

    /// With the certificate and the key of this file.
    pub(super) fn showing(mut self, client: PathBuf) -> Self {
        self.client = Some(client);
        self
    }

    pub(super) fn definition(&self) -> Connection {
        let file =
            self.client.as_ref().map(|file| format!("&tlsCertificateKeyFile=file://{}", file.display()));
        let mut connection = Connection::mongodb(self.url.clone() + &file.unwrap_or_default());
        for (key, value) in [("USERNAME", &self.user), ("PASSWORD", &self.password)] {
            if let Some(value) = value {
                connection = connection.with(key, value);
            }
        }
        match self.authority {
            Some(file) => connection.with("CUSTOM_JDBC_CERT", format!("file://{}", trust(file))),
            None => connection,
        }
    }

    fn for_pymongo(&self) -> PyMongoLogin {
        let mut options = json!({});
        for (key, value) in [("username", &self.user), ("password", &self.password)] {
            if let Some(value) = value {
                options[key] = json!(value);
            }
        }
        if let Some(file) = self.authority {
            options["tlsCAFile"] = json!(trust(file));
        }
        if let Some(file) = &self.client {
            options["tlsCertificateKeyFile"] = json!(file);
        }
        PyMongoLogin::new(&*self.url).with(options)
    }

    pub(super) fn ask_driver_for_rust(&self) -> Verdict {
        let mut url = self.url.clone();
        if let Some(file) = self.authority {
            url += &format!("&tlsCAFile={}", trust(file));
        }
        if let Some(file) = &self.client {
            url += &format!("&tlsCertificateKeyFile={}", file.display());
        }
        witness::mongodb::log_in_by(&url, self.user.as_deref(), self.password.as_deref())
    }
}

/// Tests each login, and asserts the verdicts on it.
#[track_caller]
pub(super) fn judge(cases: &[Judged<'_>]) -> Vec<Tested> {
    let logins: Vec<_> = cases.iter().map(|case| case.login.for_pymongo()).collect();
    let verdicts = Packages::find().unwrap().judge(&logins).unwrap();
    let mut all = Vec::new();
    for (Judged { login, failed, pymongo }, verdict) in cases.iter().zip(verdicts) {
        let tested = login.definition().test();
        match failed {
            None => tested.passed(),
            Some(failed) => tested.failed(failed),
        };
        let found = match &verdict {
            PyMongoVerdict::Passed { .. } => "passed".to_owned(),
            PyMongoVerdict::Refused { code: Some(code), .. } => code.to_string(),
            PyMongoVerdict::Refused { exception, .. } => exception.clone(),
        };
        assert_eq!(found, *pymongo, "{}: {verdict:?}", login.url);
        // What it makes of a client's certificate is told in `x509`.
        if login.client.is_none() {
            login.ask_driver_for_rust().is_that_of(&verdict.into());
        }
        all.push(tested);
    }
    all
}
