//! Whose calls they are, and where they go: from the usual chain (environment, profile, web identity, ECS, IMDS).

use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use probe_contract::Region;
use support_aws::{Destination, Endpoint, Network, configuration, configured_endpoint};
use tokio::sync::Mutex;

use super::{AwsOptions, CallError};

/// How long credentials are kept that don't say themselves when they expire: as long as the SDKs keep them.
const CREDENTIALS_TTL: Duration = Duration::from_secs(15 * 60);
/// How long before their end credentials are loaded anew.
const MARGIN: Duration = Duration::from_secs(10);

/// An account, as the configuration has it.
pub(super) struct Account {
    pub(super) endpoint: Endpoint,
    pub(super) region: Region,
    provider: Option<SharedCredentialsProvider>,
    /// With the time until which they are used.
    kept: Mutex<Option<(Credentials, SystemTime)>>,
}

impl Account {
    /// Nobody's, at `endpoint`.
    pub(super) fn anonymous(endpoint: Endpoint) -> Self {
        Self { endpoint, region: Region::us_east_1(), provider: None, kept: Mutex::default() }
    }

    /// The account that `options` mean, at `endpoint`, or else at the one that the configuration names, or else at AWS's own.
    pub(super) async fn load(
        options: &AwsOptions,
        network: &Network,
        endpoint: Option<&Endpoint>,
    ) -> Result<Self, CallError> {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let http = network.sdk_client(Destination::Credentials);
        let (profile, region) = (options.profile.as_deref(), options.region.as_ref());
        let config = configuration(loader, http, profile, region).await?;
        let region = config.region().map(|region| Region::parse(region.as_ref())).transpose()?;
        let endpoint = match endpoint {
            Some(endpoint) => Some(endpoint.clone()),
            None => configured_endpoint(&config, "Glue").map(|url| url.parse()).transpose()?,
        };
        let (endpoint, region) = match (endpoint, region) {
            // A server of dialcheck's takes any region.
            (Some(endpoint), region) => (endpoint, region.unwrap_or_else(Region::us_east_1)),
            (None, Some(region)) => (Endpoint::of_region(&region)?, region),
            (None, None) => return Err(CallError::NoRegion),
        };
        Ok(Self { endpoint, region, provider: config.credentials_provider(), kept: Mutex::default() })
    }

    /// The credentials as they are now; loaded anew when they expire.
    pub(super) async fn credentials(&self) -> Result<Credentials, CallError> {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, until)) = &*kept
            && now < *until
        {
            return Ok(credentials.clone());
        }
        let provider = self.provider.as_ref().ok_or(CallError::NoCredentials)?;
        let credentials = provider.provide_credentials().await.map_err(|error| {
            if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
                CallError::NoCredentials
            } else {
                CallError::Credentials(error)
            }
        })?;
        let until = credentials.expiry().map_or(now + CREDENTIALS_TTL, |expiry| expiry - MARGIN);
        *kept = Some((credentials.clone(), until));
        Ok(credentials)
    }
}
