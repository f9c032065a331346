//! The outcome of one request, before it is reported.

use probe_contract::{Run, RunRecord};
use uuid::Uuid;

use crate::glue::Definition;
use crate::report::TestResult;

/// The outcome of one request, before it is reported.
#[derive(Clone)]
pub(super) struct Outcomes {
    pub(super) protocol: Option<&'static str>,
    pub(super) endpoint: Option<String>,
    pub(super) record: RunRecord,
    /// Knows what may be shown of a name.
    pub(super) run: Run,
}

impl Outcomes {
    pub(super) fn to_result(
        &self,
        request_id: Uuid,
        name: Option<&str>,
        definition: &Definition,
    ) -> TestResult {
        // A name, a type or a host may hold the secret too.
        let shown = |text: &str| self.run.shown(text);
        TestResult::new(
            request_id,
            name.map(shown).as_deref(),
            Some(&shown(&definition.connection_type)),
            &self.record,
            self.protocol,
            self.endpoint.as_deref().map(shown).as_deref(),
        )
    }
}
