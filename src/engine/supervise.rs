//! Runs a probe on a thread of its own, and keeps its deadline from outside.
//!
//! A hostile server can make a driver burn a core (a SCRAM iteration count) or panic. On a thread of its own the first
//! delays nobody else's I/O or timers, and the second is the end of that thread alone.

use std::thread;
use std::time::{Duration, Instant};

use probe_contract::{Code, Ending, Failure, Material, Probe, Run, Transcript};
use tokio::sync::oneshot;

/// How long after the deadline a probe may take to say that it was cut off. A stage ends itself at the deadline; a probe
/// that is still silent after this is stuck.
const GRACE: Duration = Duration::from_millis(50);

/// Runs `probe` to its end, or to the deadline of `run`.
///
/// Cancel safe: dropping it drops the probe's future, and with it every connection.
pub(super) async fn run(run: Run, probe: Box<dyn Probe>, material: Material) -> Transcript {
    let (done, mut finished) = oneshot::channel();
    let (_dialing, dropped) = oneshot::channel::<()>();
    let probing = run.clone();
    let no_room = |error| {
        let hint = "Raise the limits of processes and open files (ulimit -u, ulimit -n), or dial fewer at a time with --jobs";
        Failure::new(Code::AgentBusy, "this machine has no room for another test").hint(hint).source(error)
    };
    let thread = thread::Builder::new().name("probe".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _unheard = done.send(Ending::Broken(no_room(error)));
                return;
            }
        };
        runtime.block_on(async {
            tokio::select! {
                result = probe.probe(probing, material) => { let _unheard = done.send(Ending::Finished(result)); }
                _ = dropped => {}
            }
        });
    });
    if let Err(error) = thread {
        return run.close(Ending::Broken(no_room(error)));
    }
    let ending = loop {
        let deadline = run.deadline() + GRACE;
        #[expect(clippy::disallowed_methods, reason = "the deadline of what can't keep it itself")]
        match tokio::time::timeout_at(deadline.into(), &mut finished).await {
            Ok(Ok(ending)) => break ending,
            // The thread ended without a word: it panicked. The panic hook has told where.
            Ok(Err(_)) => {
                let detail = "the probe stopped by a fault of its own";
                break Ending::Broken(Failure::new(Code::AgentFailed, detail));
            }
            // While the run waits for its turn, its clock stands still.
            Err(_) if run.deadline() + GRACE > Instant::now() => {}
            Err(_) => break Ending::CutOff,
        }
    };
    run.close(ending)
}
