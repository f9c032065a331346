//! An exception in the report: its name, and the message that a caller of the API sees.

use serde::{Serialize, Serializer};

use crate::glue::Exception;

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_source_error_code: Option<&'a str>,
    message: String,
}

pub(super) fn serialize<S: Serializer>(
    exception: &Option<Exception>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let shown = exception.as_ref().map(|exception| Shown {
        name: exception.kind.name(),
        federation_source_error_code: exception.kind.federation_source_error_code(),
        message: exception.to_string(),
    });
    shown.serialize(serializer)
}
