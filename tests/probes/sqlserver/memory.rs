//! Servers that lie, and the memory of those who listen.

use fixtures::sqlserver::{Browser, BrowserAnswer, Column, Reply, Tokens};

use super::lies::unreadable_answers;
use super::{alice, at, server};
use crate::support::memory::is_modest;

#[test]
fn lies_at_the_login_cost_no_memory() {
    for (what, reply) in unreadable_answers() {
        let peer = server().login(reply).start().unwrap();
        let result = is_modest(what, &alice(peer.port(), ""));
        assert_eq!(result["failure"]["stage"], "auth", "{what}: {result:#}");
    }
}

#[test]
fn lies_at_the_query_cost_no_memory() {
    let many = |count: usize| vec![Column::Int; count];
    let row = vec!["1"; 30_000];
    let wide = [
        ("65,534 columns", Tokens::new().col_metadata(&many(65_534)).into()),
        ("a row of 30,000 values", Tokens::result(&many(30_000), &[&row]).into()),
        ("columns without end", Reply::Endless(Vec::new(), Tokens::new().col_metadata(&many(100)).into())),
    ];
    for (what, reply) in unreadable_answers().into_iter().chain(wide) {
        let peer = server().query(reply).start().unwrap();
        let result = is_modest(what, &alice(peer.port(), ""));
        assert_eq!(result["failure"]["stage"], "query", "{what}: {result:#}");
        assert_eq!(result["failure"]["code"], "response_unreadable", "{what}: {result:#}");
    }
}

#[test]
fn what_never_ends_costs_no_memory() {
    for (what, stage, options) in [
        ("PRELOGIN", "handshake", server().prelogin(Reply::Endless(Vec::new(), vec![0]))),
        ("TLS", "tls", server().handshake(Reply::Endless(vec![0x16, 3, 3, 0xff, 0xff], vec![0]))),
        ("errors", "auth", server().login(Reply::Endless(Vec::new(), errors()))),
    ] {
        let peer = options.start().unwrap();
        let result = is_modest(what, &alice(peer.port(), ""));
        assert_eq!(result["failure"]["stage"], stage, "{what}: {result:#}");
    }
}

fn errors() -> Vec<u8> {
    Tokens::new().error(50000, 1, 16, &"x".repeat(1_000)).into_bytes()
}

#[test]
fn an_answer_of_64_kib_costs_no_memory() {
    let browser = Browser::start(&BrowserAnswer::Largest("INST".to_owned(), 1)).unwrap();
    let result = is_modest("Browser", &at(&format!("{}\\inst;databaseName=app", browser.address())));
    assert_eq!(result["failure"]["stage"], "tcp", "{result:#}");
}
