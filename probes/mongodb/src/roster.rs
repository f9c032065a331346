//! The servers of a set that answered, and which of them a job would read from (MongoDB specification, "Server Discovery and Monitoring"; as
//! `com.mongodb.internal.connection` of the Java driver 4.7 was seen to keep them).

use probe_contract::{Code, Endpoint, Failure};

use crate::hello::{Hello, Role};
use crate::options::ReadPreference;
use crate::session::Session;

/// So many connections are kept while better ones are looked for.
pub(crate) const MAX_KEPT: usize = 2;

/// The servers that answered, in their order.
pub(crate) struct Roster {
    preference: ReadPreference,
    /// So many hosts the definition has.
    seeds: usize,
    met: Vec<Met>,
}

/// A server that answered.
struct Met {
    endpoint: Endpoint,
    hello: Hello,
    is_open: bool,
    session: Option<Session>,
}

impl Roster {
    pub(crate) const fn new(preference: ReadPreference, seeds: usize) -> Self {
        Self { preference, seeds, met: Vec::new() }
    }

    pub(crate) fn add(&mut self, session: Session) {
        let (endpoint, hello) = (session.endpoint.clone(), session.hello.clone());
        self.met.push(Met { endpoint, hello, is_open: true, session: Some(session) });
        self.close_spares();
    }

    /// Ends the connections by which nobody will log in: those of a server are few, and all tests share them.
    fn close_spares(&mut self) {
        let mut kept = 0;
        for place in 0..self.met.len() {
            let is_spare = !self.is_readable(&self.met[place]) || kept == MAX_KEPT;
            if is_spare {
                (self.met[place].is_open, self.met[place].session) = (false, None);
            } else if self.met[place].is_open {
                kept += 1;
            }
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    /// Why a driver would not have `hello` of `endpoint` beside those that answered before: it belongs to another set, or to none. The driver
    /// keeps what answers first.
    pub(crate) fn stranger(&self, endpoint: &Endpoint, hello: &Hello) -> Option<String> {
        let belongs = |role| !matches!(role, Role::Standalone | Role::Uninitiated);
        let first = self.met.iter().find(|met| belongs(met.hello.role)).filter(|_| belongs(hello.role))?;
        if first.hello.set == hello.set {
            return None;
        }
        let named = |hello: &Hello| match &hello.set {
            Some(set) => format!("a member of the set {set}"),
            None => hello.role.with_article(),
        };
        Some(format!("{endpoint} is {}, and {} is {}", named(hello), first.endpoint, named(&first.hello)))
    }

    /// Whether there is one that a job reads from.
    pub(crate) fn has_best(&self) -> bool {
        self.best().is_some()
    }

    /// Whether nothing is better than the best so far.
    pub(crate) fn is_decided(&self) -> bool {
        let is_wanted = |role| match (role, self.preference) {
            (Role::Mongos | Role::Standalone, _)
            | (
                Role::Primary,
                ReadPreference::Primary | ReadPreference::PrimaryPreferred | ReadPreference::Nearest,
            )
            | (
                Role::Secondary,
                ReadPreference::Secondary | ReadPreference::SecondaryPreferred | ReadPreference::Nearest,
            ) => true,
            (Role::Primary | Role::Secondary | Role::Arbiter | Role::Other | Role::Uninitiated, _) => false,
        };
        self.best().is_some_and(|place| is_wanted(self.met[place].hello.role))
    }

    /// The one that a job reads from; the connections of the others end.
    pub(crate) fn take_best(&mut self) -> Option<Session> {
        let session = self.best().and_then(|place| self.met[place].session.take());
        self.met.iter_mut().for_each(|met| (met.is_open, met.session) = (false, None));
        session
    }

    /// The place of the one that fits best so far.
    fn best(&self) -> Option<usize> {
        let fits = |role: Role| {
            self.met.iter().position(|met| met.hello.role == role && met.is_open && self.counts(met))
        };
        let any = || fits(Role::Primary).or_else(|| fits(Role::Secondary));
        let member = match self.preference {
            ReadPreference::Primary => fits(Role::Primary),
            ReadPreference::PrimaryPreferred | ReadPreference::Nearest => any(),
            ReadPreference::Secondary => fits(Role::Secondary),
            ReadPreference::SecondaryPreferred => fits(Role::Secondary).or_else(|| fits(Role::Primary)),
        };
        member.or_else(|| fits(Role::Mongos)).or_else(|| fits(Role::Standalone))
    }

    /// Whether a job may come to read from it.
    fn is_readable(&self, met: &Met) -> bool {
        let fits = match (met.hello.role, self.preference) {
            (Role::Primary, preference) => preference != ReadPreference::Secondary,
            (Role::Secondary, preference) => preference != ReadPreference::Primary,
            (Role::Mongos | Role::Standalone, _) => true,
            (Role::Arbiter | Role::Other | Role::Uninitiated, _) => false,
        };
        fits && self.counts(met)
    }

    /// Whether a driver keeps the server: a member by the name that its set has for it, and a standalone where it is the only one.
    fn counts(&self, met: &Met) -> bool {
        match met.hello.role {
            Role::Mongos => true,
            Role::Standalone => self.seeds == 1,
            Role::Primary | Role::Secondary => self.is_member(met),
            Role::Arbiter | Role::Other | Role::Uninitiated => false,
        }
    }

    /// Whether the set has the server under the name by which it was dialed: the primary decides, or any that answered. The driver believes no
    /// secondary that has another name for itself.
    fn is_member(&self, met: &Met) -> bool {
        let endpoint = met.endpoint.normalized();
        let lists = |other: &Met| other.hello.members.iter().any(|member| member.normalized() == endpoint);
        let is_listed = match self.met.iter().find(|met| met.hello.role == Role::Primary) {
            Some(primary) => lists(primary),
            None => self.met.iter().any(lists),
        };
        is_listed && (met.hello.role == Role::Primary || met.hello.is_known_as(&met.endpoint))
    }

    /// Why a job reads from none, with what `unreached` says of the rest.
    pub(crate) fn why_nobody(&self, unreached: impl Iterator<Item = String>) -> Failure {
        let met = self.met.iter().map(|met| {
            let (endpoint, role) = (&met.endpoint, met.hello.role);
            match role {
                Role::Primary | Role::Secondary if !self.is_member(met) => {
                    format!("{endpoint} is {} that the set has under another name", role.with_article())
                }
                Role::Standalone => {
                    format!("{endpoint} is a standalone, which drivers refuse beside other hosts")
                }
                Role::Mongos
                | Role::Primary
                | Role::Secondary
                | Role::Arbiter
                | Role::Other
                | Role::Uninitiated => format!("{endpoint} is {}", role.with_article()),
            }
        });
        let mut seen: Vec<_> = met.collect();
        let met = seen.len();
        seen.extend(unreached);
        let wanted = match self.preference {
            ReadPreference::Primary => "no primary is among the members",
            ReadPreference::Secondary => "no secondary is among the members",
            ReadPreference::PrimaryPreferred
            | ReadPreference::SecondaryPreferred
            | ReadPreference::Nearest => "no member takes reads",
        };
        let has_members =
            self.met.iter().any(|met| matches!(met.hello.role, Role::Primary | Role::Secondary));
        let is_renamed = self
            .met
            .iter()
            .any(|met| matches!(met.hello.role, Role::Primary | Role::Secondary) && !self.is_member(met));
        let is_lone = self.met.iter().all(|met| met.hello.role == Role::Standalone);
        let hint = if is_lone {
            "Name one host of the standalone alone, or the members of one set"
        } else if is_renamed || (has_members && seen.len() > met) {
            "Make the members reachable by the names that the set has for them (rs.conf()), or test one alone with directConnection=true"
        } else {
            "Wait until the set has elected a primary (rs.status()), then test again; or name another readPreference"
        };
        Failure::new(Code::ServerNotReady, format!("{wanted}: {}", seen.join(", "))).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;
    use crate::connection_string::endpoint;
    use crate::reply::Reply;

    fn met(name: &str, document: &RawDocumentBuf) -> Met {
        let endpoint = endpoint(name).unwrap();
        let hello = Hello::read(&Reply::read(document.as_bytes()).unwrap(), &endpoint).unwrap();
        Met { endpoint, hello, is_open: true, session: None }
    }

    fn roster(preference: ReadPreference, seeds: usize, servers: Vec<Met>) -> Roster {
        let mut roster = Roster::new(preference, seeds);
        for server in servers {
            roster.met.push(server);
            roster.close_spares();
        }
        roster
    }

    /// The server that a job reads from.
    fn best(roster: &Roster) -> Option<String> {
        roster.best().map(|place| roster.met[place].endpoint.to_string())
    }

    fn primary(hosts: [&str; 2]) -> RawDocumentBuf {
        rawdoc! { "setName": "rs", "ismaster": true, "hosts": [hosts[0], hosts[1]] }
    }

    fn secondary(me: &str) -> RawDocumentBuf {
        rawdoc! { "setName": "rs", "secondary": true, "hosts": ["a:1", "b:1"], "me": me }
    }

    #[test]
    fn a_job_reads_where_its_preference_says() {
        for (preference, first, both) in [
            (ReadPreference::Primary, None, Some("a:1")),
            (ReadPreference::PrimaryPreferred, Some("b:1"), Some("a:1")),
            (ReadPreference::Secondary, Some("b:1"), Some("b:1")),
            (ReadPreference::SecondaryPreferred, Some("b:1"), Some("b:1")),
            (ReadPreference::Nearest, Some("b:1"), Some("a:1")),
        ] {
            let one = roster(preference, 2, vec![met("b:1", &secondary("b:1"))]);
            assert_eq!(best(&one).as_deref(), first, "{preference:?}");
            let two = vec![met("b:1", &secondary("b:1")), met("a:1", &primary(["a:1", "b:1"]))];
            assert_eq!(best(&roster(preference, 2, two)).as_deref(), both, "{preference:?}");
        }
    }

    /// As the Java driver 4.7.2 was seen to take them.
    #[test]
    fn a_server_counts_by_the_name_that_its_set_has_for_it() {
        let read = |servers| best(&roster(ReadPreference::SecondaryPreferred, 1, servers));
        assert_eq!(read(vec![met("seed:1", &primary(["a:1", "b:1"]))]), None);
        assert_eq!(read(vec![met("A:1", &primary(["a:1", "b:1"]))]).as_deref(), Some("A:1"));
        assert_eq!(read(vec![met("b:1", &secondary("c:1"))]), None, "it answers for another");
        // The primary knows better than a secondary.
        let removed = vec![met("b:1", &secondary("b:1")), met("a:1", &primary(["a:1", "c:1"]))];
        assert_eq!(read(removed).as_deref(), Some("a:1"));
    }

    #[test]
    fn a_standalone_counts_alone_and_a_mongos_always() {
        let read =
            |seeds, document| best(&roster(ReadPreference::Primary, seeds, vec![met("h:1", &document)]));
        assert_eq!(read(1, rawdoc! {}).as_deref(), Some("h:1"));
        assert_eq!(read(2, rawdoc! {}), None);
        assert_eq!(read(2, rawdoc! { "msg": "isdbgrid" }).as_deref(), Some("h:1"));
        assert_eq!(read(2, rawdoc! { "setName": "rs", "arbiterOnly": true }), None);
    }

    #[test]
    fn few_connections_are_kept() {
        let hosts = ["h0:1", "h1:1", "h2:1", "h3:1", "h4:1", "seed:1"];
        let member = |name: &str| {
            let mut list = bson::RawArrayBuf::new();
            hosts[..5].iter().for_each(|host| list.push(*host));
            met(name, &rawdoc! { "setName": "rs", "secondary": true, "hosts": list })
        };
        let mut names = vec!["seed:1"];
        names.extend(&hosts[..5]);
        let kept = |preference| {
            let roster = roster(preference, 1, names.iter().map(|name| member(name)).collect());
            let open = roster.met.iter().filter(|met| met.is_open);
            open.map(|met| met.endpoint.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(kept(ReadPreference::PrimaryPreferred), ["h0:1", "h1:1"]);
        assert_eq!(kept(ReadPreference::Primary), [""; 0]);
    }

    #[test]
    fn a_member_of_another_set_is_a_stranger() {
        let of = |text: &str| rawdoc! { "setName": text, "secondary": true };
        let first = roster(ReadPreference::Primary, 2, vec![met("s:1", &rawdoc! {}), met("a:1", &of("x"))]);
        let stranger = |document| {
            let Met { endpoint, hello, .. } = met("b:1", &document);
            first.stranger(&endpoint, &hello)
        };
        assert_eq!(stranger(of("x")), None);
        assert_eq!(stranger(rawdoc! {}), None);
        let other = "b:1 is a member of the set y, and a:1 is a member of the set x";
        assert_eq!(stranger(of("y")).as_deref(), Some(other));
        let router = "b:1 is a mongos, and a:1 is a member of the set x";
        assert_eq!(stranger(rawdoc! { "msg": "isdbgrid" }).as_deref(), Some(router));
    }

    #[test]
    fn where_no_job_reads_is_said_server_by_server() {
        let servers = vec![
            met("seed:1", &secondary("b:1")),
            met("c:1", &rawdoc! { "setName": "rs", "arbiterOnly": true }),
        ];
        let down = std::iter::once("a:1 can't be reached (refused)".to_owned());
        let failure = roster(ReadPreference::Primary, 1, servers).why_nobody(down);
        let says = "no primary is among the members: seed:1 is a secondary that the set has under another name, c:1 is an arbiter, a:1 can't be \
                    reached (refused)";
        assert_eq!(failure.detail, says);
        assert!(failure.hints[0].starts_with("Make the members reachable"), "{:?}", failure.hints);
        let renamed = vec![met("b:1", &secondary("c:1"))];
        let failure = roster(ReadPreference::Secondary, 1, renamed).why_nobody(std::iter::empty());
        assert!(failure.hints[0].starts_with("Make the members reachable"), "{:?}", failure.hints);
        let lone = roster(ReadPreference::Primary, 2, vec![met("h:1", &rawdoc! {})]);
        let failure = lone.why_nobody(std::iter::empty());
        assert_eq!(
            failure.detail,
            "no primary is among the members: h:1 is a standalone, which drivers refuse beside other hosts"
        );
        assert!(failure.hints[0].starts_with("Name one host"), "{:?}", failure.hints);
    }
}
