//! What passes between the two processes: one request by stdin, one answer by stdout, both in JSON.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::topic::Question;

/// What librdkafka says of one failure is shorter.
pub(super) const MAX_LOG_CHARS: usize = 2048;

/// Where the child has the `krb5.conf`: at its stdin, when it has read the request there.
pub(super) const CONFIGURATION_FILE: &str = "/proc/self/fd/0";

/// One login, as the child performs it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) host: String,
    pub(super) port: u16,
    /// Where the gate let that be dialed, and the only address that is.
    pub(super) address: SocketAddr,
    /// The first part of the broker's principal.
    pub(super) service: String,
    /// The `krb5.conf`.
    pub(super) configuration: String,
    /// In base64.
    pub(super) keytab: Zeroizing<String>,
    pub(super) tls: Option<TlsRequest>,
    /// What to ask when the cluster is described.
    pub(super) question: Question,
    /// How long it may take.
    pub(super) milliseconds: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsRequest {
    /// In PEM; none where those of the system are meant.
    pub(super) authorities: Option<String>,
    pub(super) verify: VerifyRequest,
    pub(super) client: Option<ClientRequest>,
}

/// A client certificate, in PEM.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientRequest {
    /// With those of its issuers.
    pub(super) chain: String,
    pub(super) key: Zeroizing<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerifyRequest {
    Nothing,
    Chain,
    ChainAndName,
}

/// Its outcome.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Described(Description),
    Failed(ChildError),
}

/// What the broker says of its cluster.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    pub(super) id: Option<String>,
    pub(super) brokers: Vec<Listener>,
    pub(super) topics: usize,
    /// The error code of the topic that was asked about; 0 where there is no error.
    pub(super) about_topic: Option<i16>,
}

/// An advertised listener, in the broker's own words.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listener {
    pub(super) id: i32,
    pub(super) host: String,
    pub(super) port: i32,
}

/// Why the cluster could not be described.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChildError {
    /// librdkafka does not start: its words.
    Setup(String),
    /// librdkafka reports an error: its number, its words, and the state of the connection.
    Reported { error: i32, words: String, state: String },
    /// The time was over in this state of the connection.
    Overdue { state: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_back_as_it_was_written() {
        let listener = Listener { id: 1, host: "b1.example".to_owned(), port: 9092 };
        let description = Description {
            id: Some("4L6g".to_owned()),
            brokers: vec![listener],
            topics: 0,
            about_topic: Some(29),
        };
        let state = "AUTH_REQ".to_owned();
        for answer in [
            Answer::Described(description),
            Answer::Failed(ChildError::Setup("No such property".to_owned())),
            Answer::Failed(ChildError::Reported {
                error: -169,
                words: "a \"word\"\n".to_owned(),
                state: state.clone(),
            }),
            Answer::Failed(ChildError::Overdue { state }),
        ] {
            let written = serde_json::to_vec(&answer).unwrap();
            assert_eq!(serde_json::from_slice::<Answer>(&written).unwrap(), answer);
        }
    }

    #[test]
    fn what_is_no_answer_is_not_read_as_one() {
        for text in ["", "{}", "null", "[]", r#"{"described":{}}"#, r#"{"described":{"id":null}} x"#, "\0\0"]
        {
            assert!(serde_json::from_str::<Answer>(text).is_err(), "{text}");
        }
    }
}
