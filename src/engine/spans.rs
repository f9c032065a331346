//! The spans of `tracing`: one of a test, and in it one of each stage. Who subscribes to them is the program's matter.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use probe_contract::RunEvent;
use tracing::field::{Empty, display};
use tracing::{Span, info_span};
use uuid::Uuid;

use super::observer::Description;
use crate::report::TestResult;

/// The spans of one test. Nobody is within them: they are open from the beginning to the end of what they are about.
pub(super) struct Spans {
    test: Span,
    /// By their place in the record. A span is closed when its stage ends; what changes later is in the span of the test.
    stages: Mutex<HashMap<usize, Span>>,
}

impl Spans {
    pub(super) fn of_test(request_id: Uuid) -> Self {
        let test = info_span!(
            parent: None,
            "test",
            %request_id,
            connection = Empty,
            "type" = Empty,
            protocol = Empty,
            endpoint = Empty,
            outcome = Empty,
            code = Empty,
        );
        Self { test, stages: Mutex::default() }
    }

    /// Whether anybody subscribes to them.
    pub(super) fn are_wanted(&self) -> bool {
        !self.test.is_disabled()
    }

    pub(super) fn describe(&self, description: &Description) {
        let Description { connection, connection_type, protocol, endpoint } = description;
        if let Some(connection) = connection {
            self.test.record("connection", connection.as_str());
        }
        self.test.record("type", connection_type.as_str());
        self.test.record("protocol", *protocol);
        if let Some(endpoint) = endpoint {
            self.test.record("endpoint", endpoint.as_str());
        }
    }

    pub(super) fn observe(&self, event: &RunEvent) {
        if !self.are_wanted() {
            return;
        }
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            RunEvent::StageBegan { record, stage, endpoint } => {
                let stage = stage.as_str();
                let span = info_span!(parent: &self.test, "stage", stage, endpoint = Empty, outcome = Empty, code = Empty);
                if let Some(endpoint) = endpoint {
                    span.record("endpoint", display(endpoint));
                }
                stages.insert(*record, span);
            }
            RunEvent::StageEnded { record, outcome, code, .. } => {
                if let Some(span) = stages.remove(record) {
                    span.record("outcome", outcome.as_str());
                    if let Some(code) = code {
                        span.record("code", code.slug());
                    }
                }
            }
            RunEvent::WaitBegan(_) | RunEvent::WaitEnded(_) => {}
        }
    }

    pub(super) fn end(&self, result: &TestResult) {
        self.test.record("outcome", result.verdict.as_str());
        if let Some(failure) = &result.failure {
            self.test.record("code", failure.code.slug());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::Arc;

    use probe_contract::{Code, Endpoint, Outcome, Stage};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Keeps what happens to spans, a line each.
    #[derive(Clone, Default)]
    struct Listener(Arc<Mutex<Vec<String>>>);

    impl Listener {
        fn note(&self, what: &str, fields: impl FnOnce(&mut Fields)) {
            let mut line = Fields(what.to_owned());
            fields(&mut line);
            self.0.lock().expect("no panic").push(line.0);
        }
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.push_str(&format!(" {field}={value:?}"));
        }
    }

    impl Subscriber for Listener {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let opened =
                self.0.lock().expect("no panic").iter().filter(|line| line.starts_with("open")).count();
            let parent = span.parent().map(|parent| format!(" in {}", parent.into_u64())).unwrap_or_default();
            self.note(&format!("open {}{parent}", span.metadata().name()), |fields| span.record(fields));
            Id::from_u64(opened as u64 + 1)
        }

        fn record(&self, span: &Id, values: &Record<'_>) {
            self.note(&span.into_u64().to_string(), |fields| values.record(fields));
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}

        fn try_close(&self, span: Id) -> bool {
            self.note(&format!("close {}", span.into_u64()), |_| {});
            true
        }
    }

    #[test]
    fn a_span_is_open_as_long_as_its_test_or_stage() {
        assert!(!Spans::of_test(Uuid::nil()).are_wanted(), "nobody subscribes");
        let listener = Listener::default();
        let endpoint = Some(Endpoint { host: "db".to_owned(), port: 1 });
        tracing::subscriber::with_default(listener.clone(), || {
            let spans = Spans::of_test(Uuid::nil());
            assert!(spans.are_wanted());
            spans.describe(&Description {
                connection: Some("orders".to_owned()),
                connection_type: "JDBC".to_owned(),
                protocol: "postgresql",
                endpoint: None,
            });
            spans.observe(&RunEvent::StageBegan { record: 1, stage: Stage::Tcp, endpoint: endpoint.clone() });
            let (outcome, code) = (Outcome::Failed, Some(Code::Refused));
            spans.observe(&RunEvent::StageEnded {
                record: 1,
                stage: Stage::Tcp,
                endpoint,
                outcome,
                elapsed: None,
                code,
            });
        });
        assert_eq!(
            *listener.0.lock().expect("no panic"),
            [
                "open test request_id=00000000-0000-0000-0000-000000000000",
                "1 connection=\"orders\"",
                "1 type=\"JDBC\"",
                "1 protocol=\"postgresql\"",
                "open stage in 1 stage=\"tcp\"",
                "2 endpoint=db:1",
                "2 outcome=\"failed\"",
                "2 code=\"refused\"",
                "close 2",
                "close 1",
            ]
        );
    }
}
