//! The failure of a stage that took too long.

use std::time::Duration;

use crate::{Code, Endpoint, Failure, Stage};

/// The failure of a stage that a time limit cut off.
pub(crate) fn overdue(limit: &str, length: Duration, waiting_for: Option<(&Endpoint, Stage)>) -> Failure {
    let limit = format!("the {limit} of {} s", (length.as_secs_f64() * 1e3).round() / 1e3);
    let failure = |detail| Failure::new(Code::TimedOut, detail);
    match waiting_for {
        None => failure(format!("{limit} passed")),
        Some((endpoint, Stage::Dns)) => failure(format!("no answer about {} within {limit}", endpoint.host))
            .hint("Check that the DNS servers of this machine answer from this subnet"),
        Some((endpoint, Stage::Tcp)) => failure(format!("{endpoint} did not accept the connection within {limit}"))
            .hint(
                "Packets are dropped on the way: check the target's security group (it must admit this machine on that \
                 port), network ACLs, routes and firewalls",
            ),
        Some((endpoint, _)) => {
            failure(format!("{endpoint} accepted the connection and then did not answer within {limit}")).hint(
                "Check the server's load and its log, and what is in between (proxy, load balancer, firewall)",
            )
        }
    }
}
