//! Requests of the protocols that services of AWS speak, and their errors.

use percent_encoding::utf8_percent_encode;
use probe_contract::{AwsCall, AwsService, Region, UNRESERVED};
use serde_json::{Map, Value};

/// The content type of AWS JSON 1.1.
const JSON: &str = "application/x-amz-json-1.1";

/// An error code and a message, as a service answered them; either may be absent.
#[derive(Debug, Default)]
pub struct ServiceError {
    /// The code, without the namespace and the URL that may be around it.
    pub code: Option<String>,
    /// The message.
    pub message: Option<String>,
}

/// A call of the Query protocol: `operation` of the API's `version`.
#[must_use]
pub fn query(
    service: AwsService,
    region: &Region,
    (operation, version): (&str, &str),
    parameters: &[(String, &str)],
) -> AwsCall {
    let mut body = format!("Action={operation}&Version={version}");
    for (name, value) in parameters {
        body.push('&');
        body.push_str(name);
        body.push('=');
        body.extend(utf8_percent_encode(value, UNRESERVED));
    }
    let content_type = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    AwsCall { service, region: region.clone(), headers: vec![("content-type", content_type)], body }
}

/// A call of AWS JSON 1.1: `operation` of what the API calls `target`.
#[must_use]
pub fn json(
    service: AwsService,
    region: &Region,
    (target, operation): (&str, &str),
    input: Map<String, Value>,
) -> AwsCall {
    let headers = json_headers(target, operation).into();
    AwsCall { service, region: region.clone(), headers, body: Value::Object(input).to_string() }
}

/// The headers of a call of AWS JSON 1.1.
#[must_use]
pub fn json_headers(target: &str, operation: &str) -> [(&'static str, String); 2] {
    [("content-type", JSON.to_owned()), ("x-amz-target", format!("{target}.{operation}"))]
}

/// The error in the `body` of an answer of AWS JSON 1.1, whose code may be in the header `x-amzn-errortype` alone.
#[must_use]
pub fn json_error(body: &Value, error_type: Option<&str>) -> ServiceError {
    let text = |key: &str| body.get(key)?.as_str().map(str::to_owned);
    let kind = text("__type").or_else(|| error_type.map(str::to_owned));
    // "com.amazonaws.redshiftserverless#ValidationException:http://…"
    let code = kind.as_deref().and_then(|kind| kind.rsplit('#').next()?.split(':').next());
    ServiceError { code: code.map(str::to_owned), message: text("Message").or_else(|| text("message")) }
}
