//! The authentication token of MSK, which SASL/OAUTHBEARER offers in the place of a password.
//!
//! Sources: the developer guide of Amazon MSK, "IAM access control", and Amazon's signers for clients that are not Java's. The
//! token is made here, and nothing is asked. It names no broker: every receiver can use it, at every cluster of the
//! region.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use probe_contract::{AwsAccess, Code, Endpoint, Failure, Region, Resolving, Secret, SecretAccess, Source};

/// What is in front of the region in a broker's name.
const SERVICES: &[&str] = &[".kafka.", ".kafka-serverless."];

/// A token that IAM signs for a login to brokers of MSK: a presigned URL of the service's own endpoint, in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MskToken {
    /// The brokers that it will be sent to. Where one of them is none of Amazon's, no token is signed.
    pub brokers: Vec<Endpoint>,
}

impl Source for MskToken {
    type Output = Secret;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Secret> {
        Box::pin(async move {
            let aws = access.aws();
            let own = region(&self.brokers, aws.token_hosts())?;
            let region = aws.region(own.as_ref()).await?;
            sign(&region, aws).await
        })
    }

    fn shared_as(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

async fn sign(region: &Region, aws: &dyn AwsAccess) -> Result<Secret, Failure> {
    let suffix = region.partition().dns_suffix();
    let url = format!("https://kafka.{region}.{suffix}/?Action=kafka-cluster%3AConnect");
    let url = aws.presign(url, "kafka-cluster", region).await?;
    // The agent is in the broker's log, and is not signed.
    let url = Secret::new(format!("{}&User-Agent=dialcheck", url.expose()));
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(url.expose())))
}

/// The region of the brokers that a token goes to, where their names hold one.
///
/// # Errors
/// `invalid_settings`, where a broker is neither Amazon's by its name nor one of `allowed`, or they are of several regions.
fn region(brokers: &[Endpoint], allowed: &[String]) -> Result<Option<Region>, Failure> {
    let normalized = |host: &str| Endpoint { host: host.to_owned(), port: 1 }.normalized().host;
    let mut region: Option<Region> = None;
    for Endpoint { host, .. } in brokers {
        let Some(own) = region_of(host) else {
            if allowed.iter().any(|other| normalized(other) == normalized(host)) {
                continue;
            }
            return Err(not_amazons(host));
        };
        match region {
            Some(other) if other != own => {
                return Err(Failure::new(
                    Code::InvalidSettings,
                    format!(
                        "the brokers are of several regions, {other} and {own}: no token is signed for them"
                    ),
                )
                .hint("Name the brokers of one cluster"));
            }
            Some(_) | None => region = Some(own),
        }
    }
    Ok(region)
}

fn not_amazons(host: &str) -> Failure {
    let detail =
        format!("{host} does not have the name of an Amazon MSK broker, so no token is signed for it");
    Failure::new(Code::InvalidSettings, detail).hint(
        "Name the brokers as MSK does (get-bootstrap-brokers); one behind a name of your own needs --msk-broker HOST, for \
         everyone who receives the token can use it",
    )
}

/// The region in the name of a broker of MSK: `b-1.orders.a1b2c3.c2.kafka.eu-central-1.amazonaws.com`, with `b-1-public` from
/// outside and `b-1.iam.orders` over PrivateLink, and `boot-a1b2c3d4.c2.kafka-serverless.…`. The names that PrivateLink itself
/// gives (`….vpce.amazonaws.com`) are anybody's services.
fn region_of(host: &str) -> Option<Region> {
    let host = host.strip_suffix('.').unwrap_or(host);
    SERVICES.iter().find_map(|service| {
        // Bytes that are compared regardless of case end at characters: the service's are ASCII.
        let place = host
            .as_bytes()
            .windows(service.len())
            .rposition(|at| at.eq_ignore_ascii_case(service.as_bytes()))?;
        let (name, rest) = (host.get(..place)?, host.get(place + service.len()..)?);
        let (region, suffix) = rest.split_once('.')?;
        let region = Region::parse_label(region).ok()?;
        let fits = suffix.eq_ignore_ascii_case(region.partition().dns_suffix());
        // Without a second label it is not a broker's.
        (fits && name.contains('.') && name.split('.').all(|label| !label.is_empty())).then_some(region)
    })
}

#[cfg(test)]
#[cfg(feature = "client")]
mod tests {
    use super::*;
    use crate::testing::{Fake, wait};

    /// The URL of a token with keys of AWS's documentation, which are nobody's, at 2026-03-04T05:06:07Z.
    fn url(region: &str, session: Option<&str>) -> Result<String, Failure> {
        let region = Region::parse_label(region).unwrap();
        let token = wait(sign(&region, &Fake::signing(session)))?;
        Ok(String::from_utf8(URL_SAFE_NO_PAD.decode(token.expose()).unwrap()).unwrap())
    }

    /// By `SigV4QueryAuth` of botocore 1.44.8 at the same time, as the next two.
    #[test]
    fn a_token_is_that_of_botocore() {
        assert_eq!(
            url("eu-central-1", None).unwrap(),
            "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Feu-central-1%2Fkafka-cluster%2Faws4_request\
             &X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=a095ac47afd6e44e325bd6413cbc89f3e5a9249e14eaa1d19bdd9b16cede4ea2\
             &User-Agent=dialcheck"
        );
        assert_eq!(url("EU-Central-1", None).unwrap(), url("eu-central-1", None).unwrap());
    }

    #[test]
    fn a_token_with_a_session_is_that_of_botocore() {
        assert_eq!(
            url("us-east-1", Some("FwoGZXIvYXdzEXAMPLE//+==")).unwrap(),
            "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fus-east-1%2Fkafka-cluster%2Faws4_request\
             &X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
             &X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2F%2B%3D%3D\
             &X-Amz-Signature=7fb49a2071bca9eeec34c26f2f1f56d787b53db3215cdd9dacc1e665a999ec16\
             &User-Agent=dialcheck"
        );
    }

    #[test]
    fn a_token_for_china_is_that_of_botocore() {
        assert_eq!(
            url("cn-north-1", None).unwrap(),
            "https://kafka.cn-north-1.amazonaws.com.cn/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fcn-north-1%2Fkafka-cluster%2Faws4_request\
             &X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=cb36cfcbc886c3c0d363f238eb6dadf543a5e77213c2663540dcea4fd32906d7\
             &User-Agent=dialcheck"
        );
    }

    /// Names as MSK gives them.
    const BROKERS: &[(&str, &str)] = &[
        ("b-1.orders.a1b2c3.c2.kafka.eu-central-1.amazonaws.com", "eu-central-1"),
        ("b-1.orders.a1b2c3.c2.kafka.eu-central-1.amazonaws.com.", "eu-central-1"),
        ("B-1.ORDERS.A1B2C3.C2.KAFKA.EU-CENTRAL-1.AMAZONAWS.COM", "eu-central-1"),
        ("b-2-public.orders.a1b2c3.c19.kafka.us-east-1.amazonaws.com", "us-east-1"),
        ("b-3.iam.orders.a1b2c3.c19.kafka.us-east-1.amazonaws.com", "us-east-1"),
        ("boot-a1b2c3d4.c2.kafka-serverless.us-east-1.amazonaws.com", "us-east-1"),
        ("b-1.orders.a1b2c3.c2.kafka.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("b-1.orders.a1b2c3.c2.kafka.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("b-1.my.kafka.a1b2c3.c2.kafka.eu-west-1.amazonaws.com", "eu-west-1"),
    ];

    /// Names that look like it, and may be anybody's or no broker's.
    const OTHERS: &[&str] = &[
        "",
        "localhost",
        "10.0.0.1",
        "::1",
        "broker.example",
        "kafka.eu-central-1.amazonaws.com",
        "b-1.kafka.eu-central-1.amazonaws.com",
        ".b-1.kafka.eu-central-1.amazonaws.com",
        "b-1..kafka.eu-central-1.amazonaws.com",
        "b-1.orders.c2.kafka.eu-central-1.amazonaws.com.evil.example",
        "b-1.orders.c2.kafka.eu-central-1.amazonaws.com.cn",
        "b-1.orders.c2.kafka.cn-north-1.amazonaws.com",
        "b-1.orders.c2.kafka.eu-central-1.amazonaws.co",
        "b-1.orders.c2.kafka.eu-central-1.evilamazonaws.com",
        "b-1.orders.c2.kafka.local.amazonaws.com",
        "b-1.orders.c2.notkafka.eu-central-1.amazonaws.com",
        "b-1.orders.c2.eu-central-1.kafka.amazonaws.com",
        "b-1.orders.c2.kafka.compute.eu-central-1.amazonaws.com",
        "vpce-1.vpce-svc-2.kafka.us-east-1.vpce.amazonaws.com",
        "b-1.orders.kafka.us-east-1.vpce.amazonaws.com",
        "ü.ü.kafka.ü",
    ];

    #[test]
    fn brokers_of_msk_hold_their_region() {
        for (host, region) in BROKERS {
            assert_eq!(region_of(host), Some(Region::parse(region).unwrap()), "{host}");
        }
        for host in OTHERS {
            assert_eq!(region_of(host), None, "{host}");
        }
    }

    fn brokers(hosts: &[&str]) -> Vec<Endpoint> {
        hosts.iter().map(|host| Endpoint { host: (*host).to_owned(), port: 9098 }).collect()
    }

    #[test]
    fn a_token_goes_to_brokers_of_one_region() {
        let all = brokers(&[BROKERS[0].0, BROKERS[1].0, BROKERS[2].0]);
        assert_eq!(region(&all, &[]).unwrap(), Some(Region::parse("eu-central-1").unwrap()));
        let failure = region(&brokers(&[BROKERS[0].0, BROKERS[3].0]), &[]).unwrap_err();
        assert_eq!(failure.code, Code::InvalidSettings);
        assert_eq!(
            failure.detail,
            "the brokers are of several regions, eu-central-1 and us-east-1: no token is signed for them"
        );
        assert_eq!(failure.hints, ["Name the brokers of one cluster"]);
    }

    #[test]
    fn no_token_goes_elsewhere_but_where_that_is_said() {
        for host in OTHERS {
            for hosts in [vec![*host], vec![BROKERS[0].0, host]] {
                let failure = region(&brokers(&hosts), &["other.example".to_owned()]).unwrap_err();
                assert_eq!(failure.code, Code::InvalidSettings);
                assert_eq!(
                    failure.detail,
                    format!(
                        "{host} does not have the name of an Amazon MSK broker, so no token is signed for it"
                    )
                );
                assert!(failure.advice().contains("--msk-broker HOST"));
            }
        }
        let allowed = ["Broker.Example.".to_owned(), "::ffff:10.0.0.1".to_owned()];
        let own = brokers(&["broker.example", "BROKER.example.", "10.0.0.1"]);
        assert_eq!(region(&own, &allowed).unwrap(), None);
        let mixed = brokers(&["broker.example", BROKERS[0].0]);
        assert_eq!(region(&mixed, &allowed).unwrap(), Some(Region::parse("eu-central-1").unwrap()));
        assert!(region(&brokers(&["sub.broker.example"]), &allowed).is_err());
    }
}
