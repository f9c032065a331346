//! `--output json`.

use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

pub(super) fn write(out: &mut impl Write, answer: &Value) -> io::Result<()> {
    answer.serialize(&mut Serializer::with_formatter(&mut *out, PrettyFormatter::with_indent(b"    ")))?;
    writeln!(out)
}
