//! What templates, pipelines and shells fill in, found in a text where nobody did.

use std::ops::Range;

/// A part of a text that stands for another text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'a> {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    /// What stands between its brackets.
    pub(super) name: &'a str,
}

/// Who would have filled it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// CloudFormation: `{{resolve:secretsmanager:…}}`, `{{resolve:ssm:…}}`.
    DynamicReference,
    /// GitHub Actions: `${{ secrets.NAME }}`.
    Expression,
    /// A shell, Terraform, CloudFormation's Sub: `${NAME}`.
    Variable,
    /// Helm, Jinja, Mustache: `{{ .Values.name }}`.
    Template,
    /// Azure Pipelines, Kubernetes: `$(NAME)`.
    Macro,
}

impl Kind {
    /// What it is, for a sentence; without its name, which is a part of the value.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::DynamicReference => "a dynamic reference of CloudFormation, {{resolve:…}}",
            Self::Expression => "an expression of GitHub Actions, ${{…}}",
            Self::Variable => "a variable, ${…}",
            Self::Template => "a placeholder of a template, {{…}}",
            Self::Macro => "a variable, $(…)",
        }
    }
}

impl<'a> Placeholder<'a> {
    /// All of them in `text`, in order.
    pub(super) fn find(text: &'a str) -> Vec<Self> {
        // Looking for a closer only where there is one further on keeps the work in proportion to the text.
        let last = |closer: &str| text.rfind(closer).unwrap_or_default();
        let (braces, brace, parenthesis) = (last("}}"), last("}"), last(")"));
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = text[from..].find(['$', '{']).map(|offset| from + offset) {
            let rest = &text[at..];
            let placeholder = if rest.starts_with("${{") && at < braces {
                Self::closed(text, at, "${{", "}}", |_| Some(Kind::Expression))
            } else if rest.starts_with("${") && at < brace {
                Self::closed(text, at, "${", "}", |_| Some(Kind::Variable))
            } else if rest.starts_with("{{") && at < braces {
                Self::closed(text, at, "{{", "}}", |name| {
                    Some(if name.trim_start().starts_with("resolve:") {
                        Kind::DynamicReference
                    } else {
                        Kind::Template
                    })
                })
            } else if rest.starts_with("$(") && at < parenthesis {
                Self::closed(text, at, "$(", ")", |name| is_name(name).then_some(Kind::Macro))
            } else {
                None
            };
            from = placeholder.as_ref().map_or(at + 1, |placeholder| placeholder.range.end);
            found.extend(placeholder);
        }
        found
    }

    /// The one that begins at `at`; none where there is nothing between its brackets.
    fn closed(
        text: &'a str,
        at: usize,
        opener: &str,
        closer: &str,
        kind: impl FnOnce(&str) -> Option<Kind>,
    ) -> Option<Self> {
        let start = at + opener.len();
        let length = text[start..].find(closer)?;
        let name = &text[start..start + length];
        if name.trim().is_empty() {
            return None;
        }
        Some(Self { kind: kind(name)?, range: at..start + length + closer.len(), name })
    }

    /// The environment variable that it stands for.
    pub(super) fn variable(&self) -> Option<&'a str> {
        let is_variable =
            self.kind == Kind::Variable && !self.name.contains(['.', '-']) && is_name(self.name);
        is_variable.then_some(self.name)
    }
}

/// Whether `text` is a variable's name.
fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(known)
}

/// What the whole of `text` may stand for, although it may as well be a real value.
pub(super) fn resembles(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let within = |opener: char, closer: char| {
        let inner = text.strip_prefix(opener)?.strip_suffix(closer)?;
        (!inner.is_empty() && !inner.contains([opener, closer])).then_some(inner)
    };
    let is_upper_name = |name: &str| is_name(name) && !name.contains(|c: char| c.is_ascii_lowercase());
    if within('<', '>').is_some() {
        Some("a placeholder, <…>")
    } else if within('%', '%').is_some_and(is_upper_name) {
        Some("a variable, %…%")
    } else if text.strip_prefix('$').is_some_and(is_upper_name) {
        Some("a variable, $…")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        Placeholder::find(text).into_iter().map(|found| (found.kind, &text[found.range])).collect()
    }

    #[test]
    fn each_kind_is_found_where_it_is() {
        for (text, kind) in [
            ("{{resolve:secretsmanager:prod/a:SecretString:password}}", Kind::DynamicReference),
            ("{{resolve:ssm-secure:/a/b:1}}", Kind::DynamicReference),
            ("${{ secrets.DB_PASSWORD }}", Kind::Expression),
            ("${DB_PASSWORD}", Kind::Variable),
            ("${aws_db_instance.main.password}", Kind::Variable),
            ("{{ .Values.password }}", Kind::Template),
            ("$(DB_PASSWORD)", Kind::Macro),
        ] {
            assert_eq!(found(text), [(kind, text)]);
            assert_eq!(found(&format!("ü$x{{{text}}}y")).len(), 1, "{text}");
        }
        assert_eq!(found("${A}:$(B)"), [(Kind::Variable, "${A}"), (Kind::Macro, "$(B)")]);
    }

    #[test]
    fn what_only_begins_like_one_is_none() {
        for text in
            ["", "${", "${}", "${ }", "{{", "{{}}", "{a}", "$(", "$(a b)", "$()", "$A", "}}${{", "a$b{c}"]
        {
            assert_eq!(found(text), [], "{text}");
        }
        assert_eq!(found("${${{".repeat(20_000).as_str()), []);
    }

    #[test]
    fn an_environment_variable_has_a_name() {
        let variable = |text| Placeholder::find(text)[0].variable();
        assert_eq!(variable("${DB_1}"), Some("DB_1"));
        for text in ["${var.x}", "${1}", "${a-b}", "${A:-b}", "$(A)", "${{ A }}", "{{A}}"] {
            assert_eq!(variable(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_be_real_only_resembles_one() {
        for text in ["<password>", "<your password>", "$DB_PASSWORD", "%DB_PASSWORD%"] {
            assert!(resembles(text).is_some() && found(text).is_empty(), "{text}");
        }
        for text in ["", "<>", "<a", "a<b>", "<a><b>", "$ecret", "$1", "100%", "%a%"] {
            assert_eq!(resembles(text), None, "{text}");
        }
    }
}
