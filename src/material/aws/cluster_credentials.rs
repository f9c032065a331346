//! Logins to Redshift that IAM gives: `GetClusterCredentials` of Redshift, `GetCredentials` of Redshift Serverless.
//!
//! Sources: the API references of both, and the management guide of Redshift, "Using IAM authentication to generate database
//! user credentials".

use std::time::SystemTime;

use probe_contract::{Failure, Region, Secret};
use serde::Deserialize;

use super::partition;
use super::redshift::{Answer, Caller, Operation, document, refused};

/// How a user's name begins that is created when it logs in.
const CREATES: &str = "IAMA:";

/// The input of `GetClusterCredentials`, as a URL `jdbc:redshift:iam:` holds it.
pub(super) struct GetClusterCredentials<'a> {
    /// `ClusterIdentifier`
    pub(super) cluster: &'a str,
    pub(super) region: &'a Region,
    /// `DbUser`
    pub(super) user: &'a str,
    /// `DbGroups`
    pub(super) groups: &'a [String],
    /// `DbName`
    pub(super) database: Option<&'a str>,
}

/// The input of `GetCredentials`. Whose login it is follows from who asks.
pub(super) struct GetCredentials<'a> {
    /// `workgroupName`
    pub(super) workgroup: &'a str,
    pub(super) region: &'a Region,
    /// `dbName`
    pub(super) database: Option<&'a str>,
}

/// A login for the next 15 minutes.
#[derive(Debug)]
pub(super) struct ClusterCredentials {
    /// As answered, `IAM:alice`: the server knows by the prefix what the password is.
    pub(super) user: String,
    pub(super) password: Secret,
}

impl GetClusterCredentials<'_> {
    fn parameters(&self) -> Vec<(String, &str)> {
        let mut parameters = vec![("DbUser".to_owned(), self.user)];
        parameters.extend(self.database.map(|database| ("DbName".to_owned(), database)));
        parameters.push(("ClusterIdentifier".to_owned(), self.cluster));
        // A test must not leave a user behind, whatever the URL says.
        parameters.push(("AutoCreate".to_owned(), "false"));
        for (group, number) in self.groups.iter().zip(1..) {
            parameters.push((format!("DbGroups.DbGroup.{number}"), group));
        }
        parameters
    }
}

impl Caller {
    /// A login to a cluster.
    pub(super) async fn cluster_credentials(
        &self,
        input: &GetClusterCredentials<'_>,
        now: SystemTime,
    ) -> Result<ClusterCredentials, Failure> {
        let operation = Operation::GetClusterCredentials;
        cluster_credentials(&self.query(operation, &input.parameters(), input.region, now).await?)
    }

    /// A login to a workgroup.
    ///
    /// The operation has no `AutoCreate`: whether a user is made for an identity that logs in for the first time is up to the
    /// workgroup.
    pub(super) async fn workgroup_credentials(
        &self,
        input: &GetCredentials<'_>,
        now: SystemTime,
    ) -> Result<ClusterCredentials, Failure> {
        let mut body = serde_json::Map::new();
        body.insert("workgroupName".to_owned(), input.workgroup.into());
        if let Some(database) = input.database {
            body.insert("dbName".to_owned(), database.into());
        }
        workgroup_credentials(&self.json(Operation::GetCredentials, body, input.region, now).await?)
    }
}

/// The cluster and the region that the host name of a cluster holds. The endpoint of a VPC endpoint that Redshift manages looks
/// the same and begins with a name of its own: there the URL must name the cluster.
pub(super) fn cluster_of(host: &str) -> Option<(&str, Region)> {
    named(host, "redshift")
}

/// The workgroup and the region that the host name of a workgroup holds: `WORKGROUP.ACCOUNT.REGION.redshift-serverless.…`.
pub(super) fn workgroup_of(host: &str) -> Option<(&str, Region)> {
    named(host, "redshift-serverless")
}

fn named<'a>(host: &'a str, service: &str) -> Option<(&'a str, Region)> {
    let (name, region) = partition::split(host, service)?;
    let (first, second) = name.split_once('.')?;
    let fits = !first.is_empty() && !second.is_empty() && !second.contains('.');
    fits.then_some((first, region))
}

fn cluster_credentials(answer: &Answer) -> Result<ClusterCredentials, Failure> {
    let operation = Operation::GetClusterCredentials;
    let document = document(operation, answer)?;
    let text = |name: &str| {
        document.text(&format!("GetClusterCredentialsResponse/GetClusterCredentialsResult/{name}"))
    };
    let (Some(user), Some(password)) = (text("DbUser"), text("DbPassword")) else {
        return Err(operation.unreadable("answered without a user and a password"));
    };
    // It was asked for a user that exists; with this name the server would make one.
    if user.starts_with(CREATES) {
        return Err(
            operation.unreadable("answered with a login that creates its user, which was not asked for")
        );
    }
    Ok(ClusterCredentials { user: user.to_owned(), password: Secret::new(password.to_owned()) })
}

/// `GetCredentialsResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetCredentialsResponse {
    db_user: String,
    db_password: String,
}

/// An error of AWS JSON 1.1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonError {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn workgroup_credentials(answer: &Answer) -> Result<ClusterCredentials, Failure> {
    let operation = Operation::GetCredentials;
    if !answer.status.is_success() {
        let error: JsonError = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = error.kind.as_deref().or(answer.kind.as_deref());
        // "com.amazonaws.redshiftserverless#ValidationException:http://…"
        let kind = kind.and_then(|kind| kind.rsplit('#').next()).and_then(|kind| kind.split(':').next());
        return Err(refused(operation, answer.status, kind, error.message.as_deref()));
    }
    let parsed: GetCredentialsResponse = serde_json::from_slice(&answer.body)
        // The error of the parser may quote the password.
        .map_err(|_| operation.unreadable("answered without a user and a password"))?;
    if parsed.db_user.is_empty() || parsed.db_password.is_empty() {
        return Err(operation.unreadable("answered without a user and a password"));
    }
    Ok(ClusterCredentials { user: parsed.db_user, password: Secret::new(parsed.db_password) })
}

#[cfg(test)]
#[path = "cluster_credentials_tests.rs"]
mod tests;
