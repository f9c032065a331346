//! A case: what is asked of which server, what must come of it, and which witness sees it otherwise.

use serde_json::Value;

use super::servers::{Server, Servers};
use super::witness::Witness;
use crate::support::harness::{Connection, PASSWORD};
use crate::support::servers::certificates::trust;

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) server: Server,
    pub(super) user: &'static str,
    pub(super) password: &'static str,
    pub(super) database: &'static str,
    pub(super) encrypt: Encrypt,
    /// `trustServerCertificate`
    pub(super) trusts_any: bool,
    /// `hostNameInCertificate`
    pub(super) host_in_certificate: Option<&'static str>,
    /// The file of the authority that is trusted, and no other.
    pub(super) authority: &'static str,
    pub(super) expected: Outcome<'static>,
    /// The codes of all warnings.
    pub(super) warnings: &'static [&'static str],
    pub(super) differences: Vec<Difference>,
}

/// `encrypt`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encrypt {
    Unsaid,
    True,
    False,
    Strict,
}

/// What comes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    Passes,
    Fails {
        stage: &'a str,
        code: &'a str,
        native: Option<&'a str>,
        exception: &'a str,
        source: Option<&'a str>,
    },
}

/// A verdict of a witness that is meant to be another one.
pub(super) struct Difference {
    pub(super) witness: Witness,
    /// What it says when it fails by itself; none where it logs in.
    pub(super) says: Option<&'static str>,
    pub(super) why: &'static str,
}

impl Case {
    /// Of alice, who may open the database app.
    pub(super) fn at(server: Server, name: &'static str, expected: Outcome<'static>) -> Self {
        Self {
            name,
            server,
            user: "alice",
            password: PASSWORD,
            database: "app",
            encrypt: Encrypt::True,
            trusts_any: false,
            host_in_certificate: None,
            authority: "ca.pem",
            expected,
            warnings: &[],
            differences: Vec::new(),
        }
    }

    pub(super) fn user(mut self, user: &'static str, password: &'static str) -> Self {
        (self.user, self.password) = (user, password);
        self
    }

    pub(super) fn database(mut self, database: &'static str) -> Self {
        self.database = database;
        self
    }

    pub(super) fn encrypt(mut self, encrypt: Encrypt) -> Self {
        self.encrypt = encrypt;
        self
    }

    pub(super) fn trusts_any(mut self) -> Self {
        self.trusts_any = true;
        self
    }

    pub(super) fn host_in_certificate(mut self, name: &'static str) -> Self {
        self.host_in_certificate = Some(name);
        self
    }

    pub(super) fn other_authority(mut self) -> Self {
        self.authority = "other.pem";
        self
    }

    pub(super) fn warns(mut self, warnings: &'static [&'static str]) -> Self {
        self.warnings = warnings;
        self
    }

    /// These log in where the test does not.
    pub(super) fn logs_in(self, witnesses: &[Witness], why: &'static str) -> Self {
        self.differ(witnesses, None, why)
    }

    /// These fail by themselves with a message that has `says` in it, where the test does not, or for another reason.
    pub(super) fn fails(self, witnesses: &[Witness], says: &'static str, why: &'static str) -> Self {
        self.differ(witnesses, Some(says), why)
    }

    fn differ(mut self, witnesses: &[Witness], says: Option<&'static str>, why: &'static str) -> Self {
        self.differences.extend(witnesses.iter().map(|witness| Difference { witness: *witness, says, why }));
        self
    }

    /// What differs with `witness`.
    pub(super) fn difference(&self, witness: Witness) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.witness == witness)
    }

    /// Whether all is encrypted although `encrypt=false`.
    pub(super) fn is_insisted(&self) -> bool {
        self.server == Server::Insists
    }

    /// The URL that both the test and the drivers of JDBC are given.
    pub(super) fn url(&self, servers: &Servers) -> String {
        let (port, database) = (servers.port(self.server), self.database);
        let mut url = format!("jdbc:sqlserver://localhost:{port};databaseName={database}");
        match self.encrypt {
            Encrypt::Unsaid => {}
            Encrypt::True => url.push_str(";encrypt=true"),
            Encrypt::False => url.push_str(";encrypt=false"),
            Encrypt::Strict => url.push_str(";encrypt=strict"),
        }
        if self.trusts_any {
            url.push_str(";trustServerCertificate=true");
        }
        if let Some(name) = self.host_in_certificate {
            url.push_str(&format!(";hostNameInCertificate={name}"));
        }
        url
    }

    /// The definition, whose name is its place among the cases.
    pub(super) fn definition(&self, index: usize, servers: &Servers) -> Value {
        let mut input = Connection::to(self.url(servers))
            .user(self.user, self.password)
            .with("CUSTOM_JDBC_CERT", format!("file://{}", trust(self.authority)))
            .input();
        input["Name"] = index.to_string().into();
        input
    }
}

impl<'a> Outcome<'a> {
    /// What the report says of a test.
    pub(super) fn of(result: &'a Value) -> Self {
        if result["verdict"] == "passed" {
            return Self::Passes;
        }
        let (failure, exception) = (&result["failure"], &result["exception"]);
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        Self::Fails {
            stage: text(&failure["stage"]),
            code: text(&failure["code"]),
            native: failure["native"].as_str(),
            exception: text(&exception["name"]),
            source: exception["federation_source_error_code"].as_str(),
        }
    }
}
