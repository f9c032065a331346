//! The signals that end a command.

use std::fs::File;
use std::io::{self, Read as _};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndSignal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: `kill`, a container's or a service's stop.
    Terminate,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

impl EndSignal {
    /// The shell's convention for a process that a signal ended: 128 and the signal's number.
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    /// What happened to the command.
    pub(super) const fn participle(self) -> &'static str {
        match self {
            Self::Hangup => "ended by SIGHUP",
            Self::Interrupt => "interrupted",
            Self::Terminate => "ended by SIGTERM",
        }
    }
}

/// Every signal of that kind from the moment this is made, on any runtime.
pub(super) struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
    /// None where the process is to outlive its terminal.
    hangup: Option<Signal>,
}

impl EndSignals {
    /// Catches them from now on, to the end of the process. To be called on a runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The next one. Cancel safe.
    pub(super) async fn next(&mut self) -> EndSignal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => EndSignal::Interrupt,
            _ = self.terminate.recv() => EndSignal::Terminate,
            _ = hangup => EndSignal::Hangup,
        }
    }
}

/// Whether the parent had this process ignore SIGHUP, as `nohup` does (proc_pid_stat(5), `sigignore`).
fn ignores_hangup() -> bool {
    const SIGHUP: u64 = 1;
    /// Counted from the field behind the program's name.
    const SIGIGNORE: usize = 30;
    let mut stat = [0; 1024];
    let length = File::open("/proc/self/stat").and_then(|mut file| file.read(&mut stat)).unwrap_or(0);
    let stat = String::from_utf8_lossy(&stat[..length]);
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace());
    let ignored =
        fields.and_then(|mut fields| fields.nth(SIGIGNORE)).and_then(|mask| mask.parse::<u64>().ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
