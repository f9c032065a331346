//! What a sweep keeps of results that are written.

use dialcheck::report::{Summary, TestResult, Verdict};
use probe_contract::ExitClass;

/// What a command that tests says of its exit code.
pub(super) const EXIT_CODES: &str = "Exit codes: 0 all passed; 1 a connection failed; 2 usage, settings or input, or what was named is not \
                          testable; 3 dialcheck itself; 4 a connection failed in a way that may pass later";

/// Of several, the agent's own failure comes first, then what the user has to change, then what may pass later.
const ORDER: [ExitClass; 4] = [ExitClass::Agent, ExitClass::Usage, ExitClass::Terminal, ExitClass::Retryable];

/// How many tests ended in which verdict, and what that makes of the whole.
pub(super) struct Totals {
    pub(super) summary: Summary,
    /// Whether the catalog says what is tested, and not the command line.
    of_catalog: bool,
    met: [bool; ORDER.len()],
}

impl Totals {
    pub(super) fn new(of_catalog: bool) -> Self {
        Self { summary: Summary::default(), of_catalog, met: [false; ORDER.len()] }
    }

    pub(super) fn count(&mut self, result: &TestResult) {
        self.summary.count(result.verdict);
        if self.is_passed_over(result) {
            return;
        }
        for (class, met) in ORDER.iter().zip(&mut self.met) {
            *met |= result.exit_class() == Some(*class);
        }
    }

    /// Whether `result` decides nothing: a catalog may well hold connections that nobody can test, and nobody named this one.
    pub(super) fn is_passed_over(&self, result: &TestResult) -> bool {
        self.of_catalog && result.verdict == Verdict::NotTestable
    }

    pub(super) fn exit_code(&self) -> u8 {
        let Summary { passed, failed, not_testable, .. } = self.summary;
        // A sweep that proved nothing is not a success.
        if not_testable > 0 && passed + failed == 0 {
            return ExitClass::Usage.code();
        }
        ORDER.iter().zip(self.met).find(|(_, met)| *met).map_or(0, |(class, _)| class.code())
    }
}
