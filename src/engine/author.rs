//! What the author of a definition may have used for it, and for which registration of its type it was written.

use std::collections::BTreeSet;

use crate::catalog::Connection;
use crate::secrets::References;

/// What the author of a definition may have used for it, and knew of its type.
#[derive(Clone, Debug)]
pub(super) struct Author {
    pub(super) references: References,
    /// As [`Connection::encrypted`].
    pub(super) encrypted: BTreeSet<String>,
    /// As [`Connection::registration`].
    pub(super) registration: Option<String>,
}

impl Author {
    pub(super) fn of_request(references: References) -> Self {
        Self { references, encrypted: BTreeSet::new(), registration: None }
    }

    pub(super) fn of_connection(connection: &Connection) -> Self {
        Self {
            references: connection.references,
            encrypted: connection.encrypted.clone(),
            registration: connection.registration.clone(),
        }
    }
}
