//! The servers behind a connection string with several, or with the name of a set: found one from another, as drivers find them (MongoDB
//! specification, "Server Discovery and Monitoring").

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use probe_contract::{Code, Endpoint, Failed, Failure, Stage};

use crate::hello::MAX_MEMBERS;
use crate::roster::{MAX_KEPT, Roster};
use crate::session::Session;
use crate::test::Test;

/// So many members are dialed at a time.
const MAX_DIALED: usize = 6;
/// So many connections are open at a time.
pub(crate) const MAX_CONNECTIONS: usize = MAX_DIALED + MAX_KEPT;
/// How long the member to log in at waits for a better one: its connection is one of few that the server gets from all tests.
const OTHERS_TIMEOUT: Duration = Duration::from_millis(500);
/// Seeds and members together: those of a set, each under another name too.
const MAX_SERVERS: usize = 2 * MAX_MEMBERS;
/// What to do about a member that can't be reached.
const NAMED_BY_THE_SET: &str = "The set names this member (rs.conf()), and a job dials it by that name: make it reachable from here, or test \
                                one server alone with directConnection=true";

type Meeting<'a> = BoxFuture<'a, (Endpoint, Result<Session, Failed>)>;

/// The servers that are known, and what came of meeting them.
pub(crate) struct Set<'a> {
    test: &'a Test<'a>,
    known: Vec<Endpoint>,
    queue: VecDeque<(Endpoint, bool)>,
    meeting: FuturesUnordered<Meeting<'a>>,
    roster: Roster,
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
            roster: Roster::new(test.settings.options.read_preference, test.seeds.hosts.len()),
            failed: Vec::new(),
        };
        for seed in &test.seeds.hosts {
            set.learn(seed, false);
        }
        set
    }

    /// Meets servers until it is known where a job reads.
    pub(crate) async fn find(&mut self) -> Chosen {
        let mut until = None;
        while self.dial() {
            tokio::select! {
                met = self.meeting.next() => self.take(met),
                () = passes(until) => break,
            }
            if self.roster.is_decided() {
                break;
            }
            if self.roster.has_best() {
                until.get_or_insert(Instant::now() + OTHERS_TIMEOUT);
            }
        }
        if let Some(session) = self.roster.take_best() {
            return Chosen::Session(Box::new(session));
        }
        let why = (!self.roster.is_empty()).then(|| {
            self.roster.why_nobody(self.failed.iter().map(
                |(endpoint, failed)| match self.test.code(failed) {
                    Some(Code::InvalidSettings) => format!("{endpoint} is of another set"),
                    code => format!("{endpoint} can't be reached ({})", code.map_or("failed", Code::slug)),
                },
            ))
        });
        let failed = std::mem::take(&mut self.failed).into_iter().map(|(_, failed)| failed).collect();
        Chosen::Nobody { failed, why }
    }

    /// Meets all others, and gives what failed.
    pub(crate) async fn rest(mut self) -> Vec<Failed> {
        while self.dial() {
            let met = self.meeting.next().await;
            self.take(met);
            // Nobody else logs in.
            drop(self.roster.take_best());
        }
        self.failed.into_iter().map(|(_, failed)| failed).collect()
    }

    /// Dials whom there is room for; says whether anybody is being dialed.
    fn dial(&mut self) -> bool {
        while self.meeting.len() < MAX_DIALED
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
            Some((endpoint, Ok(session))) => match self.roster.stranger(&endpoint, &session.hello) {
                Some(detail) => {
                    let failure = Failure::new(Code::InvalidSettings, detail)
                        .hint("Name the hosts of one set, or the set by replicaSet: a driver keeps the one that answers first");
                    self.failed.push((endpoint, session.attempt.fail(Stage::Handshake, failure)));
                }
                None => {
                    for member in session.hello.members.clone() {
                        self.learn(&member, true);
                    }
                    self.roster.add(session);
                }
            },
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
}

/// Waits for `moment`; for ever where there is none.
async fn passes(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
