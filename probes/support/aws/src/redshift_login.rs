//! Logins to Redshift that IAM gives: `GetClusterCredentials` of Redshift, `GetCredentials` of Redshift Serverless.
//!
//! Sources: the API references of both, and the management guide of Redshift, "Using IAM authentication to generate database
//! user credentials".

use probe_contract::{
    AwsAccess, AwsAnswer, Code, Endpoint, Failure, Region, Resolving, Secret, SecretAccess, SecretRef,
    Source, StoredCredentials,
};
use serde::Deserialize;

use crate::call::{ServiceError, json_error};
use crate::host_name;
use crate::redshift::{Operation, document, is_success, refused};

/// What IAM gives is under the action that it takes.
const ACTION: &str = "redshift:GetClusterCredentials";
/// How a user's name begins that is created when it logs in.
const CREATES: &str = "IAMA:";

/// A login to Redshift that IAM gives, for 15 minutes.
#[derive(Clone, Debug)]
pub struct RedshiftLogin {
    /// Whose login.
    pub cluster: ClusterName,
    /// The cluster's host, where the definition names the cluster instead: no login is asked for where that can't be found.
    pub endpoint: Option<SecretRef<Endpoint>>,
    /// `DbUser`
    pub user: Option<String>,
    /// `DbGroups`: what the user joins for this session.
    pub groups: Vec<String>,
    /// The database.
    pub database: Option<String>,
}

/// How a definition names a cluster or a workgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterName {
    /// A cluster by its name and region: `ClusterID` and `Region`.
    Given(String, Region),
    /// A cluster or a workgroup by its host.
    OfHost(String),
}

impl RedshiftLogin {
    /// The reference to it.
    #[must_use]
    pub fn reference(self) -> SecretRef<StoredCredentials> {
        SecretRef::new(ACTION, self)
    }

    async fn ask(&self, aws: &dyn AwsAccess) -> Result<StoredCredentials, Failure> {
        let Self { user, groups, database, .. } = self;
        let database = database.as_deref();
        match self.cluster.find()? {
            Found::Cluster(cluster, region) => {
                let user = user.as_deref().ok_or_else(|| {
                    Failure::new(Code::InvalidSettings, "the URL names no DbUser to ask a login for")
                })?;
                let input = GetClusterCredentials { cluster, region: &region, user, groups, database };
                input.ask(aws).await
            }
            Found::Workgroup(workgroup, region) => {
                GetCredentials { workgroup, region: &region, database }.ask(aws).await
            }
        }
    }
}

enum Found<'a> {
    Cluster(&'a str, Region),
    Workgroup(&'a str, Region),
}

impl ClusterName {
    fn find(&self) -> Result<Found<'_>, Failure> {
        let host = match self {
            Self::Given(cluster, region) => return Ok(Found::Cluster(cluster, region.clone())),
            Self::OfHost(host) => host,
        };
        if let Some((cluster, region)) = cluster_of(host) {
            return Ok(Found::Cluster(cluster, region));
        }
        if let Some((workgroup, region)) = workgroup_of(host) {
            return Ok(Found::Workgroup(workgroup, region));
        }
        let detail = format!("{host} is not the name of a Redshift host with its cluster and region");
        Err(Failure::new(Code::InvalidSettings, detail).hint("Add ClusterID and Region to the URL"))
    }
}

impl Source for RedshiftLogin {
    type Output = StoredCredentials;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, StoredCredentials> {
        Box::pin(async move {
            if let Some(endpoint) = &self.endpoint {
                access.resolve(endpoint.reference()).await?;
            }
            self.ask(access.aws()).await
        })
    }

    fn shared_as(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

/// The input of `GetClusterCredentials`, as a URL `jdbc:redshift:iam:` holds it.
struct GetClusterCredentials<'a> {
    /// `ClusterIdentifier`
    cluster: &'a str,
    region: &'a Region,
    /// `DbUser`
    user: &'a str,
    /// `DbGroups`
    groups: &'a [String],
    /// `DbName`
    database: Option<&'a str>,
}

/// The input of `GetCredentials`. Whose login it is follows from who asks.
struct GetCredentials<'a> {
    /// `workgroupName`
    workgroup: &'a str,
    region: &'a Region,
    /// `dbName`
    database: Option<&'a str>,
}

impl GetClusterCredentials<'_> {
    fn parameters(&self) -> Vec<(String, &str)> {
        let mut parameters = vec![("DbUser".to_owned(), self.user)];
        parameters.extend(self.database.map(|database| ("DbName".to_owned(), database)));
        parameters.push(("ClusterIdentifier".to_owned(), self.cluster));
        // A test must not leave a user behind, no matter what the URL says.
        parameters.push(("AutoCreate".to_owned(), "false"));
        for (group, number) in self.groups.iter().zip(1..) {
            parameters.push((format!("DbGroups.DbGroup.{number}"), group));
        }
        parameters
    }

    /// A login to a cluster.
    async fn ask(&self, aws: &dyn AwsAccess) -> Result<StoredCredentials, Failure> {
        let call = Operation::GetClusterCredentials.query(self.region, &self.parameters());
        cluster_credentials(&aws.call(&call).await?)
    }
}

impl GetCredentials<'_> {
    /// A login to a workgroup.
    ///
    /// The operation has no `AutoCreate`: whether a user is made for an identity that logs in for the first time is up to the
    /// workgroup.
    async fn ask(&self, aws: &dyn AwsAccess) -> Result<StoredCredentials, Failure> {
        let mut input = serde_json::Map::new();
        input.insert("workgroupName".to_owned(), self.workgroup.into());
        if let Some(database) = self.database {
            input.insert("dbName".to_owned(), database.into());
        }
        workgroup_credentials(&aws.call(&Operation::GetCredentials.json(self.region, input)).await?)
    }
}

/// The cluster and the region that the host name of a cluster holds. The endpoint of a VPC endpoint that Redshift manages looks
/// the same and begins with another name: there the URL must name the cluster.
fn cluster_of(host: &str) -> Option<(&str, Region)> {
    named(host, "redshift")
}

/// The workgroup and the region that the host name of a workgroup holds: `WORKGROUP.ACCOUNT.REGION.redshift-serverless.…`.
fn workgroup_of(host: &str) -> Option<(&str, Region)> {
    named(host, "redshift-serverless")
}

fn named<'a>(host: &'a str, service: &str) -> Option<(&'a str, Region)> {
    let (name, region) = host_name::split(host, service)?;
    let (first, second) = name.split_once('.')?;
    let fits = !first.is_empty() && !second.is_empty() && !second.contains('.');
    fits.then_some((first, region))
}

fn cluster_credentials(answer: &AwsAnswer) -> Result<StoredCredentials, Failure> {
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
    // With its prefix, `IAM:alice`: the server knows by that what the password is.
    Ok(StoredCredentials { user: user.to_owned(), password: Secret::new(password.to_owned()) })
}

/// `GetCredentialsResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetCredentialsResponse {
    db_user: String,
    db_password: String,
}

fn workgroup_credentials(answer: &AwsAnswer) -> Result<StoredCredentials, Failure> {
    let operation = Operation::GetCredentials;
    if !is_success(answer) {
        // What is not JSON has no code either.
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        let ServiceError { code, message } = json_error(&body, answer.error_type.as_deref());
        return Err(refused(operation, answer.status, code.as_deref(), message.as_deref()));
    }
    let parsed: GetCredentialsResponse = serde_json::from_slice(&answer.body)
        // The error of the parser may quote the password.
        .map_err(|_| operation.unreadable("answered without a user and a password"))?;
    if parsed.db_user.is_empty() || parsed.db_password.is_empty() {
        return Err(operation.unreadable("answered without a user and a password"));
    }
    Ok(StoredCredentials { user: parsed.db_user, password: Secret::new(parsed.db_password) })
}

#[cfg(test)]
#[cfg(feature = "client")]
#[path = "redshift_login_tests.rs"]
mod tests;
