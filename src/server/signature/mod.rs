//! AWS Signature Version 4, checked by the receiver of a request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>. The checks go in the order of AWS, so that a
//! request with several mistakes gets the answer that AWS would give.

mod canonical;
mod date;
mod refusal;
mod request;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use http::{HeaderValue, header};
use probe_contract::Secret;

use self::canonical::{canonical_request, hex, query_parameters};
use self::date::DateHeader;
use self::refusal::Quote;
use super::keys::{AccessKey, Keys};

pub(super) use self::refusal::Refusal;
pub(super) use self::request::SignedRequest;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "glue";
const TERMINATOR: &str = "aws4_request";
/// Headers that a signature has to cover where the request has them ("Create a signed AWS API request", canonical headers): the same
/// body under another target is another call.
const MUST_BE_SIGNED: [(&str, &str); 3] =
    [("host", "Host"), ("content-type", "Content-Type"), ("x-amz-target", "X-Amz-Target")];

/// What a request's head says of its signature: everything but whether it is right, which takes the body.
pub(super) struct Claim<'request, 'keys> {
    request: SignedRequest<'request>,
    signed_headers: Vec<String>,
    date: String,
    credential: Credential<'request>,
    signature: &'request str,
    caller: &'keys AccessKey,
}

/// Who is said to have signed `request`, at about `now`. Of the request its body is not read.
pub(super) fn claim<'request, 'keys>(
    request: SignedRequest<'request>,
    keys: &'keys Keys,
    now: SystemTime,
) -> Result<Claim<'request, 'keys>, Refusal> {
    claim_for(SERVICE, request, keys, now)
}

fn claim_for<'request, 'keys>(
    service: &str,
    request: SignedRequest<'request>,
    keys: &'keys Keys,
    now: SystemTime,
) -> Result<Claim<'request, 'keys>, Refusal> {
    let authorization = Authorization::of(&request)?;
    let date = authorization.date.current(now)?;
    let signed_headers = authorization.signed_headers();
    let is_signed = |name: &str| signed_headers.iter().any(|signed| signed == name);
    let mut must_be =
        MUST_BE_SIGNED.iter().filter(|(name, _)| *name == "host" || request.headers.contains_key(*name));
    if let Some((_, shown)) = must_be.find(|(name, _)| !is_signed(name)) {
        return Err(Refusal::Unsigned(shown));
    }
    if authorization.algorithm != ALGORITHM {
        return Err(Refusal::Algorithm(Quote::new(authorization.algorithm)));
    }
    let credential = Credential::parse(authorization.credential)?;
    credential.check_scope(service, &date)?;
    // Access key ids are no secret: AWS too answers otherwise for one that nobody has.
    let caller = keys.get(credential.access_key_id).ok_or(Refusal::UnrecognizedClient)?;
    Ok(Claim { request, signed_headers, date, credential, signature: authorization.signature, caller })
}

impl<'keys> Claim<'_, 'keys> {
    /// Who signed the request, whose whole body this is.
    pub(super) fn verify(&self, body: &[u8]) -> Result<&'keys AccessKey, Refusal> {
        let canonical = canonical_request(&SignedRequest { body, ..self.request }, &self.signed_headers);
        let secret = self.caller.secret_access_key.expose();
        let text = string_to_sign(&self.credential, &self.date, &canonical);
        let signature = hex(self.credential.sign(secret, &text).as_ref());
        verify_slices_are_equal(signature.as_bytes(), self.signature.as_bytes())
            .map_err(|_| Refusal::SignatureMismatch)?;
        // It may be unsigned, as some clients have it: it is compared with the one that the key came with.
        let expected = self.caller.session_token.as_ref().map_or("", Secret::expose);
        let given = self.request.headers.get("x-amz-security-token").map_or(&[][..], HeaderValue::as_bytes);
        verify_slices_are_equal(expected.as_bytes(), given).map_err(|_| Refusal::UnrecognizedClient)?;
        Ok(self.caller)
    }
}

/// The `Authorization` header, with every parameter that has to be there.
struct Authorization<'request> {
    algorithm: &'request str,
    credential: &'request str,
    signature: &'request str,
    signed_headers: &'request str,
    date: DateHeader<'request>,
}

impl<'request> Authorization<'request> {
    fn of(request: &SignedRequest<'request>) -> Result<Self, Refusal> {
        let is_presigned =
            query_parameters(request.query.unwrap_or_default()).any(|(name, _)| name == b"X-Amz-Algorithm");
        let header = match request.headers.get(header::AUTHORIZATION) {
            Some(_) if is_presigned => return Err(Refusal::HeaderAndQuery),
            Some(header) => header,
            None => return Err(Refusal::MissingAuthenticationToken),
        };
        // What is not ASCII holds no parameters.
        let text = header.to_str().unwrap_or_default();
        let (algorithm, parameters) = text.split_once(' ').unwrap_or((text, ""));
        let parameter = |name| {
            let mut parameters = parameters.split([',', ' ', '\t']).filter_map(|text| text.split_once('='));
            parameters.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
        };
        let (credential, signature) = (parameter("Credential"), parameter("Signature"));
        let (signed_headers, date) = (parameter("SignedHeaders"), DateHeader::of(request.headers));
        if let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (credential, signature, signed_headers, date)
        {
            return Ok(Self { algorithm, credential, signature, signed_headers, date });
        }
        let requirements = [
            (credential.is_some(), "Authorization header requires 'Credential' parameter."),
            (signature.is_some(), "Authorization header requires 'Signature' parameter."),
            (signed_headers.is_some(), "Authorization header requires 'SignedHeaders' parameter."),
            (
                date.is_some(),
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
        ];
        let missing = requirements.iter().filter(|(met, _)| !met).map(|(_, sentence)| *sentence).collect();
        Err(Refusal::Incomplete { missing, authorization: Quote::new(header) })
    }

    /// The names of the signed headers, sorted and in lower case. Each once: else a short list could make the canonical
    /// request as long as it likes, before anybody is known.
    fn signed_headers(&self) -> Vec<String> {
        let mut names: Vec<_> = self.signed_headers.split(';').map(str::to_ascii_lowercase).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// An access key id and what a signature by it is good for.
struct Credential<'request> {
    access_key_id: &'request str,
    date: &'request str,
    region: &'request str,
    service: &'request str,
    terminator: &'request str,
}

impl<'request> Credential<'request> {
    fn parse(text: &'request str) -> Result<Self, Refusal> {
        let parts: Vec<_> = text.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts[..] else {
            return Err(Refusal::Credential(Quote::new(text)));
        };
        Ok(Self { access_key_id, date, region, service, terminator })
    }

    /// Any region will do. `date` is that of the request.
    fn check_scope(&self, service: &str, date: &str) -> Result<(), Refusal> {
        let mut wrong = Vec::new();
        if !is_region(self.region) {
            let region = Quote::new(self.region);
            wrong.push(format!("Credential should be scoped to a valid region, not '{region}'."));
        }
        if self.service != service {
            wrong.push(format!("Credential should be scoped to correct service: '{service}'."));
        }
        if self.terminator != TERMINATOR {
            let terminator = Quote::new(self.terminator);
            wrong.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
            ));
        }
        let day = date.split_once('T').map_or(date, |(day, _)| day);
        if self.date != day {
            let scoped = Quote::new(self.date);
            wrong.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{scoped}' != '{day}', from '{date}'."
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::Scope(wrong)) }
    }

    /// Signs by the key that is derived from `secret` for this scope alone.
    fn sign(&self, secret: &str, string_to_sign: &str) -> hmac::Tag {
        let secret = Secret::new(format!("AWS4{secret}"));
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let signing_key = [self.date, self.region, self.service, self.terminator]
            .iter()
            .fold(key(secret.expose().as_bytes()), |parent, part| {
                key(hmac::sign(&parent, part.as_bytes()).as_ref())
            });
        hmac::sign(&signing_key, string_to_sign.as_bytes())
    }
}

/// Whether `text` has the form of a region, such as `eu-central-1`: a label of a DNS name.
fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn string_to_sign(credential: &Credential<'_>, date: &str, canonical_request: &[u8]) -> String {
    let Credential { date: day, region, service, terminator, .. } = credential;
    let hash = hex(digest::digest(&digest::SHA256, canonical_request).as_ref());
    format!("{ALGORITHM}\n{date}\n{day}/{region}/{service}/{terminator}\n{hash}")
}
