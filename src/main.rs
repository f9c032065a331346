//! The process: parse, run, exit.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A login by Kerberos belongs to a process of its own, which is this binary once more.
    #[cfg(feature = "kafka-gssapi")]
    if let Some(code) = dialcheck::gssapi_child() {
        return code;
    }
    cli::main()
}
