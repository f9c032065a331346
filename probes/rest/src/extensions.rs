//! What Glue's shape of a connector can't say: the key `Extensions` of a document.

use std::collections::BTreeMap;

use probe_contract::{Code, Stage};
use regex_lite::Regex;
use serde::Deserialize;
use serde::de::Error as _;

use crate::path::JsonPath;
use crate::pattern::Conditions;

/// How a connector is dialed and judged, beside what `RegisterConnectionType` says of it. The default is what is assumed of
/// a type that a user registered.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Extensions {
    /// What people call it. Read before the document is, by [`crate::connectors`].
    #[serde(rename = "DisplayName")]
    _display_name: String,
    /// Who makes it.
    #[serde(rename = "Vendor")]
    _vendor: String,
    /// How its definitions name the target, for help and tables.
    #[serde(rename = "Form")]
    _form: String,
    /// Where credentials may be sent: names, `*.` and what a name ends with, or `*`. Empty stands for `*`.
    pub(crate) hosts: Vec<String>,
    /// Whether a host that is none of these is only warned of.
    pub(crate) other_hosts: OtherHosts,
    /// Hosts that look right and are not.
    pub(crate) refused_hosts: Vec<RefusedHost>,
    /// The URL of the API.
    pub(crate) url: UrlRules,
    /// What is known of single properties and keys of the secret, by name.
    pub(crate) properties: BTreeMap<String, PropertyRule>,
    /// How an access token is sent in the header `Authorization`; `Bearer {value}` where nothing is said.
    pub(crate) authorization: Option<String>,
    /// Keys of a CUSTOM authentication that is HTTP's Basic.
    pub(crate) custom_basic: Option<CustomBasic>,
    pub(crate) token: Token,
    /// What a pass by a grant should not hide, by the grant's name.
    pub(crate) grant_notices: BTreeMap<String, String>,
    /// The property that holds the API's version. A `v` before it counts for nothing where its pattern has none.
    pub(crate) version_property: Option<String>,
    pub(crate) answer: Answer,
    /// Where the code of an error is, beside `ErrorPath`; several are put together with `/`.
    pub(crate) codes: Vec<JsonPath>,
    /// Whose login it shares: that login's rows come behind its own.
    pub(crate) login: Option<SharedLogin>,
    /// What an error means; the first row that matches.
    pub(crate) errors: Vec<ErrorRow>,
    /// What must hold of an answer that looks right.
    pub(crate) checks: Vec<Check>,
    /// What a pass should not hide.
    pub(crate) notices: Vec<Notice>,
    /// Where each fact is from: tag and page.
    pub(crate) sources: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum OtherHosts {
    #[default]
    Refused,
    Warned,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct RefusedHost {
    pub(crate) hosts: Vec<String>,
    /// What is expected instead, as a phrase.
    pub(crate) expected: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct UrlRules {
    /// Where the API is, with placeholders, where that is not simply the URL property.
    pub(crate) base: Option<String>,
    /// Whether the API stands at the root of its host: nothing may be behind it in the URL.
    pub(crate) host_alone: bool,
    /// The hosts of the API: a URL property that names another host of the connector does not say where the API is.
    pub(crate) api_hosts: Vec<String>,
    /// The property that holds the port.
    pub(crate) port_property: Option<String>,
    /// What may be behind the host and is not part of the base.
    pub(crate) trimmed: Vec<String>,
    /// Where the token's answer says where the API is.
    pub(crate) token_member: Option<JsonPath>,
}

/// What is known of a property, or of a key of the secret.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct PropertyRule {
    /// What it is, for `DescribeConnectionType`.
    pub(crate) description: String,
    /// Whether it is not shown although Glue calls it an input.
    pub(crate) secret: bool,
    /// Other spellings of its key.
    pub(crate) aliases: Vec<String>,
    /// What a whole value matches.
    #[serde(deserialize_with = "regex")]
    pub(crate) pattern: Option<Regex>,
    /// What is expected, as a phrase.
    pub(crate) expected: Option<String>,
    /// What is sent for which value, without regard to case; what is not among them is not sent.
    pub(crate) values: BTreeMap<String, String>,
    /// Whether the only value of the secret that matches the pattern is taken where no key fits.
    pub(crate) by_pattern: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct CustomBasic {
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Token {
    /// Where the access token is, in the order of looking; `$.access_token` where nothing is said.
    pub(crate) members: Vec<JsonPath>,
    pub(crate) refresh: Refresh,
    /// Why a test does not use the refresh token, as a phrase: `revokes a refresh token when it is used`.
    pub(crate) refresh_harm: Option<String>,
    /// Whether a JWT may be exchanged more than once.
    pub(crate) jwt_reusable: bool,
    /// Whether client id and secret are in the Basic header as they are, and not encoded as RFC 6749 wants it.
    pub(crate) raw_basic: bool,
    /// How an assertion is signed with an RSA key.
    pub(crate) rsa_algorithm: RsaAlgorithm,
}

/// Whether a test may use the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Refresh {
    #[default]
    Never,
    /// Where the stored access token is not valid any more.
    IfExpired,
    /// It does no harm.
    Safe,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum RsaAlgorithm {
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
}

/// What a right answer of the validation endpoint looks like, beside its paths.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Answer {
    /// The element that an answer in XML is one of; without it XML is not an answer.
    pub(crate) xml_element: Option<String>,
    /// Whether 204 without a body is a right answer.
    pub(crate) empty: bool,
    /// Where it says who the session is.
    pub(crate) user: Option<JsonPath>,
    /// Where it says whose data it is: a team, a site, an account.
    pub(crate) database: Option<JsonPath>,
}

/// One rule about an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct ErrorRow {
    /// Whose answer: the token endpoint's or the API's.
    #[serde(default)]
    pub(crate) at: Side,
    /// All of these hold.
    pub(crate) when: Conditions,
    #[serde(deserialize_with = "code")]
    pub(crate) code: Code,
    /// Where it belongs to; by its code where nothing is said.
    #[serde(default, deserialize_with = "stage")]
    pub(crate) stage: Option<Stage>,
    /// Where the native code is; the first path of `When` where nothing is said. Several are put together with `/`.
    #[serde(default)]
    pub(crate) native: Vec<JsonPath>,
    pub(crate) hint: Option<String>,
    /// An answer that reaches it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the proof of each row, read by its test"))]
    pub(crate) sample: Sample,
    /// Where it is from: tag and page.
    #[serde(rename = "Source")]
    _source: String,
}

/// A token endpoint that several connectors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum SharedLogin {
    Salesforce,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Side {
    #[default]
    Api,
    Token,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(not(test), expect(dead_code, reason = "the proof of each row, read by its test"))]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Sample {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A text as it is, or JSON.
    #[serde(default)]
    pub(crate) body: serde_json::Value,
}

/// What must hold of an answer that looks right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Check {
    /// All of these hold.
    #[serde(default)]
    pub(crate) must: Conditions,
    /// Or: one of the values at `Among` is the property's.
    pub(crate) property: Option<String>,
    #[serde(default)]
    pub(crate) among: Vec<JsonPath>,
    #[serde(deserialize_with = "code")]
    pub(crate) code: Code,
    #[serde(default, deserialize_with = "stage")]
    pub(crate) stage: Option<Stage>,
    /// What an answer that fails it says, as a sentence.
    pub(crate) detail: String,
    pub(crate) hint: Option<String>,
    #[serde(rename = "Source")]
    _source: String,
}

/// What a pass should not hide.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Notice {
    pub(crate) when: Conditions,
    pub(crate) message: String,
    #[serde(rename = "Source")]
    _source: String,
}

fn regex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Regex::new(&format!("^(?:{text})$")).map(Some).map_err(D::Error::custom)
}

fn code<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    let slug = String::deserialize(deserializer)?;
    let known = Code::ALL.iter().copied().find(|code| code.slug() == slug);
    known.ok_or_else(|| D::Error::custom(format!("there is no code {slug}")))
}

fn stage<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Stage>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = [Stage::Auth, Stage::Access, Stage::Query].into_iter().find(|stage| stage.as_str() == name);
    known.map(Some).ok_or_else(|| D::Error::custom(format!("{name} is not auth, access or query")))
}
