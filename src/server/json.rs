//! AWS JSON 1.1: how answers are written.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::authenticator::Rejection;
use crate::glue::{Exception, Fields, Value};

/// The content type of requests and answers.
pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Whether a request's content type is that: letter case, and parameters such as `charset`, count for nothing (RFC 9110, section
/// 8.3.1).
pub(super) fn is_content_type(header: &str) -> bool {
    let media_type = header.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(CONTENT_TYPE)
}

/// The answer to a request that succeeded.
pub(super) fn answer(fields: Fields, request_id: Uuid) -> Response {
    let body = serde_json::to_vec(&Value::Fields(fields).exposed());
    match body {
        Ok(body) => response(StatusCode::OK, body, request_id),
        Err(_) => exception(&Exception::internal("the answer can't be written"), request_id),
    }
}

/// The answer to one that failed.
pub(super) fn exception(exception: &Exception, request_id: Uuid) -> Response {
    let status = StatusCode::from_u16(exception.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    rejection(&Rejection { status, exception: exception.clone() }, request_id)
}

/// The same with its own status.
pub(super) fn rejection(rejection: &Rejection, request_id: Uuid) -> Response {
    let mut answer =
        response(rejection.status, rejection.exception.body().to_string().into_bytes(), request_id);
    // Some SDKs read the name from here, and some from the body.
    answer
        .headers_mut()
        .insert("x-amzn-errortype", HeaderValue::from_static(rejection.exception.kind.name()));
    answer
}

/// The answer to what is not a call of an operation.
pub(super) fn unknown_request(request_id: Uuid) -> Response {
    const BODY: &str = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n\
                        </AccessDeniedException>\n";
    let mut answer = response(StatusCode::FORBIDDEN, BODY, request_id);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    answer
}

/// A report of dialcheck, which Glue has no answer for.
pub(super) fn report(body: impl Into<Body>, request_id: Uuid) -> Response {
    let mut answer = response(StatusCode::OK, body, request_id);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn response(status: StatusCode, body: impl Into<Body>, request_id: Uuid) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    // No page of another origin may take the answer for a script or a style sheet.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
