//! `ConnectionPasswordEncryption`: passwords that KMS has encrypted before they are kept (AWS Glue developer guide,
//! "Encrypting connection passwords").

use super::{Call, Service};
use crate::catalog::Connection;
use crate::glue::{Definition, Exception, Fields, GlueException};
use crate::{PROTOCOLS, declared};
use std::collections::BTreeSet;

use probe_contract::{Failure, Properties, Secret};
use tokio::sync::OnceCell;

/// The key where the settings name none.
const DEFAULT_KEY: &str = "alias/aws/glue";

/// What a catalog's settings say of passwords.
struct PasswordEncryption {
    /// The key to encrypt with; none where passwords are kept as they come.
    key: Option<String>,
    /// Whether answers hold what was encrypted.
    returns_encrypted: bool,
}

/// The way to passwords that were encrypted. The settings are asked for with the first of them: a Data Catalog may answer its
/// connections, and not its settings.
pub(super) struct PasswordDecryptor<'a> {
    catalog_id: &'a str,
    is_owner: bool,
    encryption: OnceCell<PasswordEncryption>,
}

impl<'a> PasswordDecryptor<'a> {
    pub(super) fn of(catalog_id: &'a str, call: &Call) -> Self {
        Self { catalog_id, is_owner: call.rights.is_owner(), encryption: OnceCell::new() }
    }
}

impl Service {
    async fn password_encryption(&self, catalog_id: &str) -> Result<PasswordEncryption, Exception> {
        let settings = self.catalog.encryption_settings(catalog_id).await?.unwrap_or_default();
        let settings = settings
            .fields("DataCatalogEncryptionSettings")
            .and_then(|settings| settings.fields("ConnectionPasswordEncryption"));
        let returns_encrypted =
            settings.and_then(|settings| settings.boolean("ReturnConnectionPasswordEncrypted")) == Some(true);
        let named = settings.and_then(|settings| settings.text("AwsKmsKeyId"));
        let key = named.or(returns_encrypted.then_some(DEFAULT_KEY)).map(str::to_owned);
        Ok(PasswordEncryption { key, returns_encrypted })
    }

    /// The definition as it is stored: its passwords encrypted, where the catalog's settings say so; and the properties that were.
    pub(super) async fn seal_passwords(
        &self,
        catalog_id: &str,
        definition: &Definition,
    ) -> Result<(Definition, BTreeSet<String>), Exception> {
        let (mut sealed, mut made) = (definition.clone(), BTreeSet::new());
        let Some(key) = self.password_encryption(catalog_id).await?.key else { return Ok((sealed, made)) };
        for (plain, password) in definition.properties.iter() {
            let encrypted = declared::encrypted_key(PROTOCOLS, &definition.connection_type, plain);
            let Some(encrypted) = encrypted.filter(|_| definition.properties.get(plain).is_some()) else {
                continue;
            };
            let ciphertext =
                self.engine.encrypt(&key, password).await.map_err(|failure| refused(plain, &failure))?;
            sealed.properties = without(&sealed.properties, plain);
            sealed.properties.insert(encrypted.clone(), Secret::new(ciphertext));
            made.insert(encrypted.into_owned());
        }
        Ok((sealed, made))
    }

    /// The properties of an answer, their passwords decrypted unless the settings say otherwise. For a caller who is not the owner only
    /// those that this service encrypted for `connection`: any other ciphertext could be another user's secret.
    pub(super) async fn open_passwords(
        &self,
        decryptor: &PasswordDecryptor<'_>,
        connection: &Connection,
        properties: &mut Fields,
    ) -> Result<(), Exception> {
        let definition = &connection.definition;
        let opens = |encrypted: &str| {
            let ciphertext = properties.text(encrypted);
            let made_here = connection.encrypted.contains(encrypted)
                && ciphertext == definition.properties.get(encrypted);
            ciphertext.is_some() && (decryptor.is_owner || made_here)
        };
        let keys = properties.iter().map(|(key, _)| key).filter(|key| opens(key));
        let opened = keys.filter_map(|encrypted| {
            let plain = declared::plain_key(PROTOCOLS, &definition.connection_type, encrypted)?;
            Some((plain, encrypted.to_owned()))
        });
        let opened: Vec<_> = opened.collect();
        if opened.is_empty() {
            return Ok(());
        }
        let settings = || self.password_encryption(decryptor.catalog_id);
        let encryption = decryptor.encryption.get_or_try_init(settings).await?;
        if encryption.returns_encrypted || encryption.key.is_none() {
            return Ok(());
        }
        for (plain, encrypted) in opened {
            if let Some(ciphertext) = properties.text(&encrypted).map(str::to_owned) {
                let opened = self
                    .engine
                    .decrypt(&ciphertext)
                    .await
                    .map_err(|failure| refused(&encrypted, &failure))?;
                properties.take(&encrypted);
                properties.set(&plain, crate::glue::Value::Text(opened));
            }
        }
        Ok(())
    }
}

fn without(properties: &Properties, left_out: &str) -> Properties {
    let kept = properties.iter().filter(|(key, _)| *key != left_out);
    kept.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn refused(property: &str, failure: &Failure) -> Exception {
    let exception = Exception::of_failure(failure);
    let what = format!("{property}: {}", exception.what);
    Exception { kind: GlueException::GlueEncryption, what, ..exception }
}
