//! What a broker says of its cluster.

use probe_contract::Endpoint;

/// A cluster, as Metadata describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its id, where the broker tells it.
    pub(crate) id: Option<String>,
    /// Where each broker is to be found: the advertised listeners.
    pub(crate) brokers: Vec<Broker>,
    /// How many topics the user may see.
    pub(crate) topics: usize,
}

/// A broker and the listener that it advertises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    /// `node.id`
    pub(crate) id: i32,
    /// The advertised listener.
    pub(crate) endpoint: Endpoint,
}
