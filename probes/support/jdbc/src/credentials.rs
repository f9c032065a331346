//! Who logs in to a database: as the properties or the URL say, or by what IAM gives.

use probe_contract::{
    AuthenticationType, Credentials, Endpoint, Given, Reader, Secret, SecretRef, StoredCredentials, Target,
    WithoutPassword,
};

use crate::keys::{CREDENTIALS, JDBC_CONNECTION_URL};

/// Which of two that are given counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The URL's.
    Url,
    /// The properties'.
    Properties,
}

/// Whether a definition may log in without a password.
#[derive(Clone, Copy, Debug)]
pub enum Passwordless {
    /// By something else that it has: a client certificate.
    Allowed,
    /// Only where there is a token in its place, for the user at the endpoint.
    Token(fn(&Endpoint, &str) -> Option<SecretRef<Secret>>),
}

/// The credentials of a definition that leads to `endpoint`, with those that its URL has in front of the host (`authority`) and as
/// parameters. The former beat all others: so it is with Connector/J, the one driver that reads them. What is in the properties beats
/// an AuthenticationConfiguration.
pub fn credentials(
    reader: &mut Reader<'_>,
    target: &Target,
    endpoint: Option<Endpoint>,
    authority: Given,
    url: Given,
    precedence: Precedence,
    passwordless: Passwordless,
) -> Credentials {
    let mut properties = Given::read(reader, &CREDENTIALS);
    if let Some(authentication) = &target.authentication {
        if !supports(reader, authentication.kind) {
            return Credentials::NOBODY;
        }
        properties = properties.or(Given::of_authentication(authentication));
    }
    let is_complete = authority.user.is_some() && authority.password.is_some();
    if authority.user.is_some() || authority.password.is_some() {
        let is_stored = properties.stored.take().is_some();
        if is_stored && !is_complete {
            let expected =
                "expected user and password in front of the host, or neither: a secret has the other one";
            reader.not_testable(JDBC_CONNECTION_URL, expected);
        } else if is_stored || properties.user.is_some() || properties.password.is_some() {
            let message =
                "the URL has a user in front of its host, which overrides the properties and their secret";
            reader.warn("property_ignored", message);
        }
    }
    let properties = authority.or(properties);
    let precedence = if is_complete { Precedence::Properties } else { precedence };
    let given = match precedence {
        Precedence::Url => url.or(properties),
        Precedence::Properties => properties.or(url),
    };
    Credentials::read(reader, &CREDENTIALS, given, |user| {
        let Passwordless::Token(token) = passwordless else { return WithoutPassword::Right };
        let token = endpoint.zip(user).and_then(|(endpoint, user)| token(&endpoint, user));
        token.map_or(WithoutPassword::WrongUnlessBlank, WithoutPassword::Issued)
    })
}

/// Those that a service gives for a login.
pub fn issued(reader: &mut Reader<'_>, target: &Target, login: SecretRef<StoredCredentials>) -> Credentials {
    supports(reader, target.authentication.as_ref().and_then(|authentication| authentication.kind));
    Credentials::Stored(reader.refer(login))
}

/// Whether a login to a database can be of this kind. With IAM there is a user and no password: a token is signed for a database of
/// RDS.
pub fn supports(reader: &mut Reader<'_>, kind: Option<AuthenticationType>) -> bool {
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
