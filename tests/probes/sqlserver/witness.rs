//! Microsoft's driver of Glue 5 beside dialcheck, at peers that no server can be made to be: both must come to one verdict.

use std::any::Any;

use fixtures::sqlserver::{Browser, BrowserAnswer, Encryption, Peer, PeerOptions, Tokens};
use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin, JdbcVerdict};

use super::{refused, server};
use crate::behaviour::witness::Verdict;
use crate::support::harness::{Connection, PASSWORD};
use crate::support::servers::certificates::CERTIFICATES;

/// A definition, and the servers that it needs.
struct Case {
    what: String,
    url: String,
    _servers: Box<dyn Any>,
}

/// With a time limit, because the driver repeats most logins that fail until it is over.
fn url(place: &str, rest: &str) -> String {
    format!("jdbc:sqlserver://{place};databaseName=app;loginTimeout=3{rest}")
}

fn at_peer(what: &str, options: PeerOptions, rest: &str) -> Case {
    let peer = options.start().unwrap();
    let url = url(&format!("localhost:{}", peer.port()), rest);
    Case { what: format!("{what}{rest}"), url, _servers: Box::new(peer) }
}

/// A peer that routes to another one.
fn routed(host: &str, there: PeerOptions) -> Case {
    let there = there.start().unwrap();
    let gateway = server().login(Tokens::routed(host, there.port())).start().unwrap();
    let url = url(&format!("localhost:{}", gateway.port()), ";encrypt=false");
    Case { what: format!("routed to {host:?}"), url, _servers: Box::new((gateway, there)) }
}

fn by_name(what: &str, answer: impl FnOnce(u16) -> BrowserAnswer) -> Case {
    let (browser, peer) = Browser::start_with(|address| {
        let peer = server().address(address).start()?;
        Ok((answer(peer.port()), peer))
    })
    .unwrap();
    let url = url(&format!("{}\\inst", browser.address()), ";encrypt=false");
    Case { what: what.to_owned(), url, _servers: Box::new((browser, peer)) }
}

/// Asserts that the verdicts agree on each case, and that dialcheck passes where `passes` says so.
#[track_caller]
fn agree(cases: &[(Case, bool)]) {
    let drivers = JdbcDrivers::find().unwrap();
    let logins: Vec<JdbcLogin> = cases
        .iter()
        .map(|(case, _)| JdbcLogin {
            url: case.url.clone(),
            credentials: ("alice".to_owned(), PASSWORD.to_owned()),
            properties: Vec::new(),
        })
        .collect();
    // Side by side, because the driver takes its time for what it repeats.
    let verdicts: Vec<JdbcVerdict> = std::thread::scope(|scope| {
        let judges = logins.chunks(logins.len().div_ceil(3));
        let judges: Vec<_> =
            judges.map(|logins| scope.spawn(|| drivers.judge(GlueVersion::Five, logins).unwrap())).collect();
        judges.into_iter().flat_map(|judge| judge.join().unwrap()).collect()
    });
    for ((case, passes), verdict) in cases.iter().zip(verdicts) {
        let verdict = match verdict {
            JdbcVerdict::Passed => Verdict::Passed,
            JdbcVerdict::Refused { code: 0, message, .. } => Verdict::Failed(message),
            JdbcVerdict::Refused { code, .. } => Verdict::Refused(code.to_string()),
        };
        let tested = Connection::to(&*case.url).test();
        assert_eq!(tested.result["verdict"] == "passed", *passes, "{}: {:#}", case.what, tested.result);
        assert_eq!(matches!(verdict, Verdict::Passed), *passes, "{}: {verdict:?}", case.what);
        verdict.agrees_with(&tested.result);
    }
}

#[test]
fn of_encryption() {
    use Encryption::{Byte, NotSupported, Off, On, Required};

    let untrusted = || Peer::options().tls(&CERTIFICATES.untrusted);
    let mut cases = Vec::new();
    for (said, with, without) in [
        (Off, false, true),
        (On, true, true),
        (NotSupported, false, false),
        (Required, true, true),
        (Byte(9), false, false),
    ] {
        let what = format!("{said:?}");
        let with_encryption = at_peer(&what, server().encryption(said), ";trustServerCertificate=true");
        cases.push((with_encryption, with));
        // There the driver sends the password in clear text: the one declared difference.
        if said != NotSupported {
            let rest = ";encrypt=false;trustServerCertificate=true";
            cases.push((at_peer(&what, server().encryption(said), rest), without));
        }
    }
    // Whose certificate is checked where the URL does not say that it is trusted.
    for (said, passes) in [(Off, true), (On, false), (Required, false)] {
        let what = format!("untrusted, {said:?}");
        cases.push((at_peer(&what, untrusted().encryption(said), ";encrypt=false"), passes));
    }
    cases.push((at_peer("SQL Server 2000", server().version(8, 0, 2039), ";encrypt=false"), false));
    cases.push((at_peer("SQL Server 2005", server().version(9, 0, 5000), ";encrypt=false"), true));
    agree(&cases);
}

#[test]
fn of_answers_to_the_login() {
    let text = "Login failed for user 'alice'.";
    let error = |class| Tokens::new().error(18456, 1, class, text);
    let acknowledged = || Tokens::new().login_ack();
    let login = |what, tokens: Tokens| at_peer(what, server().login(tokens), ";encrypt=false");
    agree(&[
        (login("refused", refused(18456, text)), false),
        (login("locked", refused(18486, "It is locked.")), false),
        (login("no database", Tokens::refused(&[(4060, 11, "Cannot open it."), (18456, 14, text)])), false),
        (login("of class 5", error(5).login_ack().done()), false),
        (login("behind the acknowledgement", acknowledged().raw(&error(14).into_bytes()).done()), false),
        (login("information", Tokens::new().info(18456, text).login_ack().done()), true),
        (login("the acknowledgement alone", acknowledged().done()), true),
        (
            login("a change that nobody knows", Tokens::new().env_change(99, &[0, 0]).login_ack().done()),
            false,
        ),
        (login("no token", Tokens::new().raw(&[0]).login_ack().done()), false),
    ]);
}

#[test]
fn of_routing() {
    let mut cases: Vec<_> =
        [("localhost", true), ("localhost\\TR1", true), ("", false), (" localhost", false)]
            .map(|(host, passes)| (routed(host, server()), passes))
            .into();
    let again = server().login(Tokens::routed("localhost", 1));
    cases.push((routed("localhost", again), false));
    let itself = server().start().unwrap();
    itself.set_login(Tokens::routed("localhost", itself.port()));
    let to_itself = url(&format!("localhost:{}", itself.port()), ";encrypt=false");
    cases.push((Case { what: "to itself".to_owned(), url: to_itself, _servers: Box::new(itself) }, false));
    cases.push((at_peer("port 0", server().login(Tokens::routed("localhost", 0)), ";encrypt=false"), false));
    agree(&cases);
}

#[test]
fn of_the_browsers_answers() {
    let text = |text: String| BrowserAnswer::Text(text);
    agree(&[
        (by_name("good", |port| BrowserAnswer::Instance("INST".to_owned(), port)), true),
        (by_name("largest", |port| BrowserAnswer::Largest("INST".to_owned(), port)), true),
        (by_name("another length", |port| BrowserAnswer::Claim(9, format!("tcp;{port};;"))), true),
        (
            by_name("another kind", |port| BrowserAnswer::Bytes(format!("\x06\0\0tcp;{port};").into_bytes())),
            true,
        ),
        (by_name("upper case", |port| text(format!("TCP;{port};;"))), false),
        (by_name("behind the end", |port| text(format!("{}tcp;{port};;", "x".repeat(4096)))), false),
        (
            by_name("a server called tcp", |port| {
                text(format!("ServerName;tcp;InstanceName;I;tcp;{port};;"))
            }),
            false,
        ),
        (by_name("port 70000", |_| text("tcp;70000;;".to_owned())), false),
    ]);
}
