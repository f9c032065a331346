//! Colours, and how a time is written.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const CAREFUL: Style = AnsiColor::Yellow.on_default();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BOLD: Style = Style::new().bold();

pub(super) fn milliseconds(elapsed: Duration) -> String {
    format!("{:.1} ms", probe_contract::milliseconds(elapsed))
}
