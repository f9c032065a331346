//! Cases from the drivers' own lists of parameters: for each its values, other spellings of them, and values that are none.

use std::collections::BTreeSet;

use fixtures::{JdbcParameter, JdbcParameterKind};

use super::case::Case;
use super::servers::Servers;

/// A case for each value of `parameters` that is worth a login. Differences that are meant are declared in `declared.txt`.
///
/// # Panics
/// Where a line of `declared.txt` is about no case.
pub(super) fn cases(parameters: &[JdbcParameter], servers: &Servers) -> Vec<Case> {
    let mut lines: BTreeSet<&str> = lines(include_str!("declared.txt")).collect();
    let declared: Vec<&str> = lines.iter().copied().collect();
    let mut cases = Vec::new();
    for parameter in parameters.iter().filter(|parameter| !is_left_out(parameter)) {
        for value in values(parameter) {
            let mut case = Case::parse(&line(parameter, &value), servers);
            for declared in &declared {
                let (subject, difference) = declared.split_once(" -- ").unwrap();
                if is_about(subject, parameter, &value) {
                    case.declare(difference);
                    lines.remove(declared);
                }
            }
            cases.push(case);
        }
    }
    assert!(lines.is_empty(), "no case is as these lines say: {lines:?}");
    cases
}

pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `subject` is `SCHEME NAME=VALUE`, or `SCHEME NAME` for any value.
fn is_about(subject: &str, parameter: &JdbcParameter, value: &str) -> bool {
    let JdbcParameter { scheme, name, .. } = parameter;
    subject == format!("{scheme} {name}") || subject == format!("{scheme} {name}={value}")
}

fn line(parameter: &JdbcParameter, value: &str) -> String {
    let JdbcParameter { scheme, name, .. } = parameter;
    let server = match scheme.as_str() {
        "postgresql" => "postgres",
        // These drivers want a certificate that they trust.
        "redshift" => "redshift +ca",
        "sqlserver" => return format!("sqlserver +ca {SQLSERVER};{name}={value}"),
        _ => "mariadb",
    };
    format!("{server} jdbc:{scheme}://localhost:{{p}}/app?{name}={value}")
}

const SQLSERVER: &str = "jdbc:sqlserver://localhost:{p};databaseName=app";

/// Those that say who logs in and where, for which the written cases are.
fn is_left_out(parameter: &JdbcParameter) -> bool {
    let is_one = |names: &[&str]| names.contains(&parameter.name.as_str());
    match parameter.scheme.as_str() {
        "postgresql" => is_one(&["PGHOST", "PGPORT", "PGDBNAME", "user", "password"]),
        "redshift" => is_one(&["host", "port", "dbname", "user", "password"]),
        "mysql" => is_one(&["host", "port", "dbname", "user", "password", "protocol", "path"]),
        "sqlserver" => {
            is_one(&["serverName", "portNumber", "instanceName", "databaseName", "user", "password"])
        }
        _ => is_one(&["user", "password", "database"]),
    }
}

fn values(parameter: &JdbcParameter) -> BTreeSet<String> {
    let own = parameter.values.iter().cloned();
    let further: &[&str] = match parameter.kind {
        JdbcParameterKind::Flag => &["", "true", "false", "TRUE", "yes", "no", "1", "0", "maybe"],
        // A limit of one millisecond would be a race.
        JdbcParameterKind::Number => &["", "0", "5000", "5000.5", "-1", "soon"],
        JdbcParameterKind::Choice | JdbcParameterKind::Text => &["", "junk"],
    };
    let other_case =
        own.clone().filter(|_| parameter.kind == JdbcParameterKind::Choice).map(|value| flipped(&value));
    own.chain(other_case).chain(further.iter().map(|value| (*value).to_owned())).collect()
}

/// `value` with its capitals small and the others large.
fn flipped(value: &str) -> String {
    value
        .chars()
        .map(|letter| {
            if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect()
}
