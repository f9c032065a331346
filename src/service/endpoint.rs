//! An endpoint elsewhere: another dialcheck, or Glue itself.

use futures_util::future::BoxFuture;

use super::api::{Call, GlueApi, GlueError, Reply};
use crate::aws::{CallError, GlueClient};
use crate::glue::{Exception, Fields, GlueException, Operation, Value};

/// The endpoint knows its caller by the signature: it decides on rights, counts tests and gives the call its own id.
///
/// A call whose future is dropped may be done anyway.
impl GlueApi for GlueClient {
    fn call<'a>(&'a self, operation: Operation, input: Fields, _: &'a Call) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let answer = match GlueClient::call(self, operation, &input).await {
                Ok(answer) => Value::of_json(answer)
                    .and_then(Value::into_fields)
                    .ok_or_else(|| GlueError::Unusable("the answer is not a structure".into())),
                Err(error) => Err(error.into()),
            };
            Reply { answer, report: None }
        })
    }
}

impl From<CallError> for GlueError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Exception { name, message, federation_source_error_code } => {
                match GlueException::named(&name, federation_source_error_code.as_deref()) {
                    Some(kind) => Self::Exception(Exception::new(kind, message)),
                    None => Self::UnknownException { name, message },
                }
            }
            CallError::NoCredentials => Self::NoCredentials,
            CallError::NoRegion => Self::NoRegion,
            CallError::Profile(profile) => Self::NoProfile(profile.0),
            CallError::Unreachable { .. } | CallError::TimedOut { .. } => Self::Unreachable(error.into()),
            CallError::Region(_)
            | CallError::Endpoint(_)
            | CallError::Blocked(_)
            | CallError::Credentials(_)
            | CallError::Request(_)
            | CallError::TooLarge
            | CallError::NotAwsJson { .. } => Self::Unusable(error.into()),
        }
    }
}
