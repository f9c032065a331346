//! Error code to what follows from it, as data.

use probe_contract::classification::{Pattern, Row, classify};
use probe_contract::{Code, Failure, Stage};

/// What a row recognises an error by.
struct Error {
    /// An error code of Apache Kafka's documentation, "Kafka Protocol Guide", "Error Codes".
    number: i16,
    /// It is in the broker's message, where one error has several meanings.
    text: &'static str,
}

impl Pattern for Error {
    type Answer<'a> = (i16, &'a str);

    fn matches(&self, (number, message): &(i16, &str)) -> bool {
        self.number == *number && message.contains(self.text)
    }

    fn sample<'a>(&'a self, message: &'a str) -> (i16, &'a str) {
        (self.number, message)
    }
}

const KAFKA: &str = "Apache Kafka 4.4";
/// Not seen by us: Amazon's IAM library for MSK documents it.
const MSK_IAM: &str = "aws-msk-iam-auth 2.3.6";
/// Not seen by us: the protocol guide has it.
const GUIDE: &str = "Kafka Protocol Guide 4.1";

const ROWS: &[Row<Error>] = &[
    // UNKNOWN_TOPIC_OR_PARTITION
    row(3, Code::TopicNotFound, None, "the broker knows no topic of this name", None, ("", KAFKA)),
    // TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED
    row(29, Code::AccessDenied, None, "the broker refuses the user the topic", Some(GRANT), ("", KAFKA)),
    row(30, Code::AccessDenied, None, "the broker refuses the user the group", Some(GRANT), ("", GUIDE)),
    row(31, Code::AccessDenied, None, "the broker refuses the user the cluster", Some(GRANT), ("", GUIDE)),
    // UNSUPPORTED_SASL_MECHANISM
    row(
        33,
        Code::MechanismNotOffered,
        Some(Stage::Handshake),
        "the listener does not offer the mechanism",
        Some(
            "Set KAFKA_SASL_MECHANISM to one that the listener offers, or name the port of another listener",
        ),
        ("", KAFKA),
    ),
    // ILLEGAL_SASL_STATE
    row(
        34,
        Code::MechanismNotOffered,
        Some(Stage::Handshake),
        "the listener asks for no login",
        Some(
            "Take KAFKA_SASL_MECHANISM out of the definition, or name the port of a listener with SASL (9096 for SCRAM, 9098 for IAM on MSK)",
        ),
        ("", KAFKA),
    ),
    // SASL_AUTHENTICATION_FAILED
    Row {
        pattern: Error { number: 58, text: "Too many connects" },
        ..row(
            58,
            Code::TooManyConnections,
            None,
            "",
            Some("Test again in a while: the broker bounds how often IAM logs in"),
            ("[446c81dc-1111-2222-3333-444455556666]: Too many connects", MSK_IAM),
        )
    },
    Row {
        pattern: Error { number: 58, text: "Access denied" },
        ..row(
            58,
            Code::AccessDenied,
            Some(Stage::Auth),
            "",
            Some("Grant the role kafka-cluster:Connect on the cluster, by its IAM policy"),
            ("[446c81dc-1111-2222-3333-444455556666]: Access denied", MSK_IAM),
        )
    },
    row(
        58,
        Code::CredentialsRejected,
        Some(Stage::Auth),
        "the broker refuses the login",
        None,
        ("Authentication failed: Invalid username or password", KAFKA),
    ),
    // LEADER_NOT_AVAILABLE, REQUEST_TIMED_OUT, BROKER_NOT_AVAILABLE, NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS,
    // COORDINATOR_NOT_AVAILABLE
    row(5, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    row(7, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    row(8, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    row(13, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    row(14, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    row(15, Code::ServerNotReady, None, NOT_READY, None, ("", GUIDE)),
    // THROTTLING_QUOTA_EXCEEDED
    row(89, Code::RateLimited, None, "the broker says that a quota is used up", None, ("", GUIDE)),
];

const NOT_READY: &str = "the broker says that the cluster is not ready";
const GRANT: &str = "Grant the user a right on the topics that the job uses: kafka-acls --add --allow-principal User:… --operation Read \
                     --topic … (on MSK with IAM: kafka-cluster:DescribeTopic and ReadData)";

const fn row(
    number: i16,
    code: Code,
    stage: Option<Stage>,
    detail: &'static str,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    Row { pattern: Error { number, text: "" }, code, stage, detail, hint, sample }
}

/// What a broker's error means, with its message where it sent one. A code without a row stays `unclassified`.
pub(crate) fn broker_error(error: i16, message: Option<&str>) -> Failure {
    let message = message.unwrap_or_default();
    classify(ROWS, &(error, message), message, error.to_string())
}

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
        assert_eq!(unreached(ROWS), [0; 0]);
        for row in ROWS {
            assert!(!row.detail.is_empty() || !row.sample.0.is_empty(), "{}", row.pattern.number);
        }
    }

    #[test]
    fn an_unknown_code_is_never_the_nearest_guess() {
        let failure = broker_error(-1, None);
        assert_eq!((failure.code, failure.native.as_deref()), (Code::Unclassified, Some("-1")));
    }

    #[test]
    fn the_brokers_own_words_are_kept() {
        let failure = broker_error(58, Some("Authentication failed: Invalid username or password"));
        assert_eq!(failure.code, Code::CredentialsRejected);
        assert_eq!(failure.detail, "Authentication failed: Invalid username or password");
        assert!(failure.from_peer);
        assert_eq!(broker_error(58, Some("")).detail, "the broker refuses the login");
    }
}
