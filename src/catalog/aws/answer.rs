//! Glue's answers, read leniently: what Glue answers may break the constraints on what it takes, and one odd connection must not
//! hide the others.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::catalog::connection::now;
use crate::catalog::{Connection, Status};
use crate::glue::{Definition, Fields, Value};

/// How long a validation may take that Glue has begun.
const VALIDATION: Duration = Duration::from_secs(5 * 60);

/// A `Connection`; none where it has no name.
pub(super) fn connection(json: Json) -> Option<Connection> {
    let fields = fields(json)?;
    fields.text("Name").filter(|name| !name.is_empty())?;
    let status = match fields.text("Status") {
        Some("IN_PROGRESS") => Status::InProgress { until: now() + VALIDATION },
        Some("FAILED") => {
            let reason = fields.text("StatusReason").unwrap_or("Glue gives no reason");
            Status::Failed { reason: reason.to_owned() }
        }
        // One that is new to us is none of those that forbid a test.
        Some(_) | None => Status::Ready,
    };
    let time = |key| fields.get(key).and_then(timestamp);
    // One without a time counts as made when it was read.
    let created = time("CreationTime").unwrap_or_else(now);
    let (updated, validated) =
        (time("LastUpdatedTime").unwrap_or(created), time("LastConnectionValidationTime"));
    let updated_by = fields.text("LastUpdatedBy").map(str::to_owned);
    let found = Connection::new(Definition::from_fields(fields), updated_by);
    Some(Connection { created, updated, status, validated, ..found })
}

/// The members of a structure; none where it is something else.
pub(super) fn fields(json: Json) -> Option<Fields> {
    Value::of_json(json)?.into_fields()
}

/// Seconds since 1970, to the millisecond.
fn timestamp(value: &Value) -> Option<Timestamp> {
    let milliseconds = match value {
        Value::Integer(seconds) => seconds.checked_mul(1000)?,
        #[expect(clippy::cast_possible_truncation, reason = "what is cut is not a valid time either")]
        Value::Timestamp(seconds) => (seconds * 1e3).round() as i64,
        Value::Boolean(_) | Value::Text(_) | Value::List(_) | Value::Fields(_) => return None,
    };
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_connection_is_read_with_all_that_glue_reports_of_it() {
        let read = connection(json!({
            "Name": "orders",
            "ConnectionType": "JDBC",
            "Description": "by day",
            "ConnectionProperties": { "USERNAME": "ann", "ENCRYPTED_PASSWORD": "AQ==" },
            "PhysicalConnectionRequirements": { "SubnetId": "subnet-1" },
            "CreationTime": 1_700_000_000,
            "LastUpdatedTime": 1_700_000_000.5,
            "LastUpdatedBy": "arn:aws:iam::1:user/ann",
            "LastConnectionValidationTime": 1.7e9,
            "Status": "FAILED",
            "StatusReason": "no route",
        }));
        let read = read.expect("a connection");
        assert_eq!(read.name(), "orders");
        assert_eq!(read.definition.properties.get("ENCRYPTED_PASSWORD"), Some("AQ=="));
        assert_eq!(read.definition.details.text("Description"), Some("by day"));
        let requirements = read.definition.details.fields("PhysicalConnectionRequirements");
        assert_eq!(requirements.and_then(|fields| fields.text("SubnetId")), Some("subnet-1"));
        assert_eq!(read.created.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(read.updated.to_string(), "2023-11-14T22:13:20.5Z");
        assert_eq!(read.validated, Some(read.created));
        assert_eq!(read.updated_by.as_deref(), Some("arn:aws:iam::1:user/ann"));
        assert_eq!(read.status(), Status::Failed { reason: "no route".to_owned() });
    }

    #[test]
    fn nothing_odd_hides_a_connection() {
        for (odd, expected) in [
            (json!({ "Name": "a" }), Some(Status::Ready)),
            (
                json!({ "Name": "a", "Status": "DREAMING", "Colour": { "of": ["money"] } }),
                Some(Status::Ready),
            ),
            (
                json!({ "Name": "a", "ConnectionType": 7, "ConnectionProperties": { "PORT": 5432, "HOST": null } }),
                Some(Status::Ready),
            ),
            (
                json!({ "Name": "a", "ConnectionProperties": [], "AuthenticationConfiguration": "none" }),
                Some(Status::Ready),
            ),
            (
                json!({ "Name": "ü".repeat(70_000), "CreationTime": 1e300, "LastUpdatedTime": i64::MAX }),
                Some(Status::Ready),
            ),
            (
                json!({ "Name": "a", "Status": "FAILED" }),
                Some(Status::Failed { reason: "Glue gives no reason".to_owned() }),
            ),
            (json!({ "Name": "" }), None),
            (json!({ "Name": 1 }), None),
            (json!("a"), None),
            (json!(null), None),
        ] {
            assert_eq!(connection(odd.clone()).map(|read| read.status()), expected, "{odd}");
        }
        let validated = connection(json!({ "Name": "a", "Status": "IN_PROGRESS" })).expect("a connection");
        assert!(matches!(validated.status(), Status::InProgress { .. }));
    }
}
