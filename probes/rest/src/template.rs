//! Texts with placeholders: `{INSTANCE_URL}/oauth/tokens`.

/// One part of a template.
enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Puts what `value` says into the place of every `{NAME}`.
///
/// # Errors
/// The name that has no value.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    for part in parts(template) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(name) => filled.push_str(&value(name).ok_or_else(|| name.to_owned())?),
        }
    }
    Ok(filled)
}

/// The names of its placeholders.
pub(crate) fn names(template: &str) -> impl Iterator<Item = &str> {
    parts(template).into_iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Placeholder(name) => Some(name),
    })
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else { break };
        parts.push(Part::Text(before));
        parts.push(Part::Placeholder(name));
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_or_named() {
        let value = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(fill("/x/{A}/y{A}", value), Ok("/x/1/y1".to_owned()));
        assert_eq!(fill("/x/{A}/{B}", value), Err("B".to_owned()));
        assert_eq!(fill("/x{", value), Ok("/x{".to_owned()));
        assert_eq!(names("{A}{B:label}").collect::<Vec<_>>(), ["A", "B:label"]);
    }
}
