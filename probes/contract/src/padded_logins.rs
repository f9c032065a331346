//! Passwords with white space at an edge: sent as they are, and pointed out where they are refused. A line break that came along
//! from a file is seen by nobody.

use crate::record::RecordedFailure;
use crate::{Code, Endpoint, Login};

/// Where the logins of a run are sent whose password has white space at an edge, and what to do about it.
#[derive(Default)]
pub(crate) struct PaddedLogins(Vec<(Endpoint, &'static str)>);

impl PaddedLogins {
    /// Remembers `login`, if it is one.
    pub(crate) fn add(&mut self, login: &Login) {
        let password = login.secret.expose();
        let begins = password.starts_with(char::is_whitespace);
        let ends = password.ends_with(char::is_whitespace);
        let hint = match (begins, ends) {
            (false, false) => return,
            (true, false) => {
                "The password begins with white space, which was sent with it: remove it if it is not part of the password"
            }
            (false, true) => {
                "The password ends with white space, which was sent with it: remove it if it is not part of the password (a line \
                 break from a file, say)"
            }
            (true, true) => {
                "The password begins and ends with white space, which was sent with it: remove it if it is not part of the password"
            }
        };
        self.0.push((login.endpoint.normalized(), hint));
    }

    /// `failure` at `endpoint`, with what to do where such a password was refused.
    pub(crate) fn explain(
        &self,
        mut failure: RecordedFailure,
        endpoint: Option<&Endpoint>,
    ) -> RecordedFailure {
        let endpoint = endpoint.map(Endpoint::normalized);
        let at = |(known, _): &&(Endpoint, &str)| Some(known) == endpoint.as_ref();
        if failure.code == Code::CredentialsRejected
            && let Some((_, hint)) = self.0.iter().rev().find(at)
        {
            failure.hints.push((*hint).to_owned());
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrub::Scrub;
    use crate::{Failure, Secret};

    #[test]
    fn white_space_at_an_edge_is_pointed_out_where_the_password_is_refused() {
        let at = |port| Endpoint { host: "DB.example".to_owned(), port };
        let hints = |password: &str, code, port| {
            let mut logins = PaddedLogins::default();
            let secret = Secret::new(password.to_owned());
            logins.add(&Login { endpoint: at(1), user: "alice".to_owned(), secret });
            let failure = RecordedFailure::new(&Failure::new(code, "no"), &Scrub::default());
            logins.explain(failure, Some(&at(port))).hints
        };
        for (password, words) in [
            ("p\n", "The password ends with"),
            ("\tp", "The password begins with"),
            (" p ", "The password begins and ends with"),
            (" ", "The password begins and ends with"),
            ("p\u{a0}", "The password ends with"),
        ] {
            let found = hints(password, Code::CredentialsRejected, 1);
            assert_eq!(found.len(), 2, "{password:?}");
            assert_eq!(found[0], Code::CredentialsRejected.hint());
            assert!(found[1].starts_with(words), "{password:?}: {}", found[1]);
            assert_eq!(hints(password, Code::AccountLocked, 1).len(), 1);
            assert_eq!(hints(password, Code::CredentialsRejected, 2).len(), 1);
        }
        for password in ["", "p p", "p"] {
            assert_eq!(hints(password, Code::CredentialsRejected, 1).len(), 1, "{password:?}");
        }
    }
}
