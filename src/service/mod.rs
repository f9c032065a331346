//! What each operation does: the same for the server and for the command line.

mod compute_environments;
mod connection_types;
mod create_update;
mod credentials;
mod encryption_settings;
mod get_connection;
mod password_encryption;
mod rights;
mod test_connection;
mod tokens;

pub use connection_types::{TestedType, tested_types};
pub use rights::{GrantError, Grants, Rights};

use std::sync::Arc;

use uuid::Uuid;

use crate::catalog::{Catalog, CatalogError, DEFAULT_CATALOG_ID};
use crate::engine::{Client, Engine};
use crate::glue::{Exception, FederationSourceErrorCode, Fields, GlueException, Operation};
use crate::report::TestResult;

/// Answers the operations of Glue's that are about connections.
pub struct Service {
    engine: Engine,
    catalog: Arc<dyn Catalog>,
    validate: Validate,
}

/// Which connections are tested when they are created or updated, unless `ValidateCredentials` is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validate {
    /// Those that Glue tests: with an `AuthenticationConfiguration`.
    Authenticated,
    /// All.
    All,
}

/// One call of an operation.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its id: the answer, the message of an exception and the report carry it.
    pub request_id: Uuid,
    /// The caller's name, where callers are told apart.
    pub caller: Option<String>,
    /// Whom its tests count to, where they are shared among clients.
    pub client: Option<Client>,
    /// Whether answers hold passwords that the request does not ask to hide.
    pub passwords: Passwords,
    /// What the caller may do.
    pub rights: Arc<Rights>,
}

/// Whether answers hold passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// As if every request said `HidePassword`.
    Hidden,
    /// Unless the request says `HidePassword`.
    Shown,
}

/// What a call came to.
#[derive(Debug)]
pub struct Reply {
    /// What is answered.
    pub answer: Result<Fields, Exception>,
    /// What was tested on the way, stage by stage.
    pub report: Option<TestResult>,
}

impl Service {
    /// A service on `catalog`, which `engine` looks names up in too.
    #[must_use]
    pub fn new(engine: Engine, catalog: Arc<dyn Catalog>, validate: Validate) -> Self {
        Self { engine, catalog, validate }
    }

    /// The engine that it tests with.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does `operation` with `input`, which fits its shape, if the caller may.
    ///
    /// Not cancel safe for what writes: a validation that is dropped leaves its connection `IN_PROGRESS` until its time is
    /// over. A dropped test ends its dialing.
    pub async fn call(&self, operation: Operation, input: Fields, call: &Call) -> Reply {
        let mut report = None;
        if let Err(refused) = call.rights.check(operation, &input) {
            return Reply { answer: Err(refused), report };
        }
        let answer = match operation {
            Operation::TestConnection => self.test_connection(input, call, &mut report).await,
            Operation::CreateConnection => self.create_connection(input, call, &mut report).await,
            Operation::UpdateConnection => self.update_connection(input, call, &mut report).await,
            Operation::GetConnection => self.get_connection(&input, call).await,
            Operation::GetConnections => self.get_connections(&input, call).await,
            Operation::DeleteConnection => self.delete_connection(&input).await,
            Operation::BatchDeleteConnection => self.batch_delete_connection(&input, call).await,
            Operation::ListConnectionTypes => self.list_connection_types(&input).await,
            Operation::DescribeConnectionType => self.describe_connection_type(&input).await,
            Operation::RegisterConnectionType => self.register_connection_type(&input).await,
            Operation::DeleteConnectionType => self.delete_connection_type(&input).await,
            Operation::GetDataCatalogEncryptionSettings => self.get_encryption_settings(&input).await,
            Operation::PutDataCatalogEncryptionSettings => self.put_encryption_settings(&input).await,
        };
        Reply { answer, report }
    }
}

/// The catalog that a request means.
fn catalog_id(input: &Fields) -> &str {
    input.text("CatalogId").unwrap_or(DEFAULT_CATALOG_ID)
}

/// A member that the shape requires.
fn required<'a>(input: &'a Fields, key: &str) -> Result<&'a str, Exception> {
    input.text(key).ok_or_else(|| Exception::invalid_input(format!("{key} is required")))
}

impl From<CatalogError> for Exception {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Exists => Self::new("AlreadyExistsException", "the name is taken"),
            CatalogError::Changed => {
                Self::invalid_input("the connection was changed by another request meanwhile; try again")
            }
            CatalogError::ReadOnly => Self::invalid_input(error.to_string()),
            CatalogError::Sealed(_) => Self::new("GlueEncryptionException", error.to_string()),
            CatalogError::Remote(ref failure) => {
                let (exception, message) = (GlueException::from(failure.code), format!("{error}."));
                if exception == GlueException::FederationSource(FederationSourceErrorCode::Throttling) {
                    return Self::new("ThrottlingException", message);
                }
                // What only TestConnection declares.
                if exception.federation_source_error_code().is_some() {
                    return Self::internal(message);
                }
                Self::new(exception.name(), message)
            }
            CatalogError::Broken(_) => Self::internal(error.to_string()),
        }
    }
}
