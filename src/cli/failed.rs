//! Why a command could not do its work at all.

use std::io::{self, Write as _};
use std::process::ExitCode;

use dialcheck::catalog::CatalogError;

use super::signals::EndSignal;
use super::stream;

/// The shell's convention for a process that writes to a closed pipe: 128 and the signal's number.
pub(super) const BROKEN_PIPE: u8 = 141;

/// Why a command could not do its work at all.
pub(super) enum Failed {
    /// What the user has to change, a line each.
    Usage(Vec<String>),
    /// stdout can't be written.
    Output(io::Error),
    /// The catalog did not list its connections.
    Catalog(CatalogError),
    /// dialcheck can't work on this machine.
    Agent(io::Error),
    /// A signal ended it.
    Interrupted(EndSignal),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failed {
    pub(super) fn report(self) -> ExitCode {
        let mut stderr = stream::stderr();
        for line in self.lines() {
            // Nobody is left to hear of a stderr that can't be written.
            let _unheard = writeln!(stderr, "error: {}", probe_contract::printable(&line));
        }
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Catalog(CatalogError::Remote(failure)) => failure.code.exit_class().code(),
            Self::Catalog(_) => 2,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
            Self::Output(_) | Self::Agent(_) => 3,
            Self::Interrupted(signal) => signal.exit_code(),
        })
    }

    /// What there is to say of it.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Usage(lines) => lines.clone(),
            Self::Catalog(error) => vec![error.to_string(), "no connection was tested".to_owned()],
            // Whoever reads the output has had enough; what was not written may have failed.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Vec::new(),
            Self::Output(error) => vec![format!("the output can't be written: {error}")],
            Self::Agent(error) => vec![format!("dialcheck can't run here: {error}")],
            Self::Interrupted(signal) => {
                vec![format!("{}; what was still being dialed was dropped", signal.participle())]
            }
        }
    }
}
