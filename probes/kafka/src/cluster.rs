//! What a broker says of its cluster.

use probe_contract::{Code, Endpoint, Evidence, Fact, Failure, Label, Stage, StageGuard};

/// Every one of them is dialed: a peer could have a whole network dialed.
const MAX_BROKERS: usize = 1000;

const CLUSTER_ID: Label = Label::new("cluster_id");
const BROKERS: Label = Label::new("brokers");
const TOPICS: Label = Label::new("topics");

/// A cluster, as Metadata describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its id, where the broker reports it.
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

impl Cluster {
    pub(crate) fn note(&self, guard: &StageGuard) {
        if let Some(id) = &self.id {
            guard.note(Evidence::Fact(Fact::new(CLUSTER_ID, id.clone(), "cluster {}")));
        }
        let brokers = self.brokers.len();
        let phrase = if brokers == 1 { "{} broker" } else { "{} brokers" };
        guard.note(Evidence::Fact(Fact::new(BROKERS, brokers, phrase)));
    }

    pub(crate) fn note_topics(&self, guard: &StageGuard) {
        let phrase = if self.topics == 1 { "{} topic" } else { "{} topics" };
        guard.note(Evidence::Fact(Fact::new(TOPICS, self.topics, phrase)));
    }

    /// Whether `broker` named any broker of its cluster, and no more than can be dialed. To be asked whichever way the cluster was described,
    /// before a listener is dialed.
    pub(crate) fn check_brokers(&self, broker: &Endpoint) -> Result<(), Failure> {
        let (code, what) = match self.brokers.len() {
            0 => (Code::ServerNotReady, "no broker of its cluster"),
            1..=MAX_BROKERS => return Ok(()),
            _ => (Code::ResponseUnreadable, "more brokers than a cluster has"),
        };
        Err(Failure::new(code, format!("{broker} names {what}")).at(Stage::Query))
    }
}
