//! The servers behind a connection string with several, or with the name of a set: found one from another, as drivers find them (MongoDB
//! specification, "Server Discovery and Monitoring").

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use probe_contract::{Code, Endpoint, Failed, Failure};

use crate::driver::{MAX_CONNECTIONS, NAMED_BY_THE_SET, Test};
use crate::hello::{MAX_MEMBERS, Role};
use crate::options::ReadPreference;
use crate::session::Session;

/// How long the member to log in at waits for a better one: its connection is one of few that the server gets from all tests.
const OTHERS_TIMEOUT: Duration = Duration::from_millis(500);
/// Seeds and members together: those of a set, each under another name too.
const MAX_SERVERS: usize = 2 * MAX_MEMBERS;

type Meeting<'a> = BoxFuture<'a, (Endpoint, Result<Session, Failed>)>;

/// The servers that are known, and what came of meeting them.
pub(crate) struct Set<'a> {
    test: &'a Test<'a>,
    known: Vec<Endpoint>,
    queue: VecDeque<(Endpoint, bool)>,
    meeting: FuturesUnordered<Meeting<'a>>,
    met: Vec<Session>,
    failed: Vec<(Endpoint, Failed)>,
}

/// Where a job would read.
pub(crate) enum Chosen {
    Session(Box<Session>),
    /// Nowhere. `why` is none where no server was met, so that one of the failures says it.
    Nobody {
        failed: Vec<Failed>,
        why: Option<Failure>,
    },
}

impl<'a> Set<'a> {
    pub(crate) fn new(test: &'a Test<'a>) -> Self {
        let mut set = Self {
            test,
            known: Vec::new(),
            queue: VecDeque::new(),
            meeting: FuturesUnordered::new(),
            met: Vec::new(),
            failed: Vec::new(),
        };
        for seed in &test.seeds.hosts {
            set.learn(seed, false);
        }
        set
    }

    /// Meets servers until it is known where a job with `preference` reads.
    pub(crate) async fn find(&mut self, preference: ReadPreference) -> Chosen {
        let mut until = None;
        while self.dial() {
            tokio::select! {
                met = self.meeting.next() => self.take(met),
                () = passes(until) => break,
            }
            if self.best(preference).is_some() {
                until.get_or_insert(Instant::now() + OTHERS_TIMEOUT);
            }
            // Nothing is better than what was asked for.
            if self.best(preference).is_some_and(|place| is_wanted(self.met[place].hello.role, preference)) {
                break;
            }
        }
        match self.best(preference) {
            Some(place) => Chosen::Session(Box::new(self.met.swap_remove(place))),
            None => {
                let why = (!self.met.is_empty()).then(|| self.why_nobody(preference));
                let failed = std::mem::take(&mut self.failed).into_iter().map(|(_, failed)| failed).collect();
                Chosen::Nobody { failed, why }
            }
        }
    }

    /// Meets all others, and gives what failed.
    pub(crate) async fn rest(mut self) -> Vec<Failed> {
        while self.dial() {
            let met = self.meeting.next().await;
            self.take(met);
        }
        self.failed.into_iter().map(|(_, failed)| failed).collect()
    }

    /// Dials whom there is room for; says whether anybody is being dialed.
    fn dial(&mut self) -> bool {
        while self.meeting.len() < MAX_CONNECTIONS
            && let Some((endpoint, is_named)) = self.queue.pop_front()
        {
            let test = self.test;
            let hint = is_named.then_some(NAMED_BY_THE_SET);
            self.meeting.push(Box::pin(async move {
                let met = test.meet(endpoint.clone(), hint).await;
                (endpoint, met)
            }));
        }
        !self.meeting.is_empty()
    }

    fn take(&mut self, met: Option<(Endpoint, Result<Session, Failed>)>) {
        match met {
            Some((_, Ok(session))) => {
                for member in session.hello.members.clone() {
                    self.learn(&member, true);
                }
                self.met.push(session);
            }
            Some((endpoint, Err(failed))) => self.failed.push((endpoint, failed)),
            None => {}
        }
    }

    fn learn(&mut self, endpoint: &Endpoint, is_named: bool) {
        let normalized = endpoint.normalized();
        if self.known.len() < MAX_SERVERS && !self.known.contains(&normalized) {
            self.known.push(normalized);
            self.queue.push_back((endpoint.clone(), is_named));
        }
    }

    /// The place of the session that fits best so far.
    fn best(&self, preference: ReadPreference) -> Option<usize> {
        let fits = |role: Role| self.met.iter().position(|met| met.hello.role == role && self.counts(met));
        let any = || fits(Role::Primary).or_else(|| fits(Role::Secondary));
        let member = match preference {
            ReadPreference::Primary => fits(Role::Primary),
            ReadPreference::PrimaryPreferred | ReadPreference::Nearest => any(),
            ReadPreference::Secondary => fits(Role::Secondary),
            ReadPreference::SecondaryPreferred => fits(Role::Secondary).or_else(|| fits(Role::Primary)),
        };
        member.or_else(|| fits(Role::Mongos)).or_else(|| fits(Role::Standalone))
    }

    /// Whether a driver keeps the server: a member by the name that its set has for it, and a standalone where it is the only one.
    fn counts(&self, session: &Session) -> bool {
        match session.hello.role {
            Role::Mongos => true,
            Role::Standalone => self.test.seeds.hosts.len() == 1,
            Role::Primary | Role::Secondary => self.is_member(&session.endpoint),
            Role::Arbiter | Role::Other | Role::Uninitiated => false,
        }
    }

    /// Whether the set has the server under this name: the primary decides, or whoever was met.
    fn is_member(&self, endpoint: &Endpoint) -> bool {
        let endpoint = endpoint.normalized();
        let has = |met: &Session| met.hello.members.iter().any(|member| member.normalized() == endpoint);
        match self.met.iter().find(|met| met.hello.role == Role::Primary) {
            Some(primary) => has(primary),
            None => self.met.iter().any(has),
        }
    }

    fn why_nobody(&self, preference: ReadPreference) -> Failure {
        let met = self.met.iter().map(|met| {
            let endpoint = &met.endpoint;
            match met.hello.role {
                Role::Primary | Role::Secondary if !self.is_member(endpoint) => {
                    format!("{endpoint} is a {} that the set has under another name", met.hello.role.name())
                }
                Role::Standalone => {
                    format!("{endpoint} is a standalone, which drivers take for none of several hosts")
                }
                role @ (Role::Mongos
                | Role::Primary
                | Role::Secondary
                | Role::Arbiter
                | Role::Other
                | Role::Uninitiated) => format!("{endpoint} is a {}", role.name()),
            }
        });
        let failed = self.failed.iter().map(|(endpoint, failed)| {
            let code = self.test.code(failed).map_or("failed", Code::slug);
            format!("{endpoint} can't be reached ({code})")
        });
        let seen: Vec<_> = met.chain(failed).collect();
        let wanted = match preference {
            ReadPreference::Primary => "no primary is among the members",
            ReadPreference::Secondary => "no secondary is among the members",
            ReadPreference::PrimaryPreferred
            | ReadPreference::SecondaryPreferred
            | ReadPreference::Nearest => "no member takes reads",
        };
        let hint = if self.met.iter().any(|met| matches!(met.hello.role, Role::Primary | Role::Secondary))
            && !self.failed.is_empty()
        {
            "Make the members reachable by the names that the set has for them (rs.conf()), or test one alone with directConnection=true"
        } else {
            "Wait until the set has elected a primary (rs.status()), then test again; or name another readPreference"
        };
        Failure::new(Code::ServerNotReady, format!("{wanted}: {}", seen.join(", "))).hint(hint)
    }
}

/// Whether a job with `preference` reads from such a server without looking for another.
const fn is_wanted(role: Role, preference: ReadPreference) -> bool {
    match (role, preference) {
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
    }
}

/// Waits for `moment`; for ever where there is none.
async fn passes(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
