//! What is sent to a server, and where.

use crate::{Endpoint, Secret};

/// A credential and the endpoint that it is sent to.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who checks it.
    pub endpoint: Endpoint,
    /// The user's name, or what else identifies the account.
    pub user: String,
    /// The password, token or key.
    pub secret: Secret,
}
