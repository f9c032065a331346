//! The types that this build tests: what help, tables, `ListConnectionTypes` and `DescribeConnectionType` are made of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use probe_contract::{Declaration, Property, SchemaVersion};

use super::connector::{self, Connector};
use super::properties::{self, BASIC};
use crate::PROTOCOLS;
use crate::glue::Fields;

/// A type of connections that this build tests.
#[derive(Clone, Debug)]
pub struct TestedType {
    /// `ConnectionType`.
    pub connection_type: &'static str,
    /// What users call what it connects to.
    pub titles: Vec<&'static str>,
    /// How its definitions name the target: forms of a URL, or property keys with the kinds of login.
    pub definition: String,
    /// How deep a test goes, in a few words.
    pub depth: &'static str,
    /// What the first of its protocols says of it, as the others do.
    declared: &'static Declaration,
    /// Of a type that has a document.
    connector: Option<&'static Connector>,
}

/// The types that this build tests; the last entry stands for all those that users register.
#[must_use]
pub fn tested_types() -> Vec<TestedType> {
    let registered = PROTOCOLS.iter().filter_map(|protocol| protocol.registered_types());
    built_in()
        .iter()
        .cloned()
        .chain(registered.map(|declared| TestedType::of(&[declared], declared)))
        .collect()
}

/// The types that this build knows by itself.
pub(super) fn built_in() -> &'static [TestedType] {
    static BUILT_IN: LazyLock<Vec<TestedType>> = LazyLock::new(|| {
        let declared: Vec<_> = PROTOCOLS.iter().flat_map(|protocol| protocol.types()).collect();
        let mut seen = BTreeSet::new();
        let first = declared.iter().filter(|declared| seen.insert(declared.connection_type));
        first.map(|first| TestedType::of(&declared, first)).collect()
    });
    &BUILT_IN
}

impl TestedType {
    /// The type of `first`, with all that is said of it in `declared`.
    fn of(declared: &[&'static Declaration], first: &'static Declaration) -> Self {
        let same = || declared.iter().filter(|declared| declared.connection_type == first.connection_type);
        let mut titles: Vec<&str> = Vec::new();
        for title in same().flat_map(|declared| declared.titles) {
            if !titles.contains(title) {
                titles.push(title);
            }
        }
        let forms: BTreeSet<_> = same().flat_map(|declared| declared.forms).copied().collect();
        let forms = forms.into_iter().collect::<Vec<_>>().join(" or ");
        Self {
            connection_type: first.connection_type,
            titles,
            definition: first.definition.replace("{forms}", &forms),
            depth: first.depth,
            declared: first,
            connector: connector::known(first.connection_type),
        }
    }

    /// The keys of its properties, those of its secret not among them.
    pub fn properties(&self) -> impl Iterator<Item = &'static str> {
        self.declared.properties.iter().map(|property| property.key)
    }

    /// The entry of `ListConnectionTypes`.
    pub(super) fn brief(&self) -> Fields {
        if let Some(connector) = self.connector {
            return connector.brief();
        }
        let variant = |title: &&str| {
            Fields::default().with("ConnectionTypeVariantName", *title).with("DisplayName", *title)
        };
        let display_name = match self.declared.schema_version {
            SchemaVersion::One => self.connection_type,
            SchemaVersion::Two => self.titles.first().copied().unwrap_or(self.connection_type),
        };
        Fields::default()
            .with("ConnectionType", self.connection_type)
            .with("DisplayName", display_name)
            .with("Description", self.description().as_str())
            .with("Categories", vec![self.declared.category])
            .with("Capabilities", self.capabilities())
            .with("ConnectionTypeVariants", self.titles.iter().map(variant).collect::<Vec<_>>())
    }

    /// The answer of `DescribeConnectionType`.
    pub(super) fn describe(&self) -> Fields {
        if let Some(connector) = self.connector {
            return connector.describe();
        }
        let described = Fields::default()
            .with("ConnectionType", self.connection_type)
            .with("Description", self.description().as_str())
            .with("Capabilities", self.capabilities())
            .with("ConnectionProperties", map(self.declared.properties));
        match self.declared.schema_version {
            SchemaVersion::One => described,
            SchemaVersion::Two => {
                let logins = self.declared.logins;
                let authentication = Fields::default()
                    .with(
                        "AuthenticationType",
                        properties::choice("AuthenticationType", "How the connection authenticates", logins),
                    )
                    .with("BasicAuthenticationProperties", map(BASIC));
                described.with("AuthenticationConfiguration", authentication)
            }
        }
    }

    fn description(&self) -> String {
        self.declared.description.replace("{titles}", &self.titles.join(", "))
    }

    fn capabilities(&self) -> Fields {
        let environments = match self.declared.schema_version {
            SchemaVersion::One => vec!["SPARK"],
            SchemaVersion::Two => vec!["SPARK", "ATHENA", "PYTHON"],
        };
        properties::capabilities(self.declared.logins.to_vec(), vec!["READ", "WRITE"], environments)
    }
}

fn map(properties: &[Property]) -> Fields {
    let described = |property: &Property| (property.key.to_owned(), properties::described(property).into());
    properties.iter().map(described).collect()
}
