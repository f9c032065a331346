//! What was tested, stage by stage, for the caller that asked for it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use uuid::Uuid;

use crate::report::{self, Summary, TestResult};

/// How many bytes of reports are kept: the latest.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Default)]
pub(super) struct Reports(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// In the order they came.
    reports: VecDeque<Report>,
    bytes: usize,
}

struct Report {
    request_id: Uuid,
    caller: Option<String>,
    since: Instant,
    /// As it is answered.
    body: Bytes,
}

impl Reports {
    /// Keeps the report of `result` for `caller`.
    pub(super) fn keep(&self, result: &TestResult, caller: Option<String>) {
        // What is written to memory is always written.
        let Ok(body) = write(result) else { return };
        self.insert(result.request_id, caller, body.into(), Instant::now());
    }

    fn insert(&self, request_id: Uuid, caller: Option<String>, body: Bytes, now: Instant) {
        let mut kept = self.lock(now);
        kept.bytes += body.len();
        kept.reports.push_back(Report { request_id, caller, since: now, body });
        while kept.bytes > MAX_BYTES {
            kept.forget_first();
        }
    }

    /// The report of `request_id`, if `caller` asked for the test.
    pub(super) fn find(&self, request_id: Uuid, caller: Option<&str>, now: Instant) -> Option<Bytes> {
        let kept = self.lock(now);
        let report = kept.reports.iter().rev().find(|report| report.request_id == request_id)?;
        (report.caller.as_deref() == caller).then(|| report.body.clone())
    }

    /// The reports that have not expired at `now`.
    fn lock(&self, now: Instant) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.reports.front().is_some_and(|first| now.saturating_duration_since(first.since) >= TTL) {
            kept.forget_first();
        }
        kept
    }
}

impl Kept {
    fn forget_first(&mut self) {
        if let Some(first) = self.reports.pop_front() {
            self.bytes -= first.body.len();
        }
    }
}

/// The one test in the envelope that every report has.
fn write(result: &TestResult) -> std::io::Result<Vec<u8>> {
    let mut summary = Summary { elapsed: result.elapsed, ..Summary::default() };
    summary.count(result.verdict);
    let mut body = Vec::new();
    report::json::begin(&mut body)?;
    report::json::result(&mut body, result, true)?;
    report::json::end(&mut body, summary)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_bounded_in_bytes_and_in_time() {
        let (reports, start) = (Reports::default(), Instant::now());
        let part = Bytes::from(vec![b'x'; MAX_BYTES / 4]);
        let ids: Vec<_> = (0..6).map(|_| Uuid::new_v4()).collect();
        for id in &ids {
            reports.insert(*id, None, part.clone(), start);
        }
        let found = |now| ids.iter().map(|id| reports.find(*id, None, now).is_some()).collect::<Vec<_>>();
        assert_eq!(found(start), [false, false, true, true, true, true]);
        assert_eq!(reports.lock(start).bytes, MAX_BYTES);
        assert!(reports.find(ids[5], Some("ann"), start).is_none(), "another caller's");

        let late = Uuid::new_v4();
        reports.insert(late, Some("ann".to_owned()), Bytes::from_static(b"x"), start + TTL / 2);
        assert_eq!(found(start + TTL), [false; 6]);
        assert!(reports.find(late, Some("ann"), start + TTL).is_some());
        assert_eq!(reports.lock(start + TTL).bytes, 1);
    }
}
