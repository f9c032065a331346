//! Peers in a MySQL server's place that refuse, fall silent, reset, talk something else, or try to hurt.

use std::net::SocketAddr;
use std::time::Duration;

use fixtures::{Fault, FaultProxy, Foreign};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::servers::mysql::SERVER;

fn proxy(fault: Fault) -> FaultProxy {
    let upstream = SocketAddr::from(([127, 0, 0, 1], SERVER.port()));
    FaultProxy::start(Some(upstream), fault).unwrap()
}

fn through(proxy: &FaultProxy, parameters: &str) -> Tested {
    Connection::to(format!("jdbc:mysql://localhost:{}/app{parameters}", proxy.port()))
        .test_with(&["--timeout", "1500ms"])
}

const fn timed_out(stage: &str) -> Failed<'_> {
    Failed { stage, code: "timed_out", native: None, exception: TIMEOUT, exit: 4 }
}

#[test]
fn the_urls_own_limits() {
    let tested = through(&proxy(Fault::BlackHoleBeforeAccept), "?connectTimeout=300");
    tested.failed(&timed_out("tcp")).says("connectTimeout");
    let tested = through(&proxy(Fault::BlackHoleAfterAccept), "?socketTimeout=300");
    tested.failed(&timed_out("handshake")).says("socketTimeout");
    assert!(tested.ran.took < Duration::from_millis(1000), "{:?}", tested.ran.took);
}

const fn foreign<'a>() -> Failed<'a> {
    Failed { stage: "handshake", code: "wrong_protocol", native: None, exception: FS_RESPONSE, exit: 1 }
}

#[test]
fn another_protocol_on_the_port() {
    through(&proxy(Fault::Speak(Foreign::Tls)), "")
        .failed(&foreign())
        .says("a server that expects TLS from the first byte answered");
}

#[test]
fn postgresql_on_the_port() {
    // It waits for its client to speak, as a MySQL client waits for its server: silence, until somebody asks.
    let port = crate::support::servers::postgres::SERVER.port();
    let tested = Connection::to(format!("jdbc:mysql://localhost:{port}/app"));
    tested.test_with(&["--timeout", "1500ms"]).failed(&foreign()).says("a PostgreSQL server answered");
}

/// A packet with its header.
fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b, c, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    [&[a, b, c, sequence], payload].concat()
}

/// A greeting of MySQL 8 with these capabilities and this login method.
fn greeting(capabilities: u32, plugin: &str) -> Vec<u8> {
    let [a, b, c, d] = capabilities.to_le_bytes();
    let mut payload = b"\x0a8.4.0\0\x01\0\0\0abcdefgh\0".to_vec();
    payload.extend([a, b, 45, 2, 0, c, d, 21]);
    payload.extend([0; 10]);
    payload.extend(b"ijklmnopqrst\0");
    payload.extend(plugin.bytes().chain([0]));
    packet(0, &payload)
}

/// Protocol 4.1, secure connection, plugins: and TLS, which is 0x800, only where a test adds it.
const CAPABILITIES: u32 = 0x0028_8208;

fn script(messages: Vec<Vec<u8>>) -> Tested {
    through(&proxy(Fault::Greet(messages)), "?allowPublicKeyRetrieval=true")
}

const fn broken(stage: &str) -> Failed<'_> {
    Failed { stage, code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 }
}

#[test]
fn a_request_for_a_local_file_is_not_answered() {
    let ok = packet(2, &[0, 0, 0, 2, 0, 0, 0]);
    let file = packet(1, b"\xfb/etc/passwd");
    let tested = script(vec![greeting(CAPABILITIES, "mysql_native_password"), ok, file]);
    tested.failed(&broken("query")).says("asks for a file of this machine");
}

#[test]
fn the_password_is_not_given_away() {
    let switch =
        |plugin: &str| packet(2, &[b"\xfe", plugin.as_bytes(), b"\0abcdefghijklmnopqrst\0"].concat());
    let clear = [greeting(CAPABILITIES, "mysql_native_password"), switch("mysql_clear_password")];
    script(clear.to_vec()).failed(&Failed {
        stage: "auth",
        code: "tls_required",
        native: Some("mysql_clear_password"),
        exception: FS_INPUT,
        exit: 1,
    });
    let kerberos = [greeting(CAPABILITIES, "mysql_native_password"), switch("auth_gssapi_client")];
    script(kerberos.to_vec())
        .failed(&Failed {
            stage: "auth",
            code: "mechanism_not_offered",
            native: Some("auth_gssapi_client"),
            exception: FS_UNSUPPORTED,
            exit: 1,
        })
        .says("Kerberos");
    // Full authentication without TLS, where the URL does not let the server send its key.
    let full = [greeting(CAPABILITIES, "caching_sha2_password"), packet(2, &[1, 4])];
    let proxy = proxy(Fault::Greet(full.to_vec()));
    through(&proxy, "").failed(&Failed {
        stage: "auth",
        code: "tls_required",
        native: Some("caching_sha2_password"),
        exception: FS_INPUT,
        exit: 1,
    });
}

#[test]
fn a_key_that_protects_nothing_is_refused() {
    let key = |pem: &str| packet(4, &[b"\x01", pem.as_bytes()].concat());
    for pem in [
        "no key",
        "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL8eJ5AKoIsjURpcEoGubZMxLD7+kT+h\nLW2tTvhJm7HPtsvWf2RXQpYbLxbUmdLeRmkb8hbtwXNqCEn2ww9yKTkCAwEAAQ==\n-----END PUBLIC KEY-----\n",
    ] {
        let messages = vec![greeting(CAPABILITIES, "caching_sha2_password"), packet(2, &[1, 4]), key(pem)];
        let expected = Failed { native: Some("caching_sha2_password"), ..broken("auth") };
        script(messages).failed(&expected).says("its public key can't be used");
    }
}

#[test]
fn endless_and_senseless_logins_end() {
    let native = || greeting(CAPABILITIES, "mysql_native_password");
    let switch = |sequence| packet(sequence, b"\xfemysql_native_password\0abcdefghijklmnopqrst\0");
    script(vec![native(), switch(2), switch(4)])
        .failed(&broken("auth"))
        .says("switches the login method twice");
    script(vec![native(), packet(2, b"\x42")]).failed(&broken("auth")).says("no place here");
    script(vec![native(), packet(7, &[0])]).failed(&broken("auth")).says("out of sequence");
    script(vec![native(), packet(2, &[])]).failed(&broken("auth")).says("empty packet");
    script(vec![native(), b"\xff\xff\xff\x02".to_vec()]).failed(&broken("auth")).says("longer than 64 KiB");
    let error = |number: u16| packet(2, &[&[0xff][..], &number.to_le_bytes(), b"#HY000odd"].concat());
    script(vec![native(), error(4242)]).failed(&Failed {
        stage: "auth",
        code: "unclassified",
        native: Some("4242"),
        exception: FS_INTERNAL,
        exit: 1,
    });
}

#[test]
fn greetings_that_are_none() {
    let old = packet(0, b"\x0a4.0.1\0\x01\0\0\0abcdefgh\0\0\0");
    for greeting in [packet(0, b"\x0a8.4.0"), packet(0, b"\x0a"), old] {
        script(vec![greeting]).failed(&broken("handshake"));
    }
    let capabilities_of_mysql_4_0 = greeting(0x0000_0008, "");
    script(vec![capabilities_of_mysql_4_0]).failed(&Failed {
        stage: "handshake",
        code: "mechanism_unsupported",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
    // A length of the nonce that a careless reader takes for negative.
    let mut negative = greeting(CAPABILITIES, "mysql_native_password");
    negative[4 + 7 + 4 + 8 + 1 + 8 - 1] = 0x80;
    script(vec![negative]).failed(&broken("handshake"));
}
