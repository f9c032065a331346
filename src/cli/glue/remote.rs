//! Operations on a server: one of dialcheck's, or Glue itself.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::meta::region::RegionProviderChain;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use clap::ArgMatches;
use dialcheck::glue::{Fields, Operation, Value as Parameters};
use probe_contract::printable;
use reqwest::{Certificate, Client, Url};
use serde_json::Value;

use super::Failure;
use crate::cli::dialing::certificates;

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// No answer is larger: a thousand connections of the largest size are.
const LARGEST: usize = 64 * 1024 * 1024;
/// Where neither `--region` nor the environment says one. A server of dialcheck's takes any.
const REGION: &str = "us-east-1";

pub(super) struct Remote {
    endpoint: Url,
    client: Client,
    signs: bool,
    profile: Option<String>,
    region: Option<String>,
    debug: bool,
}

impl Remote {
    pub(super) fn new(endpoint: &str, matches: &ArgMatches) -> Result<Self, Failure> {
        let usage = |what: String| Failure::Usage(what);
        let endpoint: Url = endpoint
            .parse()
            .ok()
            .filter(|url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| usage("--endpoint-url: expected http:// or https://, and a host".to_owned()))?;
        let text = |name| matches.get_one::<String>(name).cloned();
        let bundle = certificates(matches.get_one::<PathBuf>("ca-bundle").map(PathBuf::as_path));
        let bundle = bundle.map_err(|failed| usage(failed.lines().join("\n")))?;
        let bundle = bundle.iter().map(|certificate| Certificate::from_der(certificate));
        let bundle = bundle.collect::<Result<Vec<_>, _>>().map_err(|error| usage(error.to_string()))?;
        let builder = Client::builder()
            .tls_certs_merge(bundle)
            .tls_danger_accept_invalid_certs(matches.get_flag("no-verify-ssl"))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let builder = match timeout(matches, "cli-read-timeout") {
            Some(read) => builder.read_timeout(read),
            None => builder,
        };
        let builder = match timeout(matches, "cli-connect-timeout") {
            Some(connect) => builder.connect_timeout(connect),
            None => builder,
        };
        Ok(Self {
            endpoint,
            client: builder.build().map_err(|error| Failure::Other(error.to_string()))?,
            signs: !matches.get_flag("no-sign-request"),
            profile: text("profile"),
            region: text("region"),
            debug: matches.get_flag("debug"),
        })
    }

    /// One call. It is not repeated: a test that failed has cost a login.
    pub(super) async fn call(&self, operation: Operation, input: &Fields) -> Result<Value, Failure> {
        let input = Parameters::Fields(input.clone());
        let body =
            serde_json::to_string(&input.exposed()).map_err(|error| Failure::Other(error.to_string()))?;
        let target = format!("AWSGlue.{}", operation.model().name);
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", target.as_str())];
        let mut request = http::Request::post(self.endpoint.as_str());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(body).map_err(|error| Failure::Other(error.to_string()))?;
        if self.signs {
            self.sign(&mut request, &headers).await?;
        }
        self.say(&format!("calling {target} at {}", self.host()));
        let request =
            reqwest::Request::try_from(request).map_err(|error| Failure::Other(error.to_string()))?;
        let answer = self.client.execute(request).await.map_err(|error| self.unreachable(&error))?;
        self.answer(answer).await
    }

    async fn sign(
        &self,
        request: &mut http::Request<String>,
        headers: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let failed = |what: String| Failure::Other(what);
        let (credentials, region) = self.credentials().await?;
        let identity = credentials.into();
        let settings = SigningSettings::default();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("glue")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| failed(error.to_string()))?
            .into();
        let signable = SignableRequest::new(
            request.method().as_str(),
            self.endpoint.as_str(),
            headers.iter().copied(),
            SignableBody::Bytes(request.body().as_bytes()),
        )
        .map_err(|error| failed(error.to_string()))?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|error| failed(error.to_string()))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }

    /// From the usual chain: environment, profile, web identity, ECS, IMDS.
    async fn credentials(&self) -> Result<(Credentials, String), Failure> {
        let region = RegionProviderChain::first_try(self.region.clone().map(aws_config::Region::new))
            .or_default_provider()
            .or_else(REGION);
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let region = config.region().map_or(REGION, |region| region.as_ref()).to_owned();
        let missing = || {
            let message = "Unable to locate credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile; \
                           --no-sign-request calls without";
            Failure::Other(message.to_owned())
        };
        let provider = config.credentials_provider().ok_or_else(missing)?;
        let credentials = provider.provide_credentials().await.map_err(|_| missing())?;
        Ok((credentials, region))
    }

    async fn answer(&self, mut answer: reqwest::Response) -> Result<Value, Failure> {
        let status = answer.status();
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (id, kind) = (header("x-amzn-requestid"), header("x-amzn-errortype"));
        self.say(&format!("{status}, request id {}", id.as_deref().unwrap_or("none")));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Failure::Other("the answer is larger than 64 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        let unreadable = || {
            Failure::Other(format!(
                "{} answers with something else than AWS JSON (HTTP status {status})",
                self.host()
            ))
        };
        let parsed: Value = if body.is_empty() {
            Value::Object(serde_json::Map::new())
        } else {
            serde_json::from_slice(&body).map_err(|_| unreadable())?
        };
        if status.is_success() {
            return Ok(parsed);
        }
        let text = |key: &str| parsed[key].as_str().map(str::to_owned);
        let name = text("__type").or(kind).ok_or_else(unreadable)?;
        // "com.amazonaws.glue#InvalidInputException:http://…"
        let name =
            name.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
        Err(Failure::Exception {
            name,
            message: text("Message").or_else(|| text("message")).unwrap_or_default(),
        })
    }

    fn host(&self) -> String {
        let port = self.endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.endpoint.host_str().unwrap_or_default())
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let what = if error.is_timeout() { "does not answer in time" } else { "can't be reached" };
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        let causes = causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
        Failure::Other(format!("Could not connect to the endpoint URL: {} {what}{causes}", self.host()))
    }

    fn say(&self, line: &str) {
        if self.debug {
            // A stderr that can't be written has no reader either.
            let _unheard = writeln!(std::io::stderr(), "debug: {}", printable(line));
        }
    }
}

/// A time-out as the AWS CLI has it: seconds, 60 where it is not given, none where it is 0.
fn timeout(matches: &ArgMatches, name: &str) -> Option<Duration> {
    let seconds = matches.get_one::<u64>(name).copied().unwrap_or(60);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}
