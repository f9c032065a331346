//! What an answer proves, and what it refuses: HTTP 200 is not success.

use probe_contract::{Code, Endpoint, Evidence, Failure, Secret, Stage, StageGuard, Warning};

use crate::answer::{Answer, Content};
use crate::classify;
use crate::extensions::{Check, ErrorRow, Extensions, SharedLogin, Side};
use crate::path::{JsonPath, scalar};
use crate::settings::Settings;

/// What a right answer says beside being right.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) warnings: Vec<Warning>,
}

/// Judges the answer of the validation endpoint.
///
/// # Errors
/// Why it proves nothing, or proves the contrary; at the stage that it decides.
pub(crate) fn api(settings: &Settings, answer: &Answer, peer: &Endpoint) -> Result<Verified, Failure> {
    let extensions = &settings.document.extensions;
    if let Some(row) = row(extensions, Side::Api, answer) {
        return Err(by_row(settings, row, answer, peer));
    }
    refuse_by_status(settings, answer, peer)?;
    if answer.status() == 204 && extensions.answer.empty {
        return Ok(Verified::default());
    }
    if let (Content::Xml, Some(element)) = (answer.content(), &extensions.answer.xml_element) {
        return if has_element(&answer.text(), element) {
            Ok(Verified::default())
        } else {
            Err(unreadable(answer, peer, &format!("XML without an element {element}")))
        };
    }
    let json = match (answer.content(), answer.json()) {
        (Content::Html, _) => return Err(login_page(answer, peer)),
        (_, Some(json)) if json.is_object() || json.is_array() => json,
        (Content::Xml | Content::Other, _) => {
            return Err(unreadable(answer, peer, "something that is not JSON"));
        }
        (Content::Json | Content::Unsaid, _) => {
            let what = if answer.is_empty() { "nothing" } else { "text that is not a JSON object" };
            return Err(unreadable(answer, peer, what));
        }
    };
    let response = settings.document.rest_configuration.response();
    if let Some(path) = response.and_then(|response| response.error_path.as_ref())
        && let Some(error) = path.first(json).filter(|error| says_something(error))
    {
        let failure = Failure::from_peer(Code::Unclassified, said(answer, peer));
        let native = scalar(error).or_else(|| answer.code()).unwrap_or_else(|| path.as_str().to_owned());
        return Err(failure.native(native).hint(UNKNOWN));
    }
    if let Some(check) = extensions.checks.iter().find(|check| !holds(settings, check, answer)) {
        return Err(failed(check, peer));
    }
    if let Some(response) = response
        && response.result_path.first(json).is_none()
    {
        let what = format!("JSON with nothing at {}", response.result_path.as_str());
        return Err(unreadable(answer, peer, &what));
    }
    let fact = |path: &Option<JsonPath>| path.as_ref().and_then(|path| answer.at(path));
    let user = fact(&extensions.answer.user).map(Evidence::User);
    let database = fact(&extensions.answer.database).map(Evidence::Database);
    let notices = extensions.notices.iter().filter(|notice| notice.when.hold(answer));
    let warnings = notices.map(|notice| Warning::new("provider_notice", notice.message.clone()));
    Ok(Verified { evidence: user.into_iter().chain(database).collect(), warnings: warnings.collect() })
}

/// The token in the answer of a token endpoint.
///
/// # Errors
/// Why there is none; at the stage that it decides.
pub(crate) fn token(settings: &Settings, answer: &Answer, peer: &Endpoint) -> Result<Secret, Failure> {
    let extensions = &settings.document.extensions;
    if let Some(row) = row(extensions, Side::Token, answer) {
        return Err(by_row(settings, row, answer, peer));
    }
    refuse_by_status(settings, answer, peer)?;
    let usual = [JsonPath::parse("$.access_token")];
    let usual: Vec<_> = usual.into_iter().flatten().collect();
    let members = if extensions.token.members.is_empty() { &usual } else { &extensions.token.members };
    let found = members.iter().find_map(|path| answer.at(path)).filter(|token| !token.is_empty());
    match (found, answer.content()) {
        (Some(token), _) => Ok(Secret::new(token)),
        (None, Content::Html) => Err(login_page(answer, peer)),
        (None, _) => match answer.message() {
            Some(message) => Err(Failure::from_peer(
                Code::Unclassified,
                format!("{peer} answered HTTP {} without a token: {message}", answer.status()),
            )
            .native(native(settings, None, answer))),
            None => Err(unreadable(answer, peer, "no access_token")),
        },
    }
}

/// The refresh token beside the access token that [`token`] finds.
pub(crate) fn refresh_token(settings: &Settings, answer: &Answer) -> Option<Secret> {
    let members = &settings.document.extensions.token.members;
    let found = members.iter().find(|path| answer.at(path).is_some_and(|token| !token.is_empty()));
    let beside = found.and_then(|path| path.as_str().rsplit_once('.')).map_or("$", |(parent, _)| parent);
    let path = JsonPath::parse(&format!("{beside}.refresh_token")).ok()?;
    answer.at(&path).filter(|token| !token.is_empty()).map(Secret::new)
}

/// The first row that `answer` reaches: the document's own, then those of a login that it shares, then those of OAuth 2.0.
fn row<'a>(extensions: &'a Extensions, side: Side, answer: &Answer) -> Option<&'a ErrorRow> {
    let shared: &'a [ErrorRow] = match extensions.login {
        Some(SharedLogin::Salesforce) => classify::SALESFORCE_LOGIN.as_slice(),
        None => &[],
    };
    let general: &'a [ErrorRow] = classify::ROWS.as_slice();
    extensions.errors.iter().chain(shared).chain(general).find(|row| row.at == side && row.when.hold(answer))
}

fn by_row(settings: &Settings, row: &ErrorRow, answer: &Answer, peer: &Endpoint) -> Failure {
    let native = native(settings, Some(row), answer);
    let mut failure =
        Failure::from_peer(row.code, waiting(row.code, said(answer, peer), answer)).native(native);
    failure.stage = row.stage.or_else(|| stage(row.code));
    let version = settings.document.extensions.version_property.as_deref();
    match (&row.hint, version, default_hint(row.code)) {
        (Some(hint), ..) => failure.hint(hint.clone()),
        (None, Some(property), _) if row.code == Code::ApiVersionRetired => {
            failure.hint(format!("Set the property {property} to a version that the provider still serves"))
        }
        (None, _, Some(hint)) => failure.hint(hint),
        (None, _, None) => failure,
    }
}

/// The stage of a failure that an answer reports; none where it decides nothing.
fn stage(code: Code) -> Option<Stage> {
    if code == Code::AccessDenied {
        return Some(Stage::Access);
    }
    let of_the_credential = [Code::CredentialsRejected, Code::CredentialsExpired, Code::AccountLocked];
    of_the_credential.contains(&code).then_some(Stage::Auth)
}

fn default_hint(code: Code) -> Option<&'static str> {
    let row = classify::STATUS.iter().find(|(_, known, _)| *known == code)?;
    row.2
}

/// RFC 9110, section 15.5.11: it was there, and is gone.
const GONE: u16 = 410;

/// What the status alone says, where it is not one of success.
fn refuse_by_status(settings: &Settings, answer: &Answer, peer: &Endpoint) -> Result<(), Failure> {
    let status = answer.status();
    if answer.is_success() {
        return Ok(());
    }
    if (300..400).contains(&status) {
        return Err(redirected(answer, peer));
    }
    let is_page = answer.content() == Content::Html;
    if status == GONE
        && let Some(property) = &settings.document.extensions.version_property
    {
        let failure = Failure::from_peer(Code::ApiVersionRetired, said(answer, peer));
        return Err(failure
            .native(native(settings, None, answer))
            .hint(format!("Set the property {property} to a version that the provider still serves")));
    }
    let (code, hint) = match classify::STATUS.iter().find(|(known, ..)| *known == status) {
        // What stands before the API answers with pages too, and then says nothing of the credential.
        Some((403, ..)) if is_page => (Code::ResponseUnreadable, Some(classify::ADDRESS)),
        Some((_, code, hint)) => (*code, *hint),
        None if status >= 500 => (Code::ProviderError, None),
        None => (Code::Unclassified, Some(UNKNOWN)),
    };
    let native = native(settings, None, answer);
    let mut failure = Failure::from_peer(code, waiting(code, said(answer, peer), answer)).native(native);
    failure.stage = stage(code);
    Err(hint.into_iter().fold(failure, Failure::hint))
}

/// The provider's own code, or the status where the answer holds none.
fn native(settings: &Settings, row: Option<&ErrorRow>, answer: &Answer) -> String {
    let document = &settings.document;
    let own = row.map(|row| row.native.as_slice()).unwrap_or_default();
    for paths in [own, document.extensions.codes.as_slice()] {
        let found: Vec<_> = paths.iter().filter_map(|path| answer.at(path)).collect();
        if !found.is_empty() {
            return found.join("/");
        }
    }
    let of_row = row.and_then(|row| row.when.first_path());
    let of_answers = document.rest_configuration.response().and_then(|response| response.error_path.as_ref());
    let mut found = [of_row, of_answers].into_iter().flatten().filter_map(|path| answer.at(path));
    found
        .find(|text| !text.is_empty() && text.len() <= MAX_NATIVE_CHARS)
        .or_else(|| answer.code().filter(|text| text.len() <= MAX_NATIVE_CHARS))
        .unwrap_or_else(|| format!("HTTP {}", answer.status()))
}

/// What is longer is a sentence, and no code.
const MAX_NATIVE_CHARS: usize = 64;

const UNKNOWN: &str = "Look up what the provider says of this error";

fn said(answer: &Answer, peer: &Endpoint) -> String {
    let message = answer.message().or_else(|| answer.challenge("error_description"));
    let said = match message.map(|message| answer.with_details(message)) {
        Some(message) => format!("{peer} answered HTTP {}: {message}", answer.status()),
        None => format!("{peer} answered HTTP {}", answer.status()),
    };
    match answer.challenge("scope") {
        Some(scope) => format!("{} (scope: {scope})", said.trim_end_matches('.')),
        None => said,
    }
}

/// With how long to wait, where the provider says it.
fn waiting(code: Code, detail: String, answer: &Answer) -> String {
    match answer.header("retry-after").filter(|_| code.retryable()) {
        Some(wait) => format!("{} (Retry-After: {wait})", detail.trim_end_matches('.')),
        None => detail,
    }
}

fn unreadable(answer: &Answer, peer: &Endpoint, what: &str) -> Failure {
    let status = answer.status();
    Failure::new(Code::ResponseUnreadable, format!("{peer} answered HTTP {status} with {what}"))
        .native(format!("HTTP {status}"))
}

fn login_page(answer: &Answer, peer: &Endpoint) -> Failure {
    unreadable(answer, peer, "a web page: a login page, a proxy, or a host that is not the API's").hint(
        "Check that INSTANCE_URL is the API's and not the address people log in at, and that the instance is awake",
    )
}

fn redirected(answer: &Answer, peer: &Endpoint) -> Failure {
    let status = answer.status();
    let to = answer.header("location").and_then(|location| support_http::WebUrl::parse(location).ok());
    let to = to.map_or_else(|| "elsewhere".to_owned(), |to| format!("to {}", to.endpoint));
    let detail = format!("{peer} answered HTTP {status} and redirects {to}; a credential is not taken there");
    Failure::from_peer(Code::ResponseUnreadable, detail).native(format!("HTTP {status}")).hint(
        "Give the URL that it redirects to, if that is the API; a redirect to a login page means that the host is another one",
    )
}

/// Whether an error path holds an error: what is `null`, empty or false says that there is none.
fn says_something(error: &serde_json::Value) -> bool {
    use serde_json::Value;
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn holds(settings: &Settings, check: &Check, answer: &Answer) -> bool {
    let property = check.property.as_ref().and_then(|name| settings.property(name));
    let Some(wanted) = property else { return check.must.hold(answer) };
    let json = answer.json();
    let mut found = check.among.iter().flat_map(|path| json.map(|json| path.all(json)).unwrap_or_default());
    check.must.hold(answer) && found.any(|value| scalar(value).is_some_and(|text| same(&text, wanted)))
}

/// Whether two texts name the same site: a URL, its host, an id.
fn same(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        text.strip_prefix("https://").map(str::to_owned).unwrap_or(text)
    };
    bare(one) == bare(other)
}

fn failed(check: &Check, peer: &Endpoint) -> Failure {
    let mut failure = Failure::new(check.code, format!("{peer} {}", check.detail));
    failure.stage = check.stage.or_else(|| stage(check.code));
    match (&check.hint, default_hint(check.code)) {
        (Some(hint), _) => failure.hint(hint.clone()),
        (None, Some(hint)) => failure.hint(hint),
        (None, None) => failure,
    }
}

/// Whether there is an element of that local name.
fn has_element(xml: &str, element: &str) -> bool {
    xml.split('<').skip(1).any(|tag| {
        let name =
            tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
        name.rsplit(':').next() == Some(element)
    })
}

/// Notes what a right answer says.
pub(crate) fn note(guard: &StageGuard, proof: &[Evidence]) {
    for fact in proof {
        guard.note(fact.clone());
    }
}
