//! A value in a line of text or a cell of a table.

use serde_json::Value;

pub(super) fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// A value in a line of text or a cell of a table, in Python's spelling.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => printable(text),
        // Beside scalars of the same key; the AWS CLI writes Python's notation here.
        Value::Array(_) | Value::Object(_) => printable(&value.to_string()),
    }
}

/// `text` without what a terminal would obey; tabs and line breaks are kept, as in the AWS CLI.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\t' | '\n') { ' ' } else { c }).collect()
}
