//! `GetDataCatalogEncryptionSettings` and `PutDataCatalogEncryptionSettings`.

use probe_contract::KmsKeyId;

use super::{Service, catalog_id};
use crate::glue::{Exception, Fields};

impl Service {
    pub(super) async fn get_encryption_settings(&self, input: &Fields) -> Result<Fields, Exception> {
        let kept = self.catalog.encryption_settings(catalog_id(input)).await?;
        Ok(kept.unwrap_or_else(|| {
            let settings = Fields::default()
                .with("EncryptionAtRest", Fields::default().with("CatalogEncryptionMode", "DISABLED"))
                .with(
                    "ConnectionPasswordEncryption",
                    Fields::default().with("ReturnConnectionPasswordEncrypted", false),
                );
            Fields::default().with("DataCatalogEncryptionSettings", settings)
        }))
    }

    pub(super) async fn put_encryption_settings(&self, input: &Fields) -> Result<Fields, Exception> {
        let settings = input.fields("DataCatalogEncryptionSettings").cloned().unwrap_or_default();
        let passwords = settings.fields("ConnectionPasswordEncryption");
        if let Some(Err(error)) =
            passwords.and_then(|passwords| passwords.text("AwsKmsKeyId")).map(KmsKeyId::parse)
        {
            return Err(Exception::invalid_input(format!("AwsKmsKeyId: {error}.")));
        }
        let kept = Fields::default().with("DataCatalogEncryptionSettings", settings);
        self.catalog.put_encryption_settings(catalog_id(input), &kept).await?;
        Ok(Fields::default())
    }
}
