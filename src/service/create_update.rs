//! `CreateConnection` and `UpdateConnection`, and the test that comes before what they write is ready.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use probe_contract::{Mode, REGISTERED_PREFIX};

use super::get_connection::not_found;
use super::tokens::{self, ConnectionTokens, Kept};
use super::{Call, Service, Validate, catalog_id, compute_environments, credentials, required, tags};
use crate::catalog::{CatalogError, Connection, Status, Tags, registration};
use crate::engine::References;
use crate::glue::{Definition, Exception, Fields, GlueException, TestRequest, Value};
use crate::report::TestResult;
use crate::secrets::denied;
use crate::{PROTOCOLS, declared};

/// How long after a test's deadline its connection may still be marked as being tested.
const VALIDATION_MARGIN: Duration = Duration::from_secs(10);
/// How often a write begins anew that others came before.
const ATTEMPTS: usize = 16;

/// What a `ConnectionInput` says.
struct Input {
    definition: Definition,
    /// The digest of its type's registration, where it is of a registered type.
    registration: Option<String>,
    validates: bool,
    /// Whether its authorization code is exchanged: without its tokens the connection could never be used, whether it is validated
    /// or not.
    exchanges: bool,
}

impl Input {
    /// Whether something is dialed before the connection is ready.
    fn is_tried(&self) -> bool {
        self.validates || self.exchanges
    }

    /// `definition` as it is stored.
    fn kept(&self, definition: Definition) -> Definition {
        if self.exchanges { tokens::without_code(definition) } else { definition }
    }

    /// Notes in `connection` that it was tried, and works.
    fn settle(&self, connection: &mut Connection) {
        if self.validates {
            connection.validation_passed();
        } else {
            connection.touch();
            connection.status = Status::Ready;
        }
    }
}

/// What an update writes, no matter which revision it finds.
struct Update<'a> {
    input: &'a Input,
    /// The definition as it is stored, but for credentials that the update does not give.
    kept: Definition,
    /// As [`Connection::encrypted`].
    encrypted: BTreeSet<String>,
    call: &'a Call,
}

impl Update<'_> {
    /// `before` with the update in it.
    fn of(&self, before: &Connection) -> Result<Connection, Exception> {
        let registration = self.input.registration.clone();
        let definition = credentials::keep(before, self.kept.clone(), registration.as_deref())?;
        // A ciphertext that an answer contained, and that comes back as it was.
        let returned = before.encrypted.iter().filter(|property| {
            let ciphertext = definition.properties.get(property);
            ciphertext.is_some() && ciphertext == before.definition.properties.get(property)
        });
        let encrypted = self.encrypted.iter().chain(returned).cloned().collect();
        Ok(Connection {
            definition,
            references: self.call.rights.references(),
            encrypted,
            registration,
            updated_by: self.call.caller.clone(),
            ..before.clone()
        })
    }
}

/// What became of a connection that was tried.
struct Tried {
    /// As the catalog has it now.
    kept: Kept,
    answer: Result<(), Exception>,
}

impl Service {
    pub(super) async fn create_connection(
        &self,
        mut request: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        let input = self.read(&mut request, call).await?;
        let tags = request.fields("Tags").map(Tags::of).unwrap_or_default();
        tags::check(&tags)?;
        let catalog_id = catalog_id(&request);
        let (kept, encrypted) = self.seal_passwords(catalog_id, &input.definition).await?;
        let mut connection = Connection {
            references: call.rights.references(),
            encrypted,
            registration: input.registration.clone(),
            tags,
            ..Connection::new(input.kept(kept), call.caller.clone())
        };
        if input.is_tried() {
            connection.begin_validation(self.longest());
        }
        connection.revision =
            self.catalog.create(catalog_id, &connection).await.map_err(|error| match error {
                CatalogError::Exists => Exception::new(
                    GlueException::AlreadyExists,
                    format!("Connection {} already exists.", connection.name()),
                ),
                CatalogError::Changed
                | CatalogError::ReadOnly
                | CatalogError::TooManyTags
                | CatalogError::Sealed(_)
                | CatalogError::Remote(_)
                | CatalogError::Broken(_) => error.into(),
            })?;
        if !input.is_tried() {
            return Ok(created("READY"));
        }
        let tried = self.try_out(&input, &input.definition, connection, &request, call, report).await;
        let Tried { kept: Kept { mut connection, has_tokens }, answer } = tried;
        match answer {
            Ok(()) => {
                input.settle(&mut connection);
                self.catalog.replace(catalog_id, &connection).await?;
                Ok(created("READY"))
            }
            // Nobody can have these tokens a second time, so the connection stays, and says what is wrong with it.
            Err(exception) if has_tokens => {
                connection.validation_failed(exception.to_string());
                self.catalog.replace(catalog_id, &connection).await?;
                Ok(created("FAILED"))
            }
            Err(exception) => {
                self.catalog.delete(catalog_id, connection.name(), Some(connection.revision)).await?;
                Err(exception)
            }
        }
    }

    pub(super) async fn update_connection(
        &self,
        mut request: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        let input = self.read(&mut request, call).await?;
        let catalog_id = catalog_id(&request);
        let name = required(&request, "Name")?;
        if input.definition.name.as_deref() != Some(name) {
            let message = "Name and ConnectionInput.Name differ: a connection keeps its name";
            return Err(Exception::invalid_input(message));
        }
        let (kept, encrypted) = self.seal_passwords(catalog_id, &input.definition).await?;
        let update = Update { input: &input, kept: input.kept(kept), encrypted, call };
        let before = self.begin_update(catalog_id, name, &update).await?;
        let Some(before) = before else { return Ok(Fields::default()) };

        let definition = credentials::keep(&before, input.definition.clone(), input.registration.as_deref())?;
        let after = update.of(&before)?;
        let tried = self.try_out(&input, &definition, after, &request, call, report).await;
        let Tried { kept: Kept { mut connection, has_tokens }, answer } = tried;
        match &answer {
            Ok(()) => input.settle(&mut connection),
            // Nobody can have these tokens a second time.
            Err(exception) if has_tokens => connection.validation_failed(exception.to_string()),
            // What was there stays as it was.
            Err(_) => connection = before,
        }
        self.catalog.replace(catalog_id, &connection).await?;
        answer.map(|()| Fields::default())
    }

    /// Writes an update that is not tested first; or marks the connection as being tested, and gives it back as it was, under
    /// its new revision.
    async fn begin_update(
        &self,
        catalog_id: &str,
        name: &str,
        update: &Update<'_>,
    ) -> Result<Option<Connection>, Exception> {
        let is_tried = update.input.is_tried();
        let mut attempts = 0;
        loop {
            let before = self.catalog.connection(catalog_id, name).await?.ok_or_else(|| not_found(name))?;
            if let Status::InProgress { .. } = before.status() {
                let message = format!("Connection {name} is being validated; update it when that is over.");
                return Err(Exception::invalid_input(message));
            }
            // Before anything is written: an update that is refused leaves nothing behind.
            let mut during = update.of(&before)?;
            if is_tried {
                during = before.clone();
                during.begin_validation(self.longest());
            } else {
                during.touch();
                during.status = Status::Ready;
            }
            attempts += 1;
            match self.catalog.replace(catalog_id, &during).await {
                Ok(revision) => {
                    let status = before.status();
                    return Ok(is_tried.then_some(Connection { revision, status, ..before }));
                }
                Err(CatalogError::Changed) if attempts < ATTEMPTS => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes the `ConnectionInput` out of a request, and checks what its shape does not say.
    async fn read(&self, request: &mut Fields, call: &Call) -> Result<Input, Exception> {
        let input = request.take("ConnectionInput").and_then(Value::into_fields).unwrap_or_default();
        let wanted = input.boolean("ValidateCredentials").unwrap_or(true);
        let environments: Vec<String> =
            input.texts("ValidateForComputeEnvironments").map(str::to_owned).collect();
        let definition = Definition::from_fields(input);
        let is_authenticated = definition.authentication.is_some();
        // A connection of schema version 1 has what Spark needs in one property, its secret among it.
        let is_of_spark = definition.properties.get("SparkProperties").is_some();
        if !is_authenticated
            && !is_of_spark
            && declared::requires_authentication(PROTOCOLS, &definition.connection_type)
        {
            // Glue's own words.
            return Err(Exception::invalid_input(
                "[ConnectionInput.AuthenticationConfiguration is required.]",
            ));
        }
        compute_environments::check(&definition, &environments)?;
        if call.rights.references() == References::Denied {
            let references = self
                .engine
                .references(&definition)
                .await
                .map_err(|failure| Exception::of_failure(&failure))?;
            if !references.is_empty() {
                let references: Vec<&str> = references.iter().map(String::as_str).collect();
                return Err(Exception::of_failure(&denied(&references)));
            }
        }
        let validates = wanted && (is_authenticated || self.validate == Validate::All);
        let exchanges =
            self.engine.exchanges(&definition).await.map_err(|failure| Exception::of_failure(&failure))?;
        let registration = if definition.connection_type.starts_with(REGISTERED_PREFIX) {
            let registered = self.catalog.connection_type(&definition.connection_type).await?;
            registration::digest_of(&definition.connection_type, registered.as_ref())
        } else {
            None
        };
        Ok(Input { definition, registration, validates, exchanges })
    }

    /// How long a connection counts as being validated.
    fn longest(&self) -> Duration {
        self.engine.deadline() + VALIDATION_MARGIN
    }

    /// Tests what is about to be kept: `connection`, whose whole definition this is. Its authorization code is exchanged first,
    /// where it has one.
    async fn try_out(
        &self,
        input: &Input,
        definition: &Definition,
        connection: Connection,
        request: &Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Tried {
        if !input.exchanges {
            let answer = self.validate(definition, request, call, report).await;
            return Tried { kept: Kept { connection, has_tokens: false }, answer };
        }
        let mode = if input.validates { Mode::ExchangeAndTest } else { Mode::ExchangeOnly };
        let catalog = Arc::clone(&self.catalog);
        let tokens_of_connection =
            ConnectionTokens::new(catalog, catalog_id(request), self.longest(), connection);
        let options = self.options(request, call);
        let result = self.engine.set_up(definition, mode, tokens_of_connection.store(), &options).await;
        let mut answer = answer(&result);
        let kept = tokens_of_connection.kept();
        if let (Err(exception), true) = (&mut answer, kept.has_tokens) {
            exception.hints.push(TOKENS_ARE_KEPT.to_owned());
        }
        *report = Some(result);
        Tried { kept, answer }
    }

    /// Tests what is about to be kept. What went wrong with the target is reported by the few exceptions that these operations
    /// declare.
    async fn validate(
        &self,
        definition: &Definition,
        request: &Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<(), Exception> {
        let tested = TestRequest::Inline(definition.clone());
        let result = self.engine.test_with_options(&tested, &self.options(request, call)).await;
        let answer = answer(&result);
        *report = Some(result);
        answer
    }
}

/// What is said of tokens that are kept although something failed behind the exchange.
const TOKENS_ARE_KEPT: &str = "The authorization code was exchanged before that, and the connection keeps the tokens with the Status FAILED: \
                    update it without a code to have them tested again";

/// `CreateConnection`'s answer.
fn created(status: &str) -> Fields {
    Fields::default().with("CreateConnectionStatus", status)
}

fn answer(result: &TestResult) -> Result<(), Exception> {
    result.exception.clone().map_or(Ok(()), |exception| Err(collapsed(exception)))
}

/// The exception of `CreateConnection` and `UpdateConnection` for one of `TestConnection`.
fn collapsed(exception: Exception) -> Exception {
    match exception.kind {
        GlueException::InvalidInput
        | GlueException::OperationTimeout
        | GlueException::ResourceNumberLimitExceeded
        | GlueException::GlueEncryption
        | GlueException::InternalService => exception,
        kind @ (GlueException::FederationSource(_)
        | GlueException::AccessDenied
        | GlueException::EntityNotFound
        | GlueException::Conflict
        | GlueException::AlreadyExists
        | GlueException::Throttling
        | GlueException::Validation
        | GlueException::Common(_)) => {
            let cause = kind.federation_source_error_code().unwrap_or(kind.name());
            Exception {
                kind: GlueException::InvalidInput,
                what: format!("{cause}: {}", exception.what),
                from_federation_source: true,
                ..exception
            }
        }
    }
}
