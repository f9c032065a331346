//! What a definition has for a parameter of its connector.

use probe_contract::{Mistake, Properties, Secret};

use crate::document::{Document, Parameter, PropertyType};
use crate::secrets::{Secrets, folded};

/// The value of `parameter`, from the properties or from the secrets, as it is sent before its format is applied.
///
/// # Errors
/// The mistake, where there is none and one is needed, or one that can't be right.
pub(crate) fn value(
    document: &Document,
    properties: &Properties,
    parameter: &Parameter,
    secrets: &Secrets,
) -> Result<Option<Secret>, Mistake> {
    let name = parameter.name.as_str();
    let rule = document.extensions.properties.get(name);
    let aliases = rule.map(|rule| rule.aliases.as_slice()).unwrap_or_default();
    let from_properties = || lookup(properties, document, name).map(|text| Secret::new(text.to_owned()));
    let from_secrets = || {
        let by_pattern = rule.filter(|rule| rule.by_pattern).and_then(|rule| rule.pattern.as_ref());
        secrets.get(name, aliases).or_else(|| secrets.only(by_pattern?))
    };
    let given = match parameter.property_type {
        PropertyType::UserInput => from_properties(),
        PropertyType::Secret => from_secrets(),
        PropertyType::SecretOrUserInput => from_secrets().or_else(from_properties),
        PropertyType::ReadOnly => None,
        PropertyType::Unused => return Ok(None),
    };
    let Some(value) = given.or_else(|| parameter.default_value.clone().map(Secret::new)) else {
        return if parameter.required { Err(Mistake::new(name, "expected")) } else { Ok(None) };
    };
    let text = value.expose().trim();
    if document.extensions.version_property.as_deref() == Some(name)
        && let Some(pattern) = rule.and_then(|rule| rule.pattern.as_ref())
        && !pattern.is_match(text)
        && let Some(bare) = text.strip_prefix(['v', 'V'])
        && pattern.is_match(bare)
    {
        return Ok(Some(Secret::new(bare.to_owned())));
    }
    if let Some(rule) = rule
        && let Some(pattern) = &rule.pattern
        && !pattern.is_match(text)
    {
        return Err(Mistake::new(name, rule.expected.as_deref().unwrap_or("expected another form")));
    }
    if !parameter.allowed_values.is_empty() && !parameter.allowed_values.iter().any(|allowed| allowed == text)
    {
        return Err(Mistake::new(name, format!("expected one of {}", parameter.allowed_values.join(", "))));
    }
    match rule.map(|rule| &rule.values).filter(|values| !values.is_empty()) {
        None => Ok(Some(value)),
        Some(values) => {
            let sent = values.iter().find(|(from, _)| from.eq_ignore_ascii_case(text));
            Ok(sent.map(|(_, to)| Secret::new(to.clone())))
        }
    }
}

/// The property `name`, in its own spelling, in another case, or under one of its aliases.
pub(crate) fn lookup<'a>(properties: &'a Properties, document: &Document, name: &str) -> Option<&'a str> {
    let rule = document.extensions.properties.get(name);
    let aliases = rule.map(|rule| rule.aliases.as_slice()).unwrap_or_default();
    properties.get(name).or_else(|| {
        let mut names = std::iter::once(name).chain(aliases.iter().map(String::as_str));
        names.find_map(|name| {
            let mut keys = properties.iter().map(|(key, _)| key);
            keys.find(|key| folded(key) == folded(name)).and_then(|key| properties.get(key))
        })
    })
}

/// Whether one of the connector's parameters, or of the extensions', is called `key`.
pub(crate) fn is_read(document: &Document, key: &str) -> bool {
    let folded_key = folded(key);
    let extensions = &document.extensions;
    let properties = &document.connection_properties;
    let validation = document.rest_configuration.parameters();
    let parameters = properties.url.iter().chain(&properties.additional_request_parameters).chain(validation);
    let named = parameters.map(|parameter| parameter.name.as_str());
    let ruled = extensions.properties.iter().flat_map(|(name, rule)| {
        std::iter::once(name.as_str()).chain(rule.aliases.iter().map(String::as_str))
    });
    let own =
        extensions.url.port_property.as_deref().into_iter().chain(extensions.version_property.as_deref());
    named.chain(ruled).chain(own).any(|name| folded(name) == folded_key)
}
