//! What a server says of itself and of its set when a connection begins (MongoDB specification, "Server Discovery and Monitoring").

use bson::{RawDocumentBuf, cstr, rawdoc};
use probe_contract::{Code, Endpoint, Evidence, Fact, Failure, Label, StageGuard};

use crate::connection_string::endpoint;
use crate::reply::Reply;

/// A set has at most 50 members (MongoDB manual, "MongoDB Limits and Thresholds").
pub(crate) const MAX_MEMBERS: usize = 50;

/// A server, as `hello` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) role: Role,
    /// The set that it is a member of.
    pub(crate) set: Option<String>,
    /// All members of it, by the names that clients are to dial; each once.
    pub(crate) members: Vec<Endpoint>,
    /// The name that its set has for it.
    me: Option<Endpoint>,
    /// Versions of the wire protocol that it speaks.
    wire_versions: (i64, i64),
    /// Whether it stands behind a load balancer, and says so.
    pub(crate) has_service_id: bool,
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Standalone,
    /// The router of a sharded cluster.
    Mongos,
    Primary,
    Secondary,
    Arbiter,
    /// A member of a set that takes no reads: it starts, recovers or is hidden.
    Other,
    /// To become a member of a set that has not been initiated.
    Uninitiated,
}

/// The oldest that the Java driver 4.7 speaks with: MongoDB 2.6.
const MIN_WIRE_VERSION: i64 = 2;
/// The oldest that reads what this test sends: MongoDB 3.6.
const MIN_TESTED_WIRE_VERSION: i64 = 6;
/// The newest that it does: MongoDB 6.0. Servers since then speak down to [`MIN_WIRE_VERSION`] too.
const MAX_WIRE_VERSION: i64 = 17;
/// Which server has which newest wire version.
const RELEASES: [(i64, &str); 13] = [
    (0, "2.4"),
    (2, "2.6"),
    (3, "3.0"),
    (4, "3.2"),
    (5, "3.4"),
    (6, "3.6"),
    (7, "4.0"),
    (8, "4.2"),
    (9, "4.4"),
    (13, "5.0"),
    (17, "6.0"),
    (21, "7.0"),
    (25, "8.0"),
];

const ROLE: Label = Label::new("role");
const SET: Label = Label::new("replica_set");
const MEMBERS: Label = Label::new("members");
const WIRE_VERSION: Label = Label::new("wire_version");

/// The command.
pub(crate) fn command(app_name: Option<&str>, load_balanced: bool) -> RawDocumentBuf {
    let mut client = rawdoc! {
        "driver": { "name": "dialcheck", "version": env!("CARGO_PKG_VERSION") },
        "os": { "type": "Linux" },
    };
    if let Some(name) = app_name {
        client.append(cstr!("application"), rawdoc! { "name": name });
    }
    // Its old name, which servers of every age know.
    let mut command = rawdoc! { "isMaster": 1, "helloOk": true };
    if load_balanced {
        command.append(cstr!("loadBalanced"), true);
    }
    command.append(cstr!("client"), client);
    command
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Mongos => "mongos",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Arbiter => "arbiter",
            Self::Other => "member that takes no reads",
            Self::Uninitiated => "member of a set that is not initiated",
        }
    }

    /// As a sentence has it.
    pub(crate) fn with_article(self) -> String {
        let article = if self == Self::Arbiter { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    fn of(reply: &Reply) -> Self {
        if reply.text("msg") == Some("isdbgrid") {
            return Self::Mongos;
        }
        if reply.is_true("isreplicaset") {
            return Self::Uninitiated;
        }
        if !reply.has("setName") {
            return Self::Standalone;
        }
        if reply.is_true("hidden") {
            return Self::Other;
        }
        if reply.is_true("isWritablePrimary") || reply.is_true("ismaster") {
            return Self::Primary;
        }
        if reply.is_true("secondary") {
            return Self::Secondary;
        }
        if reply.is_true("arbiterOnly") { Self::Arbiter } else { Self::Other }
    }
}

impl Hello {
    /// Reads the answer of `peer`.
    ///
    /// # Errors
    /// `response_unreadable`, where it names what is no host, or more members than a set has.
    pub(crate) fn read(reply: &Reply, peer: &Endpoint) -> Result<Self, Failure> {
        let mut members: Vec<Endpoint> = Vec::new();
        for list in ["hosts", "passives", "arbiters"] {
            for text in reply.texts(list, MAX_MEMBERS + 1) {
                let member = endpoint(text).map_err(|_| {
                    let detail = format!("{peer} names a member of its set that is not a host and a port");
                    Failure::new(Code::ResponseUnreadable, detail)
                })?;
                if !members.iter().any(|known| known.normalized() == member.normalized()) {
                    members.push(member);
                }
            }
        }
        if members.len() > MAX_MEMBERS {
            let detail = format!(
                "{peer} names more than {MAX_MEMBERS} members of its set, the most that there can be"
            );
            return Err(Failure::new(Code::ResponseUnreadable, detail));
        }
        Ok(Self {
            role: Role::of(reply),
            set: reply.text("setName").map(str::to_owned),
            members,
            me: reply.text("me").and_then(|text| endpoint(text).ok()),
            wire_versions: (
                reply.integer("minWireVersion").unwrap_or(0),
                reply.integer("maxWireVersion").unwrap_or(0),
            ),
            has_service_id: reply.has("serviceId"),
        })
    }

    pub(crate) fn note(&self, guard: &StageGuard) {
        guard.note(Evidence::Fact(Fact::new(ROLE, self.role.name().to_owned(), "{}")));
        if let Some(set) = &self.set {
            guard.note(Evidence::Fact(Fact::new(SET, set.clone(), "of the set {}")));
            let members = self.members.len();
            let phrase = if members == 1 { "of {} member" } else { "of {} members" };
            guard.note(Evidence::Fact(Fact::new(MEMBERS, members, phrase)));
        }
        let newest = usize::try_from(self.wire_versions.1).unwrap_or_default();
        guard.note(Evidence::Fact(Fact::new(WIRE_VERSION, newest, "wire version {}")));
    }

    /// Whether the set has the server under the name by which it was dialed, as far as it says so itself.
    pub(crate) fn is_known_as(&self, endpoint: &Endpoint) -> bool {
        self.me.as_ref().is_none_or(|me| me.normalized() == endpoint.normalized())
    }

    /// Whether the Java driver speaks with such a server, and this test.
    ///
    /// # Errors
    /// `mechanism_unsupported`, with the words that say which is too old, by which the driver gives up a whole set; `not_testable` where the
    /// driver speaks with it.
    pub(crate) fn check_versions(&self, peer: &Endpoint) -> Result<(), Failure> {
        let (oldest, newest) = self.wire_versions;
        if newest < MIN_WIRE_VERSION {
            let detail = format!(
                "{peer} speaks wire version {newest} (MongoDB {}) at most, and MongoDB's Java driver 4.7 needs {MIN_WIRE_VERSION} (MongoDB 2.6)",
                release(newest)
            );
            return Err(Failure::new(Code::MechanismUnsupported, detail)
                .hint("Upgrade the server to a supported release"));
        }
        if newest < MIN_TESTED_WIRE_VERSION {
            let detail = format!(
                "{peer} speaks wire version {newest} (MongoDB {}) at most, with which MongoDB's Java driver 4.7 may connect; dialcheck needs \
                 {MIN_TESTED_WIRE_VERSION} (MongoDB 3.6)",
                release(newest)
            );
            return Err(Failure::new(Code::NotTestable, detail)
                .only_hint("Upgrade the server to MongoDB 3.6 or later, or test it with a job"));
        }
        if oldest > MAX_WIRE_VERSION {
            let detail = format!(
                "{peer} speaks wire version {oldest} (MongoDB {}) at least, and MongoDB's Java driver 4.7 speaks {MAX_WIRE_VERSION} (MongoDB 6.0) \
                 at most",
                release(oldest)
            );
            return Err(
                Failure::new(Code::MechanismUnsupported, detail).hint("Give the job a newer MongoDB driver")
            );
        }
        Ok(())
    }
}

fn release(version: i64) -> &'static str {
    RELEASES.iter().rev().find(|(first, _)| *first <= version).map_or("2.4", |(_, release)| release)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Endpoint {
        Endpoint { host: "db".to_owned(), port: 27017 }
    }

    fn read(document: &RawDocumentBuf) -> Result<Hello, Failure> {
        Hello::read(&Reply::read(document.as_bytes()).unwrap(), &peer())
    }

    #[test]
    fn a_role_is_what_the_specification_has_it() {
        for (document, role) in [
            (rawdoc! { "ismaster": true }, Role::Standalone),
            (rawdoc! { "msg": "isdbgrid", "ismaster": true }, Role::Mongos),
            (rawdoc! { "isreplicaset": true }, Role::Uninitiated),
            (rawdoc! { "setName": "a", "isWritablePrimary": true }, Role::Primary),
            (rawdoc! { "setName": "a", "ismaster": true }, Role::Primary),
            (rawdoc! { "setName": "a", "secondary": true }, Role::Secondary),
            (rawdoc! { "setName": "a", "secondary": true, "hidden": true }, Role::Other),
            (rawdoc! { "setName": "a", "arbiterOnly": true }, Role::Arbiter),
            (rawdoc! { "setName": "a" }, Role::Other),
        ] {
            assert_eq!(read(&document).unwrap().role, role, "{document:?}");
        }
    }

    #[test]
    fn members_are_hosts_each_once_and_no_more_than_a_set_has() {
        let document = rawdoc! { "setName": "a", "hosts": ["a:1", "B"], "passives": ["b:27017", "[::1]:2"], "arbiters": ["c:3"] };
        let hello = read(&document).unwrap();
        let members: Vec<_> = hello.members.iter().map(ToString::to_string).collect();
        assert_eq!(members, ["a:1", "B:27017", "[::1]:2", "c:3"]);
        let me = read(&rawdoc! { "setName": "a", "me": "DB:27017" }).unwrap();
        assert!(me.is_known_as(&peer()) && hello.is_known_as(&peer()));
        assert!(!read(&rawdoc! { "me": "db:1" }).unwrap().is_known_as(&peer()));
        for text in ["a/b", "a:0", "", "a b:1"] {
            assert_eq!(
                read(&rawdoc! { "hosts": [text] }).unwrap_err().code,
                Code::ResponseUnreadable,
                "{text}"
            );
        }
        let mut hosts = bson::RawArrayBuf::new();
        (0..10_000).for_each(|number| hosts.push(format!("h{number}:1")));
        let failure = read(&rawdoc! { "hosts": hosts }).unwrap_err();
        assert_eq!(
            failure.detail,
            "db:27017 names more than 50 members of its set, the most that there can be"
        );
    }

    #[test]
    fn a_server_too_old_or_too_new_for_the_driver_is_named_so() {
        let check = |oldest: i32, newest: i32| {
            let hello = read(&rawdoc! { "minWireVersion": oldest, "maxWireVersion": newest }).unwrap();
            hello.check_versions(&peer()).map_err(|failure| failure.detail)
        };
        let read_too_old = |newest: i32| match read(&rawdoc! { "maxWireVersion": newest })
            .unwrap()
            .check_versions(&peer())
        {
            Err(failure) => failure.code,
            Ok(()) => panic!("{newest} passes"),
        };
        assert_eq!((check(0, 6), check(0, 27), check(17, 30)), (Ok(()), Ok(()), Ok(())));
        assert_eq!([0, 1].map(read_too_old), [Code::MechanismUnsupported; 2]);
        assert_eq!([2, 5].map(read_too_old), [Code::NotTestable; 2]);
        let old = "db:27017 speaks wire version 1 (MongoDB 2.4) at most, and MongoDB's Java driver 4.7 needs 2 (MongoDB 2.6)";
        assert_eq!(check(0, 1).unwrap_err(), old);
        let untested = "db:27017 speaks wire version 5 (MongoDB 3.4) at most, with which MongoDB's Java driver 4.7 may connect; dialcheck needs 6 (MongoDB 3.6)";
        assert_eq!(check(0, 5).unwrap_err(), untested);
        assert!(check(0, 0).unwrap_err().contains("(MongoDB 2.4)"));
        let new = "db:27017 speaks wire version 21 (MongoDB 7.0) at least, and MongoDB's Java driver 4.7 speaks 17 (MongoDB 6.0) at most";
        assert_eq!(check(21, 25).unwrap_err(), new);
    }

    #[test]
    fn the_command_says_who_asks() {
        let sent = Reply::read(command(Some("etl"), true).as_bytes()).unwrap();
        assert_eq!(sent.integer("isMaster"), Some(1));
        assert!(sent.is_true("helloOk") && sent.is_true("loadBalanced") && sent.has("client"));
        assert!(!Reply::read(command(None, false).as_bytes()).unwrap().has("loadBalanced"));
    }
}
