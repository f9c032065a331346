//! Passwords of all characters, at a genuine server. pymongo and the driver for Rust are the witnesses.

use fixtures::mongodb::{Secantus, User, doc};

use super::login::{Judged, Login, judge};
use crate::support::harness::exception::{FS_CREDENTIALS, INVALID_INPUT};
use crate::support::harness::{CANARY, Failed};

/// A server with a user `u0`, `u1` … for each of these.
fn server(passwords: &[String]) -> Secantus {
    let mut options = Secantus::options();
    for (place, password) in passwords.iter().enumerate() {
        options = options.command(
            User::DATABASE,
            doc! {
                "createUser": format!("u{place}"),
                "pwd": password,
                "roles": [{ "role": "read", "db": User::DATABASE }],
                "mechanisms": ["SCRAM-SHA-256"],
            },
        );
    }
    options.start().unwrap()
}

fn login(server: &Secantus, place: usize, password: &str) -> Login {
    Login::at(server.port(), "appdb?authSource=appdb").named(&format!("u{place}"), password)
}

#[test]
fn every_password_logs_in_as_it_is() {
    let printable: String = (' '..='~').collect();
    let passwords = [
        format!("{CANARY}{printable}"),
        format!("{CANARY}@:/?#[]%'\"\\%41&=;+,"),
        format!(" {CANARY} "),
        CANARY.repeat(91)[..1_000].to_owned(),
        format!("{CANARY}äöü€漢字"),
    ];
    let server = server(&passwords);
    let mut cases = Vec::new();
    for (place, password) in passwords.iter().enumerate() {
        cases.push(Judged { login: login(&server, place, password), failed: None, pymongo: "passed" });
        let refused = Failed {
            stage: "auth",
            code: "credentials_rejected",
            native: Some("18"),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        let near = format!("{password}x");
        cases.push(Judged { login: login(&server, place, &near), failed: Some(refused), pymongo: "18" });
    }
    judge(&cases);
}

/// RFC 4013. The user has the prepared password, as it is.
#[test]
fn what_saslprep_changes_logs_in_as_changed() {
    let changed =
        [("\u{ad}", ""), ("\u{2168}", "IX"), ("\u{a0}", " "), ("e\u{301}", "\u{e9}"), ("\u{1d400}", "A")];
    let passwords = changed.map(|(_, prepared)| format!("{CANARY}{prepared}"));
    let server = server(&passwords);
    let cases = changed.iter().enumerate().map(|(place, (given, _))| Judged {
        login: login(&server, place, &format!("{CANARY}{given}")),
        failed: None,
        pymongo: "passed",
    });
    judge(&cases.collect::<Vec<_>>());
}

#[test]
fn what_saslprep_forbids_is_sent_to_nobody() {
    let server = server(&[CANARY.to_owned()]);
    let mistake = || Failed {
        stage: "auth",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    let logins = || {
        let commands = server.commands();
        commands.iter().filter(|command| command.name == "saslStart" || command.speculative).count()
    };
    let mut cases = Vec::new();
    for forbidden in ["\u{7}", "\u{85}", "\u{627}1", "\u{200e}"] {
        let login = login(&server, 0, &format!("{CANARY}{forbidden}"));
        login.definition().test().failed(&mistake()).says("SASLprep (RFC 4013) forbids");
        cases.push(Judged { login, failed: Some(mistake()), pymongo: "ValueError" });
    }
    assert_eq!(logins(), 0, "{}", server.log());
    // pymongo looks at the password behind the beginning of its login, which goes with its first message.
    judge(&cases);
}
