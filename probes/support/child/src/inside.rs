//! The child process, from inside: one request, one answer, and the end.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::Task;

/// The exit code of a child that got no request: a person started it.
const NO_REQUEST: u8 = 2;

/// Whether this process is a child for `task`: then it does `work`, and gives its exit code. To be asked before anything else reads the
/// arguments.
#[must_use]
pub fn run<Q: DeserializeOwned, A: Serialize>(task: &Task, work: impl FnOnce(&Q) -> A) -> Option<ExitCode> {
    let first = std::env::args_os().nth(1);
    if first.as_deref() != Some(OsStr::new(task.argument)) {
        return None;
    }
    // Its words would go to a stderr that nobody reads; the parent sees the exit code.
    std::panic::set_hook(Box::new(|_| ()));
    // Before it has anything to lose.
    thread::spawn(end_with_parent);
    Some(match answer(task, work) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::from(NO_REQUEST),
    })
}

fn answer<Q: DeserializeOwned, A: Serialize>(task: &Task, work: impl FnOnce(&Q) -> A) -> Option<()> {
    let mut text = Zeroizing::new(Vec::new());
    io::stdin().lock().take(task.max_request_bytes).read_to_end(&mut text).ok()?;
    let request: Q = serde_json::from_slice(&text).ok()?;
    let answer = serde_json::to_vec(&work(&request)).ok()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "it is a pipe to the parent, which reads an answer from it"
    )]
    let mut stdout = io::stdout().lock();
    stdout.write_all(&answer).ok()?;
    stdout.flush().ok()
}

/// Ends this process when no process is left to read its answer, although a library may still wait: its parent has ended, no matter how. A signal
/// at the parent's death (`PR_SET_PDEATHSIG`) would come when the thread ends that started the child.
#[expect(clippy::disallowed_methods, reason = "its reader is watched; nothing is written")]
fn end_with_parent() {
    let stdout = io::stdout();
    let mut reader = [PollFd::new(&stdout, PollFlags::empty())];
    while poll(&mut reader, None) == Err(Errno::INTR) {}
    // What it holds is gone with it; a tidy end would wait for those libraries.
    let _ended = kill_process(getpid(), Signal::KILL);
}
