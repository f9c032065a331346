//! Stages `auth` to `query`: the login, and the one query.

use probe_contract::tls::TlsStream;
use probe_contract::{
    Code, EndpointStream, Evidence, Fact, Failure, Io, Label, Stage, StageGuard, WireError, malformed,
};
use tds_protocol::SqlBatch;

use crate::answer::Answer;
use crate::classify;
use crate::handshake::SERVER;
use crate::login7::Request;
use crate::packet::{LOGIN7, SQL_BATCH, Wire};
use crate::tunnel::Tunnel;

const FAILOVER_PARTNER: Label = Label::new("failover_partner");
const ROUTED_TO: Label = Label::new("routed_to");
const SERVER_PROGRAM: Label = Label::new("server_program");

/// A connection up to the login.
pub(crate) enum Channel {
    /// Everything is encrypted.
    Encrypted(Wire<Box<dyn Io>>),
    /// The login is, and what follows is not.
    LoginEncrypted(Box<Wire<TlsStream<Tunnel<EndpointStream>>>>),
}

/// A session that a server has opened.
pub(crate) struct Session<'a> {
    wire: Wire<Box<dyn Io>>,
    request: Request<'a>,
}

/// What becomes of a login that is accepted.
pub(crate) enum Accepted<'a> {
    Here(Session<'a>),
    /// The session is to be opened at this host and port.
    Routed(String, u16),
}

impl Channel {
    /// Logs in: stages `auth` and `access`, in whose span it runs.
    pub(crate) async fn log_in<'a>(
        self,
        request: Request<'a>,
        guard: &StageGuard,
    ) -> Result<Accepted<'a>, Failure> {
        let peer = &request.login.endpoint;
        let broken = |error: WireError| error.failure(peer, SERVER);
        let message = request.message();
        let mut wire = match self {
            Self::Encrypted(mut wire) => {
                wire.send(LOGIN7, &message).await.map_err(broken)?;
                wire
            }
            Self::LoginEncrypted(mut wire) => {
                wire.send(LOGIN7, &message).await.map_err(broken)?;
                let stream: Box<dyn Io> = Box::new(wire.into_stream().into_inner().0);
                Wire::new(stream)
            }
        };
        guard.credential_sent("SqlPassword");
        let answer = answer(&mut wire, &request, guard.stage()).await?;
        let Some(program) = answer.accepted_by else {
            return Err(malformed(peer, "it neither accepts nor refuses the login"));
        };
        guard.next_stage();
        if !program.is_empty() {
            guard.note(Evidence::Fact(Fact::new(SERVER_PROGRAM, program, "{}")));
        }
        if let Some(partner) = answer.failover_partner {
            guard.note(Evidence::Fact(Fact::new(FAILOVER_PARTNER, partner, "failover partner {}")));
        }
        if let Some((host, port)) = answer.routing {
            guard.note(Evidence::Fact(Fact::new(ROUTED_TO, format!("{host}:{port}"), "routed to {}")));
            return Ok(Accepted::Routed(host, port));
        }
        if let Some(database) = answer.database {
            guard.note(Evidence::Database(database));
        }
        Ok(Accepted::Here(Session { wire, request }))
    }
}

impl Session<'_> {
    /// Asks who and where the session is: stage `query`.
    pub(crate) async fn query(mut self, guard: &StageGuard) -> Result<(), Failure> {
        const QUERY: &str = "SELECT 1, SUSER_SNAME(), DB_NAME(), @@VERSION";
        let peer = &self.request.login.endpoint;
        let batch = SqlBatch::new(QUERY).encode();
        self.wire.send(SQL_BATCH, &batch).await.map_err(|error| error.failure(peer, SERVER))?;
        let answer = answer(&mut self.wire, &self.request, Stage::Query).await?;
        let row = answer.row.unwrap_or_default();
        let (Some(Some("1")), [_, user, database, version]) = (row.first().map(Option::as_deref), &row[..])
        else {
            let detail = format!("{peer} answered SELECT 1 with something else");
            return Err(Failure::new(Code::ResponseUnreadable, detail));
        };
        if let Some(user) = user {
            guard.note(Evidence::User(user.clone()));
        }
        if let Some(database) = database {
            guard.note(Evidence::Database(database.clone()));
        }
        if let Some(version) = version {
            // Its first line has all that matters; the others are about the build and the system.
            guard.note(Evidence::ServerVersion(version.lines().next().unwrap_or_default().to_owned()));
        }
        // TDS has no goodbye: the end of the connection is the end of the session.
        let _closed = self.wire.shutdown().await;
        Ok(())
    }
}

/// The answer to what was sent, without errors.
async fn answer(
    wire: &mut Wire<Box<dyn Io>>,
    request: &Request<'_>,
    during: Stage,
) -> Result<Answer, Failure> {
    let peer = &request.login.endpoint;
    let mut message = Vec::new();
    let received = wire.receive(&mut message).await;
    let answer = Answer::read(message);
    // A server that refuses may close the connection before its answer is at its end.
    if let Some(failure) = classify::failure(&answer.server_errors(), during) {
        return Err(failure);
    }
    received.map_err(|error| error.failure(peer, SERVER))?;
    if !answer.is_whole {
        return Err(malformed(peer, "its answer can't be read"));
    }
    Ok(answer)
}
