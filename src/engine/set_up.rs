//! Setting a connection up: the one time that its authorization code is exchanged.

use std::sync::Arc;
use std::time::Instant;

use probe_contract::{Failure, Mode, Secret, Target};

use super::author::Author;
use super::authorization_codes::{SetUp, StoreTokens};
use super::normalize::normalize;
use super::{Engine, TestOptions};
use crate::glue::Definition;
use crate::report::TestResult;

impl Engine {
    /// Whether setting `definition` up takes the exchange of an authorization code.
    ///
    /// # Errors
    /// Where the catalog can't be asked about the connection's type.
    pub async fn exchanges(&self, definition: &Definition) -> Result<bool, Failure> {
        let Ok(normalized) = normalize(self.protocols, definition) else { return Ok(false) };
        let target = normalized.target;
        let code = target.authentication.as_ref().and_then(|given| given.oauth2.authorization_code.as_ref());
        if code.is_none() {
            return Ok(false);
        }
        let registration = self.registration(&definition.connection_type, None).await?;
        let target = Target { registration, ..target };
        let protocol = self.protocols.iter().find(|protocol| protocol.claims(&target));
        Ok(protocol.is_some_and(|protocol| protocol.exchanges(&target)))
    }

    /// Exchanges the authorization code of `definition`, stores its tokens with `store`, and then tests them if `mode` says so. A code is sent once: neither a repetition of the call nor another one with the same code sends it again.
    pub async fn set_up(
        &self,
        definition: &Definition,
        mode: Mode,
        store: StoreTokens,
        options: &TestOptions,
    ) -> TestResult {
        let TestOptions { request_id, inline_references, .. } = options;
        let authentication = definition.authentication.as_ref().map(super::authentication::read);
        let code = authentication.and_then(|given| given.oauth2.authorization_code);
        let code = code.unwrap_or_else(|| Secret::new(String::new()));
        let set_up = SetUp { mode, code: Arc::new(self.authorization_codes.single_use(&code, store)) };
        let (began, author) = (Instant::now(), Author::of_request(*inline_references));
        let guard = self.tests.begin(*request_id);
        guard.test.name(definition.name.as_deref());
        let outcomes =
            self.test_definition(&guard.test, definition, options, &author, began, Some(&set_up)).await;
        guard.end(outcomes.to_result(*request_id, definition.name.as_deref(), definition))
    }
}
