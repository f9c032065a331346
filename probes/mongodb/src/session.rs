//! A member that was met, and what is asked there: stages `auth` to `query`.

use bson::{RawDocumentBuf, cstr, rawdoc};
use probe_contract::{
    Attempt, Code, Endpoint, Evidence, Fact, Failed, Failure, Label, Stage, StageGuard, WireError, malformed,
};

use crate::classify::server_error;
use crate::hello::{Hello, Role};
use crate::member;
use crate::options::ReadPreference;
use crate::reply::Reply;
use crate::settings::User;
use crate::wire::Connection;

/// Of so many collections, or databases, one that may be read is looked for.
const MAX_TRIED: usize = 8;
const COLLECTIONS: Label = Label::new("collections");
const DATABASES: Label = Label::new("databases");
/// The code of the warning.
const NOTHING_READABLE: &str = "nothing_readable";

/// A member that was met.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    pub(crate) attempt: Attempt,
    pub(crate) endpoint: Endpoint,
    pub(crate) hello: Hello,
    pub(crate) client_certificate: bool,
    pub(crate) read_preference: ReadPreference,
}

impl Session {
    /// Logs in, and looks what the user may read: in `database`, or in any.
    pub(crate) async fn test(&mut self, user: &User, database: Option<&str>) -> Result<(), Failed> {
        let attempt = self.attempt.clone();
        attempt.stage(Stage::Auth, async |guard| self.log_in(user, &guard).await).await?;
        let found =
            attempt.stage(Stage::Access, async |guard| self.look_around(database, &guard).await).await?;
        attempt.stage(Stage::Query, async |guard| self.read_one(&found, &guard).await).await
    }

    /// The collections of `database`, or of the first databases that have some; with the database of each.
    async fn look_around(
        &mut self,
        database: Option<&str>,
        guard: &StageGuard,
    ) -> Result<Vec<(String, String)>, Failure> {
        if let Some(database) = database {
            guard.note(Evidence::Database(database.to_owned()));
            let collections = self.collections(database, guard).await?;
            guard.note(Evidence::Fact(Fact::new(COLLECTIONS, collections.len(), "{} collections")));
            return Ok(collections);
        }
        let command = rawdoc! { "listDatabases": 1, "nameOnly": true, "$db": "admin" };
        let reply = self.run(&self.reading(command), guard).await?;
        let databases: Vec<String> =
            reply.names("databases", "name").into_iter().map(str::to_owned).collect();
        guard.note(Evidence::Fact(Fact::new(DATABASES, databases.len(), "{} databases")));
        let mut found = Vec::new();
        let is_own = |name: &String| matches!(name.as_str(), "admin" | "config" | "local");
        for database in databases.iter().filter(|name| !is_own(name)).take(MAX_TRIED) {
            match self.collections(database, guard).await {
                Ok(collections) => found.extend(collections),
                Err(failure) if failure.code == Code::AccessDenied => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }

    async fn collections(
        &mut self,
        database: &str,
        guard: &StageGuard,
    ) -> Result<Vec<(String, String)>, Failure> {
        let command = rawdoc! {
            "listCollections": 1,
            "nameOnly": true,
            "authorizedCollections": true,
            "cursor": {},
            "$db": database,
        };
        let reply = self.run(&self.reading(command), guard).await?;
        let names = reply.names("firstBatch", "name").into_iter().filter(|name| !name.starts_with("system."));
        Ok(names.map(|name| (database.to_owned(), name.to_owned())).collect())
    }

    /// One document of a collection that the user may read. A server answers `ping` to anyone, so that it proves nothing.
    async fn read_one(
        &mut self,
        collections: &[(String, String)],
        guard: &StageGuard,
    ) -> Result<(), Failure> {
        let mut refused = None;
        for (database, collection) in collections.iter().take(MAX_TRIED) {
            let command = rawdoc! {
                "find": collection.as_str(),
                "limit": 1,
                "singleBatch": true,
                "projection": { "_id": 1 },
                "$db": database.as_str(),
            };
            match self.run(&self.reading(command), guard).await {
                Ok(_) => {
                    self.note_version(guard).await;
                    return Ok(());
                }
                Err(failure) if failure.code == Code::AccessDenied => {
                    refused.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        self.note_version(guard).await;
        let doubt = refused.unwrap_or_else(|| {
            let detail = format!(
                "the login works, and {} shows the user no collection: there is none yet, or the user may read none, so that nothing was read",
                self.endpoint
            );
            Failure::new(Code::AccessDenied, detail)
        });
        guard.doubt(NOTHING_READABLE, doubt)
    }

    /// What the server says of its version changes nothing.
    async fn note_version(&mut self, guard: &StageGuard) {
        let command = rawdoc! { "buildInfo": 1, "$db": "admin" };
        if let Ok(reply) = self.run(&command, guard).await
            && let Some(version) = reply.text("version")
        {
            guard.note(Evidence::ServerVersion(version.to_owned()));
        }
    }

    /// `command` with the read preference, which a member that is not the primary wants said.
    fn reading(&self, mut command: RawDocumentBuf) -> RawDocumentBuf {
        let mode = match (self.hello.role, self.read_preference) {
            // Whoever dials one member alone reads there, whatever it is.
            (Role::Secondary, ReadPreference::Primary) => ReadPreference::PrimaryPreferred,
            (_, preference) => preference,
        };
        if mode != ReadPreference::Primary {
            command.append(cstr!("$readPreference"), rawdoc! { "mode": mode.name() });
        }
        command
    }

    /// Sends a command, and gives its reply or the error in it.
    pub(crate) async fn run(
        &mut self,
        command: &RawDocumentBuf,
        guard: &StageGuard,
    ) -> Result<Reply, Failure> {
        let reply = self.connection.run(command).await.map_err(|broken| self.failure(broken))?;
        reply.succeeded().map_err(|error| server_error(&error, guard.stage()))
    }

    /// The same for a command of a login.
    pub(crate) async fn run_login(&mut self, command: &RawDocumentBuf) -> Result<Reply, Failure> {
        let reply = self.connection.run(command).await.map_err(|broken| self.failure(broken))?;
        reply.succeeded().map_err(|error| server_error(&error, Stage::Auth))
    }

    pub(crate) fn malformed(&self, what: &'static str) -> Failure {
        malformed(&self.endpoint, what)
    }

    fn failure(&self, error: WireError) -> Failure {
        member::failure(error, &self.endpoint, self.client_certificate)
    }
}
