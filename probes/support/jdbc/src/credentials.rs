//! Who logs in to a database: as the properties or the URL say, or by what IAM gives.

use probe_contract::{
    AuthenticationType, Credentials, Endpoint, Form, Given, Location, Partition, PasswordSource, Pointer,
    Reader, Target, WithoutPassword,
};

use crate::keys::CREDENTIALS;

/// What IAM gives stands under the action that it takes.
const RDS_TOKEN: &str = "rds-db:connect";
const CLUSTER_CREDENTIALS: &str = "redshift:GetClusterCredentials";

/// Which of two that are given counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The URL's.
    Url,
    /// The properties'.
    Properties,
}

/// Whether a definition may log in without a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwordless {
    /// By something else that it has: a client certificate.
    Allowed,
    /// Only where it leads to a database of RDS, by a token of IAM's.
    OnlyRds,
}

/// The credentials of a definition that leads to `endpoint`, with those of its URL. What stands in the properties beats an
/// AuthenticationConfiguration.
pub fn credentials(
    reader: &mut Reader<'_>,
    target: &Target,
    endpoint: Option<Endpoint>,
    url: Given,
    precedence: Precedence,
    passwordless: Passwordless,
) -> Credentials {
    let mut properties = Given::read(reader, &CREDENTIALS);
    if let Some(authentication) = &target.authentication {
        if !supports(reader, authentication.kind) {
            return Credentials::Named { user: String::new(), password: PasswordSource::None };
        }
        properties = properties.or(Given::of(authentication));
    }
    let given = match precedence {
        Precedence::Url => url.or(properties),
        Precedence::Properties => properties.or(url),
    };
    Credentials::read(reader, &CREDENTIALS, given, |user| {
        let database = endpoint.filter(|endpoint| is_rds(&endpoint.host));
        match (passwordless, database, user) {
            (Passwordless::Allowed, ..) => WithoutPassword::Right,
            (Passwordless::OnlyRds, Some(endpoint), Some(user)) => {
                let location = Location::RdsToken { endpoint, user: user.to_owned() };
                let property = RDS_TOKEN.to_owned();
                WithoutPassword::Issued(Box::new(Pointer { property, location, form: Form::Text }))
            }
            (Passwordless::OnlyRds, ..) => WithoutPassword::Wrong,
        }
    })
}

/// Those that IAM gives for a login to Redshift (`location`).
pub fn of_cluster(reader: &mut Reader<'_>, target: &Target, location: Location) -> Credentials {
    supports(reader, target.authentication.as_ref().and_then(|authentication| authentication.kind));
    let property = CLUSTER_CREDENTIALS.to_owned();
    Credentials::Stored(reader.refer(Pointer { property, location, form: Form::Credentials }))
}

/// Whether a login to a database can be of this kind. With IAM there is a user and no password: a token is signed for a database of
/// RDS.
fn supports(reader: &mut Reader<'_>, kind: Option<AuthenticationType>) -> bool {
    match kind {
        None | Some(AuthenticationType::Basic | AuthenticationType::Iam) => true,
        Some(kind @ (AuthenticationType::OAuth2 | AuthenticationType::Custom)) => {
            let expected =
                format!("expected BASIC or IAM: dialcheck does not log in to a database by {}", kind.name());
            reader.unsupported("AuthenticationConfiguration.AuthenticationType", expected);
            false
        }
    }
}

/// Whether a host is one of RDS's own names: a token is signed for one.
fn is_rds(host: &str) -> bool {
    host.to_ascii_lowercase().contains(".rds.")
        && Partition::ALL.iter().any(|partition| partition.has_host(host))
}
