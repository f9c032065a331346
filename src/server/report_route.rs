//! `GET /v1/reports/{request id}`.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State as Extract};
use axum::response::Response;
use http::{Request, StatusCode};
use uuid::Uuid;

use super::authenticator::Rejection;
use super::json;
use super::state::State;
use crate::glue::Exception;

pub(super) async fn answer(
    Extract(state): Extract<Arc<State>>,
    Path(wanted): Path<String>,
    request: Request<Body>,
) -> Response {
    let request_id = Uuid::new_v4();
    let (parts, _) = request.into_parts();
    let caller = state
        .authenticator
        .check_origin(&parts.headers)
        .and_then(|()| state.authenticator.claim(&parts))
        .and_then(|claimed| claimed.admit(b""));
    let caller = match caller {
        Ok(caller) => caller.caller,
        Err(rejection) => return json::rejection(&rejection, request_id),
    };
    let id = Uuid::try_parse(&wanted).ok();
    match id.and_then(|id| state.reports.find(id, caller.as_deref(), Instant::now())) {
        Some(body) => json::report(body, request_id),
        None => {
            let message = "the report does not exist, has expired, or belongs to another caller";
            let rejection =
                Rejection { status: StatusCode::NOT_FOUND, exception: Exception::not_found(message) };
            json::rejection(&rejection, request_id)
        }
    }
}
