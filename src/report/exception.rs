//! An exception in the report: its name, and the message that a caller of the API sees.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::glue::{Exception, GlueException};

#[derive(Serialize, Deserialize)]
struct Shown<'a> {
    name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    federation_source_error_code: Option<Cow<'a, str>>,
    message: String,
}

pub(super) fn serialize<S: Serializer>(
    exception: &Option<Exception>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let shown = exception.as_ref().map(|exception| Shown {
        name: exception.kind.name().into(),
        federation_source_error_code: exception.kind.federation_source_error_code().map(Cow::Borrowed),
        message: exception.to_string(),
    });
    shown.serialize(serializer)
}

/// The message of one that is read back stays whole: hints and report are in it.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Exception>, D::Error> {
    let Some(shown) = Option::<Shown<'_>>::deserialize(deserializer)? else { return Ok(None) };
    let kind = GlueException::named(&shown.name, shown.federation_source_error_code.as_deref());
    let kind = kind.ok_or_else(|| de::Error::custom("there is no such exception"))?;
    Ok(Some(Exception::new(kind, shown.message)))
}
