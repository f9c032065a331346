//! A connection as a catalog keeps it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::tags::Tags;
use crate::glue::Definition;
use crate::secrets::References;

/// A definition under a name, and what has become of it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The definition; it has a name.
    pub definition: Definition,
    /// `CreationTime`
    pub created: Timestamp,
    /// `LastUpdatedTime`
    pub updated: Timestamp,
    /// `LastUpdatedBy`: the caller's name, where callers have one.
    pub updated_by: Option<String>,
    /// `Status` as it was written.
    pub status: Status,
    /// `LastConnectionValidationTime`
    pub validated: Option<Timestamp>,
    /// Whether its author may have stored secrets, keys, roles and files used for it.
    pub references: References,
    /// The properties whose ciphertext this catalog's service made itself, of a password that came with the definition.
    pub encrypted: BTreeSet<String>,
    /// The digest of its type's registration when it was written, where it is of a registered type and the catalog knows that.
    pub registration: Option<String>,
    /// The tags that it is created with. Later on [`Catalog::tags`](super::Catalog::tags) has them: they are no part of a revision.
    pub tags: Tags,
    /// Counts the changes: another one is another state of the connection.
    pub revision: i64,
}

/// `Status`, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can be used.
    Ready,
    /// It is being validated. The validation has come to its end, one way or another, by then.
    InProgress {
        /// The end.
        until: Timestamp,
    },
    /// Its validation failed.
    Failed {
        /// `StatusReason`
        reason: String,
    },
}

impl Connection {
    /// A connection of the catalog's owner that is new, and ready.
    #[must_use]
    pub fn new(definition: Definition, updated_by: Option<String>) -> Self {
        let now = now();
        Self {
            definition,
            created: now,
            updated: now,
            updated_by,
            status: Status::Ready,
            validated: None,
            references: References::Allowed,
            encrypted: BTreeSet::new(),
            registration: None,
            tags: Tags::default(),
            revision: 0,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.definition.name.as_deref().unwrap_or_default()
    }

    /// What its status counts as now: a validation that is long over was cut off, with the process that held it.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.status {
            Status::InProgress { until } if *until <= Timestamp::now() => {
                Status::Failed { reason: "its validation was interrupted".to_owned() }
            }
            status @ (Status::Ready | Status::InProgress { .. } | Status::Failed { .. }) => status.clone(),
        }
    }

    /// Notes that it is another one from now on.
    pub fn touch(&mut self) {
        self.updated = now();
    }

    /// Notes that it was tested as it is, and passed.
    pub fn validation_passed(&mut self) {
        self.touch();
        self.validated = Some(self.updated);
        self.status = Status::Ready;
    }

    /// Notes that it was tested as it is, and failed.
    pub fn validation_failed(&mut self, reason: String) {
        self.touch();
        self.validated = Some(self.updated);
        self.status = Status::Failed { reason };
    }

    /// Marks it as being validated for at most `longest`.
    pub fn begin_validation(&mut self, longest: Duration) {
        let until = now() + longest;
        self.status = Status::InProgress { until };
    }
}

/// The time to the millisecond, as Glue answers it.
#[must_use]
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
