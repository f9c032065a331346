//! Several hosts in one URL: which of them is taken, what the report says of each, and how often a login is sent.

use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin, JdbcVerdict, MysqlServer, Postgres};

use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INTERNAL};
use crate::support::harness::{Connection, Failed, PASSWORD, Tested, WRONG_PASSWORD};
use crate::support::servers::{mysql, postgres};

/// A port where nobody listens.
const DEAD: &str = "localhost:1";

fn judged(url: &str) -> JdbcVerdict {
    let login = JdbcLogin {
        url: url.to_owned(),
        credentials: ("alice".to_owned(), PASSWORD.to_owned()),
        properties: Vec::new(),
    };
    JdbcDrivers::find().unwrap().judge(GlueVersion::Five, &[login]).unwrap().remove(0)
}

/// Tests what the driver judges in the same way.
#[track_caller]
fn tested(url: &str) -> Tested {
    let tested = Connection::to(url).test();
    let passed = tested.result["verdict"] == "passed";
    let driver = judged(url);
    assert_eq!(passed, driver == JdbcVerdict::Passed, "{url}: the driver: {driver:?}; {:#}", tested.result);
    tested
}

/// What happened at each host: `host:port stage=outcome` of the last stage that was reached there, in the order in which they were tried.
fn ends(tested: &Tested) -> Vec<String> {
    let mut ends: Vec<(String, String)> = Vec::new();
    for record in tested.result["stages"].as_array().unwrap() {
        let Some(endpoint) = record["endpoint"].as_str() else { continue };
        let end = format!("{}={}", record["stage"].as_str().unwrap(), record["outcome"].as_str().unwrap());
        match ends.iter_mut().find(|(other, _)| other == endpoint) {
            Some((_, last)) => *last = end,
            None => ends.push((endpoint.to_owned(), end)),
        }
    }
    ends.into_iter().map(|(endpoint, end)| format!("{endpoint} {end}")).collect()
}

#[test]
fn the_first_host_that_lets_the_test_in_is_taken() {
    let (mariadb, postgres) = (mysql::SERVER.port(), postgres::SERVER.port());
    for (url, port) in [
        (format!("jdbc:mysql://{DEAD},localhost:{mariadb}/app"), mariadb),
        (format!("jdbc:mariadb:sequential://{DEAD},localhost:{mariadb}/app"), mariadb),
        (format!("jdbc:postgresql://{DEAD},localhost:{postgres}/app"), postgres),
    ] {
        let tested = tested(&url);
        tested.passed().warns("partial");
        assert_eq!(ends(&tested), [format!("{DEAD} tcp=degraded"), format!("localhost:{port} query=passed")]);
        let strict = Connection::to(url).test_with(&["--strict"]);
        strict.failed(&Failed {
            stage: "tcp",
            code: "partial_failure",
            native: Some("ECONNREFUSED"),
            exception: "FederationSourceException/PartialFailureException",
            exit: 1,
        });
    }
    // Those behind it are left alone.
    let tested = tested(&format!("jdbc:mysql://localhost:{mariadb},{DEAD}/app"));
    tested.passed().warns_of_nothing();
    assert_eq!(ends(&tested), [format!("localhost:{mariadb} query=passed")]);
}

#[test]
fn a_refused_credential_goes_to_one_host() {
    let other = postgres::PLAIN.port();
    let refused = Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    let url = format!("jdbc:postgresql://{DEAD},localhost:{},localhost:{other}/app", postgres::SERVER.port());
    let before = postgres::refused_logins(&postgres::PLAIN, "alice");
    let tested = Connection::to(url).user("alice", WRONG_PASSWORD).test();
    tested.failed(&refused);
    assert_eq!(ends(&tested).len(), 2, "{:?}", ends(&tested));
    assert_eq!(postgres::refused_logins(&postgres::PLAIN, "alice"), before);

    let (first, second) = (mysql::SERVER.port(), mysql::PLAIN.port());
    for scheme in ["jdbc:mysql:", "jdbc:mariadb:", "jdbc:mysql:loadbalance:", "jdbc:mysql:replication:"] {
        let url = format!("{scheme}//localhost:{first},localhost:{second}/app");
        // Another user each time: a refusal is remembered, and one process remembers nothing of another.
        let tested = Connection::to(url).user("alice", WRONG_PASSWORD).test();
        tested.failed(&Failed { native: Some("1045"), ..refused });
        assert_eq!(ends(&tested).len(), 1, "{scheme}: {:?}", ends(&tested));
    }
}

/// `Could not find a server with specified targetServerType`, says pgjdbc.
#[test]
fn pgjdbc_takes_a_server_of_the_role_that_it_is_to_find() {
    let servers: Vec<Postgres> = ["off", "on"]
        .into_iter()
        .map(|read_only| {
            let server = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
            server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
            server.sql(&format!("ALTER ROLE alice SET default_transaction_read_only = {read_only}")).unwrap();
            server
        })
        .collect();
    let [primary, secondary] = [0, 1].map(|index| format!("localhost:{}", servers[index].port()));
    let url = |hosts: &[&str], role: &str| {
        format!("jdbc:postgresql://{}/postgres?targetServerType={role}", hosts.join(","))
    };
    let passed = |host: &str| format!("{host} query=passed");
    for (hosts, role, tried) in [
        (vec![&*secondary, &primary], "primary", vec![&*secondary, &primary]),
        (vec![&primary, &secondary], "primary", vec![&primary]),
        (vec![&primary, &secondary], "secondary", vec![&primary, &secondary]),
        (vec![&primary, &secondary], "preferSecondary", vec![&primary, &secondary]),
        (vec![&secondary], "preferPrimary", vec![&secondary]),
        (vec![&primary, &secondary], "any", vec![&primary]),
    ] {
        let tested = tested(&url(&hosts, role));
        tested.passed();
        let tried: Vec<String> = tried.into_iter().map(passed).collect();
        assert_eq!(ends(&tested), tried, "{role}");
    }
    // Where no host is what is preferred, the first is taken, and asked once.
    let both = tested(&url(&[DEAD, &primary], "preferSecondary"));
    both.passed().warns("partial");
    assert_eq!(both.stages().iter().filter(|stage| stage.starts_with("auth=")).count(), 1);
    let none =
        Failed { stage: "query", code: "server_not_ready", native: None, exception: FS_INTERNAL, exit: 4 };
    for (hosts, role) in
        [(vec![&*primary], "secondary"), (vec![DEAD, &*primary], "secondary"), (vec![&*secondary], "primary")]
    {
        tested(&url(&hosts, role)).failed(&none).says("which targetServerType asks for");
    }
}

#[test]
fn a_source_and_a_replica_are_both_needed_by_connector_j_alone() {
    let source = mysql::prepared(MysqlServer::mariadb());
    let replica = mysql::PLAIN.port();
    let url = |scheme: &str, hosts: &[String]| format!("{scheme}//{}/app", hosts.join(","));
    let (source, replica) = (format!("localhost:{}", source.port()), format!("localhost:{replica}"));
    let both = tested(&url("jdbc:mysql:replication:", &[source.clone(), replica.clone()]));
    both.passed();
    assert_eq!(ends(&both), [format!("{replica} query=passed"), format!("{source} query=passed")]);
    // Both drivers were run with the next ones, and took 30 s for what was said here at once.
    let down = [source.clone(), DEAD.to_owned()];
    let refused = Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    };
    Connection::to(url("jdbc:mysql:replication:", &down)).test().failed(&refused);
    Connection::to(url("jdbc:mysql:replication:", &[DEAD.to_owned(), replica.clone()]))
        .test()
        .failed(&refused);
    let without = Connection::to(url("jdbc:mariadb:replication:", &down)).test();
    without.passed().warns("partial");
    assert_eq!(ends(&without), [format!("{source} query=passed"), format!("{DEAD} tcp=degraded")]);
    Connection::to(url("jdbc:mariadb:replication:", &[DEAD.to_owned(), replica])).test().failed(&refused);
}

/// Behind the first host of a plain list Connector/J goes on whatever happened, as pgjdbc and MariaDB's driver do behind each; in their
/// modes both drivers of MySQL stop at what a server says of the login.
#[test]
fn a_database_that_is_absent_at_one_host_is_looked_for_at_the_next_by_some() {
    let with = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    with.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    with.sql("CREATE DATABASE nope").unwrap();
    let hosts = format!("localhost:{},localhost:{}", postgres::SERVER.port(), with.port());
    tested(&format!("jdbc:postgresql://{hosts}/nope")).passed().warns("partial");

    let with = mysql::prepared(MysqlServer::mariadb());
    with.sql("CREATE DATABASE only_here; GRANT SELECT ON only_here.* TO alice").unwrap();
    let (first, last) = (mysql::SERVER.port(), with.port());
    let hosts = format!("localhost:{first},localhost:{last}");
    for scheme in ["jdbc:mysql:", "jdbc:mariadb:", "jdbc:mariadb:none:"] {
        let found = tested(&format!("{scheme}//{hosts}/only_here"));
        found.passed().warns("partial");
        assert_eq!(
            ends(&found),
            [format!("localhost:{first} access=degraded"), format!("localhost:{last} query=passed")]
        );
    }
    let refused = Failed {
        stage: "access",
        code: "access_denied",
        native: Some("1044"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    // Connector/J goes on behind the first host alone.
    let hosts = format!("{DEAD},{hosts}");
    let missed = tested(&format!("jdbc:mysql://{hosts}/only_here"));
    missed.failed(&refused);
    assert_eq!(ends(&missed).len(), 2);
    for scheme in ["jdbc:mariadb:sequential:", "jdbc:mariadb:loadbalance:"] {
        tested(&format!("{scheme}//{hosts}/only_here")).failed(&refused);
    }
}
