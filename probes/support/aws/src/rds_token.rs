//! The authentication token of RDS, which is in the place of a password.
//!
//! Source: the user guide of Amazon RDS, "IAM database authentication for MariaDB, MySQL, and PostgreSQL". The token is made
//! here, and nothing is asked: whether it counts is said by the server alone.

use percent_encoding::utf8_percent_encode;
use probe_contract::{
    AwsAccess, Code, Endpoint, Failure, Partition, Region, Resolving, Secret, SecretAccess, SecretRef,
    Source, UNRESERVED,
};

use crate::host_name;

const SCHEME: &str = "https://";
/// What IAM gives is under the action that it takes.
const ACTION: &str = "rds-db:connect";

/// A token that IAM signs for a login to a database of RDS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsToken {
    /// The database's own name and port.
    pub endpoint: Endpoint,
    /// The user that logs in.
    pub user: String,
}

impl RdsToken {
    /// The reference to the token of `user` at `endpoint`, if that has one of RDS's own names: for others none can be signed.
    #[must_use]
    pub fn reference(endpoint: &Endpoint, user: &str) -> Option<SecretRef<Secret>> {
        let token = Self { endpoint: endpoint.clone(), user: user.to_owned() };
        is_rds(&endpoint.host).then(|| SecretRef::new(ACTION, token))
    }

    /// A presigned URL without its scheme.
    ///
    /// The server compares the host that was signed with its own endpoint. A custom name (a CNAME) can be dialed, but not signed.
    async fn sign(&self, region: &Region, aws: &dyn AwsAccess) -> Result<Secret, Failure> {
        let endpoint = self.endpoint.normalized();
        let user = utf8_percent_encode(&self.user, UNRESERVED);
        let url = format!("{SCHEME}{endpoint}/?Action=connect&DBUser={user}");
        let signed = aws.presign(url, "rds-db", region).await?;
        Ok(Secret::new(signed.expose().trim_start_matches(SCHEME).to_owned()))
    }
}

impl Source for RdsToken {
    type Output = Secret;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Secret> {
        Box::pin(async move {
            let aws = access.aws();
            let region = region_of(&self.endpoint.host).ok_or_else(|| no_database(&self.endpoint.host))?;
            self.sign(&region, aws).await
        })
    }

    fn shared_as(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

fn no_database(host: &str) -> Failure {
    let detail = format!("{host} is not the name of one RDS database, so no token can be signed for it");
    Failure::new(Code::InvalidSettings, detail)
        .hint("Name the instance, the cluster or the proxy by its own endpoint, or give PASSWORD")
}

fn is_rds(host: &str) -> bool {
    host.to_ascii_lowercase().contains(".rds.")
        && Partition::ALL.iter().any(|partition| partition.has_host(host))
}

/// The region that the host name of an instance, a cluster, a custom endpoint or a proxy of RDS holds.
fn region_of(host: &str) -> Option<Region> {
    let (name, region) = host_name::split(host, "rds")?;
    // `orders.c1a2b3c4d5e6`: without the second label it is an endpoint of the service itself.
    name.contains('.').then_some(region)
}

#[cfg(test)]
#[cfg(feature = "client")]
mod tests {
    use super::*;
    use crate::testing::{Fake, wait};

    /// A token with keys of AWS's documentation, which are nobody's, at 2026-03-04T05:06:07Z.
    fn token(host: &str, port: u16, user: &str, region: &str, session: Option<&str>) -> String {
        let endpoint = Endpoint { host: host.to_owned(), port };
        let token = RdsToken { endpoint, user: user.to_owned() };
        let region = Region::parse_label(region).unwrap();
        wait(token.sign(&region, &Fake::signing(session))).unwrap().expose().to_owned()
    }

    /// By `generate_db_auth_token` of boto3 1.44.8 at the same time, as the next two.
    #[test]
    fn a_token_is_that_of_boto3() {
        assert_eq!(
            token(
                "orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com",
                5432,
                "report_reader",
                "eu-central-1",
                None
            ),
            "orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=report_reader\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Feu-central-1%2Frds-db%2Faws4_request\
             &X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=164c480324b746613ec00c1260743ba0d273768e23cb9060e77648d7720216dc"
        );
    }

    #[test]
    fn a_token_with_a_session_and_an_odd_user_is_that_of_boto3() {
        assert_eq!(
            token(
                "orders.proxy-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com",
                3306,
                "jane doe/ü+&=@x~",
                "us-east-1",
                Some("FwoGZXIvYXdzEXAMPLE//+=="),
            ),
            "orders.proxy-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com:3306/?Action=connect\
             &DBUser=jane%20doe%2F%C3%BC%2B%26%3D%40x~&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fus-east-1%2Frds-db%2Faws4_request\
             &X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
             &X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2F%2B%3D%3D\
             &X-Amz-Signature=243ba8088751253dbf2a2658dfb3f3f19cebc8a282876cbc72f4b975d6059c46"
        );
    }

    /// The port of HTTPS is in the token, and is left out of what is signed.
    #[test]
    fn a_token_for_port_443_is_that_of_boto3() {
        let token =
            token("orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com", 443, "u", "eu-central-1", None);
        assert!(token.starts_with("orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com:443/?"), "{token}");
        let signature = "cb2d294a0a1418802ab233173ad9a54918e47ba44cf22d1ad0463c2d14c6b4d2";
        assert!(token.ends_with(signature), "{token}");
    }

    #[test]
    fn every_spelling_of_a_host_has_one_token() {
        let (host, region) = ("orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com", "eu-central-1");
        assert_eq!(
            token(&format!("{}.", host.to_uppercase()), 5432, "u", "EU-Central-1", None),
            token(host, 5432, "u", region, None)
        );
    }

    #[test]
    fn addresses_and_empty_users_are_signed_too() {
        assert!(
            token("::1", 5432, "", "eu-central-1", None)
                .starts_with("[::1]:5432/?Action=connect&DBUser=&X-Amz-")
        );
    }

    #[test]
    fn hosts_of_rds_hold_their_region() {
        for (host, region) in [
            ("orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com", "eu-central-1"),
            ("orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com.", "eu-central-1"),
            ("ORDERS.C1A2B3C4D5E6.EU-CENTRAL-1.RDS.AMAZONAWS.COM", "eu-central-1"),
            ("orders.cluster-c1a2b3c4d5e6.us-gov-west-1.rds.amazonaws.com", "us-gov-west-1"),
            ("orders.cluster-ro-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com", "us-east-1"),
            ("reports.cluster-custom-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com", "us-east-1"),
            ("orders.proxy-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com", "us-east-1"),
            ("reports.endpoint.proxy-c1a2b3c4d5e6.us-east-1.rds.amazonaws.com", "us-east-1"),
            ("orders.c1a2b3c4d5e6.cn-north-1.rds.amazonaws.com.cn", "cn-north-1"),
            ("orders.cluster-c1a2b3c4d5e6.rds.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
            ("orders.cluster-c1a2b3c4d5e6.rds.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
        ] {
            assert_eq!(region_of(host), Some(Region::parse(region).unwrap()), "{host}");
        }
        for host in [
            "",
            "db.example",
            "10.0.0.1",
            "orders.global-c1a2b3c4d5e6.global.rds.amazonaws.com",
            "rds.eu-central-1.amazonaws.com",
            "orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com.example",
            "orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com.cn",
            "orders.c1a2b3c4d5e6.cn-north-1.rds.amazonaws.com",
            "orders.c1a2b3c4d5e6.eu-central-1.redshift.amazonaws.com",
        ] {
            assert_eq!(region_of(host), None, "{host}");
        }
    }
}
