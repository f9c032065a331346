//! Secrets Manager, KMS, S3 and STS, by the AWS SDK for Rust; other services by a signed call.
//!
//! Each thing is asked for once: the SDK repeats nothing, tests that want the same at the same time wait for one answer, and an
//! answer is cached for [`cache::TTL`], a refusal too.

mod cache;
mod failure;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_s3::config::retry::RetryConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::{
    AwsAnswer, AwsCall, AwsCredentials, Bytes, Code, Failure, KmsKeyId, Location, Region, Resolved, RoleArn,
    S3Object, Secret, SecretId,
};
use support_aws::{Client, Destination, Network, Signer, configuration};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::cache::Cache;
use self::failure::{Service, classify};
use super::access::Access;
use super::files::MAX_FILE_BYTES;
use crate::aws::AwsOptions;
use crate::engine::EngineOptions;

/// The AWS services that resolve what a definition refers to.
pub(super) struct Aws {
    options: AwsOptions,
    network: Network,
    /// Loaded when the first reference needs it.
    config: OnceCell<SdkConfig>,
    documents: Cache<Fetch<Location>, Bytes>,
    plaintexts: Cache<Fetch<String>, Secret>,
    shared: Cache<Fetch<String>, Arc<dyn Resolved>>,
    roles: Cache<RoleArn, Credentials>,
}

/// One thing, as one role in one region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Fetch<T> {
    what: T,
    role: Option<RoleArn>,
    region: Option<Region>,
}

impl<T> Fetch<T> {
    fn new(what: T, access: &Access) -> Self {
        Self { what, role: access.role.clone(), region: access.region.clone() }
    }
}

/// A connection that takes longer will not come: there is no route to the service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Aws {
    pub(super) fn new(options: &EngineOptions) -> Self {
        let EngineOptions { resolver, gate, aws, .. } = options;
        Self::with(aws.clone(), Network::new(resolver.clone(), *gate, aws.proxies))
    }

    fn with(options: AwsOptions, network: Network) -> Self {
        Self {
            options,
            network,
            config: OnceCell::new(),
            documents: Cache::default(),
            plaintexts: Cache::default(),
            shared: Cache::default(),
            roles: Cache::default(),
        }
    }

    /// The document at `location`.
    pub(super) async fn fetch(&self, location: &Location, access: &Access) -> Result<Bytes, Failure> {
        let fetch = async || match location {
            Location::Secret(id) => self.secret(id, access).await,
            Location::S3(object) => self.object(object, access).await,
            Location::File(_) => Err(Failure::new(Code::AgentFailed, "a file is not in AWS")),
        };
        self.documents.get(Fetch::new(location.clone(), access), fetch).await
    }

    /// The text that `ciphertext` stands for.
    pub(super) async fn decrypt(&self, ciphertext: &str, access: &Access) -> Result<Secret, Failure> {
        let key = Fetch::new(ciphertext.to_owned(), access);
        self.plaintexts.get(key, || self.decrypt_anew(ciphertext, access)).await
    }

    /// What `resolve` leads to, for all who want what `source` is.
    pub(super) async fn share<F: Future<Output = Result<Arc<dyn Resolved>, Failure>>>(
        &self,
        source: String,
        access: &Access,
        resolve: impl FnOnce() -> F,
    ) -> Result<Arc<dyn Resolved>, Failure> {
        self.shared.get(Fetch::new(source, access), resolve).await
    }

    async fn secret(&self, id: &SecretId, access: &Access) -> Result<Bytes, Failure> {
        let region = id.region().or(access.region.as_ref());
        let config = self.client_config(Service::SecretsManager, region, access).await?;
        let client = aws_sdk_secretsmanager::Client::new(&config);
        let answer = client.get_secret_value().secret_id(id.as_str()).send().await;
        let answer = answer.map_err(|error| classify(error, Service::SecretsManager))?;
        match answer.secret_string {
            Some(text) => Ok(Zeroizing::new(text.into_bytes())),
            None => Err(Failure::new(Code::SecretMalformed, "the secret is binary, and no text")),
        }
    }

    /// Decrypts what Glue has encrypted: a ciphertext without a context, which names its key itself.
    async fn decrypt_anew(&self, ciphertext: &str, access: &Access) -> Result<Secret, Failure> {
        let blob = STANDARD.decode(ciphertext).map_err(|_| {
            Failure::new(
                Code::DecryptionFailed,
                "the value is not valid base64, so it cannot be a KMS ciphertext",
            )
        })?;
        let config = self.client_config(Service::Kms, access.region.as_ref(), access).await?;
        let client = aws_sdk_kms::Client::new(&config);
        let answer = client.decrypt().ciphertext_blob(Blob::new(blob)).send().await;
        let answer = answer.map_err(|error| classify(error, Service::Kms))?;
        let plaintext = answer.plaintext.ok_or_else(|| {
            Failure::new(Code::ResponseUnreadable, "KMS answered without the decrypted value")
        })?;
        let text = String::from_utf8(plaintext.into_inner()).map_err(|error| {
            let _erased = Zeroizing::new(error.into_bytes());
            Failure::new(Code::DecryptionFailed, "the decrypted value is not text in UTF-8")
        })?;
        Ok(Secret::new(text))
    }

    /// Encrypts as Glue does: without a context.
    pub(super) async fn encrypt(&self, key: &KmsKeyId, text: &Secret) -> Result<String, Failure> {
        let access = Access::own();
        let config = self.client_config(Service::Kms, key.region(), &access).await?;
        let client = aws_sdk_kms::Client::new(&config);
        let plaintext = Blob::new(text.expose().as_bytes());
        let answer = client.encrypt().key_id(key.as_str()).plaintext(plaintext).send().await;
        let answer = answer.map_err(|error| classify(error, Service::Kms))?;
        let ciphertext = answer.ciphertext_blob.ok_or_else(|| {
            Failure::new(Code::ResponseUnreadable, "KMS answered without the encrypted value")
        })?;
        Ok(STANDARD.encode(ciphertext))
    }

    /// `url` as a GET request that is signed in its query.
    pub(super) async fn presign(
        &self,
        url: String,
        signing_name: &str,
        region: &Region,
        access: &Access,
    ) -> Result<Secret, Failure> {
        let credentials = self.credentials(region, access).await?;
        let signer = Signer { credentials: &credentials, signing_name, region, now: SystemTime::now() };
        let signed = signer.presign(url).map_err(|error| {
            Failure::new(Code::AgentFailed, "the authentication token could not be signed").source(error)
        })?;
        Ok(Secret::new(signed))
    }

    /// The credentials that calls in `region` are signed with, for requests that are signed elsewhere.
    pub(super) async fn identity(&self, region: &Region, access: &Access) -> Result<AwsCredentials, Failure> {
        Ok(support_aws::identity(&self.credentials(region, access).await?, region))
    }

    /// What the service answers to `call`. The caller's credentials may be a role's, which are asked for in the same region.
    pub(super) async fn call(&self, call: &AwsCall, access: &Access) -> Result<AwsAnswer, Failure> {
        let destination = self.destination(call.service.id, &call.region).await?;
        let credentials = self.credentials(&call.region, access).await?;
        Client::new(&self.network, destination, credentials)?.call(call, SystemTime::now()).await
    }

    pub(super) fn token_hosts(&self) -> &[String] {
        &self.options.msk_brokers
    }

    async fn object(&self, object: &S3Object, access: &Access) -> Result<Bytes, Failure> {
        let S3Object { bucket, key } = object;
        let client = self.s3(access).await?;
        let answer = client.get_object().bucket(bucket).key(key).send().await;
        let mut answer = answer.map_err(|error| classify(error, Service::S3))?;
        let too_large = || Failure::new(Code::FileInvalid, "the object is larger than 1 MiB");
        if answer.content_length().is_some_and(|length| length.unsigned_abs() > MAX_FILE_BYTES) {
            return Err(too_large());
        }
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|error| {
                Failure::new(Code::ConnectionReset, "S3 broke off in the middle of the object").source(error)
            })?;
            if (bytes.len() + chunk.len()) as u64 > MAX_FILE_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Whether there is an object, without fetching it.
    pub(super) async fn find(&self, object: &S3Object, access: &Access) -> Result<(), Failure> {
        let S3Object { bucket, key } = object;
        let client = self.s3(access).await?;
        let found = client.head_object().bucket(bucket).key(key).send().await;
        found.map(|_| ()).map_err(|error| classify(error, Service::S3))
    }

    async fn s3(&self, access: &Access) -> Result<aws_sdk_s3::Client, Failure> {
        let config = self.client_config(Service::S3, access.region.as_ref(), access).await?;
        // No bucket gets into a host. Behind a VPC endpoint buckets may have no host names, and one with a dot in its name
        // has no certificate.
        let builder = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
        Ok(aws_sdk_s3::Client::from_conf(builder.build()))
    }

    /// The configuration of a client of `service`: in `region`, or else in the configured one, as the definition's role.
    async fn client_config(
        &self,
        service: Service,
        region: Option<&Region>,
        access: &Access,
    ) -> Result<SdkConfig, Failure> {
        let region = self.region(region).await?;
        let config = self.config_of(service, &region).await?;
        let Some(role) = &access.role else { return Ok(config) };
        let credentials = SharedCredentialsProvider::new(self.assumed(role, &region).await?);
        Ok(config.into_builder().credentials_provider(credentials).build())
    }

    /// The same, with the operator's credentials.
    async fn config_of(&self, service: Service, region: &Region) -> Result<SdkConfig, Failure> {
        let destination = self.destination(service.service_id(), region).await?;
        let builder = self.base().await?.to_builder();
        let builder = builder.region(aws_config::Region::new(region.to_string()));
        Ok(builder.http_client(self.network.sdk_client(destination)).build())
    }

    /// Where a service is called in `region`.
    async fn destination(&self, service_id: &str, region: &Region) -> Result<Destination, Failure> {
        Destination::of(self.base().await?, service_id, region.partition()).map_err(|error| {
            let detail =
                format!("the endpoint URL that is configured for {service_id} is not valid: {error}");
            Failure::new(Code::InvalidSettings, detail)
                .hint("Correct AWS_ENDPOINT_URL and its like, or endpoint_url in the AWS configuration file")
        })
    }

    /// `region`, or else the configured one.
    pub(super) async fn region(&self, region: Option<&Region>) -> Result<Region, Failure> {
        if let Some(region) = region {
            return Ok(region.clone());
        }
        let configured = self.base().await?.region().ok_or_else(|| {
            Failure::new(Code::InvalidSettings, "no AWS region is configured")
                .hint("Set AWS_REGION, or name a --region or the connection's REGION")
        })?;
        Region::parse(configured.as_ref()).map_err(|error| {
            Failure::new(Code::InvalidSettings, format!("the configured AWS region is not valid: {error}"))
                .hint("Correct AWS_REGION, or region in the AWS configuration file")
        })
    }

    /// Whose calls are signed by the crate's own code: the definition's role, or the operator.
    async fn credentials(&self, region: &Region, access: &Access) -> Result<Credentials, Failure> {
        if let Some(role) = &access.role {
            return self.assumed(role, region).await;
        }
        let provider = self.base().await?.credentials_provider().ok_or_else(failure::no_credentials)?;
        let credentials = provider.provide_credentials().await;
        credentials.map_err(|error| failure::credentials_failure(&error).source(error))
    }

    async fn assumed(&self, role: &RoleArn, region: &Region) -> Result<Credentials, Failure> {
        self.roles.get(role.clone(), || self.assume(role, region)).await
    }

    async fn assume(&self, role: &RoleArn, region: &Region) -> Result<Credentials, Failure> {
        let client = aws_sdk_sts::Client::new(&self.config_of(Service::Sts, region).await?);
        let answer = client.assume_role().role_arn(role.as_str()).role_session_name("dialcheck").send().await;
        let answer = answer.map_err(|error| classify(error, Service::Sts))?;
        let credentials = answer
            .credentials
            .ok_or_else(|| Failure::new(Code::ResponseUnreadable, "STS answered without credentials"))?;
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            None,
            "AssumeRole",
        ))
    }

    /// From the usual chain: environment, profile, web identity, ECS, IMDS; endpoints from `AWS_ENDPOINT_URL` and its like. No
    /// definition has a say in it.
    async fn base(&self) -> Result<&SdkConfig, Failure> {
        let load = async || {
            let loader = aws_config::defaults(BehaviorVersion::latest())
                .retry_config(RetryConfig::disabled())
                .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
            let http = self.network.sdk_client(Destination::Credentials);
            let AwsOptions { profile, region, .. } = &self.options;
            // Boxed, since it asks everything there is.
            Box::pin(configuration(loader, http, profile.as_deref(), region.as_ref())).await
        };
        self.config.get_or_try_init(load).await.map_err(|error| {
            Failure::new(Code::InvalidSettings, error.to_string())
                .hint("Name a --profile, or an AWS_PROFILE, that the AWS configuration files have")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use probe_contract::{AwsIdentity, Endpoint, Resolved as _, Source};
    use support_aws::{MskToken, Proxies};

    use super::super::files::LocalFiles;
    use super::super::resolution::{Resolution, SecretResolver};
    use super::*;

    /// What `source` resolves to for an operator who has configured us-east-1.
    async fn resolved<S: Source>(source: S, region: Option<&str>) -> Result<S::Output, Failure> {
        let options = AwsOptions { msk_brokers: vec!["broker.example".to_owned()], ..AwsOptions::default() };
        let mut aws = Aws::with(options, Network::of_operator(Arc::default(), Proxies::None));
        let credentials =
            Credentials::new("AKIDEXAMPLE", "canary", Some("canary token".to_owned()), None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        aws.config = OnceCell::new_with(Some(config.build()));
        let region = region.map(|region| Region::parse(region).unwrap());
        let access = Access { region, ..Access::own() };
        let secret_resolver = SecretResolver { files: LocalFiles::Refused, resolver: Arc::default(), aws };
        let resolution =
            Resolution { secret_resolver: &secret_resolver, access: &access, deadline: Instant::now() };
        source.resolve(&resolution).await
    }

    /// The URL in the token for these brokers.
    async fn msk_token(brokers: &[&str], region: Option<&str>) -> Result<String, Failure> {
        let endpoint = |host: &&str| Endpoint { host: (*host).to_owned(), port: 9098 };
        let token = resolved(MskToken { brokers: brokers.iter().map(endpoint).collect() }, region).await?;
        Ok(String::from_utf8(URL_SAFE_NO_PAD.decode(token.expose()).unwrap()).unwrap())
    }

    #[tokio::test]
    async fn an_identity_is_typed_and_all_of_it_that_is_secret_is_known() {
        let given = |region: &str| Region::parse(region).unwrap();
        for (own, of_definition, expected) in [
            (Some("eu-west-1"), Some("eu-north-1"), "eu-west-1"),
            (None, Some("eu-north-1"), "eu-north-1"),
            (None, None, "us-east-1"),
        ] {
            let identity = AwsIdentity { region: own.map(given) };
            let credentials = resolved(identity, of_definition).await.unwrap();
            assert_eq!(credentials.access_key_id, "AKIDEXAMPLE");
            assert_eq!(credentials.region, given(expected));
            let secrets: Vec<&str> = credentials.secrets().into_iter().map(Secret::expose).collect();
            assert_eq!(secrets, ["canary", "canary token"]);
            assert!(!format!("{credentials:?}").contains("canary"));
        }
    }

    /// The broker's own name says it, else the connection, else what is configured.
    #[tokio::test]
    async fn a_token_of_msk_is_of_the_region_of_its_brokers() {
        const BROKER: &str = "b-1.orders.a1b2c3.c2.kafka.eu-west-1.amazonaws.com";
        for (brokers, region, expected) in [
            ([BROKER, BROKER], Some("eu-north-1"), "eu-west-1"),
            ([BROKER, "broker.example"], None, "eu-west-1"),
            (["broker.example"; 2], Some("eu-north-1"), "eu-north-1"),
            (["broker.example"; 2], None, "us-east-1"),
        ] {
            let url = msk_token(&brokers, region).await.unwrap();
            assert!(url.starts_with(&format!("https://kafka.{expected}.amazonaws.com/?Action=")), "{url}");
            assert!(url.contains(&format!("%2F{expected}%2Fkafka-cluster%2Faws4_request&")), "{url}");
        }
        let failure = msk_token(&[BROKER, "other.example"], None).await.unwrap_err();
        assert_eq!(failure.code, Code::InvalidSettings);
        let expected =
            "other.example does not have the name of an Amazon MSK broker, so no token is signed for it";
        assert_eq!(failure.detail, expected);
    }
}
