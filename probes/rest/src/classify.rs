//! What an error means where a connector's document says nothing of it: the codes of OAuth 2.0, and HTTP's own.

use std::sync::LazyLock;

use probe_contract::Code;

use crate::extensions::ErrorRow;

/// RFC 6749, section 5.2, and its followers; RFC 6750, section 3.1. In the form of a document's `Errors`.
pub(crate) static ROWS: LazyLock<Vec<ErrorRow>> =
    LazyLock::new(|| serde_json::from_str(include_str!("oauth2.json")).expect("the rows are tested"));

/// What Salesforce's login says, at the token endpoint that SALESFORCE and SALESFORCEPARDOT share.
pub(crate) static SALESFORCE_LOGIN: LazyLock<Vec<ErrorRow>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("salesforce_login.json")).expect("the rows are tested")
});

/// What is wrong by the status alone.
pub(crate) const STATUS: &[(u16, Code, Option<&str>)] = &[
    (401, Code::CredentialsRejected, Some(CREDENTIAL)),
    (403, Code::AccessDenied, Some(RIGHT)),
    (404, Code::ResponseUnreadable, Some(ADDRESS)),
    (405, Code::ResponseUnreadable, Some(ADDRESS)),
    (
        407,
        Code::ResponseUnreadable,
        Some("Connect without the proxy that answers there, or have it let the API through"),
    ),
    (410, Code::ResponseUnreadable, Some(ADDRESS)),
    (429, Code::RateLimited, None),
];

pub(crate) const CREDENTIAL: &str = "Check the credential that the message is about, and for whom it was issued; dialcheck did not try a second time";
pub(crate) const RIGHT: &str =
    "The credential is good: give its owner, or its scopes, the right that the message names";
pub(crate) const ADDRESS: &str =
    "Check INSTANCE_URL and the API version: the host answers, and has nothing at this path";
