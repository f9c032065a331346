//! Servers that lie about lengths, send without end, or say nothing: each ends by the deadline.

use fixtures::sqlserver::{Column, PeerOptions, Reply, Tokens};

use super::{alice, failed, server, unnumbered};
use crate::support::harness::exception::FS_RESPONSE;
use crate::support::harness::{Failed, Tested};

const NAME: Column = Column::NVarChar(128);

fn unreadable(stage: &str) -> Failed<'_> {
    unnumbered(stage, "response_unreadable", FS_RESPONSE, 1)
}

fn test(options: PeerOptions) -> Tested {
    let peer = options.start().unwrap();
    alice(peer.port(), "").test_with(&["--timeout", "1500ms"])
}

/// Answers that can't be read, at the login and at the query alike.
pub(super) fn unreadable_answers() -> Vec<(&'static str, Reply)> {
    let empty_packets = [4, 0, 0, 8, 0, 0, 1, 0].repeat(100_000);
    vec![
        ("an error that claims", Tokens::new().raw(&[0xaa, 0xff, 0xff, 1, 0, 0, 0]).into()),
        ("an acknowledgement that claims", Tokens::new().raw(&[0xad, 0xff, 0xff, 1]).into()),
        ("an acknowledgement of nothing", Tokens::new().raw(&[0xad, 0, 0]).into()),
        ("a change that claims", Tokens::new().raw(&[0xe3, 0xff, 0x7f, 20]).into()),
        ("a change of nothing", Tokens::new().raw(&[0xe3, 0, 0]).into()),
        ("routing that claims", Tokens::new().env_change(20, &[0xff, 0xff, 0, 0x99, 5, 0xff, 0xff]).into()),
        ("features that claim", Tokens::new().raw(&[0xae, 1, 0xff, 0xff, 0xff, 0xff]).into()),
        ("session states that claim", Tokens::new().raw(&[0xe4, 0xff, 0xff, 0xff, 0xff]).into()),
        ("columns that claim", Tokens::new().raw(&[0x81, 0xfe, 0xff]).into()),
        ("a row without columns", Tokens::new().raw(&[0xd1, 1, 2, 3]).into()),
        (
            "parts of 2^63",
            Tokens::new().col_metadata(&[Column::NVarCharMax]).row_that_claims(1 << 63, u32::MAX).into(),
        ),
        (
            "parts without a total",
            Tokens::new().col_metadata(&[Column::NVarCharMax]).row_that_claims(u64::MAX - 1, 1 << 30).into(),
        ),
        ("no token", Tokens::new().raw(&[0]).into()),
        ("a token that is none", Tokens::new().raw(b"HTTP/1.1 400 Bad Request").into()),
        ("information without end", Reply::endless_info()),
        ("zeros without end", Reply::Endless(Vec::new(), vec![0])),
        ("errors without end", Reply::Endless(Vec::new(), error_of_no_number())),
        ("empty packets", Reply::Bytes(empty_packets)),
        ("a header that is too short", Reply::Bytes(vec![4, 1, 0, 7, 0, 0, 1, 0])),
        ("another kind of packet", Reply::Bytes(vec![0x12, 1, 0, 9, 0, 0, 1, 0, 0])),
        ("nothing but the end", Tokens::new().done().into()),
    ]
}

/// Of a token that nobody knows, so that it is no refusal.
fn error_of_no_number() -> Vec<u8> {
    Tokens::new().info(i32::MAX, &"x".repeat(2_000)).into_bytes()
}

#[test]
fn an_answer_to_the_login_that_lies_can_not_be_read() {
    for (what, reply) in unreadable_answers() {
        let tested = test(server().login(reply));
        assert_eq!(tested.result["failure"]["code"], "response_unreadable", "{what}: {:#}", tested.result);
        tested.failed(&unreadable("auth"));
    }
}

#[test]
fn an_answer_to_the_query_that_lies_can_not_be_read() {
    for (what, reply) in unreadable_answers() {
        let tested = test(server().query(reply));
        assert_eq!(tested.result["failure"]["code"], "response_unreadable", "{what}: {:#}", tested.result);
        tested.failed(&unreadable("query"));
    }
}

#[test]
fn an_answer_to_prelogin_that_lies_can_not_be_read() {
    for reply in [
        // An option outside of the message, one of no length, none at all, more than a message.
        Reply::Message(vec![0, 0xff, 0xff, 0, 6, 0xff]),
        Reply::Message(vec![0, 0, 6, 0, 0, 0xff]),
        Reply::Message(vec![0xff]),
        Reply::Message(Vec::new()),
        Reply::Endless(Vec::new(), vec![0xff]),
        Reply::Bytes([4, 0, 0, 8, 0, 0, 1, 0].repeat(1000)),
    ] {
        test(server().prelogin(reply)).failed(&unreadable("handshake"));
    }
    for reply in
        [Reply::Bytes(vec![0x12, 1, 0, 9, 0, 0, 1, 0, 0xff]), Reply::Bytes(vec![4, 1, 0, 7, 0, 0, 1, 0])]
    {
        test(server().prelogin(reply)).failed(&unnumbered("handshake", "wrong_protocol", FS_RESPONSE, 1));
    }
}

#[test]
fn a_row_of_another_form_is_not_the_answer_to_the_query() {
    let rows = [
        Tokens::result(&[Column::Int], &[&["1"]]),
        Tokens::result(&[Column::Int, NAME, NAME, NAME], &[]),
        Tokens::result(&[Column::Int, NAME, NAME, NAME], &[&["2", "alice", "app", "16.0"]]),
        Tokens::result(&[NAME, NAME, NAME], &[&["1", "alice", "app"]]),
        Tokens::result(&[Column::Int; 5], &[&["1"; 5]]),
        Tokens::new().col_metadata(&[Column::Int, NAME]).done(),
    ];
    for tokens in rows {
        test(server().query(tokens))
            .failed(&unreadable("query"))
            .says("answered SELECT 1 with something else");
    }
    let good = [Column::Int, NAME, NAME, Column::NVarCharMax];
    let tokens = Tokens::result(&good, &[&["1", "alice", "app", "16.0"]]);
    test(server().query(tokens)).passed();
}

#[test]
fn silence_and_slowness_end_by_the_deadline() {
    test(server().prelogin(Reply::Silence)).hung("handshake");
    test(server().handshake(Reply::Silence)).hung("tls");
    test(server().login(Reply::Silence)).hung("auth");
    test(server().query(Reply::Silence)).hung("query");
    let slow = |tokens: Tokens| Reply::Slow(tokens.into_bytes(), 1_000);
    test(server().prelogin(slow(Tokens::logged_in("app")))).hung("handshake");
    test(server().login(slow(Tokens::logged_in("app")))).hung("auth");
    test(server().query(slow(Tokens::result(&[Column::Int], &[&["1"]])))).hung("query");
    // A header that promises more than comes.
    test(server().login(Reply::Claim(u16::MAX, Tokens::logged_in("app").into_bytes()))).hung("auth");
    test(server().query(Reply::Claim(4_096, vec![0xfd]))).hung("query");
}

#[test]
fn an_end_is_told_where_it_comes() {
    let closed = |stage| failed(stage, "connection_reset", "EOF", FS_RESPONSE, 4);
    test(server().prelogin(Reply::Close)).failed(&closed("handshake"));
    test(server().handshake(Reply::Close)).failed(&closed("tls"));
    test(server().login(Reply::Close)).failed(&closed("auth"));
    test(server().login(Reply::Cut(Tokens::logged_in("app").into_bytes(), 1))).failed(&closed("auth"));
    test(server().query(Reply::Close)).failed(&closed("query"));
    let reset = |stage| failed(stage, "connection_reset", "ECONNRESET", FS_RESPONSE, 4);
    test(server().prelogin(Reply::Reset)).failed(&reset("handshake"));
    test(server().login(Reply::Reset)).failed(&reset("auth"));
    test(server().query(Reply::Reset)).failed(&reset("query"));
}

#[test]
fn what_comes_in_the_place_of_tls_is_none() {
    for reply in [
        Reply::Message(Vec::new()),
        Reply::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Reply::Bytes([0x12, 1, 0, 8, 0, 0, 1, 0].repeat(1_000)),
        Reply::Endless(Vec::new(), vec![0]),
        Reply::Message(b"SSH-2.0".to_vec()),
    ] {
        let tested = test(server().handshake(reply));
        let failure = &tested.result["failure"];
        assert_eq!(failure["stage"], "tls", "{:#}", tested.result);
        assert!(
            failure["code"] == "wrong_protocol" || failure["code"] == "response_unreadable",
            "{:#}",
            tested.result
        );
    }
}
