//! A connection by its name.

use probe_contract::{Code, Failure, StageGuard};

use super::catalog_failure::catalog_failure;
use super::{Engine, authentication};
use crate::catalog::{Connection, Status};

impl Engine {
    /// The connection `name`, if it can be tested now.
    pub(super) async fn resolve(
        &self,
        catalog_id: &str,
        name: &str,
        guard: &StageGuard,
    ) -> Result<Connection, Failure> {
        let Some(catalog) = &self.options.catalog else {
            let detail = format!("there is no catalog to look \"{name}\" up in");
            return Err(Failure::new(Code::ConnectionNotFound, detail)
                .hint("Name a catalog by --catalog or DIALCHECK_CATALOG (a folder of connection documents, sqlite:FILE, or aws), or create-connection in the embedded one"));
        };
        let connection = catalog.connection(catalog_id, name).await.map_err(catalog_failure)?;
        let connection = connection.ok_or_else(|| {
            Failure::new(Code::ConnectionNotFound, format!("the catalog has no connection \"{name}\""))
        })?;
        match connection.status() {
            Status::Ready => Ok(connection),
            Status::InProgress { .. } => Err(Failure::new(
                Code::ConnectionNotReady,
                format!("ConnectionStatus is not READY for connection \"{name}\": it is being validated"),
            )),
            Status::Failed { reason } => {
                // Of a Data Catalog the reason is in Glue's words.
                let definition = &connection.definition;
                let authentication = definition.authentication.as_ref().map(authentication::read);
                self.secrets(definition, authentication.as_ref()).for_each(|secret| guard.protect(secret));
                let detail = format!("ConnectionStatus is not READY for connection \"{name}\": {reason}");
                Err(Failure::from_peer(Code::ConnectionNotReady, detail)
                    .hint("Update the connection with a definition that passes its validation"))
            }
        }
    }
}
