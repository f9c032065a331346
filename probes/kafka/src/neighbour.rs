//! What stands beside brokers in a cluster, and is taken for one: controllers of KRaft, and ZooKeeper.

use std::time::{Duration, Instant};

use probe_contract::{Endpoint, Failure, Io, StageGuard, wrong_protocol};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long ZooKeeper has to say who it is.
const LOOK_TIME: Duration = Duration::from_secs(2);
const HINT: &str =
    "Name the brokers' own port (9092; on MSK 9092, 9094, 9096 or 9098): jobs speak with brokers alone";

/// The failure for a controller, which describes no cluster to clients.
pub(crate) fn controller(endpoint: &Endpoint) -> Failure {
    not_a_broker(endpoint, "a KRaft controller of a cluster")
}

/// Better words for a `failure` at a peer that ended the connection without a word: ZooKeeper does so to whatever is no request of its
/// clients', and has a name for those who ask for its statistics. `second` is a connection to the same address.
pub(crate) async fn explain(
    failure: Failure,
    endpoint: &Endpoint,
    guard: &StageGuard,
    second: impl Future<Output = Option<Box<dyn Io>>>,
) -> Failure {
    let look = async { is_zookeeper(second.await?).await };
    // Before the stage is ended from outside, the first answer counts.
    let until = (Instant::now() + LOOK_TIME).min(guard.until() - Duration::from_millis(100));
    let found = tokio::select! {
        found = look => found,
        () = tokio::time::sleep_until(until.into()) => None,
    };
    match found {
        Some(()) => Failure { stage: failure.stage, ..not_a_broker(endpoint, "a ZooKeeper") },
        None => failure,
    }
}

fn not_a_broker(endpoint: &Endpoint, who: &str) -> Failure {
    wrong_protocol(endpoint, "a Kafka broker", Some(who)).hint(HINT)
}

/// Asks for the statistics of the server, by the one "four letter word" that ZooKeeper answers by default; where it does
/// not answer, it says why.
async fn is_zookeeper(mut stream: impl Io) -> Option<()> {
    const ANSWERS: [&[u8]; 3] = [b"Zookeeper version:", b"This ZooKeeper instance", b"srvr is not executed"];
    stream.write_all(b"srvr").await.ok()?;
    stream.flush().await.ok()?;
    let mut answer = Vec::new();
    let longest = u64::try_from(ANSWERS.iter().map(|answer| answer.len()).max()?).ok()?;
    stream.take(longest).read_to_end(&mut answer).await.ok()?;
    ANSWERS.iter().any(|start| answer.starts_with(start)).then_some(())
}
