//! What a caller may do. Everything is granted in words, and what is not granted is refused.

use wildmatch::WildMatch;

use crate::engine::References;
use crate::glue::{ConnectionArn, Exception, Fields, GlueException, Operation};

/// The rights of one caller.
#[derive(Clone, Debug)]
pub struct Rights {
    operations: Operations,
    /// Names of connections; none where all are meant.
    connections: Option<Vec<WildMatch>>,
    references: References,
    encryption_settings: bool,
    is_owner: bool,
}

#[derive(Clone, Debug)]
enum Operations {
    All,
    /// Those that change nothing.
    TestAndRead,
    Named(Vec<Operation>),
}

/// What is in a profile of rights. A setting that is absent grants the least.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grants<'a> {
    /// Patterns of operations' names; without it, those that test and read.
    pub operations: Option<&'a str>,
    /// Patterns of connections' names; without it, all of them.
    pub connections: Option<&'a str>,
    /// Whether its definitions may use references.
    pub references: bool,
    /// Whether it may put the encryption settings of a catalog.
    pub encryption_settings: bool,
}

/// Patterns that grant nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// No operation has such a name.
    #[error("the pattern {0} matches no operation")]
    UnknownOperation(String),
    /// There is nothing between two commas of the operations.
    #[error("expected names or patterns, with commas between them")]
    BlankOperation,
    /// There is nothing between two commas of the connections.
    #[error("expected names or patterns, with commas between them")]
    BlankConnection,
}

impl Rights {
    /// Those of a user who has the catalog's file and its key.
    #[must_use]
    pub fn owner() -> Self {
        Self {
            operations: Operations::All,
            connections: None,
            references: References::Allowed,
            encryption_settings: true,
            is_owner: true,
        }
    }

    /// Those of every caller of a server that does not distinguish callers.
    #[must_use]
    pub fn anonymous(references: References) -> Self {
        Self { references, is_owner: false, ..Self::owner() }
    }

    /// Those that a profile grants. In patterns `*` stands for any text and `?` for one character.
    ///
    /// # Errors
    /// [`GrantError`] for a pattern that can't have been meant.
    pub fn granted(grants: Grants<'_>) -> Result<Self, GrantError> {
        let operations = match grants.operations {
            None => Operations::TestAndRead,
            Some(text) => {
                let mut named = Vec::new();
                for pattern in patterns(text).ok_or(GrantError::BlankOperation)? {
                    let matching = |operation: &&Operation| pattern.matches(operation.model().name);
                    let before = named.len();
                    named.extend(Operation::ALL.iter().filter(matching));
                    if named.len() == before {
                        return Err(GrantError::UnknownOperation(pattern.to_string()));
                    }
                }
                Operations::Named(named)
            }
        };
        let connections = grants.connections.map(|text| patterns(text).ok_or(GrantError::BlankConnection));
        Ok(Self {
            operations,
            connections: connections.transpose()?,
            references: if grants.references { References::Allowed } else { References::Denied },
            encryption_settings: grants.encryption_settings,
            is_owner: false,
        })
    }

    /// Whether the caller has the catalog's file and its key anyway.
    pub(super) fn is_owner(&self) -> bool {
        self.is_owner
    }

    /// Whether definitions of the caller may use references.
    #[must_use]
    pub fn references(&self) -> References {
        self.references
    }

    /// Whether the connection `name` is one of the caller's.
    #[must_use]
    pub fn cover(&self, name: &str) -> bool {
        self.connections.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }

    /// Checks a call of `operation` before anything is done for it. What a list of names asks for is checked name by name.
    ///
    /// # Errors
    /// `AccessDeniedException`
    pub(super) fn check(&self, operation: Operation, input: &Fields) -> Result<(), Exception> {
        let is_granted = match &self.operations {
            Operations::All => true,
            Operations::TestAndRead => !changes(operation),
            Operations::Named(named) => named.contains(&operation),
        };
        if !is_granted {
            let name = operation.model().name;
            return Err(access_denied(format!(
                "this access key may not call {name}: its profile does not name it in dialcheck_operations"
            )));
        }
        if operation == Operation::PutDataCatalogEncryptionSettings && !self.encryption_settings {
            return Err(access_denied(
                "this access key may not put encryption settings: its profile lacks dialcheck_encryption_settings"
                    .to_owned(),
            ));
        }
        match connection_name(operation, input).filter(|name| !self.cover(name)) {
            None => Ok(()),
            Some(name) => Err(self.not_covered(name)),
        }
    }

    /// The refusal of the connection `name`, which says nothing about whether there is one.
    pub(super) fn not_covered(&self, name: &str) -> Exception {
        access_denied(format!(
            "this access key may not use the connection {name}: its profile does not name it in dialcheck_connections"
        ))
    }
}

fn access_denied(message: String) -> Exception {
    Exception::new(GlueException::AccessDenied, message)
}

/// What is between the commas; none where that is nothing somewhere.
fn patterns(text: &str) -> Option<Vec<WildMatch>> {
    let patterns = text.split(',').map(str::trim);
    patterns.map(|pattern| (!pattern.is_empty()).then(|| WildMatch::new(pattern))).collect()
}

/// Whether an operation changes what the server keeps.
const fn changes(operation: Operation) -> bool {
    match operation {
        Operation::TestConnection
        | Operation::GetConnection
        | Operation::GetConnections
        | Operation::ListConnectionTypes
        | Operation::DescribeConnectionType
        | Operation::GetDataCatalogEncryptionSettings
        | Operation::GetTags => false,
        Operation::CreateConnection
        | Operation::UpdateConnection
        | Operation::DeleteConnection
        | Operation::BatchDeleteConnection
        | Operation::RegisterConnectionType
        | Operation::DeleteConnectionType
        | Operation::PutDataCatalogEncryptionSettings
        | Operation::TagResource
        | Operation::UntagResource => true,
    }
}

/// The one connection that a call is about.
fn connection_name(operation: Operation, input: &Fields) -> Option<&str> {
    match operation {
        Operation::TestConnection | Operation::DeleteConnection => input.text("ConnectionName"),
        Operation::GetConnection | Operation::UpdateConnection => input.text("Name"),
        Operation::CreateConnection => input.fields("ConnectionInput")?.text("Name"),
        // What is not a connection's is refused by the operation itself.
        Operation::GetTags | Operation::TagResource | Operation::UntagResource => {
            Some(ConnectionArn::parse(input.text("ResourceArn")?).ok()?.name)
        }
        Operation::GetConnections
        | Operation::BatchDeleteConnection
        | Operation::ListConnectionTypes
        | Operation::DescribeConnectionType
        | Operation::RegisterConnectionType
        | Operation::DeleteConnectionType
        | Operation::GetDataCatalogEncryptionSettings
        | Operation::PutDataCatalogEncryptionSettings => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the operations that `rights` let through, each about the connection `orders`.
    fn let_through(rights: &Rights) -> Vec<&'static str> {
        let named = Fields::default()
            .with("Name", "orders")
            .with("ConnectionName", "orders")
            .with("ConnectionInput", Fields::default().with("Name", "orders"));
        let passes = |operation: &&Operation| rights.check(**operation, &named).is_ok();
        Operation::ALL.iter().filter(passes).map(|operation| operation.model().name).collect()
    }

    const TEST_AND_READ: [&str; 7] = [
        "TestConnection",
        "GetConnection",
        "GetConnections",
        "ListConnectionTypes",
        "DescribeConnectionType",
        "GetDataCatalogEncryptionSettings",
        "GetTags",
    ];

    #[test]
    fn nothing_granted_is_to_test_and_to_read() {
        let rights = Rights::granted(Grants::default()).expect("rights");
        assert_eq!(let_through(&rights), TEST_AND_READ);
        assert_eq!(rights.references(), References::Denied);
        assert_eq!(let_through(&Rights::owner()).len(), Operation::ALL.len());
        let anonymous = Rights::anonymous(References::Denied);
        assert_eq!(let_through(&anonymous).len(), Operation::ALL.len());
        assert_eq!(anonymous.references(), References::Denied);
    }

    #[test]
    fn operations_and_connections_are_granted_by_pattern() {
        let grants = Grants { operations: Some("*Connection, GetConnections"), ..Grants::default() };
        let rights = Rights::granted(grants).expect("rights");
        let granted = [
            "TestConnection",
            "CreateConnection",
            "UpdateConnection",
            "GetConnection",
            "DeleteConnection",
            "BatchDeleteConnection",
            "GetConnections",
        ];
        assert!(granted.iter().all(|name| let_through(&rights).contains(name)), "{:?}", let_through(&rights));
        assert_eq!(let_through(&rights).len(), granted.len());

        let grants = Grants { connections: Some("staging-*,order?"), ..Grants::default() };
        let rights = Rights::granted(grants).expect("rights");
        for (name, covered) in [("staging-a", true), ("orders", true), ("order", false), ("Staging-a", false)]
        {
            assert_eq!(rights.cover(name), covered, "{name}");
            let input = Fields::default().with("ConnectionName", name);
            assert_eq!(rights.check(Operation::TestConnection, &input).is_ok(), covered, "{name}");
            let arn = format!("arn:aws:glue:eu-west-1:123456789012:connection/{name}");
            let input = Fields::default().with("ResourceArn", arn.as_str());
            assert_eq!(rights.check(Operation::GetTags, &input).is_ok(), covered, "{arn}");
        }
    }

    #[test]
    fn encryption_settings_take_a_right_of_their_own() {
        let all = Grants { operations: Some("*"), ..Grants::default() };
        let put = Operation::PutDataCatalogEncryptionSettings;
        let rights =
            |encryption_settings| Rights::granted(Grants { encryption_settings, ..all }).expect("rights");
        assert!(rights(true).check(put, &Fields::default()).is_ok());
        let refused = rights(false).check(put, &Fields::default()).expect_err("refused");
        assert_eq!(refused.kind, GlueException::AccessDenied);
        let get = Operation::GetDataCatalogEncryptionSettings;
        assert!(rights(false).check(get, &Fields::default()).is_ok());
    }

    #[test]
    fn a_pattern_that_grants_nothing_is_a_mistake() {
        let error = |operations| {
            Rights::granted(Grants { operations: Some(operations), ..Grants::default() })
                .expect_err("a mistake")
        };
        assert_eq!(error("GetConection"), GrantError::UnknownOperation("GetConection".to_owned()));
        assert_eq!(error("get*"), GrantError::UnknownOperation("get*".to_owned()));
        assert_eq!(error("GetConnection,,"), GrantError::BlankOperation);
        assert_eq!(error(""), GrantError::BlankOperation);
    }
}
