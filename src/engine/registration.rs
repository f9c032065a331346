//! What the type of a definition was registered with, and what a definition refers to.

use std::sync::Arc;

use probe_contract::{Code, Failure, REGISTERED_PREFIX, Requires, Target};

use super::Engine;
use super::catalog_failure::catalog_failure;
use super::normalize::normalize;
use crate::catalog::registration;
use crate::glue::{Definition, Value};
use crate::secrets::ROLE_ARN;

impl Engine {
    /// What the type was registered with, where it is one that users register. `known` is the digest of the registration that the
    /// connection was written for: another one could send its credentials elsewhere.
    pub(super) async fn registration(
        &self,
        connection_type: &str,
        known: Option<&str>,
    ) -> Result<Option<Arc<str>>, Failure> {
        let is_registered = connection_type.starts_with(REGISTERED_PREFIX);
        let Some(catalog) = self.options.catalog.as_ref().filter(|_| is_registered) else {
            return Ok(None);
        };
        let found = catalog.connection_type(connection_type).await.map_err(catalog_failure)?;
        let keyed_hash = registration::digest_of(connection_type, found.as_ref());
        if found.is_some() && known.is_some_and(|known| Some(known) != keyed_hash.as_deref()) {
            let detail =
                format!("the type {connection_type} was registered after the connection was written");
            return Err(Failure::new(Code::InvalidSettings, detail).hint(
                "Check the hosts that the registration names, and update the connection: only then its credentials are sent there",
            ));
        }
        // Texts in maps are always written.
        let text = found.and_then(|found| serde_json::to_string(&Value::Fields(found).exposed()).ok());
        Ok(text.map(Into::into))
    }

    /// The properties of `definition` that are references, as far as they show before anything is resolved: stored secrets, keys,
    /// roles, files, ciphertexts, and logins that IAM gives.
    ///
    /// # Errors
    /// The catalog can't be asked about the connection's type.
    pub async fn references(&self, definition: &Definition) -> Result<Vec<String>, Failure> {
        let role = definition.properties.get(ROLE_ARN).map(|_| ROLE_ARN.to_owned());
        let mut found: Vec<String> = role.into_iter().collect();
        // What is wrong with a definition is said when it is tested, and its record says then what it may use.
        let Ok(normalized) = normalize(self.protocols, definition) else { return Ok(found) };
        if let Some(members) = normalized.placeholders {
            found.push(members.reference().property().to_owned());
            return Ok(found);
        }
        let registration = self.registration(&definition.connection_type, None).await?;
        let target = Target { registration, ..normalized.target };
        if let Ok((_, probe)) = self.prepare(&target) {
            let restricted =
                probe.references().iter().filter(|reference| reference.requires() != Requires::Nothing);
            found.extend(restricted.map(|reference| reference.property().to_owned()));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}
