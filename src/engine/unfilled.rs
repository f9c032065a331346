//! Placeholders that a definition still has: filled in from the environment where that is open, and else reported before a login is
//! spent on them.
//!
//! What is certain is a mistake, what may be a real value is a warning. Nothing that is not secret has a reason to contain a
//! placeholder, nor has any value a reason to be one as a whole: no generator of passwords makes both brackets at the right ends by
//! chance. A password with a `${…}` somewhere in its middle may be real, and a login decides. A `{{resolve:…}}` is never
//! real, wherever it stands.

use probe_contract::{AddressKeys, Code, Mistake, PartKeys, Properties, Protocol, Secret, Warning};

use super::environment::Environment;
use super::placeholder::{Kind, Placeholder, resembles};
use crate::declared;
use crate::glue::{Definition, Fields, Value};

/// A definition, with what the environment has for its placeholders.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) definition: Definition,
    /// One at most for each value.
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Warning>,
}

/// What a placeholder in a value means.
#[derive(Clone, Copy)]
enum Role {
    /// A text that nobody chooses freely: a host, a user, a file.
    Plain,
    /// An address with parameters behind it, of which one may be a password.
    Url {
        /// Whether its `${…}` are for a secret to fill in.
        is_template: bool,
    },
    /// The parameters of a URL.
    Parameters,
    /// A text that may be anything.
    Secret,
    /// Nobody reads it.
    Ignored,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Certain,
    Possible,
}

/// Fills in what `environment` has for the placeholders of `definition`, and judges the others.
pub(super) fn fill(
    protocols: &[&'static dyn Protocol],
    definition: &Definition,
    environment: Environment,
) -> Filled {
    let mut filling = Filling { environment, mistakes: Vec::new(), warnings: Vec::new() };
    let mut properties = Properties::default();
    for (key, value) in definition.properties.iter() {
        let role = Role::of_property(protocols, definition, key);
        properties.insert(key, filling.text(key, role, value));
    }
    let authentication = definition
        .authentication
        .as_ref()
        .map(|authentication| filling.fields("AuthenticationConfiguration", authentication));
    let Filling { mistakes, warnings, .. } = filling;
    let definition = Definition { properties, authentication, ..definition.clone() };
    Filled { definition, mistakes, warnings }
}

/// `unfilled`, and those of `others` that are not about the same values. What can't be tested can't be with other values either.
pub(super) fn with_others(mut unfilled: Vec<Mistake>, mut others: Vec<Mistake>) -> Vec<Mistake> {
    if others.iter().any(|other| other.code == Code::NotTestable) {
        return others;
    }
    let value = |mistake: &Mistake| mistake.property.split(['?', ';']).next().unwrap_or_default().to_owned();
    let places: Vec<String> = unfilled.iter().map(value).collect();
    others.retain(|other| !places.contains(&value(other)));
    unfilled.append(&mut others);
    unfilled
}

impl Role {
    fn of_property(protocols: &[&'static dyn Protocol], definition: &Definition, key: &str) -> Self {
        let connection_type = &definition.connection_type;
        let address = declared::address(protocols, connection_type);
        let AddressKeys { placeholders, parts, .. } = address;
        let is_parameters = |parts: PartKeys| parts.parameters.is_some_and(|parameters| parameters == key);
        if address.urls().any(|url| url == key) {
            let secret = placeholders.filter(|secret| definition.properties.get(secret).is_some());
            Self::Url { is_template: secret.is_some() }
        } else if parts.is_some_and(is_parameters) {
            Self::Parameters
        } else if declared::is_masked(protocols, connection_type, key) {
            Self::Secret
        } else if declared::is_read(protocols, connection_type, key) {
            Self::Plain
        } else {
            Self::Ignored
        }
    }

    /// How certain it is that `placeholder`, in `text`, is one.
    fn certainty(self, text: &str, placeholder: &Placeholder<'_>) -> Certainty {
        let is_certain = match self {
            _ if placeholder.kind == Kind::DynamicReference => !matches!(self, Self::Ignored),
            Self::Plain => true,
            Self::Ignored => false,
            Self::Secret => placeholder.is_all_of(text),
            Self::Parameters => placeholder.is_part_of(text),
            Self::Url { .. } => {
                let address = text.find(['?', ';']).unwrap_or(text.len());
                let user = text[..address].rfind('@').unwrap_or_default();
                let names_place = placeholder.range.start < address && placeholder.range.end > user;
                names_place || placeholder.is_part_of(text)
            }
        };
        if is_certain { Certainty::Certain } else { Certainty::Possible }
    }
}

impl Placeholder<'_> {
    fn is_all_of(&self, text: &str) -> bool {
        text.trim().len() == self.range.len()
    }

    /// Whether it is all that stands between the delimiters of a URL.
    fn is_part_of(&self, text: &str) -> bool {
        let (before, behind) = (&text[..self.range.start], &text[self.range.end..]);
        let begins = before.is_empty() || before.ends_with(['=', '&', '?', ';', '/', ':', ',', '(']);
        let ends = behind.trim_end().is_empty() || behind.starts_with(['&', ';', '@', ':', ',', ')']);
        begins && ends
    }
}

struct Filling {
    environment: Environment,
    mistakes: Vec<Mistake>,
    warnings: Vec<Warning>,
}

impl Filling {
    /// The text of `place`, filled in.
    fn text(&mut self, place: &str, role: Role, text: &Secret) -> Secret {
        let given = text.expose();
        let mut filled = String::with_capacity(given.len());
        let mut copied = 0;
        let mut left: Option<(Certainty, Kind)> = None;
        let mut wanting = None;
        for placeholder in Placeholder::find(given) {
            if matches!(role, Role::Url { is_template: true }) && placeholder.kind == Kind::Variable {
                continue;
            }
            match placeholder.variable().and_then(|name| self.environment.get(name)) {
                Some(Ok(value)) => {
                    filled.push_str(&given[copied..placeholder.range.start]);
                    filled.push_str(&value);
                    copied = placeholder.range.end;
                }
                Some(Err(expected)) => wanting = wanting.or(Some(expected)),
                None => {
                    let certainty = role.certainty(given, &placeholder);
                    if !matches!(left, Some((Certainty::Certain, _))) {
                        left = Some((certainty, placeholder.kind));
                    }
                }
            }
        }
        filled.push_str(&given[copied..]);
        match (wanting, left) {
            (Some(expected), _) => self.mistakes.push(Mistake::new(place, expected)),
            (None, Some((Certainty::Certain, kind))) => {
                self.mistakes.push(Mistake::new(place, unfilled(kind)))
            }
            (None, Some((Certainty::Possible, kind))) => self.warn(place, "contains", kind.describe()),
            (None, None) => {
                if let Some(resembled) = resembles(given) {
                    self.warn(place, "looks like", resembled);
                }
            }
        }
        Secret::new(filled)
    }

    fn warn(&mut self, place: &str, how: &str, what: &str) {
        let message = format!("{place} {how} {what}: it is used as it is, and nothing was filled in");
        self.warnings.push(Warning::new("placeholder", message));
    }

    /// The members of what stands at `place`, filled in.
    fn fields(&mut self, place: &str, fields: &Fields) -> Fields {
        let filled = fields.iter().map(|(key, value)| {
            let place = format!("{place}.{key}");
            let value = match value {
                Value::Text(text) => Value::Text(self.text(&place, Role::Secret, text)),
                Value::Fields(fields) => Value::Fields(self.fields(&place, fields)),
                Value::Boolean(_) | Value::Integer(_) | Value::Timestamp(_) | Value::List(_) => value.clone(),
            };
            (key.to_owned(), value)
        });
        filled.collect()
    }
}

/// What is expected where a placeholder of `kind` is.
fn unfilled(kind: Kind) -> String {
    let advice = match kind {
        Kind::Variable => {
            "; --env of `dialcheck test` and `dialcheck wait` fills ${NAME} in from the environment"
        }
        Kind::DynamicReference | Kind::Expression | Kind::Template | Kind::Macro => "",
    };
    format!("expected a value, and found {} that nobody has filled in{advice}", kind.describe())
}

#[cfg(test)]
mod tests {
    use std::env::VarError;

    use super::*;
    use crate::PROTOCOLS;

    const OPEN: Environment = Environment::Open(|name| match name {
        "HERE" => Ok("${value}".to_owned()),
        _ => Err(VarError::NotPresent),
    });

    /// The definition, the properties with mistakes, and those with warnings.
    fn filled(
        environment: Environment,
        connection_type: &str,
        properties: &[(&str, &str)],
    ) -> (Definition, Vec<String>, Vec<String>) {
        let properties =
            properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned())));
        let definition = Definition {
            name: None,
            connection_type: connection_type.to_owned(),
            properties: properties.collect(),
            authentication: None,
            details: Fields::default(),
        };
        let Filled { definition, mistakes, warnings } = fill(PROTOCOLS, &definition, environment);
        let shown = format!("{mistakes:?} {warnings:?}");
        assert!(!shown.contains("c4n4ry"), "{shown}");
        let mistakes = mistakes.iter().map(ToString::to_string).collect();
        (definition, mistakes, warnings.into_iter().map(|warning| warning.message).collect())
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn what_is_certain_is_a_mistake_and_what_may_be_real_a_warning() {
        let url = "JDBC_CONNECTION_URL";
        for (key, value, (mistakes, warnings)) in [
            ("PASSWORD", "{{resolve:secretsmanager:c4n4ry:SecretString:password}}", (1, 0)),
            ("PASSWORD", "x{{resolve:ssm:c4n4ry}}", (1, 0)),
            ("PASSWORD", "${c4n4ry}", (1, 0)),
            ("PASSWORD", " ${c4n4ry}\n", (1, 0)),
            ("PASSWORD", "${{ secrets.c4n4ry }}", (1, 0)),
            ("PASSWORD", "{{ c4n4ry }}", (1, 0)),
            ("PASSWORD", "$(c4n4ry)", (1, 0)),
            ("PASSWORD", "c4${n4ry}x", (0, 1)),
            ("PASSWORD", "<c4n4ry>", (0, 1)),
            ("PASSWORD", "c4n4ry$!{}", (0, 0)),
            ("USERNAME", "app_${c4n4ry}", (1, 0)),
            ("HOST", "${c4n4ry}.example", (1, 0)),
            ("JDBC_ENFORCE_SSL", "${c4n4ry}", (1, 0)),
            ("CUSTOM_JDBC_CERT", "s3://${c4n4ry}/ca.pem", (1, 0)),
            ("NOBODY_READS_IT", "${c4n4ry}", (0, 1)),
            (url, "jdbc:postgresql://${c4n4ry}:5432/app", (1, 0)),
            (url, "jdbc:postgresql://h:5432/app_${c4n4ry}?x=y", (1, 0)),
            (url, "jdbc:postgresql://h/app?user=a&password=${c4n4ry}", (1, 0)),
            (url, "jdbc:postgresql://h/app?password=${c4n4ry}&x=y", (1, 0)),
            (url, "jdbc:postgresql://h/app?password=p${c4n4ry}&x=y", (0, 1)),
            (url, "jdbc:mysql://a:p${c4n4ry}q@h/app", (0, 1)),
            (url, "jdbc:mysql://a:${c4n4ry}@h/app", (1, 0)),
        ] {
            let (_, mistaken, warned) = filled(Environment::Closed, "JDBC", &[(key, value)]);
            assert_eq!((mistaken.len(), warned.len()), (mistakes, warnings), "{key} {value}");
            assert!(
                mistaken.iter().chain(&warned).all(|text| text.starts_with(key)),
                "{mistaken:?}{warned:?}"
            );
        }
        let (_, mistaken, _) = filled(Environment::Closed, "JDBC", &[("PASSWORD", "${A}")]);
        assert_eq!(
            mistaken,
            [
                "PASSWORD: expected a value, and found a variable, ${…} that nobody has filled in; --env of `dialcheck test` and \
              `dialcheck wait` fills ${NAME} in from the environment"
            ]
        );
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_placeholders_of_a_connectors_url_are_its_secrets() {
        let url = ("CONNECTION_URL", "jdbc:postgresql://${HERE}:5432/a?password=${{ c4n4ry }}");
        let secret = ("SECRET_ID", "prod/a");
        let (definition, mistakes, _) = filled(OPEN, "CUSTOM", &[url, secret]);
        assert_eq!(mistakes.len(), 1);
        assert_eq!(definition.properties.get("CONNECTION_URL"), Some(url.1));
        let (definition, ..) = filled(OPEN, "CUSTOM", &[url]);
        let filled = definition.properties.get("CONNECTION_URL").unwrap();
        assert!(filled.starts_with("jdbc:postgresql://${value}:"), "{filled}");
    }

    #[test]
    fn the_environment_fills_in_what_it_has_and_what_it_lacks_is_named() {
        let given =
            [("PASSWORD", "a${HERE}${HERE}b"), ("USERNAME", "${ELSEWHERE}"), ("HOST", "${var.c4n4ry}")];
        let (definition, mistakes, _) = filled(OPEN, "JDBC", &given);
        assert_eq!(definition.properties.get("PASSWORD"), Some("a${value}${value}b"));
        let expected = "USERNAME: expected the environment variable ELSEWHERE to be set";
        assert!(mistakes.contains(&expected.to_owned()), "{mistakes:?}");
        let (definition, mistakes, warnings) = filled(Environment::Closed, "JDBC", &given[..1]);
        assert_eq!((mistakes.len(), warnings.len()), (0, 1));
        assert_eq!(definition.properties.get("PASSWORD"), Some(given[0].1));
    }

    #[test]
    fn an_authentication_configuration_is_looked_through() {
        let basic = Fields::default().with("Username", "${A}").with("Password", "{{resolve:ssm:x}}");
        let definition = Definition {
            name: None,
            connection_type: "POSTGRESQL".to_owned(),
            properties: Properties::default(),
            authentication: Some(Fields::default().with("BasicAuthenticationCredentials", basic)),
            details: Fields::default(),
        };
        let Filled { mistakes, .. } = fill(PROTOCOLS, &definition, Environment::Closed);
        let places: Vec<_> = mistakes.iter().map(|mistake| mistake.property.as_str()).collect();
        let within = "AuthenticationConfiguration.BasicAuthenticationCredentials";
        assert_eq!(places, [format!("{within}.Username"), format!("{within}.Password")]);
    }
}
