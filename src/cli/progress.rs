//! The progress bar: on stderr, on a terminal, for a long sweep.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stream;

/// Fewer tests than this are over before a bar is of use.
const MANY: usize = 10;
/// How often it is drawn.
const PACE: Duration = Duration::from_millis(100);

pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(tests: usize) -> Self {
        if tests < MANY || !stream::stderr_is_a_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(tests as u64), ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} tested, {elapsed} gone, {eta} to go")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(PACE);
        Self(bar)
    }

    /// One more test is done.
    pub(super) fn tested(&self) {
        self.0.inc(1);
    }

    /// Writes to the terminal without the bar in between.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
