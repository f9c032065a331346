//! Error code to what follows from it, as data.

use std::borrow::Cow;

use probe_contract::{Code, Failure, Stage};

/// One rule. The first that matches decides.
struct Row {
    /// An error code of Apache Kafka's documentation, "Kafka Protocol Guide", "Error Codes".
    error: i16,
    /// It stands in the broker's message, where one error has several meanings.
    text: &'static str,
    code: Code,
    /// The stage it belongs to, where that is certain; otherwise the one that ran.
    stage: Option<Stage>,
    /// What happened, where the broker sends no words of its own.
    detail: &'static str,
    hint: Option<&'static str>,
    /// The message that it was seen in, and who sent it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the proof of each row, read by its test"))]
    sample: (&'static str, &'static str),
}

const KAFKA: &str = "Apache Kafka 4.4";
/// Not seen by us: Amazon's IAM library for MSK documents it.
const MSK_IAM: &str = "aws-msk-iam-auth 2.3.6";
/// Not seen by us: the protocol guide has it.
const GUIDE: &str = "Kafka Protocol Guide 4.1";

const ROWS: &[Row] = &[
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
        text: "Too many connects",
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
        text: "Access denied",
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
    error: i16,
    code: Code,
    stage: Option<Stage>,
    detail: &'static str,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row {
    Row { error, text: "", code, stage, detail, hint, sample }
}

impl Row {
    fn matches(&self, error: i16, message: &str) -> bool {
        self.error == error && message.contains(self.text)
    }
}

/// What a broker's error amounts to, with its message where it sent one. A code without a row stays `unclassified`.
pub(crate) fn broker_error(error: i16, message: Option<&str>) -> Failure {
    let message = message.filter(|message| !message.is_empty());
    let row = ROWS.iter().find(|row| row.matches(error, message.unwrap_or_default()));
    let failure = |code, words: &'static str| match message {
        Some(message) => Failure::foreign(code, message),
        None => Failure::new(code, words),
    };
    let failure = match row {
        Some(row) => {
            Failure { stage: row.stage, hint: row.hint.map(Cow::Borrowed), ..failure(row.code, row.detail) }
        }
        None => failure(Code::Unclassified, "the broker answered with an error and no words"),
    };
    failure.native(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
        for (index, row) in ROWS.iter().enumerate() {
            let reached = ROWS.iter().position(|other| other.matches(row.error, row.sample.0));
            assert_eq!(reached, Some(index), "{} {} ({})", row.error, row.sample.0, row.sample.1);
            assert!(!row.detail.is_empty() || !row.sample.0.is_empty(), "{}", row.error);
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
        assert!(failure.foreign);
        assert_eq!(broker_error(58, Some("")).detail, "the broker refuses the login");
    }
}
