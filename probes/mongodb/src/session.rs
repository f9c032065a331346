//! A member that was met, and what is asked there: stages `auth` to `query`.

use bson::{RawDocument, RawDocumentBuf, cstr, rawdoc};
use probe_contract::{
    Attempt, Code, Endpoint, Evidence, Fact, Failed, Failure, Label, Stage, StageGuard, WireError, malformed,
};

use crate::classify::server_error;
use crate::hello::{Hello, Role};
use crate::mechanism::EXTERNAL;
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

/// What the user may read, and what the server refuses to say of it.
#[derive(Default)]
struct Found {
    collections: Vec<Collection>,
    refused: Option<Failure>,
}

struct Collection {
    database: String,
    name: String,
    is_view: bool,
}

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
        // A path of these says where the user belongs, and not what a job reads.
        let database = database.filter(|name| !matches!(*name, "admin" | EXTERNAL));
        let found =
            attempt.stage(Stage::Access, async |guard| self.look_around(database, &guard).await).await?;
        attempt.stage(Stage::Query, async |guard| self.read_one(database, found, &guard).await).await
    }

    /// The collections of `database`, or of the first databases that have some.
    async fn look_around(&mut self, database: Option<&str>, guard: &StageGuard) -> Result<Found, Failure> {
        let mut found = Found::default();
        if let Some(database) = database {
            guard.note(Evidence::Database(database.to_owned()));
            found.collections = self.collections(database, guard).await?;
            let count = found.collections.len();
            let phrase = if count == 1 { "{} collection" } else { "{} collections" };
            guard.note(Evidence::Fact(Fact::new(COLLECTIONS, count, phrase)));
        } else {
            let databases = match self.databases(guard).await {
                Ok(databases) => databases,
                // Who may not list them may yet read one.
                Err(failure) if failure.code == Code::AccessDenied => {
                    found.refused = Some(failure);
                    return Ok(found);
                }
                Err(failure) => return Err(failure),
            };
            let count = databases.len();
            let phrase = if count == 1 { "{} database" } else { "{} databases" };
            guard.note(Evidence::Fact(Fact::new(DATABASES, count, phrase)));
            let is_own = |name: &String| matches!(name.as_str(), "admin" | "config" | "local");
            for database in databases.iter().filter(|name| !is_own(name)).take(MAX_TRIED) {
                match self.collections(database, guard).await {
                    Ok(collections) => found.collections.extend(collections),
                    Err(failure) if failure.code == Code::AccessDenied => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        // A view may be wrong or slow where the user may read well.
        found.collections.sort_by_key(|collection| collection.is_view);
        Ok(found)
    }

    async fn databases(&mut self, guard: &StageGuard) -> Result<Vec<String>, Failure> {
        let command = rawdoc! { "listDatabases": 1, "nameOnly": true, "$db": "admin" };
        let reply = self.run(&self.reading(command), guard).await?;
        let names = reply.documents("databases").into_iter().filter_map(|one| one.get_str("name").ok());
        Ok(names.map(str::to_owned).collect())
    }

    async fn collections(&mut self, database: &str, guard: &StageGuard) -> Result<Vec<Collection>, Failure> {
        let command = rawdoc! {
            "listCollections": 1,
            "nameOnly": true,
            "authorizedCollections": true,
            "cursor": {},
            "$db": database,
        };
        let reply = self.run(&self.reading(command), guard).await?;
        if let Some((id, namespace)) = reply.open_cursor()
            && let Some(of) = namespace.strip_prefix(database).and_then(|of| of.strip_prefix('.'))
        {
            let command = rawdoc! { "killCursors": of, "cursors": [id], "$db": database };
            // The server would keep it for ten minutes; that it does not end it is no failure.
            let _ended = self.run(&command, guard).await;
        }
        let collection = |one: &RawDocument| {
            let name = one.get_str("name").ok().filter(|name| !name.starts_with("system."))?;
            let is_view = one.get_str("type").is_ok_and(|kind| kind == "view");
            Some(Collection { database: database.to_owned(), name: name.to_owned(), is_view })
        };
        Ok(reply.first_batch().into_iter().filter_map(collection).collect())
    }

    /// One document of a collection that the user may read. A server answers `ping` to anyone, so that it proves nothing.
    async fn read_one(
        &mut self,
        database: Option<&str>,
        found: Found,
        guard: &StageGuard,
    ) -> Result<(), Failure> {
        let mut refused = found.refused;
        for Collection { database, name, is_view } in found.collections.iter().take(MAX_TRIED) {
            let command = rawdoc! {
                "find": name.as_str(),
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
                Err(failure)
                    if failure.code == Code::AccessDenied
                        || (*is_view && failure.code == Code::Unclassified) =>
                {
                    refused.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        self.note_version(guard).await;
        let doubt = match refused {
            Some(failure) => {
                let detail = format!("the login works, and nothing was read: {}", failure.detail);
                Failure { detail, ..failure }
            }
            None => {
                let place = match database {
                    Some(database) => format!("in the database {database}: it does not exist, has none yet"),
                    None => "in any database: there is none yet".to_owned(),
                };
                let detail = format!(
                    "the login works, and {} shows the user no collection {place}, or the user may read none, so that nothing was read",
                    self.endpoint
                );
                Failure::new(Code::AccessDenied, detail)
            }
        };
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
        let mode = effective(self.hello.role, self.read_preference);
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
        let reply = self.connection.run(command.as_bytes()).await.map_err(|broken| self.failure(broken))?;
        reply.succeeded().map_err(|error| server_error(&error, guard.stage()))
    }

    /// The same for a command of a login.
    pub(crate) async fn run_login(&mut self, command: &[u8]) -> Result<Reply, Failure> {
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

/// What a driver that dials one member alone makes of `preference`: it reads there, whatever the member is, a hidden one too.
const fn effective(role: Role, preference: ReadPreference) -> ReadPreference {
    match (role, preference) {
        (Role::Secondary | Role::Other | Role::Uninitiated, ReadPreference::Primary) => {
            ReadPreference::PrimaryPreferred
        }
        (_, preference) => preference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the Java driver 4.7.2 was seen to send it.
    #[test]
    fn a_member_dialed_alone_is_read_from_whatever_it_is() {
        for role in [Role::Secondary, Role::Other, Role::Uninitiated] {
            assert_eq!(effective(role, ReadPreference::Primary), ReadPreference::PrimaryPreferred);
            assert_eq!(effective(role, ReadPreference::Nearest), ReadPreference::Nearest);
        }
        for role in [Role::Standalone, Role::Mongos, Role::Primary] {
            assert_eq!(effective(role, ReadPreference::Primary), ReadPreference::Primary);
            assert_eq!(effective(role, ReadPreference::Secondary), ReadPreference::Secondary);
        }
    }
}
