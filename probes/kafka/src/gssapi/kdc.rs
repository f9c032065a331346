//! The key distribution centres: which a login needs, and whether they can be reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use probe_contract::{Attempt, Code, Endpoint, Failed, Failure, Run, Stage, Warning, io_failure};

use super::as_req::{as_req, is_answer};
use crate::keytab::Keytab;
use crate::krb5_conf::{KerberosConfiguration, KerberosRealm};

/// As long as Kafka's clients give a broker, where there is time for it.
const KDC_TIMEOUT: Duration = Duration::from_secs(10);
const KDC: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF names this KDC: make it reachable from here by TCP, or correct its address there";

/// What a JVM asks by UDP, in bytes, unless `udp_preference_limit` says otherwise; what is longer it asks by TCP.
const UDP_PREFERENCE_LIMIT: u32 = 1465;
/// The largest that it takes.
const MAX_UDP_PREFERENCE_LIMIT: u32 = 32_700;
/// Java asks as often, and waits 30 seconds each time.
const UDP_WAITS: [Duration; 3] = [Duration::from_secs(1); 3];

/// Dials the KDCs that a login of `principal` at `brokers` needs: stages `dns` and `tcp`, so that the gate sees every address. One that is
/// down is tolerated where another of its realm answers.
///
/// Gives back a configuration of those realms alone, with the address that was dialed in place of each name: the Kerberos library has
/// nothing to resolve.
pub(crate) async fn reach_kdcs(
    run: &Run,
    configuration: &KerberosConfiguration,
    principal: &str,
    keytab: &Keytab,
    brokers: &[Endpoint],
) -> Result<KerberosConfiguration, Failed> {
    let needed = match Needed::find(configuration, principal, brokers) {
        Ok(needed) => needed,
        Err(failure) => return Err(run.local().fail(Stage::Auth, failure)),
    };
    let mut realms = Vec::new();
    let mut udp_preference_limit = None;
    for realm in needed.realms {
        let request = as_req(keytab.components(), &realm.name, configuration.ticket_types());
        let limit = realm.udp_preference_limit.or(configuration.udp_preference_limit);
        let (kdc, transport) = reach(run, realm, &request, limit.unwrap_or(UDP_PREFERENCE_LIMIT)).await?;
        if transport == Transport::Udp {
            udp_preference_limit = Some(MAX_UDP_PREFERENCE_LIMIT);
        }
        realms.push(KerberosRealm { kdcs: vec![kdc], ..realm.clone() });
    }
    Ok(KerberosConfiguration {
        default_realm: Some(needed.own.to_owned()),
        realms,
        udp_preference_limit,
        domain_realm: needed.hosts,
        ..configuration.clone()
    })
}

/// By which the login goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Tcp,
    Udp,
}

/// The first KDC of the realm that can be reached, by its address. Where a JVM would ask by UDP it is asked so too, with `request`.
async fn reach(
    run: &Run,
    realm: &KerberosRealm,
    request: &[u8],
    limit: u32,
) -> Result<(Endpoint, Transport), Failed> {
    let is_asked_by_udp = u32::try_from(request.len()).is_ok_and(|length| length <= limit);
    let mut failures = Vec::new();
    for (index, kdc) in realm.kdcs.iter().enumerate() {
        let left = run.deadline().saturating_duration_since(Instant::now());
        let time = (index + 1 < realm.kdcs.len()).then(|| KDC_TIMEOUT.min(left / 2));
        let attempt = run.attempt(kdc.clone()).hinting(KDC).within("time limit for one KDC", time);
        let dialed = dial(&attempt, kdc).await;
        let answered = if is_asked_by_udp {
            let left = run.deadline().saturating_duration_since(Instant::now());
            // A quarter of what is left at most.
            attempt
                .ask(request, &UDP_WAITS.map(|wait| wait.min(left / 12)))
                .await
                .filter(|(_, answer)| is_answer(answer))
        } else {
            None
        };
        let reached = match (dialed, answered) {
            (Ok(address), answered) => {
                if is_asked_by_udp && answered.is_none() {
                    run.warn(Warning::new("kerberos_transport", by_tcp_alone(kdc)));
                }
                (address, Transport::Tcp)
            }
            // What is longer than the limit goes by TCP.
            (Err(failed), Some((address, _))) if limit >= UDP_PREFERENCE_LIMIT => {
                failures.push(failed);
                (endpoint(address), Transport::Udp)
            }
            (Err(failed), _) => {
                failures.push(failed);
                continue;
            }
        };
        failures.into_iter().for_each(|failed| run.tolerate(failed));
        return Ok(reached);
    }
    match run.furthest(failures) {
        Some(failed) => Err(failed),
        None => Err(run.local().fail(Stage::Auth, no_kdc(&realm.name))),
    }
}

fn by_tcp_alone(kdc: &Endpoint) -> String {
    format!(
        "the KDC {kdc} answers by TCP and not by UDP, by which a JVM asks it: let UDP pass, or set udp_preference_limit = 1 under [libdefaults] \
         in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names"
    )
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint { host: address.ip().to_canonical().to_string(), port: address.port() }
}

async fn dial(attempt: &Attempt, kdc: &Endpoint) -> Result<Endpoint, Failed> {
    match attempt.dial().await?.peer_addr() {
        Ok(address) => Ok(endpoint(address)),
        Err(error) => Err(attempt.fail(Stage::Tcp, io_failure(error, kdc))),
    }
}

fn no_kdc(realm: &str) -> Failure {
    Failure::new(Code::InvalidSettings, format!("krb5.conf names no KDC of the realm {realm}")).hint(
        "Add the realm with its kdc under [realms] in the file that KAFKA_SASL_GSSAPI_KRB5_CONF names, or correct KAFKA_SASL_GSSAPI_PRINCIPAL",
    )
}

/// What a login needs of a configuration.
#[derive(Debug)]
struct Needed<'a> {
    /// The principal's realm.
    own: &'a str,
    /// That one and those of the brokers, each once.
    realms: Vec<&'a KerberosRealm>,
    /// Each broker's host with its realm: nothing is left to guess.
    hosts: Vec<(String, String)>,
}

impl<'a> Needed<'a> {
    fn find(
        configuration: &'a KerberosConfiguration,
        principal: &'a str,
        brokers: &[Endpoint],
    ) -> Result<Self, Failure> {
        let default = configuration.default_realm.as_deref();
        let own = realm_of(principal).or(default).ok_or_else(|| {
            Failure::new(
                Code::InvalidSettings,
                "the principal names no realm, and krb5.conf has no default_realm",
            )
            .hint("Write KAFKA_SASL_GSSAPI_PRINCIPAL with its realm: user@REALM")
        })?;
        let hosts: Vec<(String, String)> = brokers
            .iter()
            .map(|broker| {
                let host = broker.normalized().host;
                let realm = realm_of_host(configuration, &host).or(default).unwrap_or(own).to_owned();
                (host, realm)
            })
            .collect();
        let mut realms: Vec<&KerberosRealm> = Vec::new();
        for name in std::iter::once(own).chain(hosts.iter().map(|(_, realm)| realm.as_str())) {
            let found = configuration.realms.iter().find(|realm| realm.name == name);
            let realm = found.ok_or_else(|| no_kdc(name))?;
            if !realms.iter().any(|known| known.name == realm.name) {
                realms.push(realm);
            }
        }
        Ok(Self { own, realms, hosts })
    }
}

/// What is behind the last `@` that no backslash takes away (MIT Kerberos documentation, "Principal names").
fn realm_of(principal: &str) -> Option<&str> {
    let mut realm = None;
    let mut characters = principal.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '@' => realm = Some(&principal[at + 1..]),
            _ => {}
        }
    }
    realm.filter(|realm| !realm.is_empty())
}

/// MIT Kerberos documentation, "krb5.conf", `[domain_realm]`: the host itself, then each domain above it, first with its dot.
fn realm_of_host<'a>(configuration: &'a KerberosConfiguration, host: &str) -> Option<&'a str> {
    let mut rest = host;
    loop {
        let found = configuration.domain_realm.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest));
        if let Some((_, realm)) = found {
            return Some(realm);
        }
        rest = match rest.strip_prefix('.') {
            Some(domain) => domain,
            None => &rest[rest.find('.')?..],
        };
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use probe_contract::{End, Gate, Loopback, Outcome, RunOptions};

    use super::*;

    fn endpoint(host: &str) -> Endpoint {
        Endpoint { host: host.to_owned(), port: 88 }
    }

    fn configuration() -> KerberosConfiguration {
        let realm = |name: &str| KerberosRealm {
            name: name.to_owned(),
            kdcs: vec![endpoint("kdc.example")],
            udp_preference_limit: None,
        };
        let maps = |(host, realm): (&str, &str)| (host.to_owned(), realm.to_owned());
        KerberosConfiguration {
            default_realm: Some("FARM.TEST".to_owned()),
            realms: vec![realm("FARM.TEST"), realm("BARN.TEST"), realm("FIELD.TEST")],
            domain_realm: [
                ("b1.barn.test", "FIELD.TEST"),
                (".barn.test", "BARN.TEST"),
                ("field.test", "FIELD.TEST"),
            ]
            .map(maps)
            .to_vec(),
            ..KerberosConfiguration::default()
        }
    }

    #[test]
    fn the_realms_of_the_principal_and_of_the_brokers_are_needed() {
        let configuration = configuration();
        let realms = |principal: &str, hosts: &[&str]| -> Vec<String> {
            let brokers: Vec<Endpoint> = hosts.iter().map(|host| endpoint(host)).collect();
            let needed = Needed::find(&configuration, principal, &brokers).unwrap();
            needed.realms.iter().map(|realm| realm.name.clone()).collect()
        };
        assert_eq!(realms("alice", &["b1.example"]), ["FARM.TEST"]);
        assert_eq!(realms("alice@BARN.TEST", &["b1.example"]), ["BARN.TEST", "FARM.TEST"]);
        assert_eq!(realms("alice", &["B2.Barn.Test."]), ["FARM.TEST", "BARN.TEST"]);
        assert_eq!(realms("alice", &["b1.barn.test", "x.field.test"]), ["FARM.TEST", "FIELD.TEST"]);
        assert_eq!(realms("alice", &["barn.test"]), ["FARM.TEST"]);
    }

    #[test]
    fn a_realm_without_a_kdc_is_a_mistake_of_the_definition() {
        let mut configuration = configuration();
        let failure = Needed::find(&configuration, "alice@NOPE.TEST", &[]).unwrap_err();
        assert_eq!(failure.code, Code::InvalidSettings);
        assert!(failure.detail.contains("NOPE.TEST"));
        configuration.default_realm = None;
        assert!(Needed::find(&configuration, "alice", &[]).is_err());
        assert!(Needed::find(&configuration, "alice@FARM.TEST", &[endpoint("b1.example")]).is_ok());
    }

    #[test]
    fn a_realm_stands_behind_the_last_plain_at_sign() {
        assert_eq!(realm_of("alice@FARM.TEST"), Some("FARM.TEST"));
        assert_eq!(realm_of("kafka/b1.example@FARM.TEST"), Some("FARM.TEST"));
        assert_eq!(realm_of(r"a\@b@FARM.TEST"), Some("FARM.TEST"));
        assert_eq!(realm_of(r"a\@b"), None);
        assert_eq!(realm_of("alice@"), None);
        assert_eq!(realm_of("alice\\"), None);
    }

    /// What is left of the realm's KDCs, how each was recorded, and the code of the failure.
    async fn reached(kdcs: &[(&str, u16)]) -> (Option<Vec<Endpoint>>, Vec<Outcome>, Option<Code>) {
        let limit = Some(1);
        let options = RunOptions {
            deadline: Duration::from_secs(5),
            gate: Gate { loopback: Loopback::Open },
            resolver: Arc::default(),
            trust_roots: Arc::default(),
            certificate_days: 0,
            strict: false,
        };
        let run = Run::open(options, &[Stage::Dns, Stage::Tcp], &[]);
        let kdcs =
            kdcs.iter().map(|(host, port)| Endpoint { host: (*host).to_owned(), port: *port }).collect();
        let configuration = KerberosConfiguration {
            realms: vec![KerberosRealm { name: "FARM.TEST".to_owned(), kdcs, udp_preference_limit: limit }],
            ..KerberosConfiguration::default()
        };
        let broker = endpoint("b1.example");
        let result =
            reach_kdcs(&run, &configuration, "alice@FARM.TEST", &Keytab::of_keys(&[18]), &[broker]).await;
        let left = result.as_ref().ok().map(|found| found.realms[0].kdcs.clone());
        let record = run.close(End::Returned(result.map(drop)));
        let tcp = record.records.iter().filter(|record| record.stage == Stage::Tcp);
        (left, tcp.map(|record| record.outcome).collect(), record.failure.map(|(_, failure)| failure.code))
    }

    #[tokio::test]
    async fn a_kdc_that_is_down_is_tolerated_where_another_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = Endpoint { host: "127.0.0.1".to_owned(), port };
        let (left, outcomes, failure) =
            reached(&[("127.0.0.1", 1), ("localhost", port), ("127.0.0.1", 1)]).await;
        assert_eq!(left, Some(vec![address]), "by its address, and no further one is dialed");
        assert_eq!((outcomes, failure), (vec![Outcome::Degraded, Outcome::Passed], None));
    }

    #[tokio::test]
    async fn without_any_kdc_there_is_no_login() {
        let (left, outcomes, failure) = reached(&[("127.0.0.1", 1), ("localhost", 1)]).await;
        assert_eq!((left, failure), (None, Some(Code::Refused)));
        assert_eq!(outcomes, [Outcome::Failed, Outcome::Failed]);
        let (left, _, failure) = reached(&[("169.254.169.254", 88)]).await;
        assert_eq!((left, failure), (None, Some(Code::EgressRefused)));
        let (left, _, failure) = reached(&[]).await;
        assert_eq!((left, failure), (None, Some(Code::InvalidSettings)));
    }
}
