//! The types that this build tests: what help, tables, `ListConnectionTypes` and `DescribeConnectionType` are made of.

use std::sync::LazyLock;

use probe_contract::TypeRow;

use super::connector::{self, Connector};
use super::properties::{self, BASIC, Property};
use crate::PROTOCOLS;
use crate::glue::Fields;

/// Databases of schema version 2, as the engine knows them, with the protocol that tests each.
const DATABASES: [(&str, &str); 3] =
    [("MYSQL", "mysql"), ("POSTGRESQL", "postgresql"), ("REDSHIFT", "redshift")];

/// Connectors in whose place the database that they name is tested.
const CONNECTORS: [(&str, &str); 2] =
    [("CUSTOM", "connectors of your own"), ("MARKETPLACE", "connectors of AWS Marketplace")];

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
    kin: Kin,
}

/// What a type's definitions look like.
#[derive(Clone, Copy, Debug)]
enum Kin {
    /// By URL or by parts, with the credentials among the properties.
    Jdbc,
    /// Of schema version 2, with an `AuthenticationConfiguration`.
    Database,
    /// By the URL that a connector's driver takes.
    Driver,
    Kafka,
    /// As its document says.
    Connector(&'static Connector),
    /// As the registrations say.
    Registered,
}

/// The types that this build tests; the last entry stands for all those that users register.
#[must_use]
pub fn tested_types() -> Vec<TestedType> {
    let mut types = built_in().to_vec();
    if PROTOCOLS.iter().any(|protocol| protocol.name() == "rest") {
        types.push(TestedType {
            connection_type: "REST-…",
            titles: vec!["what RegisterConnectionType was given"],
            definition: "what its registration says".to_owned(),
            depth: "login, token exchange or stored access token, its validation endpoint",
            kin: Kin::Registered,
        });
    }
    types
}

/// The types that this build knows by itself.
pub(super) fn built_in() -> &'static [TestedType] {
    static BUILT_IN: LazyLock<Vec<TestedType>> = LazyLock::new(collect);
    &BUILT_IN
}

fn collect() -> Vec<TestedType> {
    let rows = PROTOCOLS.iter().flat_map(|protocol| protocol.types());
    let (jdbc, others): (Vec<TypeRow>, Vec<TypeRow>) =
        rows.copied().partition(|row| row.connection_type == "JDBC");
    let depth = jdbc.first().map(|row| row.depth);
    let jdbc = depth.map(|depth| TestedType {
        connection_type: "JDBC",
        titles: jdbc.iter().map(|row| row.title).collect(),
        definition: {
            let mut forms: Vec<_> = jdbc.iter().map(|row| row.form).collect();
            forms.sort_unstable();
            forms.dedup();
            let forms = forms.join(" or ");
            format!("JDBC_CONNECTION_URL {forms}, or HOST, PORT and JDBC_ENGINE; USERNAME, PASSWORD")
        },
        depth,
        kin: Kin::Jdbc,
    });
    let databases = DATABASES.into_iter().filter_map(|(connection_type, protocol)| {
        let protocol = PROTOCOLS.iter().find(|known| known.name() == protocol)?;
        Some(TestedType {
            connection_type,
            titles: protocol.types().iter().map(|row| row.title).collect(),
            definition: "HOST, PORT, DATABASE; BASIC".to_owned(),
            depth: depth?,
            kin: Kin::Database,
        })
    });
    let drivers = CONNECTORS.into_iter().filter_map(|(connection_type, title)| {
        Some(TestedType {
            connection_type,
            titles: vec![title],
            definition: "CONNECTION_URL with a JDBC URL of those above".to_owned(),
            depth: depth?,
            kin: Kin::Driver,
        })
    });
    let others = others.into_iter().filter_map(|row| {
        let kin = match row.connection_type {
            "KAFKA" => Kin::Kafka,
            connection_type => Kin::Connector(connector::known(connection_type)?),
        };
        Some(TestedType {
            connection_type: row.connection_type,
            titles: vec![row.title],
            definition: row.form.to_owned(),
            depth: row.depth,
            kin,
        })
    });
    jdbc.into_iter().chain(databases).chain(drivers).chain(others).collect()
}

impl TestedType {
    /// The keys of its properties, those of its secret not among them.
    #[must_use]
    pub fn properties(&self) -> Vec<String> {
        match self.kin {
            Kin::Connector(connector) => connector.properties().into_iter().map(|(key, _)| key).collect(),
            Kin::Jdbc | Kin::Database | Kin::Driver | Kin::Kafka | Kin::Registered => {
                self.own_properties().iter().map(|property| property.0.to_owned()).collect()
            }
        }
    }

    fn own_properties(&self) -> &'static [Property] {
        match self.kin {
            Kin::Jdbc => properties::JDBC,
            Kin::Database => properties::DATABASE,
            Kin::Driver => properties::DRIVER,
            Kin::Kafka => properties::KAFKA,
            Kin::Connector(_) | Kin::Registered => &[],
        }
    }

    /// The entry of `ListConnectionTypes`.
    pub(super) fn brief(&self) -> Fields {
        if let Kin::Connector(connector) = self.kin {
            return connector.brief();
        }
        let variant = |title: &&str| {
            Fields::default().with("ConnectionTypeVariantName", *title).with("DisplayName", *title)
        };
        let display_name = match self.kin {
            Kin::Database => self.titles[0],
            Kin::Jdbc | Kin::Driver | Kin::Kafka | Kin::Connector(_) | Kin::Registered => {
                self.connection_type
            }
        };
        Fields::default()
            .with("ConnectionType", self.connection_type)
            .with("DisplayName", display_name)
            .with("Description", self.description().as_str())
            .with("Categories", vec![if matches!(self.kin, Kin::Kafka) { "STREAMING" } else { "DATABASE" }])
            .with("Capabilities", self.capabilities())
            .with("ConnectionTypeVariants", self.titles.iter().map(variant).collect::<Vec<_>>())
    }

    /// The answer of `DescribeConnectionType`.
    pub(super) fn describe(&self) -> Fields {
        if let Kin::Connector(connector) = self.kin {
            return connector.describe();
        }
        let described = Fields::default()
            .with("ConnectionType", self.connection_type)
            .with("Description", self.description().as_str())
            .with("Capabilities", self.capabilities())
            .with("ConnectionProperties", properties::map(self.own_properties()));
        if !matches!(self.kin, Kin::Database) {
            return described;
        }
        let authentication = Fields::default()
            .with(
                "AuthenticationType",
                properties::choice("AuthenticationType", "How the connection authenticates", &["BASIC"]),
            )
            .with("BasicAuthenticationProperties", properties::map(BASIC));
        described.with("AuthenticationConfiguration", authentication)
    }

    fn description(&self) -> String {
        let titles = self.titles.join(", ");
        match self.kin {
            Kin::Jdbc | Kin::Database => format!("{titles} over JDBC"),
            Kin::Driver => format!("{titles}, over JDBC"),
            Kin::Kafka | Kin::Connector(_) | Kin::Registered => titles,
        }
    }

    fn capabilities(&self) -> Fields {
        let (authentication, environments) = match self.kin {
            Kin::Database => (vec!["BASIC"], vec!["SPARK", "ATHENA", "PYTHON"]),
            Kin::Kafka => (vec!["BASIC", "IAM", "CUSTOM"], vec!["SPARK"]),
            Kin::Jdbc | Kin::Driver | Kin::Connector(_) | Kin::Registered => (vec!["BASIC"], vec!["SPARK"]),
        };
        properties::capabilities(authentication, vec!["READ", "WRITE"], environments)
    }
}
