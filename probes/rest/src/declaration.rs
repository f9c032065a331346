//! What is known of the connections of a type by its connector's document.

use probe_contract::{AddressKeys, Declaration, Presence, Property, SchemaVersion, Selector, ValueKind};

use crate::depth;
use crate::document::{Document, Parameter, PropertyType};

/// What stands for the types that users register.
pub(crate) static REGISTERED: Declaration = Declaration {
    connection_type: "REST-…",
    titles: &["what RegisterConnectionType was given"],
    definition: "what its registration says",
    depth: "login, token exchange or stored access token, its validation endpoint",
    ..UNKNOWN
};

const UNKNOWN: Declaration = Declaration {
    connection_type: "",
    schema_version: SchemaVersion::Two,
    authentication: Presence::Required,
    selector: Selector::All,
    address: AddressKeys::OWN,
    titles: &[],
    description: "{titles}",
    forms: &[],
    definition: "",
    depth: "",
    category: "SAAS",
    logins: &[],
    properties: &[],
};

/// What is in the head of a document.
pub(crate) struct Head {
    /// `ConnectionType`
    pub(crate) connection_type: &'static str,
    /// `DisplayName`
    pub(crate) title: &'static str,
    /// `Form`
    pub(crate) definition: &'static str,
}

/// That of the type of a document. It lives as long as the process: so does the document.
pub(crate) fn of(head: &Head, document: &Document) -> Declaration {
    let declared = |parameter: &Parameter| {
        let rule = document.extensions.properties.get(&parameter.name);
        let description = rule.map_or(&parameter.name, |rule| &rule.description);
        Property {
            key: parameter.name.clone().leak(),
            description: description.clone().leak(),
            presence: if parameter.required { Presence::Required } else { Presence::Optional },
            kind: match parameter.property_type {
                PropertyType::UserInput if rule.is_some_and(|rule| rule.secret) => ValueKind::Hidden,
                PropertyType::UserInput | PropertyType::ReadOnly | PropertyType::Unused => ValueKind::Text,
                PropertyType::Secret | PropertyType::SecretOrUserInput => ValueKind::Secret,
            },
        }
    };
    let properties = &document.connection_properties;
    let parameters = properties.url.iter().chain(&properties.additional_request_parameters);
    let logins = document.connector_authentication_configuration.types().map(|kind| kind.name());
    Declaration {
        connection_type: head.connection_type,
        titles: vec![head.title].leak(),
        definition: head.definition,
        depth: depth::of(document).leak(),
        logins: logins.collect::<Vec<_>>().leak(),
        properties: parameters.map(declared).collect::<Vec<_>>().leak(),
        ..UNKNOWN
    }
}
