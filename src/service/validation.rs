//! `CreateConnection` and `UpdateConnection`, and the test that comes before what they write is ready.

use std::time::Duration;

use super::connections::not_found;
use super::{Call, Service, Validate, catalog_id, compute_environments, required};
use crate::catalog::{CatalogError, Connection, Status};
use crate::glue::{Definition, Exception, Fields, TestRequest, Value, requires_authentication};
use crate::report::TestResult;

/// How long after a test's deadline its connection may still be marked as being tested.
const GRACE: Duration = Duration::from_secs(10);
/// How often a write begins anew that others came before.
const ATTEMPTS: usize = 16;

/// What a `ConnectionInput` says.
struct Input {
    definition: Definition,
    validates: bool,
}

impl Service {
    pub(super) async fn create_connection(
        &self,
        mut request: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        let Input { definition, validates } = self.read(&mut request)?;
        let kept = self.seal_passwords(catalog_id(&request), &definition).await?;
        let mut connection = Connection::new(kept, call.caller.clone());
        if validates {
            connection.begin_validation(self.engine.deadline() + GRACE);
        }
        let catalog_id = catalog_id(&request);
        connection.revision =
            self.catalog.create(catalog_id, &connection).await.map_err(|error| match error {
                CatalogError::Exists => Exception::new(
                    "AlreadyExistsException",
                    format!("Connection {} already exists.", connection.name()),
                ),
                CatalogError::Changed
                | CatalogError::ReadOnly
                | CatalogError::Sealed(_)
                | CatalogError::Remote(_)
                | CatalogError::Broken(_) => error.into(),
            })?;
        if validates {
            if let Err(exception) = self.validate(&definition, &request, call, report).await {
                self.catalog.delete(catalog_id, connection.name(), Some(connection.revision)).await?;
                return Err(exception);
            }
            connection.validation_passed();
            self.catalog.replace(catalog_id, &connection).await?;
        }
        Ok(Fields::default().with("CreateConnectionStatus", "READY"))
    }

    pub(super) async fn update_connection(
        &self,
        mut request: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        let Input { definition, validates } = self.read(&mut request)?;
        let name = required(&request, "Name")?;
        if definition.name.as_deref() != Some(name) {
            let message = "Name and ConnectionInput.Name differ: a connection keeps its name";
            return Err(Exception::invalid_input(message));
        }
        let kept = self.seal_passwords(catalog_id(&request), &definition).await?;
        let before = self.begin_update(catalog_id(&request), name, &kept, validates, call).await?;
        let Some(before) = before else { return Ok(Fields::default()) };

        let definition = with_credentials_of(&before.definition, definition);
        let tested = self.validate(&definition, &request, call, report).await;
        let mut after = match &tested {
            Ok(()) => Connection {
                definition: with_credentials_of(&before.definition, kept),
                updated_by: call.caller.clone(),
                ..before
            },
            // What was there stays as it was.
            Err(_) => before,
        };
        if tested.is_ok() {
            after.validation_passed();
        }
        self.catalog.replace(catalog_id(&request), &after).await?;
        tested.map(|()| Fields::default())
    }

    /// Writes an update that is not tested first; or marks the connection as being tested, and gives it back as it was, under
    /// its new revision.
    async fn begin_update(
        &self,
        catalog_id: &str,
        name: &str,
        definition: &Definition,
        validates: bool,
        call: &Call,
    ) -> Result<Option<Connection>, Exception> {
        let mut attempts = 0;
        loop {
            let before = self.catalog.connection(catalog_id, name).await?.ok_or_else(|| not_found(name))?;
            if let Status::InProgress { .. } = before.status() {
                let message = format!("Connection {name} is being validated; update it when that is over.");
                return Err(Exception::invalid_input(message));
            }
            let mut during = before.clone();
            if validates {
                during.begin_validation(self.engine.deadline() + GRACE);
            } else {
                during.definition = with_credentials_of(&before.definition, definition.clone());
                during.updated_by.clone_from(&call.caller);
                during.touch();
                during.status = Status::Ready;
            }
            attempts += 1;
            match self.catalog.replace(catalog_id, &during).await {
                Ok(revision) => {
                    let status = before.status();
                    return Ok(validates.then_some(Connection { revision, status, ..before }));
                }
                Err(CatalogError::Changed) if attempts < ATTEMPTS => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes the `ConnectionInput` out of a request, and checks what its shape does not say.
    fn read(&self, request: &mut Fields) -> Result<Input, Exception> {
        let input = request.take("ConnectionInput").and_then(Value::into_fields).unwrap_or_default();
        let wanted = input.boolean("ValidateCredentials").unwrap_or(true);
        let environments: Vec<String> =
            input.texts("ValidateForComputeEnvironments").map(str::to_owned).collect();
        let definition = Definition::from_fields(input);
        let is_authenticated = definition.authentication.is_some();
        if !is_authenticated && requires_authentication(&definition.connection_type) {
            // Glue's own words.
            return Err(Exception::invalid_input(
                "[ConnectionInput.AuthenticationConfiguration is required.]",
            ));
        }
        compute_environments::check(&definition, &environments)?;
        let validates = wanted && (is_authenticated || self.validate == Validate::All);
        Ok(Input { definition, validates })
    }

    /// Tests what is about to be kept. What went wrong with the target is told by the few exceptions that these operations
    /// declare.
    async fn validate(
        &self,
        definition: &Definition,
        request: &Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<(), Exception> {
        let tested = TestRequest::Inline(definition.clone());
        let result = self.engine.test_with(&tested, &self.circumstances(request, call)).await;
        let exception = result.exception.as_ref().map(Exception::from);
        *report = Some(result);
        exception.map_or(Ok(()), |exception| Err(collapsed(exception)))
    }
}

/// The exception of `CreateConnection` and `UpdateConnection` for one of `TestConnection`.
fn collapsed(exception: Exception) -> Exception {
    let is_declared = matches!(
        exception.name,
        "InvalidInputException"
            | "OperationTimeoutException"
            | "ResourceNumberLimitExceededException"
            | "GlueEncryptionException"
            | "InternalServiceException"
    );
    if is_declared {
        return exception;
    }
    let cause = exception.federation_source_error_code.unwrap_or(exception.name);
    Exception {
        from_federation_source: Some(true),
        ..Exception::invalid_input(format!("{cause}: {}", exception.message))
    }
}

/// `after` with the credentials of `before`, where it has none of its own and goes on authenticating in the same way: no
/// answer holds them, so whoever changes something else can't repeat them.
fn with_credentials_of(before: &Definition, mut after: Definition) -> Definition {
    let (Some(old), Some(new)) = (&before.authentication, &mut after.authentication) else {
        return after;
    };
    if new.get("SecretArn").is_none() && old.text("AuthenticationType") == new.text("AuthenticationType") {
        keep_credentials(old, new);
    }
    after
}

fn keep_credentials(old: &Fields, new: &mut Fields) {
    const CREDENTIALS: [&str; 3] =
        ["BasicAuthenticationCredentials", "CustomAuthenticationCredentials", "OAuth2Credentials"];
    const OAUTH2: &str = "OAuth2Properties";
    if CREDENTIALS.iter().any(|key| new.get(key).is_some()) {
        return;
    }
    for key in CREDENTIALS {
        if let Some(credentials) = old.get(key) {
            new.set(key, credentials.clone());
        }
    }
    if let (Some(old), Some(mut inner)) = (old.fields(OAUTH2), new.fields(OAUTH2).cloned()) {
        keep_credentials(old, &mut inner);
        new.set(OAUTH2, inner);
    }
}
