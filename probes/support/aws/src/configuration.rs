//! Whose credentials, and which region: found in the order in which the AWS CLI looks.

use std::borrow::Cow;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{ConfigLoader, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use probe_contract::{Code, Region};

/// No configuration file has a profile of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the config profile ({0}) could not be found")]
pub struct UnknownProfile(pub String);

/// What it means that credentials can't be had: none, and such as are configured wrongly, are a mistake in the settings.
#[must_use]
pub fn credentials_code(error: &CredentialsError) -> Code {
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            Code::InvalidSettings
        }
        CredentialsError::ProviderTimedOut(_) => Code::TimedOut,
        // The enum may grow.
        CredentialsError::ProviderError(_) | CredentialsError::Unhandled(_) | _ => Code::AwsAccessDenied,
    }
}

/// What `loader` comes to with the `profile` and `region` of a command line, which win over the environment, its keys included.
///
/// # Errors
/// [`UnknownProfile`], also where `AWS_PROFILE` names it.
pub async fn configuration(
    loader: ConfigLoader,
    http: SharedHttpClient,
    profile: Option<&str>,
    region: Option<&Region>,
) -> Result<SdkConfig, UnknownProfile> {
    let mut loader = loader.http_client(http.clone());
    let environment = Env::real();
    if let Some(name) = profile
        .map(str::to_owned)
        .or_else(|| environment.get("AWS_PROFILE").ok().filter(|name| !name.is_empty()))
    {
        let name: Cow<'static, str> = Cow::Owned(name);
        let (files, fs) = (Default::default(), Fs::real());
        let found = aws_config::profile::load(&fs, &environment, &files, Some(name.clone())).await;
        // Files that can't be read say so where the credentials are loaded.
        if found.is_ok_and(|profiles| profiles.get_profile(&name).is_none()) {
            return Err(UnknownProfile(name.into_owned()));
        }
    }
    let region = region.map(|region| aws_config::Region::new(region.to_string()));
    if let Some(region) = &region {
        loader = loader.region(region.clone());
    }
    if let Some(profile) = profile {
        let settings = ProviderConfig::default().with_http_client(http);
        let of_profile = ProfileFileRegionProvider::builder().profile_name(profile).build();
        let regions = RegionProviderChain::first_try(region)
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(of_profile)
            .or_else(ImdsRegionProvider::builder().configure(&settings).build());
        let settings = settings.with_region(regions.region().await);
        // The SDK's own chain asks the environment first, and then a profile that was named in words.
        let of_profile = ProfileFileCredentialsProvider::builder().profile_name(profile);
        let chain = CredentialsProviderChain::first_try("Profile", of_profile.configure(&settings).build())
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&settings).build())
            .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&settings).build());
        loader = loader.profile_name(profile).credentials_provider(chain);
    }
    Ok(loader.load().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_configured_wrongly_is_a_mistake_and_what_is_refused_is_not() {
        for (error, expected) in [
            (CredentialsError::not_loaded("made up"), Code::InvalidSettings),
            (CredentialsError::invalid_configuration("made up"), Code::InvalidSettings),
            (CredentialsError::provider_timed_out(std::time::Duration::from_secs(1)), Code::TimedOut),
            (CredentialsError::provider_error("made up"), Code::AwsAccessDenied),
            (CredentialsError::unhandled("made up"), Code::AwsAccessDenied),
        ] {
            assert_eq!(credentials_code(&error), expected, "{error:?}");
        }
    }
}
