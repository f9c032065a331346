//! `GetConnection` and `GetConnections`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::password_encryption::PasswordDecryptor;
use super::{Call, Passwords, Service, catalog_id, required};
use crate::catalog::{Connection, Status};
use crate::glue::{Exception, Fields, Operation, Shape, Value};
use crate::{PROTOCOLS, declared};

/// Connections that one answer holds, where the request does not say.
const PAGE: usize = 100;

impl Service {
    pub(super) async fn get_connection(&self, input: &Fields, call: &Call) -> Result<Fields, Exception> {
        let name = required(input, "Name")?;
        let connection = self.catalog.connection(catalog_id(input), name).await?;
        let connection = connection.ok_or_else(|| not_found(name))?;
        let environment = input.text("ApplyOverrideForComputeEnvironment");
        let shown = self
            .show(
                &connection,
                hides(input, call.passwords),
                environment,
                &PasswordDecryptor::of(catalog_id(input), call),
            )
            .await?;
        Ok(Fields::default().with("Connection", shown))
    }

    pub(super) async fn get_connections(&self, input: &Fields, call: &Call) -> Result<Fields, Exception> {
        let most = input.integer("MaxResults").and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE);
        let mut after = input.text("NextToken").map(name_in_token).transpose()?;
        let mut found: Vec<Connection> = Vec::new();
        // One more than is answered says whether there are more.
        while found.len() <= most {
            let batch = self.catalog.connections(catalog_id(input), after.as_deref(), PAGE).await?;
            let Some(last) = batch.last() else { break };
            after = Some(last.name().to_owned());
            let covered = batch.into_iter().filter(|connection| call.rights.cover(connection.name()));
            found.extend(covered.filter(|connection| passes(connection, input.fields("Filter"))));
        }
        let token = (found.len() > most).then(|| token(found[most - 1].name()));
        found.truncate(most);
        let hides = hides(input, call.passwords);
        let decryptor = PasswordDecryptor::of(catalog_id(input), call);
        let mut list = Vec::with_capacity(found.len());
        for connection in &found {
            list.push(self.show(connection, hides, None, &decryptor).await?);
        }
        Ok(Fields::default().with("ConnectionList", list).with_some("NextToken", token.as_deref()))
    }

    /// A connection as it is answered.
    async fn show(
        &self,
        connection: &Connection,
        hides_password: bool,
        environment: Option<&str>,
        decryptor: &PasswordDecryptor<'_>,
    ) -> Result<Fields, Exception> {
        let fields = connection.definition.to_fields();
        let mut properties = fields.fields("ConnectionProperties").cloned().unwrap_or_default();
        if let Some(environment) = environment {
            for (key, value) in overrides(&fields, environment) {
                properties.set(&key, value);
            }
        }
        if hides_password {
            let connection_type = &connection.definition.connection_type;
            properties.retain(|key| !declared::is_password(PROTOCOLS, connection_type, key));
        } else {
            self.open_passwords(decryptor, connection, &mut properties).await?;
        }
        Ok(describe(connection, fields, properties))
    }
}

pub(super) fn not_found(name: &str) -> Exception {
    Exception::not_found(format!("Connection {name} not found."))
}

fn hides(input: &Fields, passwords: Passwords) -> bool {
    passwords == Passwords::Hidden || input.boolean("HidePassword") == Some(true)
}

/// `Connection`, with `properties` instead of those that it has.
fn describe(connection: &Connection, mut fields: Fields, properties: Fields) -> Fields {
    fields.set("ConnectionProperties", properties);
    let is_unified = connection.definition.authentication.is_some();
    let (status, reason) = match connection.status() {
        Status::Ready => ("READY", None),
        Status::InProgress { .. } => ("IN_PROGRESS", None),
        Status::Failed { reason } => ("FAILED", Some(reason)),
    };
    let fields = fields
        .with("CreationTime", seconds(connection.created))
        .with("LastUpdatedTime", seconds(connection.updated))
        .with_some("LastUpdatedBy", connection.updated_by.as_deref())
        .with("Status", status)
        .with_some("StatusReason", reason.as_deref())
        .with_some("LastConnectionValidationTime", connection.validated.map(seconds))
        .with("ConnectionSchemaVersion", Value::Integer(schema_version(connection)))
        .with_some("CompatibleComputeEnvironments", is_unified.then(|| vec!["SPARK", "ATHENA", "PYTHON"]));
    shape().project(&fields)
}

/// Glue calls the connections of version 2 unified: their credentials are in an `AuthenticationConfiguration`.
fn schema_version(connection: &Connection) -> i64 {
    if connection.definition.authentication.is_some() { 2 } else { 1 }
}

fn shape() -> &'static Shape {
    let answer = Operation::GetConnection.model().output;
    answer.member("Connection").map_or(answer, |member| member.shape)
}

/// What differs for one compute environment.
fn overrides(fields: &Fields, environment: &str) -> Fields {
    let key = match environment {
        "SPARK" => "SparkProperties",
        "ATHENA" => "AthenaProperties",
        _ => "PythonProperties",
    };
    fields.fields(key).cloned().unwrap_or_default()
}

fn seconds(time: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age of the world fit")]
    let milliseconds = time.as_millisecond() as f64;
    Value::Timestamp(milliseconds / 1e3)
}

/// Whether a connection is among those that were asked for.
fn passes(connection: &Connection, filter: Option<&Fields>) -> bool {
    let Some(filter) = filter else { return true };
    let definition = &connection.definition;
    let is_type = filter.text("ConnectionType").is_none_or(|wanted| wanted == definition.connection_type);
    let is_version =
        filter.integer("ConnectionSchemaVersion").is_none_or(|wanted| wanted == schema_version(connection));
    let matches =
        |wanted: &str| definition.details.texts("MatchCriteria").any(|criterion| criterion == wanted);
    is_type && is_version && filter.texts("MatchCriteria").all(matches)
}

/// A token names the last connection that was answered.
fn token(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn name_in_token(token: &str) -> Result<String, Exception> {
    let name = URL_SAFE_NO_PAD.decode(token).ok().and_then(|name| String::from_utf8(name).ok());
    name.ok_or_else(|| Exception::invalid_input("NextToken does not come from an earlier answer"))
}
