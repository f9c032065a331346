//! Runs a probe on its own thread, and keeps its deadline from outside.
//!
//! A hostile server can make a driver burn a core (a SCRAM iteration count) or panic. On its own thread the first
//! delays nobody else's I/O or timers, and the second is the end of that thread alone. A thread whose probe came to its end
//! takes the next one: making it, its stack and its runtime anew would cost a few per cent of a login.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use probe_contract::{Code, End, Failure, Probe, ResolvedSecrets, Run, RunRecord};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How long after the deadline a probe may take to say that it was cut off. A stage ends itself at the deadline; a probe
/// that is still silent after this is stuck.
const RETURN_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a thread without a probe waits for one.
const IDLE: Duration = Duration::from_secs(1);
/// How long what an ended probe leaves behind waits to be cleaned up.
const OTHERS_FIRST: Duration = Duration::from_millis(50);

/// The threads that probes run on.
#[derive(Clone, Default)]
pub(super) struct ProbeThreads(Arc<Mutex<Vec<Idle>>>);

/// A thread that waits.
struct Idle {
    id: thread::ThreadId,
    jobs: Sender<Job>,
}

/// A probe and what it runs with.
struct Job {
    probe: Box<dyn Probe>,
    run: Run,
    secrets: ResolvedSecrets,
    done: oneshot::Sender<End>,
    /// Dropped with the test.
    dropped: oneshot::Receiver<()>,
}

impl ProbeThreads {
    /// Runs `probe` to its end, or to the deadline of `run`.
    ///
    /// Cancel safe: dropping it drops the probe's future, and with it every connection.
    pub(super) async fn run(&self, run: Run, probe: Box<dyn Probe>, secrets: ResolvedSecrets) -> RunRecord {
        let (done, mut finished) = oneshot::channel();
        let (_dialing, dropped) = oneshot::channel::<()>();
        let job = Job { probe, run: run.clone(), secrets, done, dropped };
        if let Err(error) = self.give(job) {
            return run.close(End::Aborted(no_room(error)));
        }
        let deadline = run.deadline() + RETURN_TIMEOUT;
        #[expect(clippy::disallowed_methods, reason = "the deadline of what can't keep it itself")]
        let ending = match tokio::time::timeout_at(deadline.into(), &mut finished).await {
            Ok(Ok(ending)) => ending,
            // The thread ended without a word: it panicked. The panic hook has printed where.
            Ok(Err(_)) => {
                let detail = "the probe panicked";
                End::Aborted(Failure::new(Code::AgentFailed, detail))
            }
            Err(_) => End::TimedOut,
        };
        run.close(ending)
    }

    /// Gives `job` to a thread that waits, or to a new one.
    fn give(&self, mut job: Job) -> io::Result<()> {
        loop {
            let Some(idle) = self.idle().pop() else { break };
            match idle.jobs.send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(back)) => job = back,
            }
        }
        let threads = self.clone();
        thread::Builder::new().name("probe".to_owned()).spawn(move || threads.work(job))?;
        Ok(())
    }

    /// Runs `job`, and those that come after it. A job that panics ends the thread.
    fn work(&self, mut job: Job) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _unheard = job.done.send(End::Aborted(no_room(error)));
                return;
            }
        };
        let id = thread::current().id();
        let (jobs, coming) = mpsc::channel();
        loop {
            let Job { probe, run, secrets, done, dropped } = job;
            runtime.block_on(async {
                tokio::select! {
                    result = probe.probe(run, secrets) => { let _unheard = done.send(End::Returned(result)); }
                    _ = dropped => {}
                }
            });
            if has_leftovers(&runtime) {
                return;
            }
            self.idle().push(Idle { id, jobs: jobs.clone() });
            job = match coming.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let mut idle = self.idle();
                    let waiting = idle.len();
                    idle.retain(|idle| idle.id != id);
                    if idle.len() < waiting {
                        return;
                    }
                    drop(idle);
                    // Somebody has taken it out in this moment, and is about to give it a job.
                    match coming.recv_timeout(IDLE) {
                        Ok(job) => job,
                        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
                    }
                }
            };
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether tasks live on that a probe spawned, which would run beside the next one. Those that ended with it have their sockets closed
/// here, a moment later: tests that are cut off by the same deadline are answered first.
fn has_leftovers(runtime: &Runtime) -> bool {
    let alive = || runtime.metrics().num_alive_tasks() > 0;
    if alive() {
        thread::sleep(OTHERS_FIRST);
        runtime.block_on(tokio::task::yield_now());
    }
    alive()
}

fn no_room(error: io::Error) -> Failure {
    let hint = "Raise the limits of processes and open files (ulimit -u, ulimit -n), or dial fewer at a time with --jobs";
    Failure::new(Code::AgentBusy, "this machine has no room for another test").hint(hint).source(error)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::Sender;
    use std::time::Instant;

    use probe_contract::{
        Endpoint, Failed, Gate, Login, Loopback, Outcome, Pending, Reference, Resolver, RunOptions, Stage,
        tls::TrustRoots,
    };

    use super::*;

    /// Reports on which thread it runs, and then misbehaves.
    struct Telling {
        thread: Sender<thread::ThreadId>,
        misbehaviour: Misbehaviour,
    }

    enum Misbehaviour {
        Pass,
        Panic,
        /// Leaves a task behind that counts for ever.
        Spawn(Arc<AtomicUsize>),
    }

    impl Probe for Telling {
        fn plan(&self) -> &[Stage] {
            &[Stage::Query]
        }

        fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
            Vec::new()
        }

        fn references(&self) -> &[Reference] {
            &[]
        }

        fn logins(&self, _: &ResolvedSecrets) -> Vec<Login> {
            Vec::new()
        }

        fn probe(self: Box<Self>, run: Run, _: ResolvedSecrets) -> Pending<Result<(), Failed>> {
            Box::pin(async move {
                self.thread.send(thread::current().id()).expect("the test listens");
                match &self.misbehaviour {
                    Misbehaviour::Pass => {}
                    Misbehaviour::Panic => panic!("as the test wants it"),
                    Misbehaviour::Spawn(ticks) => {
                        let ticks = Arc::clone(ticks);
                        #[expect(clippy::disallowed_methods, reason = "as a driver does")]
                        tokio::spawn(async move {
                            loop {
                                ticks.fetch_add(1, Ordering::SeqCst);
                                tokio::time::sleep(Duration::from_millis(1)).await;
                            }
                        });
                        // It is on its way.
                        tokio::task::yield_now().await;
                    }
                }
                run.local().stage(Stage::Query, async |_| Ok(())).await
            })
        }
    }

    async fn thread_of(
        threads: &ProbeThreads,
        misbehaviour: Misbehaviour,
    ) -> (thread::ThreadId, Vec<Outcome>) {
        let options = RunOptions {
            deadline: Duration::from_secs(5),
            gate: Gate { loopback: Loopback::Open },
            resolver: Arc::new(Resolver::default()),
            trust_roots: Arc::new(TrustRoots::default()),
            certificate_days: 0,
            strict: false,
        };
        let (tells, reported) = mpsc::channel();
        let run = Run::open(options, &[Stage::Query], &[]);
        let record = threads
            .run(run, Box::new(Telling { thread: tells, misbehaviour }), ResolvedSecrets::default())
            .await;
        (reported.recv().expect("a thread"), record.records.iter().map(|record| record.outcome).collect())
    }

    #[tokio::test]
    async fn a_thread_takes_the_next_probe_unless_one_has_panicked_on_it() {
        let threads = ProbeThreads::default();
        let (first, outcomes) = thread_of(&threads, Misbehaviour::Pass).await;
        assert_eq!(outcomes, [Outcome::Passed]);
        // It waits again a moment after it has reported the end.
        within(Duration::from_secs(5), || !threads.idle().is_empty());
        let (second, _) = thread_of(&threads, Misbehaviour::Panic).await;
        assert_eq!(second, first);
        assert!(threads.idle().is_empty());
        let (third, outcomes) = thread_of(&threads, Misbehaviour::Pass).await;
        assert_ne!(third, first);
        assert_eq!(outcomes, [Outcome::Passed]);
    }

    #[tokio::test]
    async fn a_thread_without_a_probe_ends() {
        let threads = ProbeThreads::default();
        thread_of(&threads, Misbehaviour::Pass).await;
        within(IDLE * 5, || Arc::strong_count(&threads.0) == 1);
        assert!(threads.idle().is_empty());
    }

    #[tokio::test]
    async fn what_a_probe_left_running_ends_with_its_thread() {
        let threads = ProbeThreads::default();
        let ticks = Arc::new(AtomicUsize::new(0));
        let (first, _) = thread_of(&threads, Misbehaviour::Spawn(Arc::clone(&ticks))).await;
        // The thread, and with it the task's own copy, goes without waiting to be idle.
        within(Duration::from_secs(5), || Arc::strong_count(&ticks) == 1);
        assert!(threads.idle().is_empty());
        let ended = ticks.load(Ordering::SeqCst);
        let (second, outcomes) = thread_of(&threads, Misbehaviour::Pass).await;
        assert_ne!(second, first);
        assert_eq!(outcomes, [Outcome::Passed]);
        assert_eq!(ticks.load(Ordering::SeqCst), ended);
    }

    #[track_caller]
    fn within(time: Duration, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < time, "not within {time:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
