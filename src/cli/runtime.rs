//! The runtime of a command, and what ends it early.

use std::sync::{Mutex, PoisonError};

use super::failed::Failed;
use super::signals::EndSignals;

/// Runs `work` until it is done or Ctrl-C, SIGTERM or SIGHUP drops it, and with it every connection.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    /// A command that comes here twice hears of what came in between.
    static SIGNALS: Mutex<Option<EndSignals>> = Mutex::new(None);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failed::Agent)?;
    let caught = SIGNALS.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = runtime.block_on(async {
        let mut signals = caught.map_or_else(EndSignals::catch, Ok).map_err(Failed::Agent)?;
        let done = tokio::select! {
            done = work => done,
            signal = signals.next() => Err(Failed::Interrupted(signal)),
        };
        *SIGNALS.lock().unwrap_or_else(PoisonError::into_inner) = Some(signals);
        done
    });
    // A file that can't be read to its end (a stalled network mount) must not hold the process.
    runtime.shutdown_background();
    done
}
