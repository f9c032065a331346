//! A client of the Glue API. One call is one HTTP request: none is repeated, since a test that failed has cost a login.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use probe_contract::Resolver;
use probe_contract::Secret;
use probe_contract::tls::CertificateDer;
use reqwest::{Certificate, Client};
use serde_json::Value as Json;
use support_aws::call::{ServiceError, json_error, json_headers};
use support_aws::{Blocked, Destination, Endpoint, Network, Origin, Signer, Unread};
use tokio::sync::OnceCell;

use super::account::Account;
use super::{AwsOptions, CallError};
use crate::glue::{Fields, Operation, Value};

/// A thousand connections take a few.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Calls operations of Glue's.
pub struct GlueClient {
    options: GlueClientOptions,
    network: Network,
    http: Client,
    /// Loaded by the first call.
    account: OnceCell<Account>,
}

/// How a client calls.
#[derive(Clone, Debug)]
pub struct GlueClientOptions {
    /// Where; else where the configuration says, and else at AWS in the region.
    pub endpoint: Option<Endpoint>,
    /// As whom, and by which way.
    pub aws: AwsOptions,
    /// Names to addresses.
    pub resolver: Arc<Resolver>,
    /// Whether calls are signed.
    pub signing: Signing,
    /// How long a connection may take to stand; any time, where it is not said.
    pub connect_timeout: Option<Duration>,
    /// How long the server may be silent.
    pub read_timeout: Option<Duration>,
    /// How long a call may take in all.
    pub call_timeout: Option<Duration>,
    /// Whom to trust beside the system's authorities.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Whether the server's certificate is checked.
    pub server_certificate: ServerCertificate,
    /// Hears of each call.
    pub listener: Option<fn(Event<'_>)>,
}

impl Default for GlueClientOptions {
    /// Signed calls to AWS, without any limit of time.
    fn default() -> Self {
        Self {
            endpoint: None,
            aws: AwsOptions::default(),
            resolver: Arc::default(),
            signing: Signing::SigV4,
            connect_timeout: None,
            read_timeout: None,
            call_timeout: None,
            authorities: Vec::new(),
            server_certificate: ServerCertificate::Checked,
            listener: None,
        }
    }
}

/// Whether calls are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// With AWS Signature Version 4.
    SigV4,
    /// They are not.
    None,
}

/// Whether a server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCertificate {
    /// Chain and name are.
    Checked,
    /// Any will do.
    Unchecked,
}

/// What happens in a call. It contains no content of it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A request goes out.
    Calling {
        /// What is called.
        operation: Operation,
        /// Where.
        endpoint: &'a Endpoint,
    },
    /// The head of the answer is there.
    Answered {
        /// The HTTP status.
        status: StatusCode,
        /// `x-amzn-RequestId`
        request_id: Option<&'a str>,
    },
}

impl GlueClient {
    /// A client; nothing is called yet.
    ///
    /// # Errors
    /// [`CallError::Request`] where an authority can't be read.
    pub fn new(options: GlueClientOptions) -> Result<Self, CallError> {
        let authorities = options.authorities.iter().map(|authority| Certificate::from_der(authority));
        let authorities = authorities.collect::<Result<Vec<_>, _>>().map_err(CallError::request)?;
        let network = Network::of_operator(Arc::clone(&options.resolver), options.aws.proxies);
        let mut builder = network
            .web_client()
            .tls_certs_merge(authorities)
            .tls_danger_accept_invalid_certs(options.server_certificate == ServerCertificate::Unchecked);
        if let Some(limit) = options.connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        if let Some(limit) = options.read_timeout {
            builder = builder.read_timeout(limit);
        }
        if let Some(limit) = options.call_timeout {
            builder = builder.timeout(limit);
        }
        let http = builder.build().map_err(CallError::request)?;
        Ok(Self { options, network, http, account: OnceCell::new() })
    }

    /// Calls `operation` with `input`, which fits its shape. The answer is as it came.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn call(&self, operation: Operation, input: &Fields) -> Result<Json, CallError> {
        let account = self.account().await?;
        let endpoint = &account.endpoint;
        let body =
            serde_json::to_string(&Value::Fields(input.clone()).exposed()).map_err(CallError::request)?;
        let headers = json_headers("AWSGlue", operation.model().name);
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut sent: Vec<Secret> = input.secrets().into_iter().cloned().collect();
        let credentials = match self.options.signing {
            Signing::SigV4 => Some(account.credentials().await?),
            Signing::None => None,
        };
        let token = credentials.as_ref().and_then(|credentials| credentials.session_token());
        sent.extend(token.map(|token| Secret::new(token.to_owned())));
        let signer = credentials.as_ref().map(|credentials| Signer {
            credentials,
            signing_name: "glue",
            region: &account.region,
            now: SystemTime::now(),
        });
        let request = support_aws::post(endpoint.as_str(), &headers, body, signer.as_ref())
            .map_err(CallError::request)?;
        let destination = Destination::Endpoint(endpoint.clone());
        destination.check(&Origin::from(request.url())).map_err(|blocked| CallError::from(&blocked))?;
        self.tell(Event::Calling { operation, endpoint });
        let answer = self.http.execute(request).await.map_err(|error| unreachable(endpoint, error))?;
        self.read(answer, endpoint).await.map_err(|error| error.without(&sent))
    }

    async fn account(&self) -> Result<&Account, CallError> {
        let GlueClientOptions { endpoint, aws, signing, .. } = &self.options;
        let load = async || match (signing, endpoint) {
            (Signing::None, Some(endpoint)) => Ok(Account::anonymous(endpoint.clone())),
            // Boxed, since it asks everything there is.
            (Signing::None | Signing::SigV4, _) => {
                Box::pin(Account::load(aws, &self.network, endpoint.as_ref())).await
            }
        };
        self.account.get_or_try_init(load).await
    }

    async fn read(&self, mut answer: reqwest::Response, endpoint: &Endpoint) -> Result<Json, CallError> {
        let status = answer.status();
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (request_id, kind) = (header("x-amzn-requestid"), header("x-amzn-errortype"));
        self.tell(Event::Answered { status, request_id: request_id.as_deref() });
        let body = support_aws::read(&mut answer, MAX_ANSWER_BYTES).await.map_err(|unread| match unread {
            Unread::Broken(error) => unreachable(endpoint, error),
            Unread::TooLarge => CallError::TooLarge,
        })?;
        let unreadable = || CallError::NotAwsJson { host: endpoint.to_string(), status };
        let parsed: Json = if body.is_empty() {
            Json::Object(serde_json::Map::new())
        } else {
            serde_json::from_slice(&body).map_err(|_| unreadable())?
        };
        if status.is_success() {
            return Ok(parsed);
        }
        let ServiceError { code, message } = json_error(&parsed, kind.as_deref());
        let name = code.ok_or_else(unreadable)?;
        let federation_source_error_code = parsed["FederationSourceErrorCode"].as_str().map(str::to_owned);
        Err(CallError::Exception { name, message: message.unwrap_or_default(), federation_source_error_code })
    }

    fn tell(&self, event: Event<'_>) {
        if let Some(listener) = self.options.listener {
            listener(event);
        }
    }
}

fn unreachable(endpoint: &Endpoint, source: reqwest::Error) -> CallError {
    if let Some(blocked) = Blocked::behind(&source) {
        return blocked.into();
    }
    let host = endpoint.to_string();
    if source.is_timeout() {
        CallError::TimedOut { host, source }
    } else {
        CallError::Unreachable { host, source }
    }
}
