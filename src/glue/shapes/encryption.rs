//! The shapes of a catalog's encryption settings.

use super::connection::{BOOLEAN, CATALOG_ID_STRING, NAME_STRING};
use crate::glue::shape::{ANY, Shape, optional, optional_choice, required};

pub(in crate::glue) static GET_DATA_CATALOG_ENCRYPTION_SETTINGS_REQUEST: Shape =
    Shape::Structure(&[optional("CatalogId", &CATALOG_ID_STRING)]);

pub(in crate::glue) static GET_DATA_CATALOG_ENCRYPTION_SETTINGS_RESPONSE: Shape =
    Shape::Structure(&[optional("DataCatalogEncryptionSettings", &DATA_CATALOG_ENCRYPTION_SETTINGS)]);

pub(in crate::glue) static DATA_CATALOG_ENCRYPTION_SETTINGS: Shape = Shape::Structure(&[
    optional_choice("EncryptionAtRest", &ENCRYPTION_AT_REST),
    optional_choice("ConnectionPasswordEncryption", &CONNECTION_PASSWORD_ENCRYPTION),
]);

pub(in crate::glue) static ENCRYPTION_AT_REST: Shape = Shape::Structure(&[
    required("CatalogEncryptionMode", &CATALOG_ENCRYPTION_MODE),
    optional("SseAwsKmsKeyId", &NAME_STRING),
    optional("CatalogEncryptionServiceRole", &IAM_ROLE_ARN),
]);

pub(in crate::glue) static CATALOG_ENCRYPTION_MODE: Shape =
    Shape::Choice(&["DISABLED", "SSE-KMS", "SSE-KMS-WITH-SERVICE-ROLE"]);

pub(in crate::glue) static IAM_ROLE_ARN: Shape =
    Shape::pattern(0, ANY, r"^arn:aws(-(cn|us-gov|iso(-[bef])?))?:iam::[0-9]{12}:role/.+");

pub(in crate::glue) static CONNECTION_PASSWORD_ENCRYPTION: Shape = Shape::Structure(&[
    required("ReturnConnectionPasswordEncrypted", &BOOLEAN),
    optional("AwsKmsKeyId", &NAME_STRING),
]);

pub(in crate::glue) static PUT_DATA_CATALOG_ENCRYPTION_SETTINGS_REQUEST: Shape = Shape::Structure(&[
    optional("CatalogId", &CATALOG_ID_STRING),
    required("DataCatalogEncryptionSettings", &DATA_CATALOG_ENCRYPTION_SETTINGS),
]);

pub(in crate::glue) static PUT_DATA_CATALOG_ENCRYPTION_SETTINGS_RESPONSE: Shape = Shape::Structure(&[]);
