//! The child process: what it is for, and what it does.

use std::process::ExitCode;

use support_child::Task;

use super::client;
use super::message::CONFIGURATION_FILE;

/// Logs in at a broker, in its own process.
pub(super) const TASK: Task = Task {
    argument: "kafka-gssapi",
    name: "the process of dialcheck's own that logs in by Kerberos",
    environment: &[
        // Kerberos reads files from that path: a path below a file names nothing.
        ("HOME", "/dev/null"),
        ("KRB5_CONFIG", CONFIGURATION_FILE),
        ("KRB5_KTNAME", "MEMORY:none"),
        ("KRB5CCNAME", "MEMORY:dialcheck"),
        ("KRB5RCACHENAME", "none:"),
        // Cyrus SASL looks up this machine's own name, and goes on without it: DNS servers that are silent must not take the login's
        // time.
        ("RES_OPTIONS", "timeout:1 attempts:1"),
    ],
    // Where the machine's libraries and the authorities that it trusts are; no definition has a say in them.
    inherited: &["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"],
    // Every authority that a machine trusts.
    max_request_bytes: 8 * 1024 * 1024,
    // 10,000 brokers, as many as librdkafka reads.
    max_answer_bytes: 4 * 1024 * 1024,
};

/// Whether this process is the child of another dialcheck that logs in at a Kafka broker by Kerberos: then it is that, and gives its exit
/// code. To be asked before anything else reads the arguments.
#[must_use]
pub fn run() -> Option<ExitCode> {
    support_child::run(&TASK, client::log_in)
}
