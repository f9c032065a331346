//! Requests that are signed and not sent: whoever gets the URL may send it, and servers take it in the place of a password.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use probe_contract::{Code, Failure, Region};

/// What SigV4 leaves as it is: the unreserved characters of RFC 3986.
pub(super) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the tokens of RDS and of MSK live: 15 minutes.
const LIFETIME: Duration = Duration::from_secs(900);
const SIGNATURE: &str = "X-Amz-Signature";

/// `url`, which has a query, as a GET request to `service` in `region` that is signed in its query, with the host alone.
pub(super) fn presign(
    mut url: String,
    service: &str,
    region: &Region,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<String, Failure> {
    let unsigned = |error: SigningError| {
        Failure::new(Code::AgentFailed, "the authentication token could not be signed").source(error)
    };
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFETIME);
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region.as_str())
        .name(service)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| {
            Failure::new(Code::AgentFailed, "the authentication token lacks a part").source(error)
        })?
        .into();
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(b""))
        .map_err(unsigned)?;
    let (instructions, _) = sign(request, &parameters).map_err(unsigned)?.into_parts();
    let (_, mut query) = instructions.into_parts();
    // Servers take any order; in this one the SDKs write it.
    query.sort_by_key(|(name, _)| *name == SIGNATURE);
    for (name, value) in query {
        url.push('&');
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(&value, UNRESERVED));
    }
    Ok(url)
}
