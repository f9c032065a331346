//! The Glue endpoint: from a request to the operation that it calls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State as Extract;
use axum::response::Response;
use http::request::Parts;
use http::{Method, Request, StatusCode, header};
use uuid::Uuid;

use super::authenticator::{Caller, Rejection};
use super::client_stream::Exchange;
use super::json;
use super::state::State;
use crate::document::Document;
use crate::engine::Client;
use crate::glue::{CommonError, Dials, Exception, Fields, GlueException, Operation, Rejected};
use crate::service::{Call, Reply};
use crate::shares::Exhausted;

/// No request is larger.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers a request: who sent it is known before its body is read, and that it is the sender's before its body is understood.
pub(super) async fn answer(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response {
    let request_id = Uuid::new_v4();
    let (parts, body) = request.into_parts();
    if let Err(rejection) = state.authenticator.check_origin(&parts.headers) {
        return json::rejection(&rejection, request_id);
    }
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let is_json = header(header::CONTENT_TYPE.as_str()).is_some_and(json::is_content_type);
    if parts.method != Method::POST || parts.uri.path() != "/" || !is_json {
        return json::unknown_request(request_id);
    }
    let claimed = match state.authenticator.claim(&parts) {
        Ok(claimed) => claimed,
        Err(rejection) => return json::rejection(&rejection, request_id),
    };
    let body = match read(body).await {
        Ok(body) => body,
        Err(rejection) => return json::rejection(&rejection, request_id),
    };
    let caller = match claimed.admit(&body) {
        Ok(caller) => caller,
        Err(rejection) => return json::rejection(&rejection, request_id),
    };
    let exchange = parts.extensions.get::<Exchange>();
    if let Some(exchange) = exchange {
        exchange.admit();
    }
    let (operation, input) = match Called::of(&parts, &body).and_then(Called::check) {
        Ok(checked) => checked,
        Err(exception) => return json::exception(&exception, request_id),
    };
    // What was read is not needed while a test takes its time.
    drop(body);
    let Caller { caller, passwords, rights } = caller;
    let client = match &caller {
        Some(name) => Some(Client::Key(name.clone())),
        None => exchange.and_then(Exchange::address).map(Client::Address),
    };
    let call = Call { request_id, caller, client, passwords, rights };
    match perform(&state, operation, input, call).await {
        Ok(fields) => json::answer(fields, request_id),
        Err(exception) => json::exception(&exception, request_id),
    }
}

async fn read(body: Body) -> Result<Bytes, Rejection> {
    let rejection = |status, error, message: &str| Rejection {
        status,
        exception: Exception::new(GlueException::Common(error), message),
    };
    tokio::select! {
        body = to_bytes(body, MAX_BODY_BYTES) => body.map_err(|_| {
            let message = "the request has more than 1 MiB, or broke off";
            rejection(StatusCode::PAYLOAD_TOO_LARGE, CommonError::RequestEntityTooLarge, message)
        }),
        () = tokio::time::sleep(BODY_TIMEOUT) => {
            Err(rejection(StatusCode::REQUEST_TIMEOUT, CommonError::RequestTimeout, "the request did not come within 30 s"))
        }
    }
}

/// A document for an operation.
struct Called {
    operation: Operation,
    document: Document,
}

impl Called {
    /// Reads a body, and finds the operation it is for: in this order, as AWS does.
    fn of(request: &Parts, body: &[u8]) -> Result<Self, Exception> {
        let body = if body.is_empty() { b"{}" } else { body };
        let document = Document::parse_request(body).map_err(malformed)?;
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix("AWSGlue.")).and_then(Operation::named);
        let operation = operation.ok_or_else(|| {
            let message = "X-Amz-Target names no operation that dialcheck answers: those are the ones about connections";
            Exception::new(GlueException::Common(CommonError::UnknownOperation), message)
        })?;
        Ok(Self { operation, document })
    }

    fn check(self) -> Result<(Operation, Fields), Exception> {
        let model = self.operation.model();
        match model.input.read(self.document.root()) {
            Ok(input) => Ok((self.operation, input)),
            Err(rejected @ Rejected::Malformed(_)) => Err(malformed(rejected)),
            Err(rejected @ Rejected::Invalid(_)) => Err(Exception::new(model.invalid, rejected.to_string())),
        }
    }
}

fn malformed(what: impl ToString) -> Exception {
    Exception::new(GlueException::Common(CommonError::Serialization), what.to_string())
}

/// Does the operation, if there is room for it, and keeps the report of what was tested.
async fn perform(
    state: &Arc<State>,
    operation: Operation,
    input: Fields,
    call: Call,
) -> Result<Fields, Exception> {
    if operation.model().dials != Dials::ToItsEnd {
        return run(state, operation, input, call).await;
    }
    let state = Arc::clone(state);
    let tracker = state.writes.clone();
    let work = tracker.spawn(async move { run(&state, operation, input, call).await });
    work.await.unwrap_or_else(|_| Err(Exception::internal("the operation panicked")))
}

async fn run(state: &State, operation: Operation, input: Fields, call: Call) -> Result<Fields, Exception> {
    let _place = match operation.model().dials {
        Dials::Never => None,
        Dials::ForItsCaller | Dials::ToItsEnd => {
            let place = state.tests.take(&[call.client.iter().cloned().collect()]);
            Some(place.map_err(|exhausted| {
                let whose = match exhausted {
                    Exhausted::Places => "too many tests are running",
                    Exhausted::Share => "too many of your tests are running",
                };
                let what = format!("{whose}; test again when some are over");
                let exception = Exception::new(GlueException::ResourceNumberLimitExceeded, what);
                Exception { report: Some(call.request_id), ..exception }
            })?)
        }
    };
    let Reply { answer, report } = state.service.call(operation, input, &call).await;
    if let Some(report) = report {
        state.reports.keep(&report, call.caller);
    }
    Ok(answer?)
}
