//! `--query`, as the AWS CLI reads it beyond JMESPath's own grammar.

use serde_json::Value;

/// `query` with each literal that is no JSON as a text: `` `READY` `` is `` `"READY"` `` to the AWS CLI.
pub(super) fn quoted(query: &str) -> String {
    let mut written = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(at) = rest.find(['`', '\'', '"']) {
        let (before, behind) = rest.split_at(at);
        let mark = &behind[..1];
        let Some(end) = end_of(&behind[1..], mark) else { break };
        let (inside, behind) = behind[1..].split_at(end);
        let inside = if mark == "`" { literal(inside) } else { inside.to_owned() };
        written.extend([before, mark, &inside, mark]);
        rest = &behind[1..];
    }
    written + rest
}

/// Where the first `mark` is that no backslash stands before.
fn end_of(text: &str, mark: &str) -> Option<usize> {
    let mut is_escaped = false;
    let mut letters = text.char_indices();
    let (at, _) = letters.find(|(_, letter)| {
        let ends = !is_escaped && mark.starts_with(*letter);
        is_escaped = !is_escaped && *letter == '\\';
        ends
    })?;
    Some(at)
}

/// What is between two backquotes, in quotes where that makes a text of it.
fn literal(inside: &str) -> String {
    let plain = inside.replace("\\`", "`");
    let text = format!("\"{}\"", plain.trim_start());
    let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    if is_json(&plain) || !is_json(&text) { inside.to_owned() } else { text.replace('`', "\\`") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_literal_without_quotes_is_a_text() {
        let data =
            json!({ "a": [{ "n": "x", "s": "READY" }, { "n": "y", "s": "1" }, { "n": "z`", "s": "`" }] });
        for (query, expected) in [
            ("a[?s==`READY`].n", json!(["x"])),
            (r#"a[?s==`"READY"`].n"#, json!(["x"])),
            ("a[?s=='READY'].n", json!(["x"])),
            // What is JSON stays what it is.
            ("a[?s==`1`].n", json!([])),
            ("a[?s==`\\``].n", json!(["z`"])),
            ("a[?n=='z`' && s!=`READY`].s", json!(["`"])),
            ("a[?s==` READY`].n", json!(["x"])),
            ("`[1, 2]`", json!([1, 2])),
            ("length(a)", json!(3)),
        ] {
            let compiled =
                jmespath::compile(&quoted(query)).unwrap_or_else(|error| panic!("{query}: {error}"));
            let found = compiled.search(data.clone()).expect("a result");
            assert_eq!(serde_json::to_value(&*found).expect("JSON"), expected, "{query}");
        }
        for query in ["a[?s==`READY].n", "`", "'", "a\\", "`\"`", "é`é`"] {
            assert!(quoted(query).len() >= query.len(), "{query}");
        }
        assert!(jmespath::compile(&quoted("a[?s==`\"`]")).is_err());
    }
}
