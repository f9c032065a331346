//! The progress bar: on stderr, on a terminal, for a long sweep.

use std::time::Duration;

use dialcheck::engine::{Observer, TestEvent};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use uuid::Uuid;

use super::stream;

/// Fewer tests than this are over before a bar is of use.
const MIN_TESTS: usize = 10;
/// How often it is drawn.
const PACE: Duration = Duration::from_millis(100);

pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(tests: usize) -> Self {
        if tests < MIN_TESTS || !stream::stderr_is_a_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(tests as u64), ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} tested, {elapsed} gone, {eta} to go")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Draws it from now on.
    pub(super) fn begin(&self) {
        if !self.0.is_hidden() {
            self.0.enable_steady_tick(PACE);
        }
    }

    /// Writes to the terminal without the bar in between.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Observer for Progress {
    fn observe(&self, _: Uuid, event: &TestEvent<'_>) {
        if matches!(event, TestEvent::Ended(_)) {
            self.0.inc(1);
        }
    }
}
