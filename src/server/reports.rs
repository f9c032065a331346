//! What was tested, stage by stage, for whoever asked for it: `GET /v1/reports/{request id}`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State as Extract};
use axum::response::Response;
use http::{Request, StatusCode};
use uuid::Uuid;

use super::guard::Barred;
use super::{State, json};
use crate::glue::Exception;
use crate::report::{self, Summary, TestResult, Verdict};

/// Reports that are kept: the latest.
const KEPT: usize = 1024;

#[derive(Default)]
pub(super) struct Reports(Mutex<VecDeque<Kept>>);

struct Kept {
    result: Arc<TestResult>,
    caller: Option<String>,
}

impl Reports {
    pub(super) fn keep(&self, result: TestResult, caller: Option<String>) {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() == KEPT {
            reports.pop_front();
        }
        reports.push_back(Kept { result: Arc::new(result), caller });
    }

    /// The report of `request_id`, if `caller` asked for the test.
    fn find(&self, request_id: Uuid, caller: Option<&str>) -> Option<Arc<TestResult>> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = reports.iter().rev().find(|kept| kept.result.request_id == request_id)?;
        (kept.caller.as_deref() == caller).then(|| Arc::clone(&kept.result))
    }
}

pub(super) async fn answer(
    Extract(state): Extract<Arc<State>>,
    Path(wanted): Path<String>,
    request: Request<Body>,
) -> Response {
    let request_id = Uuid::new_v4();
    let (parts, _) = request.into_parts();
    let admitted = state.guard.check_origin(&parts.headers).and_then(|()| state.guard.admit(&parts, b""));
    let caller = match admitted {
        Ok(admitted) => admitted.caller,
        Err(barred) => return json::barred(&barred, request_id),
    };
    let found = Uuid::try_parse(&wanted).ok().and_then(|id| state.reports.find(id, caller.as_deref()));
    let Some(result) = found else {
        let message = "there is no such report, or no longer, or it is another caller's";
        let barred = Barred { status: StatusCode::NOT_FOUND, exception: Exception::not_found(message) };
        return json::barred(&barred, request_id);
    };
    match write(&result) {
        Ok(body) => json::report(body, request_id),
        Err(_) => json::exception(&Exception::internal("the report can't be written"), request_id),
    }
}

/// The one test in the envelope that every report has.
fn write(result: &TestResult) -> std::io::Result<Vec<u8>> {
    let passed = usize::from(result.verdict == Verdict::Passed);
    let mut body = Vec::new();
    report::json::begin(&mut body)?;
    report::json::result(&mut body, result, true)?;
    report::json::end(&mut body, Summary { passed, failed: 1 - passed, elapsed: result.elapsed })?;
    Ok(body)
}
