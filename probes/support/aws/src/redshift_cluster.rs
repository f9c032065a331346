//! Where a cluster of Redshift listens: `DescribeClusters`.
//!
//! Source: the API reference of Redshift, "DescribeClusters" and "Cluster".

use probe_contract::{
    AwsAccess, AwsAnswer, Code, Endpoint, Failure, Region, Resolving, SecretAccess, Source,
};

use crate::redshift::{Operation, document};

/// A cluster of Redshift by its name, which stands for its host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedshiftCluster {
    /// The cluster's name.
    pub name: String,
    /// The region that it is in.
    pub region: Region,
}

impl RedshiftCluster {
    async fn ask(&self, aws: &dyn AwsAccess) -> Result<Endpoint, Failure> {
        let parameters = [("ClusterIdentifier".to_owned(), self.name.as_str())];
        cluster_endpoint(&self.name, &aws.call(&OPERATION.query(&self.region, &parameters)).await?)
    }
}

impl Source for RedshiftCluster {
    type Output = Endpoint;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Endpoint> {
        Box::pin(async move { self.ask(access.aws()).await })
    }

    fn shared_as(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

const OPERATION: Operation = Operation::DescribeClusters;

/// `ClusterStatus` of a cluster that nobody can connect to, although it may have an endpoint.
const ASLEEP: &[&str] = &["creating", "paused", "pausing", "resuming"];

fn cluster_endpoint(cluster: &str, answer: &AwsAnswer) -> Result<Endpoint, Failure> {
    let document = document(OPERATION, answer)?;
    let text = |name: &str| {
        document.text(&format!("DescribeClustersResponse/DescribeClustersResult/Clusters/Cluster/{name}"))
    };
    if !text("ClusterIdentifier").is_some_and(|found| found.eq_ignore_ascii_case(cluster)) {
        return Err(OPERATION.unreadable("answered without the cluster that it was asked about"));
    }
    let status = text("ClusterStatus");
    let (Some(address), Some(port)) = (text("Endpoint/Address"), text("Endpoint/Port")) else {
        return Err(not_ready("has no host and port yet", status));
    };
    if status.is_some_and(|status| ASLEEP.contains(&status)) {
        return Err(not_ready("is not running", status));
    }
    match (Endpoint::parse_host(address), Endpoint::parse_port(port)) {
        (Ok(host), Ok(port)) => Ok(Endpoint { host, port }),
        (Ok(_) | Err(_), _) => {
            Err(OPERATION.unreadable("answered with a host and a port that are not valid"))
        }
    }
}

fn not_ready(how: &str, status: Option<&str>) -> Failure {
    const HINT: &str = "Resume the cluster where it is paused, or wait until its ClusterStatus is available";
    let Some(status) = status else {
        return Failure::new(Code::ServerNotReady, format!("Redshift: the cluster {how}")).hint(HINT);
    };
    let detail = format!("Redshift: the cluster {how}: its ClusterStatus is {status}");
    Failure::from_peer(Code::ServerNotReady, detail).native(status.to_owned()).hint(HINT)
}

#[cfg(test)]
#[cfg(feature = "client")]
#[path = "redshift_cluster_tests.rs"]
mod tests;
