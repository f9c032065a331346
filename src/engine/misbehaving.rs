//! A probe that misbehaves in each way that the engine has to stand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use probe_contract::{
    Attempt, Code, Declaration, Endpoint, Evidence, Fact, Failed, Failure, Label, Login, Mistake, Pending,
    Probe, Protocol, Reference, ResolvedSecrets, Run, Secret, Stage, Target,
};

const MEMBERS: Label = Label::new("members");

/// How long a slow door takes.
pub(super) const SLOW_DOOR: Duration = Duration::from_millis(800);

pub(super) static PROTOCOL: Misbehaving = Misbehaving {
    ran: AtomicUsize::new(0),
    sent: AtomicUsize::new(0),
    slow: AtomicUsize::new(0),
    most: AtomicUsize::new(0),
};

/// What a probe does; the type of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misbehaviour {
    /// Every stage of its plan.
    Pass,
    /// Returns without having done anything.
    Nothing,
    /// Does the first stage and no more.
    Half,
    /// Panics in its second stage.
    Panic,
    /// Burns its core in its second stage, for longer than its deadline, and can't be cancelled.
    Burn,
    /// Waits for ever in its second stage.
    Hang,
    /// Is refused.
    Refuse,
    /// Is refused before the server asked for the credential.
    RefuseUnasked,
    /// Offers the credential, and loses the connection.
    Lose,
    /// Logs in, and has no right to the database.
    Barred,
    /// Takes [`SLOW_DOOR`] until it is let in unasked.
    SlowDoor,
    /// Takes its time, and counts who does so at once.
    Slow,
    /// Loses one endpoint of two, and tolerates it.
    Tolerate,
    /// Learns of another endpoint on the way, declares its login there, and is refused.
    LateLogin,
    /// The same without a word.
    UndeclaredLogin,
    /// Tries a login that is refused, and has another one that is good.
    Try,
    /// Notes facts that only it knows, one of them with the secret in it.
    Tell,
}

const MISBEHAVIOURS: [(&str, Misbehaviour); 17] = [
    ("PASS", Misbehaviour::Pass),
    ("NOTHING", Misbehaviour::Nothing),
    ("HALF", Misbehaviour::Half),
    ("PANIC", Misbehaviour::Panic),
    ("BURN", Misbehaviour::Burn),
    ("HANG", Misbehaviour::Hang),
    ("REFUSE", Misbehaviour::Refuse),
    ("REFUSE_UNASKED", Misbehaviour::RefuseUnasked),
    ("LOSE", Misbehaviour::Lose),
    ("BARRED", Misbehaviour::Barred),
    ("SLOW_DOOR", Misbehaviour::SlowDoor),
    ("SLOW", Misbehaviour::Slow),
    ("TOLERATE", Misbehaviour::Tolerate),
    ("LATE_LOGIN", Misbehaviour::LateLogin),
    ("UNDECLARED_LOGIN", Misbehaviour::UndeclaredLogin),
    ("TRY", Misbehaviour::Try),
    ("TELL", Misbehaviour::Tell),
];

pub(super) struct Misbehaving {
    /// Probes that were run.
    pub(super) ran: AtomicUsize,
    /// Credentials that were sent in a late or a tried login.
    pub(super) sent: AtomicUsize,
    /// Slow probes that run now, and the most that ever did.
    pub(super) slow: AtomicUsize,
    pub(super) most: AtomicUsize,
}

struct Misbehaver {
    misbehaviour: Misbehaviour,
    password: String,
    endpoints: [Endpoint; 1],
}

impl Protocol for Misbehaving {
    fn name(&self) -> &'static str {
        "misbehaving"
    }

    fn types(&self) -> &'static [Declaration] {
        &[]
    }

    fn claims(&self, target: &Target) -> bool {
        MISBEHAVIOURS.iter().any(|(name, _)| *name == target.connection_type)
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        let (_, misbehaviour) =
            MISBEHAVIOURS.iter().find(|(name, _)| *name == target.connection_type).unwrap();
        let password = target.properties.get("PASSWORD").unwrap_or_default().to_owned();
        let host = target.properties.get("HOST").unwrap_or("localhost").to_owned();
        let endpoints = [Endpoint { host, port: 1 }];
        Ok(Box::new(Misbehaver { misbehaviour: *misbehaviour, password, endpoints }))
    }
}

impl Probe for Misbehaver {
    fn plan(&self) -> &[Stage] {
        &[Stage::Auth, Stage::Query]
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        self.endpoints.to_vec()
    }

    fn references(&self) -> &[Reference] {
        &[]
    }

    fn logins(&self, _: &ResolvedSecrets) -> Vec<Login> {
        let endpoint = self.endpoints[0].clone();
        vec![Login { endpoint, user: "alice".into(), secret: Secret::new(self.password.clone()) }]
    }

    fn probe(self: Box<Self>, run: Run, _: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        PROTOCOL.ran.fetch_add(1, Ordering::SeqCst);
        let [endpoint] = self.endpoints;
        let login =
            Login { secret: Secret::new(self.password), endpoint: endpoint.clone(), user: "bob".into() };
        Box::pin(misbehave(self.misbehaviour, run.attempt(endpoint), run, login))
    }
}

async fn misbehave(
    misbehaviour: Misbehaviour,
    attempt: Attempt,
    run: Run,
    other: Login,
) -> Result<(), Failed> {
    if misbehaviour == Misbehaviour::Nothing {
        return Ok(());
    }
    if matches!(misbehaviour, Misbehaviour::Refuse | Misbehaviour::RefuseUnasked | Misbehaviour::Lose) {
        let work = async |guard: probe_contract::StageGuard| {
            if misbehaviour != Misbehaviour::RefuseUnasked {
                guard.credential_sent("test");
            }
            // Long enough that others would overtake, were they let.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if misbehaviour == Misbehaviour::Lose {
                return Err(Failure::new(Code::ConnectionReset, "gone"));
            }
            let failure = Failure::new(Code::CredentialsRejected, "no").native("28P01");
            Err(failure.hint("Check the password").hint("Check the user"))
        };
        return attempt.stage(Stage::Auth, work).await;
    }
    let login = async |guard: probe_contract::StageGuard| {
        if misbehaviour == Misbehaviour::SlowDoor {
            tokio::time::sleep(SLOW_DOOR).await;
            return Ok(());
        }
        guard.credential_sent("test");
        if misbehaviour == Misbehaviour::Barred {
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Err(Failure::new(Code::AccessDenied, "barred").at(Stage::Access));
        }
        Ok(())
    };
    if misbehaviour == Misbehaviour::Try {
        let tried = async |guard: probe_contract::StageGuard| {
            PROTOCOL.sent.fetch_add(1, Ordering::SeqCst);
            guard.credential_sent("test");
            Err::<(), _>(Failure::new(Code::CredentialsExpired, "old"))
        };
        let tried =
            attempt.try_login(&other, &[Stage::Auth, Stage::Query], "there is another one", tried).await?;
        assert!(tried.is_none());
    }
    attempt.stage(Stage::Auth, login).await?;
    if misbehaviour == Misbehaviour::Tell {
        let reported = attempt.stage(Stage::Access, async |guard| {
            let members = vec!["one".to_owned(), format!("two of {}", other.secret.expose())];
            for fact in [
                Fact::new(MEMBERS, vec!["none yet".to_owned()], "members {}"),
                Fact::new(Label::new("set"), "rs0".to_owned(), "set {}"),
                Fact::new(Label::new("lag_ms"), Duration::from_millis(7), "{} behind"),
                Fact::new(Label::new("is_primary"), true, "the primary"),
                Fact::new(MEMBERS, members, "members {}"),
            ] {
                guard.note(Evidence::Fact(fact));
            }
            Ok(())
        });
        reported.await?;
    }
    if matches!(misbehaviour, Misbehaviour::LateLogin | Misbehaviour::UndeclaredLogin) {
        let late = Endpoint { host: "late".into(), port: 3 };
        if misbehaviour == Misbehaviour::LateLogin {
            run.declare_login(&Login { endpoint: late.clone(), ..other });
        }
        let refused = async |guard: probe_contract::StageGuard| {
            PROTOCOL.sent.fetch_add(1, Ordering::SeqCst);
            guard.credential_sent("test");
            Err::<(), _>(Failure::new(Code::CredentialsRejected, "no").native("28P01"))
        };
        run.attempt(late).stage(Stage::Auth, refused).await?;
    }
    if misbehaviour == Misbehaviour::Half {
        return Ok(());
    }
    if misbehaviour == Misbehaviour::Tolerate {
        let other = run.attempt(Endpoint { host: "other".into(), port: 2 });
        run.tolerate(other.fail(Stage::Query, Failure::new(Code::Refused, "gone")));
    }
    attempt
        .stage(Stage::Query, async |_| {
            match misbehaviour {
                Misbehaviour::Panic => panic!("a message that holds c4naRy-Pa55"),
                Misbehaviour::Burn => {
                    let until = Instant::now() + Duration::from_secs(3);
                    while Instant::now() < until {
                        std::hint::spin_loop();
                    }
                }
                Misbehaviour::Hang => std::future::pending().await,
                Misbehaviour::Slow => {
                    let now = PROTOCOL.slow.fetch_add(1, Ordering::SeqCst) + 1;
                    PROTOCOL.most.fetch_max(now, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    PROTOCOL.slow.fetch_sub(1, Ordering::SeqCst);
                }
                Misbehaviour::Pass
                | Misbehaviour::Nothing
                | Misbehaviour::Half
                | Misbehaviour::Refuse
                | Misbehaviour::RefuseUnasked
                | Misbehaviour::Lose
                | Misbehaviour::Barred
                | Misbehaviour::SlowDoor
                | Misbehaviour::Tolerate
                | Misbehaviour::LateLogin
                | Misbehaviour::UndeclaredLogin
                | Misbehaviour::Try
                | Misbehaviour::Tell => {}
            }
            Ok(())
        })
        .await
}
