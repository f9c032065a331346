//! What each operation does: the same for the server and for the command line.

mod api;
mod compute_environments;
mod connection_types;
mod create_update;
mod credentials;
mod delete_connection;
mod encryption_settings;
#[cfg(feature = "aws")]
mod endpoint;
mod get_connection;
mod password_encryption;
mod rights;
mod tags;
mod test_connection;
mod tokens;

pub use api::{Call, GlueApi, GlueError, Passwords, Reply};
pub use connection_types::{TestedType, tested_types};
pub use rights::{GrantError, Grants, Rights};

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::catalog::{Catalog, CatalogError, DEFAULT_CATALOG_ID};
use crate::engine::Engine;
use crate::glue::{Exception, FederationSourceErrorCode, Fields, GlueException, Operation};
use crate::report::TestResult;

/// Answers the operations of Glue's that are about connections. Clones share the engine and the catalog.
#[derive(Clone)]
pub struct Service {
    engine: Arc<Engine>,
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

impl Service {
    /// A service on `catalog`, which `engine` looks names up in too.
    #[must_use]
    pub fn new(engine: Arc<Engine>, catalog: Arc<dyn Catalog>, validate: Validate) -> Self {
        Self { engine, catalog, validate }
    }

    /// The engine that it tests with.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    async fn perform(
        &self,
        operation: Operation,
        input: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        call.rights.check(operation, &input)?;
        match operation {
            Operation::TestConnection => self.test_connection(input, call, report).await,
            Operation::CreateConnection => self.create_connection(input, call, report).await,
            Operation::UpdateConnection => self.update_connection(input, call, report).await,
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
            Operation::GetTags => self.get_tags(&input).await,
            Operation::TagResource => self.tag_resource(&input).await,
            Operation::UntagResource => self.untag_resource(&input).await,
        }
    }
}

/// Does an operation if the caller may.
///
/// A dropped test ends its dialing. What writes is finished only if its future is: a validation that is dropped leaves its connection
/// `IN_PROGRESS` until its time is over.
impl GlueApi for Service {
    fn call<'a>(&'a self, operation: Operation, input: Fields, call: &'a Call) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let mut report = None;
            let answer = self.perform(operation, input, call, &mut report).await;
            Reply { answer: answer.map_err(GlueError::from), report }
        })
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
            CatalogError::Exists => Self::new(GlueException::AlreadyExists, "the name is taken"),
            CatalogError::Changed => {
                Self::invalid_input("the connection was changed by another request meanwhile; try again")
            }
            CatalogError::ReadOnly | CatalogError::TooManyTags => Self::invalid_input(error.to_string()),
            CatalogError::Sealed(_) => Self::new(GlueException::GlueEncryption, error.to_string()),
            CatalogError::Remote(ref failure) => {
                let exception = Self::of_failure(failure);
                let kind = match exception.kind {
                    GlueException::FederationSource(FederationSourceErrorCode::Throttling) => {
                        GlueException::Throttling
                    }
                    // Only TestConnection declares it.
                    GlueException::FederationSource(_) => GlueException::InternalService,
                    kind @ (GlueException::InvalidInput
                    | GlueException::OperationTimeout
                    | GlueException::ResourceNumberLimitExceeded
                    | GlueException::GlueEncryption
                    | GlueException::AccessDenied
                    | GlueException::EntityNotFound
                    | GlueException::Conflict
                    | GlueException::InternalService
                    | GlueException::AlreadyExists
                    | GlueException::Throttling
                    | GlueException::Validation
                    | GlueException::Common(_)) => kind,
                };
                Self { kind, ..exception }
            }
            CatalogError::Broken(_) => Self::internal(error.to_string()),
        }
    }
}
