//! AWS Signature Version 4, for requests that are sent here and for URLs that stand for a password elsewhere.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use percent_encoding::utf8_percent_encode;
use probe_contract::{AwsCredentials, Region, Secret, UNRESERVED};

/// What the tokens of RDS and of MSK live: 15 minutes.
const LIFETIME: Duration = Duration::from_secs(900);
const SIGNATURE: &str = "X-Amz-Signature";

/// Why a request could not be signed.
pub type Unsigned = Box<dyn Error + Send + Sync>;

/// Who signs, for which service, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Whose keys.
    pub credentials: &'a Credentials,
    /// What is signed for.
    pub signing_name: &'a str,
    /// In which region.
    pub region: &'a Region,
    /// The time of the signature.
    pub now: SystemTime,
}

impl Signer<'_> {
    /// `url`, which has a query, as a GET request that is signed in its query, with the host alone.
    ///
    /// # Errors
    /// [`Unsigned`], where a part can't be signed.
    pub fn presign(&self, mut url: String) -> Result<String, Unsigned> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LIFETIME);
        let request =
            SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(b""))?;
        let identity = self.credentials.clone().into();
        let (instructions, _) = sign(request, &self.parameters(&identity, settings)?)?.into_parts();
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

    /// Signs `request` in its headers: with `headers`, the host and the time.
    ///
    /// # Errors
    /// [`Unsigned`], where a part can't be signed.
    pub fn sign(
        &self,
        request: &mut http::Request<String>,
        headers: &[(&str, &str)],
    ) -> Result<(), Unsigned> {
        let url = request.uri().to_string();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new(request.method().as_str(), url, headers.iter().copied(), body)?;
        let identity = self.credentials.clone().into();
        let parameters = self.parameters(&identity, SigningSettings::default())?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }

    fn parameters<'a>(
        &'a self,
        identity: &'a Identity,
        settings: SigningSettings,
    ) -> Result<SigningParams<'a>, Unsigned> {
        let parameters = v4::SigningParams::builder()
            .identity(identity)
            .region(self.region.as_str())
            .name(self.signing_name)
            .time(self.now)
            .settings(settings)
            .build()?;
        Ok(parameters.into())
    }
}
/// What a probe is given to sign in `region` with, where its server chooses what is signed.
#[must_use]
pub fn identity(credentials: &Credentials, region: &Region) -> AwsCredentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    AwsCredentials {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: secret(credentials.secret_access_key()),
        session_token: credentials.session_token().map(secret),
        region: region.clone(),
    }
}
