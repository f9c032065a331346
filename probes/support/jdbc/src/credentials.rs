//! Who logs in: as the definition says, or as what it points at says.

use probe_contract::{
    Endpoint, Form, Location, Material, Mistake, Partition, Pointer, Properties, Secret, Warning, property,
};

/// The properties that point at credentials.
const SECRET_ID: &str = "SECRET_ID";
const ENCRYPTED_PASSWORD: &str = "ENCRYPTED_PASSWORD";
/// What IAM gives stands under the action that it takes.
const RDS_TOKEN: &str = "rds-db:connect";
const CLUSTER_CREDENTIALS: &str = "redshift:GetClusterCredentials";

/// User name and password of a JDBC definition.
#[derive(Debug)]
pub struct Credentials {
    user: Option<String>,
    password: Option<Secret>,
}

/// Which of two that are given counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The URL's.
    Url,
    /// The properties'.
    Properties,
}

impl Credentials {
    /// Reads `USERNAME` and `PASSWORD`, or those of the URL, and adds pointers for `SECRET_ID` and `ENCRYPTED_PASSWORD`. A
    /// stored secret wins over both. `passwordless` is whether the definition logs in by something else.
    ///
    /// A definition without any password that leads to a database of RDS (`endpoint`) logs in by a token of IAM's.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that a definition says of its credentials, and three lists to add to"
    )]
    pub fn read(
        properties: &Properties,
        endpoint: Option<Endpoint>,
        url: (Option<String>, Option<Secret>),
        precedence: Precedence,
        passwordless: bool,
        pointers: &mut Vec<Pointer>,
        mistakes: &mut Vec<Mistake>,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let given = (
            properties.get("USERNAME").map(str::to_owned),
            properties.get("PASSWORD").map(|password| Secret::new(password.to_owned())),
        );
        let (first, second) = match precedence {
            Precedence::Url => (url, given),
            Precedence::Properties => (given, url),
        };
        let inline = Self { user: first.0.or(second.0), password: first.1.or(second.1) };
        if let Some(id) = properties.get(SECRET_ID) {
            property::secret(SECRET_ID, id, Form::Credentials, pointers, mistakes);
            if inline.password.is_some() || properties.get(ENCRYPTED_PASSWORD).is_some() {
                let message =
                    "SECRET_ID is given, so the user name and password of the definition itself are ignored";
                warnings.push(Warning::new("property_ignored", message));
            }
            return Self { user: None, password: None };
        }
        let mut point = |property: &str, location, form| {
            pointers.push(Pointer { property: property.to_owned(), location, form });
        };
        let encrypted = properties.get(ENCRYPTED_PASSWORD).filter(|_| inline.password.is_none());
        if let Some(ciphertext) = encrypted {
            point(ENCRYPTED_PASSWORD, Location::Ciphertext(ciphertext.trim().to_owned()), Form::Text);
        }
        if inline.user.is_none() {
            mistakes.push(Mistake::new("USERNAME", "expected the name of the user to log in as"));
        }
        if inline.password.is_none() && encrypted.is_none() && !passwordless {
            let database = endpoint.filter(|endpoint| is_rds(&endpoint.host));
            match (database, &inline.user) {
                (Some(endpoint), Some(user)) => {
                    point(RDS_TOKEN, Location::RdsToken { endpoint, user: user.clone() }, Form::Text);
                }
                _ => mistakes.push(Mistake::new("PASSWORD", "expected the user's password")),
            }
        }
        let texts = [
            ("USERNAME", inline.user.as_deref()),
            ("PASSWORD", inline.password.as_ref().map(Secret::expose)),
        ];
        property::refuse_nul(&texts, mistakes);
        inline
    }

    /// Those that IAM gives for a login to Redshift (`location`).
    pub fn of_cluster(location: Location, pointers: &mut Vec<Pointer>) -> Self {
        let property = CLUSTER_CREDENTIALS.to_owned();
        pointers.push(Pointer { property, location, form: Form::Credentials });
        Self { user: None, password: None }
    }

    /// User name and password, with what the pointers led to.
    #[must_use]
    pub fn resolve(&self, material: &Material) -> (String, Option<Secret>) {
        let given =
            [SECRET_ID, CLUSTER_CREDENTIALS].iter().find_map(|property| material.credentials(property));
        if let Some((user, password)) = given {
            return (user.to_owned(), Some(password.clone()));
        }
        let issued = [ENCRYPTED_PASSWORD, RDS_TOKEN].iter().find_map(|property| material.text(property));
        let password = self.password.clone().or_else(|| issued.cloned());
        (self.user.clone().unwrap_or_default(), password)
    }
}

/// Whether a host is one of RDS's own names: a token is signed for one.
fn is_rds(host: &str) -> bool {
    host.to_ascii_lowercase().contains(".rds.")
        && Partition::ALL.iter().any(|partition| partition.has_host(host))
}
