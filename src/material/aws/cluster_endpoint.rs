//! Where a cluster of Redshift listens: `DescribeClusters`.
//!
//! Source: the API reference of Redshift, "DescribeClusters" and "Cluster".

use std::time::SystemTime;

use probe_contract::{Code, Endpoint, Failure, Region};

use super::redshift::{Answer, Caller, Operation, document};

const OPERATION: Operation = Operation::DescribeClusters;

/// `ClusterStatus` of a cluster that nobody can connect to, although it may have an endpoint.
const ASLEEP: &[&str] = &["creating", "paused", "pausing", "resuming"];

impl Caller {
    /// The host and port of a cluster.
    pub(super) async fn cluster_endpoint(
        &self,
        cluster: &str,
        region: &Region,
        now: SystemTime,
    ) -> Result<Endpoint, Failure> {
        let parameters = [("ClusterIdentifier".to_owned(), cluster)];
        cluster_endpoint(cluster, &self.query(OPERATION, &parameters, region, now).await?)
    }
}

fn cluster_endpoint(cluster: &str, answer: &Answer) -> Result<Endpoint, Failure> {
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
        (Ok(_) | Err(_), _) => Err(OPERATION.unreadable("answered with a host and a port that are none")),
    }
}

fn not_ready(how: &str, status: Option<&str>) -> Failure {
    const HINT: &str = "Resume the cluster where it is paused, or wait until its ClusterStatus is available";
    let Some(status) = status else {
        return Failure::new(Code::ServerNotReady, format!("Redshift: the cluster {how}")).hint(HINT);
    };
    let detail = format!("Redshift: the cluster {how}: its ClusterStatus is {status}");
    Failure::foreign(Code::ServerNotReady, detail).native(status.to_owned()).hint(HINT)
}

#[cfg(test)]
#[path = "cluster_endpoint_tests.rs"]
mod tests;
