//! Secrets Manager, KMS, S3 and STS, by the AWS SDK for Rust.
//!
//! Each thing is asked for once: the SDK repeats nothing, tests that want the same at the same time wait for one answer, and an
//! answer is kept for [`cache::KEPT`], a refusal too.

mod cache;
mod cluster_credentials;
mod cluster_endpoint;
mod common_errors;
mod failure;
mod msk_token;
mod partition;
mod presign;
mod rds_token;
mod redshift;
mod xml;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_s3::config::retry::RetryConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::{Code, Endpoint, Failure, Location, Secret};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::cache::Cache;
use self::cluster_credentials::{GetClusterCredentials, GetCredentials, cluster_of, workgroup_of};
use self::failure::{Service, classify};
use self::redshift::Caller;
use super::{Access, Bytes, LARGEST};

/// Whose credentials are used, and where.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// The profile of the AWS configuration files; without one, what the usual chain says.
    pub profile: Option<String>,
    /// The region of what has none of its own; without one, what the usual chain says.
    pub region: Option<String>,
    /// Hosts that a token of MSK may be sent to, besides those that are Amazon's by their names.
    pub msk_brokers: Vec<String>,
}

/// Where what a definition points at is kept.
pub(super) struct Aws {
    options: AwsOptions,
    /// Loaded when the first pointer needs it.
    config: OnceCell<SdkConfig>,
    fetched: Cache<Fetch, Bytes>,
    roles: Cache<String, Credentials>,
}

/// One thing, as one role in one region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Fetch {
    location: Location,
    role: Option<String>,
    region: Option<String>,
}

/// A connection that takes longer will not come: there is no route to the service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Aws {
    pub(super) fn new(options: AwsOptions) -> Self {
        Self { options, config: OnceCell::new(), fetched: Cache::default(), roles: Cache::default() }
    }

    /// What is at `location`.
    pub(super) async fn fetch(&self, location: &Location, access: &Access) -> Result<Bytes, Failure> {
        let fetch =
            Fetch { location: location.clone(), role: access.role.clone(), region: access.region.clone() };
        self.fetched.get(fetch, || self.fetch_anew(location, access)).await
    }

    async fn fetch_anew(&self, location: &Location, access: &Access) -> Result<Bytes, Failure> {
        match location {
            Location::Secret(id) => self.secret(id, access).await,
            Location::Ciphertext(ciphertext) => self.decrypt(ciphertext, access).await,
            Location::S3 { bucket, key } => self.object(bucket, key, access).await,
            Location::RdsToken { endpoint, user } => self.rds_token(endpoint, user, access).await,
            Location::ClusterCredentials { .. } => self.cluster_credentials(location, access).await,
            Location::ClusterEndpoint { cluster, region } => {
                self.cluster_endpoint(cluster, region, access).await
            }
            Location::MskToken { brokers } => self.msk_token(brokers, access).await,
            Location::File(_) => Err(Failure::new(Code::AgentFailed, "a file is not in AWS")),
        }
    }

    async fn secret(&self, id: &str, access: &Access) -> Result<Bytes, Failure> {
        let config = self.config(region_of(id).or(access.region.as_deref()), access).await?;
        let client = aws_sdk_secretsmanager::Client::new(&config);
        let answer = client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| classify(error, Service::SecretsManager))?;
        match answer.secret_string {
            Some(text) => Ok(Zeroizing::new(text.into_bytes())),
            None => Err(Failure::new(Code::SecretMalformed, "the secret is binary, and no text")),
        }
    }

    /// Decrypts what Glue has encrypted: a ciphertext without a context, which names its key itself.
    async fn decrypt(&self, ciphertext: &str, access: &Access) -> Result<Bytes, Failure> {
        let blob = STANDARD.decode(ciphertext).map_err(|_| {
            Failure::new(Code::DecryptionFailed, "the value is no base64, and so no ciphertext of KMS")
        })?;
        let config = self.config(access.region.as_deref(), access).await?;
        let client = aws_sdk_kms::Client::new(&config);
        let answer = client.decrypt().ciphertext_blob(Blob::new(blob)).send().await;
        let answer = answer.map_err(|error| classify(error, Service::Kms))?;
        let plaintext = answer.plaintext.ok_or_else(|| {
            Failure::new(Code::ResponseUnreadable, "KMS answered without the decrypted value")
        })?;
        Ok(Zeroizing::new(plaintext.into_inner()))
    }

    /// Encrypts as Glue does: without a context.
    pub(super) async fn encrypt(&self, key: &str, text: &Secret) -> Result<String, Failure> {
        let access = Access::own();
        let config = self.config(region_of(key), &access).await?;
        let client = aws_sdk_kms::Client::new(&config);
        let plaintext = Blob::new(text.expose().as_bytes());
        let answer = client.encrypt().key_id(key).plaintext(plaintext).send().await;
        let answer = answer.map_err(|error| classify(error, Service::Kms))?;
        let ciphertext = answer.ciphertext_blob.ok_or_else(|| {
            Failure::new(Code::ResponseUnreadable, "KMS answered without the encrypted value")
        })?;
        Ok(STANDARD.encode(ciphertext))
    }

    /// Whose calls are signed by the crate's own code.
    async fn credentials(&self, config: &SdkConfig) -> Result<Credentials, Failure> {
        let provider = config.credentials_provider().ok_or_else(failure::no_credentials)?;
        provider.provide_credentials().await.map_err(|error| failure::no_credentials().source(error))
    }

    async fn rds_token(&self, endpoint: &Endpoint, user: &str, access: &Access) -> Result<Bytes, Failure> {
        let region = rds_token::region_of(&endpoint.host).ok_or_else(|| {
            let detail = format!(
                "{} is no name of RDS's for one database: no token can be signed for it",
                endpoint.host
            );
            Failure::new(Code::InvalidSettings, detail)
                .hint("Name the instance, the cluster or the proxy by its own endpoint, or give PASSWORD")
        })?;
        let config = self.config(Some(region), access).await?;
        let credentials = self.credentials(&config).await?;
        let token = rds_token::sign(endpoint, user, region, &credentials, SystemTime::now())?;
        Ok(Zeroizing::new(token.expose().as_bytes().to_vec()))
    }

    async fn msk_token(&self, brokers: &[Endpoint], access: &Access) -> Result<Bytes, Failure> {
        let region = msk_token::region(brokers, &self.options.msk_brokers)?;
        // Host names are spelled in any case, regions in one.
        let region = region.map(str::to_ascii_lowercase);
        let config = self.config(region.as_deref().or(access.region.as_deref()), access).await?;
        let region = config.region().map(Region::as_ref).unwrap_or_default();
        let credentials = self.credentials(&config).await?;
        let token = msk_token::sign(region, &credentials, SystemTime::now())?;
        Ok(Zeroizing::new(token.expose().as_bytes().to_vec()))
    }

    /// As the JSON of a secret that holds them.
    async fn cluster_credentials(&self, location: &Location, access: &Access) -> Result<Bytes, Failure> {
        let Location::ClusterCredentials { host, cluster, user, groups, database } = location else {
            return Err(Failure::new(Code::AgentFailed, "this is no login to Redshift"));
        };
        let named = cluster.as_ref().map(|(cluster, region)| (cluster.as_str(), region.as_str()));
        let now = SystemTime::now();
        let database = database.as_deref();
        let login = if let Some((cluster, region)) = named.or_else(|| cluster_of(host)) {
            let caller = self.redshift(region, access).await?;
            let user = user.as_deref().ok_or_else(|| {
                Failure::new(Code::InvalidSettings, "the URL names no DbUser to ask a login for")
            })?;
            let input = GetClusterCredentials { cluster, region, user, groups, database };
            caller.cluster_credentials(&input, now).await?
        } else if let Some((workgroup, region)) = workgroup_of(host) {
            let caller = self.redshift(region, access).await?;
            caller.workgroup_credentials(&GetCredentials { workgroup, region, database }, now).await?
        } else {
            let detail = format!("{host} is no host of Redshift's that names its cluster and region");
            return Err(
                Failure::new(Code::InvalidSettings, detail).hint("Add ClusterID and Region to the URL")
            );
        };
        let json = serde_json::json!({ "username": login.user, "password": login.password.expose() });
        Ok(Zeroizing::new(json.to_string().into_bytes()))
    }

    async fn cluster_endpoint(&self, cluster: &str, region: &str, access: &Access) -> Result<Bytes, Failure> {
        let caller = self.redshift(region, access).await?;
        let endpoint = caller.cluster_endpoint(cluster, region, SystemTime::now()).await?;
        Ok(Zeroizing::new(endpoint.to_string().into_bytes()))
    }

    /// Who asks Redshift. Its credentials may be a role's, which are asked for in the same region.
    async fn redshift(&self, region: &str, access: &Access) -> Result<Caller, Failure> {
        redshift::check_region(region)?;
        let config = self.config(Some(region), access).await?;
        Caller::new(endpoint(&config), self.credentials(&config).await?)
    }

    async fn object(&self, bucket: &str, key: &str, access: &Access) -> Result<Bytes, Failure> {
        let client = self.s3(access).await?;
        let answer = client.get_object().bucket(bucket).key(key).send().await;
        let mut answer = answer.map_err(|error| classify(error, Service::S3))?;
        let too_large = || Failure::new(Code::ArtefactInvalid, "the object is larger than 1 MiB");
        if answer.content_length().is_some_and(|length| length.unsigned_abs() > LARGEST) {
            return Err(too_large());
        }
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|error| {
                Failure::new(Code::ConnectionReset, "S3 broke off in the middle of the object").source(error)
            })?;
            if (bytes.len() + chunk.len()) as u64 > LARGEST {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Whether there is an object, without fetching it.
    pub(super) async fn find(&self, bucket: &str, key: &str, access: &Access) -> Result<(), Failure> {
        let client = self.s3(access).await?;
        let found = client.head_object().bucket(bucket).key(key).send().await;
        found.map(|_| ()).map_err(|error| classify(error, Service::S3))
    }

    async fn s3(&self, access: &Access) -> Result<aws_sdk_s3::Client, Failure> {
        let config = self.config(access.region.as_deref(), access).await?;
        // Behind a VPC endpoint buckets may have no host names of their own, and one with a dot in its name has no certificate.
        let builder = aws_sdk_s3::config::Builder::from(&*config).force_path_style(true);
        Ok(aws_sdk_s3::Client::from_conf(builder.build()))
    }

    /// The configuration to call a service with: in `region`, as the definition's role.
    async fn config(&self, region: Option<&str>, access: &Access) -> Result<Arc<SdkConfig>, Failure> {
        let base = self.base().await;
        let region = region.map(|region| Region::new(region.to_owned())).or_else(|| base.region().cloned());
        let region = region.ok_or_else(|| {
            Failure::new(Code::InvalidSettings, "no AWS region is configured")
                .hint("Set AWS_REGION, or name a --region or the connection's REGION")
        })?;
        let mut builder = base.to_builder().region(region.clone());
        if let Some(role) = &access.role {
            let credentials = self.roles.get(role.clone(), || self.assume(role, region)).await?;
            builder = builder.credentials_provider(SharedCredentialsProvider::new(credentials));
        }
        Ok(Arc::new(builder.build()))
    }

    /// From the usual chain: environment, profile, web identity, ECS, IMDS; endpoints from `AWS_ENDPOINT_URL` and its like.
    async fn base(&self) -> &SdkConfig {
        let load = async || {
            let mut loader = aws_config::defaults(BehaviorVersion::latest())
                .retry_config(RetryConfig::disabled())
                .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
            if let Some(profile) = &self.options.profile {
                loader = loader.profile_name(profile);
            }
            if let Some(region) = &self.options.region {
                loader = loader.region(Region::new(region.clone()));
            }
            loader.load().await
        };
        self.config.get_or_init(load).await
    }

    async fn assume(&self, role: &str, region: Region) -> Result<Credentials, Failure> {
        let config = self.base().await.to_builder().region(region).build();
        let client = aws_sdk_sts::Client::new(&config);
        let answer = client.assume_role().role_arn(role).role_session_name("dialcheck").send().await;
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
}

/// The endpoint that stands in for all of AWS, where one does.
fn endpoint(config: &SdkConfig) -> Option<reqwest::Url> {
    config.endpoint_url().and_then(|url| url.parse().ok())
}

/// The region that an ARN names.
fn region_of(id: &str) -> Option<&str> {
    let mut parts = id.strip_prefix("arn:")?.split(':');
    let region = parts.nth(2)?;
    (!region.is_empty()).then_some(region)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// The URL in the token for these brokers, as whoever has configured us-east-1 gets it.
    async fn msk_token(brokers: &[&str], region: Option<&str>) -> Result<String, Failure> {
        let options = AwsOptions { msk_brokers: vec!["broker.example".to_owned()], ..AwsOptions::default() };
        let mut aws = Aws::new(options);
        let credentials = Credentials::new("AKIDEXAMPLE", "canary", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        aws.config = OnceCell::new_with(Some(config.build()));
        let endpoint = |host: &&str| Endpoint { host: (*host).to_owned(), port: 9098 };
        let location = Location::MskToken { brokers: brokers.iter().map(endpoint).collect() };
        let access = Access { region: region.map(str::to_owned), ..Access::own() };
        let token = aws.fetch(&location, &access).await?;
        Ok(String::from_utf8(URL_SAFE_NO_PAD.decode(&*token).unwrap()).unwrap())
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
        let expected = "other.example is no broker of Amazon MSK by its name: no token is signed for it";
        assert_eq!(failure.detail, expected);
    }

    #[test]
    fn the_region_of_a_secret_is_in_its_arn() {
        assert_eq!(region_of("arn:aws:secretsmanager:eu-west-1:1:secret:x"), Some("eu-west-1"));
        assert_eq!(region_of("arn:aws:secretsmanager::1:secret:x"), None);
        assert_eq!(region_of("prod/orders"), None);
    }
}
