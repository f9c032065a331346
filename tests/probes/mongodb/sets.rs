//! Sets and routers: which servers are met, and where the login goes. pymongo is asked about the same sets in the fixtures' own tests.

use fixtures::free_port;
use fixtures::mongodb::{Peer, Role, doc, member, mongos};

use super::{addresses, alice, logins, mallory, server};
use crate::support::harness::exception::{FS_CREDENTIALS, FS_INTERNAL, FS_RESPONSE, INVALID_INPUT};
use crate::support::harness::{Failed, Tested, dialcheck};

const MEMBERS: [Role; 4] = [Role::Secondary, Role::Primary, Role::Secondary, Role::Arbiter];

fn set() -> Vec<Peer> {
    server().start_set("rs0", &MEMBERS).unwrap()
}

/// `endpoint=outcome` of each time that `stage` was gone through.
fn outcomes(tested: &Tested, stage: &str) -> Vec<String> {
    let stages = tested.result["stages"].as_array().unwrap().iter();
    let of_stage = stages.filter(|record| record["stage"] == stage);
    let mut outcomes: Vec<_> = of_stage
        .map(|record| {
            let endpoint = record["endpoint"].as_str().or(tested.result["endpoint"].as_str());
            format!("{}={}", endpoint.unwrap_or_default(), record["outcome"].as_str().unwrap())
        })
        .collect();
    outcomes.sort();
    outcomes
}

/// One seed is enough to find the others.
#[test]
fn every_member_is_met_and_the_primary_logged_in_to() {
    for seeds in [1, 2, 4] {
        let peers = set();
        let tested =
            alice(&format!("{}/app?replicaSet=rs0&authSource=admin", addresses(&peers[..seeds]))).test();
        tested.passed().warns("plaintext");
        assert_eq!(logins(&peers), [0, 1, 0, 0], "{seeds}");
        let mut expected: Vec<_> = peers.iter().map(|peer| format!("{}=passed", peer.address())).collect();
        expected.sort();
        assert_eq!(outcomes(&tested, "handshake"), expected);
        assert_eq!(outcomes(&tested, "auth"), [format!("{}=passed", peers[1].address())]);
        // Each is dialed once.
        assert_eq!(peers.iter().map(Peer::connections).collect::<Vec<_>>(), [1, 1, 1, 1]);
    }
}

#[test]
fn people_read_counts_of_one_in_the_singular() {
    let databases = |names: &[&str]| {
        let databases: Vec<_> = names.iter().map(|name| doc! { "name": *name }).collect();
        doc! { "ok": 1.0, "databases": databases }
    };
    let text = |peers: &[Peer], path: &str| {
        let input = alice(&format!("{}/{path}?replicaSet=rs0&authSource=admin", addresses(peers))).input();
        dialcheck(&["test", "--input", "-"], input.to_string().as_bytes()).stdout
    };
    let alone =
        server().reply("listDatabases", databases(&["app"])).start_set("rs0", &[Role::Primary]).unwrap();
    for (path, counts) in
        [("app", ["of 1 member,", "1 collection\n"]), ("", ["of 1 member,", "1 database\n"])]
    {
        let text = text(&alone, path);
        assert!(counts.iter().all(|count| text.contains(count)), "{text}");
    }
    let several =
        server().reply("listDatabases", databases(&["app", "local"])).start_set("rs0", &MEMBERS).unwrap();
    let text = text(&several, "");
    assert!(["of 4 members,", "2 databases\n"].iter().all(|count| text.contains(count)), "{text}");
}

#[test]
fn a_read_preference_leads_to_another_member() {
    for (preference, expected) in [
        ("primary", [0, 1, 0, 0]),
        ("primaryPreferred", [0, 1, 0, 0]),
        ("secondary", [1, 0, 0, 0]),
        ("secondaryPreferred", [1, 0, 0, 0]),
    ] {
        let peers = server()
            .start_set("rs0", &[Role::Secondary, Role::Primary, Role::Arbiter, Role::Arbiter])
            .unwrap();
        alice(&format!("{}/app?replicaSet=rs0&readPreference={preference}", addresses(&peers)))
            .test()
            .passed();
        assert_eq!(logins(&peers), expected, "{preference}");
    }
}

#[test]
fn a_member_that_is_down_is_a_warning_and_a_strict_tests_failure() {
    let peers = server().start_set("rs0", &[Role::Primary, Role::Secondary]).unwrap();
    let dead = format!("127.0.0.1:{}", free_port().unwrap());
    let hosts = [peers[0].address(), peers[1].address(), dead.clone()];
    for (peer, role) in peers.iter().zip([Role::Primary, Role::Secondary]) {
        peer.set_hello(member("rs0", &hosts, &peer.address(), role, Some(&hosts[0])));
    }
    let connection = alice(&format!("{}/app?replicaSet=rs0", hosts[0]));
    let tested = connection.test();
    tested.passed().warns("partial");
    assert_eq!(outcomes(&tested, "tcp").iter().filter(|outcome| outcome.ends_with("=degraded")).count(), 1);
    let message = tested.result["warnings"].to_string();
    assert!(message.contains(&format!("{dead}: tcp: {dead} refused the connection")), "{message}");
    let expected = Failed {
        stage: "tcp",
        code: "partial_failure",
        native: Some("ECONNREFUSED"),
        exception: "FederationSourceException/PartialFailureException",
        exit: 1,
    };
    connection.test_with(&["--strict"]).failed(&expected);
}

/// What each of the members is, for want of a primary.
#[test]
fn a_set_without_a_primary_is_described() {
    let dead: Vec<_> = (0..2).map(|_| format!("127.0.0.1:{}", free_port().unwrap())).collect();
    let peer = server().start().unwrap();
    let hosts = [dead[0].clone(), peer.address(), dead[1].clone()];
    peer.set_hello(member("rs0", &hosts, &peer.address(), Role::Secondary, None));
    let not_ready = Failed {
        stage: "handshake",
        code: "server_not_ready",
        native: None,
        exception: FS_INTERNAL,
        exit: 4,
    };
    let seeds = hosts.join(",");
    let tested = alice(&format!("{seeds}/app?replicaSet=rs0")).test();
    tested
        .failed(&not_ready)
        .says(&format!("no primary is among the members: {} is a secondary", peer.address()));
    for dead in &dead {
        tested.says(&format!("{dead} can't be reached (refused)"));
    }
    // Who reads from a secondary finds one.
    alice(&format!("{seeds}/app?replicaSet=rs0&readPreference=secondaryPreferred"))
        .test()
        .passed()
        .warns("partial");
    assert_eq!(peer.logins(), 1);

    let recovering = server().start_set("rs0", &[Role::Recovering, Role::Arbiter]).unwrap();
    let tested = alice(&format!("{}/app?replicaSet=rs0", addresses(&recovering))).test();
    tested.failed(&not_ready).says("is a member that takes no reads").says("is an arbiter");
    assert_eq!(logins(&recovering), [0, 0]);
}

#[test]
fn a_wrong_set_names_both_names() {
    let peers = set();
    let failed = Failed {
        stage: "handshake",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    for direct in ["", "&directConnection=true"] {
        let tested = alice(&format!("{}/app?replicaSet=other{direct}", peers[1].address())).test();
        tested
            .failed(&failed)
            .says("is a member of the set rs0, and the definition names the set other")
            .says("Correct replicaSet");
    }
    let standalone = server().start().unwrap();
    let tested = alice(&format!("{}/app?replicaSet=rs0", standalone.address())).test();
    tested.failed(&failed).says("is a standalone and of no set, and the definition names the set rs0");
    assert_eq!((logins(&peers), standalone.logins()), (vec![0; 4], 0));
}

/// Nobody else gets what one has refused.
#[test]
fn a_refused_credential_goes_to_one_member_once() {
    let refused = Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("18"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    let peers = set();
    mallory(&format!("{}/app?replicaSet=rs0", addresses(&peers[..3]))).test().failed(&refused);
    assert_eq!(logins(&peers), [0, 1, 0, 0]);
    let routers: Vec<_> = (0..3).map(|_| server().hello(mongos()).start().unwrap()).collect();
    mallory(&format!("{}/app", addresses(&routers))).test().failed(&refused);
    assert_eq!(logins(&routers).iter().sum::<usize>(), 1);
}

/// Whoever answers may name anybody as a member.
#[test]
fn members_are_shown_to_the_gate_and_counted() {
    let peer = server().start().unwrap();
    let me = peer.address();
    let hello = |hosts: &[String]| member("rs0", hosts, &me, Role::Primary, Some(&me));
    peer.set_hello(hello(&[me.clone(), "169.254.169.254:27017".to_owned()]));
    let tested = alice(&format!("{me}/app?replicaSet=rs0")).test();
    tested.passed().warns("partial");
    let message = tested.result["warnings"].to_string();
    assert!(
        message.contains("169.254.169.254:27017: tcp:")
            && message.contains("a link-local address, where cloud metadata is served"),
        "{message}"
    );

    let many: Vec<_> = (0..10_000).map(|number| format!("h{number}.example:27017")).collect();
    peer.set_hello(hello(&many));
    let tested = alice(&format!("{me}/app?replicaSet=rs0")).test();
    tested
        .failed(&Failed {
            stage: "handshake",
            code: "response_unreadable",
            native: None,
            exception: FS_RESPONSE,
            exit: 1,
        })
        .says("names more than 50 members of its set");
    assert_eq!(peer.logins(), 1);

    // By another name it is dialed again, and logged in to by the name that the set has for it.
    let port = peer.port();
    peer.set_hello(hello(std::slice::from_ref(&me)));
    let tested = alice(&format!("localhost:{port}/app?replicaSet=rs0")).test();
    tested.passed();
    assert_eq!(outcomes(&tested, "auth"), [format!("{me}=passed")]);
    assert_eq!(peer.logins(), 2);
}

/// As members are where a set was initiated with names that only its own machines know.
#[test]
fn a_set_by_names_that_nobody_else_knows_says_so() {
    let peer = server().start().unwrap();
    let hosts = ["mongo-1.invalid:27017".to_owned()];
    peer.set_hello(member("rs0", &hosts, &hosts[0], Role::Primary, Some(&hosts[0])));
    let tested = alice(&format!("{}/app?replicaSet=rs0", peer.address())).test();
    tested
        .failed(&Failed {
            stage: "handshake",
            code: "server_not_ready",
            native: None,
            exception: FS_INTERNAL,
            exit: 4,
        })
        .says(&format!("{} is a primary that the set has under another name", peer.address()))
        .says("mongo-1.invalid:27017 can't be reached (name_not_found)")
        .says("directConnection=true");
    // Alone it is tested whatever its set calls it.
    alice(&format!("{}/app", peer.address())).test().passed();
    alice(&format!("{}/app?directConnection=true", peer.address())).test().passed();
}

#[test]
fn one_server_alone_is_tested_whatever_it_is() {
    let peers = set();
    for (place, says) in [(0, "secondary"), (1, "primary")] {
        let tested = alice(&format!("{}/app?directConnection=true", peers[place].address())).test();
        tested.passed();
        assert_eq!(tested.evidence("handshake", "role"), says);
    }
    assert_eq!(logins(&peers), [1, 1, 0, 0]);
    let two: Vec<_> = (0..2).map(|_| server().start().unwrap()).collect();
    let tested = alice(&format!("{}/app", addresses(&two))).test();
    tested
        .failed(&Failed {
            stage: "handshake",
            code: "server_not_ready",
            native: None,
            exception: FS_INTERNAL,
            exit: 4,
        })
        .says("is a standalone, which drivers refuse beside other hosts");
}

#[test]
fn a_load_balancer_says_that_it_is_one() {
    let mut hello = mongos();
    let plain = server().hello(hello.clone()).start().unwrap();
    hello.insert("serviceId", doc! { "id": 1 });
    let balanced = server().hello(hello).start().unwrap();
    let test = |peer: &Peer| alice(&format!("{}/app?loadBalanced=true", peer.address())).test();
    test(&balanced).passed();
    test(&plain)
        .failed(&Failed {
            stage: "handshake",
            code: "invalid_settings",
            native: None,
            exception: INVALID_INPUT,
            exit: 2,
        })
        .says("is not behind a load balancer");
}
