//! `DeleteConnection` and `BatchDeleteConnection`.

use super::get_connection::not_found;
use super::{Call, Service, catalog_id, required};
use crate::glue::{Exception, Fields};

impl Service {
    pub(super) async fn delete_connection(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionName")?;
        let deleted = self.catalog.delete(catalog_id(input), name, None).await?;
        if deleted { Ok(Fields::default()) } else { Err(not_found(name)) }
    }

    pub(super) async fn batch_delete_connection(
        &self,
        input: &Fields,
        call: &Call,
    ) -> Result<Fields, Exception> {
        let mut succeeded = Vec::new();
        let mut errors = Fields::default();
        for name in input.texts("ConnectionNameList") {
            let deleted = if call.rights.cover(name) {
                self.catalog.delete(catalog_id(input), name, None).await.map_err(Exception::from)
            } else {
                Err(call.rights.not_covered(name))
            };
            let failed = match deleted {
                Ok(true) => {
                    succeeded.push(name);
                    continue;
                }
                Ok(false) => not_found(name),
                Err(exception) if exception.status() >= 500 => return Err(exception),
                Err(exception) => exception,
            };
            let detail = Fields::default()
                .with("ErrorCode", failed.kind.name())
                .with("ErrorMessage", failed.to_string().as_str());
            errors.set(name, detail);
        }
        Ok(Fields::default().with("Succeeded", succeeded).with("Errors", errors))
    }
}
