//! The process: parse, run, exit.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // From here on /proc/PID/mem, environ and the like are root's: a process of the same user reads no secret there, and attaches no
    // debugger. A system that refuses leaves it as it was.
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // A login by Kerberos belongs to its own process, which is this binary once more.
    #[cfg(feature = "kafka-gssapi")]
    if let Some(code) = dialcheck::gssapi_child() {
        return code;
    }
    cli::main()
}
