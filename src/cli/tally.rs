//! What a sweep keeps of results that are told.

use dialcheck::report::{Summary, TestResult, Verdict};
use probe_contract::ExitClass;

/// Of several, the agent's own failure comes first, then what the user has to change, then what may pass later.
const ORDER: [ExitClass; 4] = [ExitClass::Agent, ExitClass::Usage, ExitClass::Terminal, ExitClass::Retryable];

/// How many passed and failed, and how.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) summary: Summary,
    met: [bool; ORDER.len()],
}

impl Tally {
    pub(super) fn count(&mut self, result: &TestResult) {
        match result.verdict {
            Verdict::Passed => self.summary.passed += 1,
            Verdict::Failed => self.summary.failed += 1,
        }
        for (class, met) in ORDER.iter().zip(&mut self.met) {
            *met |= result.exit_class() == Some(*class);
        }
    }

    pub(super) fn exit_code(&self) -> u8 {
        ORDER.iter().zip(self.met).find(|(_, met)| *met).map_or(0, |(class, _)| class.code())
    }
}
