//! HTTP connectors of the AWS SDK, each made once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;

/// The connectors that were made, each when a request first needed it: its TLS configuration takes milliseconds.
#[derive(Default)]
pub(super) struct Connectors(pub(super) Mutex<HashMap<Key, SharedHttpConnector>>);

/// What a connector differs by.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) route: Route,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) read_timeout: Option<Duration>,
}

/// What is behind a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// AWS's own names.
    Services,
    /// What the operator names.
    Operator,
    /// The credential endpoints, which no proxy may come between.
    CredentialEndpoints,
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connectors")
    }
}
