//! The child process, as its parent sees it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, io};

use futures_util::future::join;
use probe_contract::{Code, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::Task;

/// The reserve at the end of the time, so that the child can still say itself why it took so long, and we that it did not.
const MAX_RESERVE: Duration = Duration::from_millis(600);

/// What is run as the child.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable file.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// One child and the time that it has.
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    /// What it is for.
    pub task: &'static Task,
    /// What is run.
    pub program: &'a Program,
    /// When its stage began.
    pub started: Instant,
    /// When that will be ended from outside.
    pub until: Instant,
}

impl Program {
    /// Our own binary, which is the child of `task` where its first argument says so.
    ///
    /// # Errors
    /// `agent_failed` where the system does not say which file that is.
    pub fn own(task: &Task) -> Result<Self, Failure> {
        let path = env::current_exe().map_err(|error| task.broken("can't be found", error))?;
        Ok(Self { path, arguments: vec![task.argument.to_owned()] })
    }
}

impl Child<'_> {
    /// How long the child itself may take: what is left is for its answer.
    #[must_use]
    pub fn time(&self) -> Duration {
        let all = self.all();
        all - (all / 4).min(MAX_RESERVE)
    }

    /// Starts it, sends it `request` and waits for its answer; `telling` is called before that.
    ///
    /// # Errors
    /// `agent_failed` where the child does not do its part.
    ///
    /// Cancel safe: dropped, it kills the child.
    pub async fn ask<A: DeserializeOwned>(
        &self,
        request: &impl Serialize,
        telling: impl FnOnce(),
    ) -> Result<A, Failure> {
        let task = self.task;
        let request = written(request).map_err(|_| task.failed("can't receive its task"))?;
        let mut command = Command::new(&self.program.path);
        command.args(&self.program.arguments).env_clear().envs(task.environment.iter().copied());
        command.envs(task.inherited.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        // What a library says on stderr may hold anything.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.current_dir("/").kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| task.broken("can't be started", error))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(task.failed("has no stdin or stdout"));
        };
        telling();
        let tell = async {
            // One that is gone already says so by its end.
            let _written = stdin.write_all(&request).await;
            drop(stdin);
        };
        let listen = async {
            let mut answer = Vec::new();
            stdout.take(task.max_answer_bytes + 1).read_to_end(&mut answer).await.map(|_| answer)
        };
        let work = async {
            let ((), answer) = join(tell, listen).await;
            let answer = answer.map_err(|error| task.broken("can't be heard", error))?;
            if answer.is_empty() {
                let status = child.wait().await.map_err(|error| task.broken("is lost", error))?;
                return Err(task.failed(&format!("ended without an answer ({status})")));
            }
            Ok(answer)
        };
        let overdue = self.until - (self.all() / 10).min(MAX_RESERVE / 3);
        let answer = tokio::select! {
            answer = work => answer?,
            () = tokio::time::sleep_until(overdue.into()) => {
                return Err(task.failed("hangs, and was ended when the time was nearly over"));
            }
        };
        if answer.len() as u64 > task.max_answer_bytes {
            return Err(task.failed("answers more than there can be to say"));
        }
        serde_json::from_slice(&answer).map_err(|_| task.failed("answers what can't be read"))
    }

    fn all(&self) -> Duration {
        self.until.saturating_duration_since(self.started)
    }
}

impl Task {
    fn failed(&self, what: &str) -> Failure {
        Failure::new(Code::AgentFailed, format!("{} {what}", self.name))
    }

    fn broken(&self, what: &str, error: io::Error) -> Failure {
        let kind = error.kind();
        self.failed(&format!("{what}: {kind}")).source(error)
    }
}

/// `request` in JSON, in a buffer that never grew: one that grows leaves its content behind.
fn written(request: &impl Serialize) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, request)?;
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *text, request)?;
    Ok(text)
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TASK: Task = Task {
        argument: "a-test",
        name: "the process of the test",
        environment: &[("ONLY", "this")],
        inherited: &["PATH"],
        max_request_bytes: 1024,
        max_answer_bytes: 64,
    };

    fn shell(script: &str) -> Program {
        Program { path: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script.to_owned()] }
    }

    async fn ask(program: &Program, time: Duration) -> Result<String, String> {
        let started = Instant::now();
        let child = Child { task: &TASK, program, started, until: started + time };
        let answer = child.ask(&"a request", || ()).await;
        answer.map_err(|failure| {
            assert_eq!(failure.code, Code::AgentFailed);
            failure.detail
        })
    }

    #[tokio::test]
    async fn a_child_reads_its_request_and_is_read() {
        let time = Duration::from_secs(10);
        assert_eq!(ask(&shell("cat"), time).await.as_deref(), Ok("a request"));
        assert_eq!(ask(&shell(r#"printf '"%s %s"' "$ONLY" "$HOME""#), time).await.as_deref(), Ok("this "));
    }

    #[tokio::test]
    async fn a_child_that_does_not_do_its_part_is_a_failure_with_its_name() {
        for (script, words) in [
            ("exit 3", "ended without an answer (exit status: 3)"),
            ("cat >/dev/null; kill -9 $$", "ended without an answer (signal: 9 (SIGKILL))"),
            ("printf '\"cut'", "answers what can't be read"),
            ("yes", "answers more than there can be to say"),
        ] {
            let reported = ask(&shell(script), Duration::from_secs(10)).await;
            assert_eq!(reported, Err(format!("the process of the test {words}")), "{script}");
        }
        let absent = Program { path: "/no/such/program".into(), arguments: Vec::new() };
        let reported = ask(&absent, Duration::from_secs(10)).await;
        assert_eq!(reported, Err("the process of the test can't be started: entity not found".to_owned()));
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_ended_in_time_and_one_that_nobody_waits_for_at_once() {
        let time = Duration::from_secs(1);
        let started = Instant::now();
        let reported = ask(&shell("exec sleep 60"), time).await;
        let hangs = "the process of the test hangs, and was ended when the time was nearly over";
        assert_eq!(reported, Err(hangs.to_owned()));
        assert!(started.elapsed() < time, "{:?}", started.elapsed());

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("process");
        let program = shell(&format!("echo $$ >{}; exec sleep 60", file.display()));
        let id = async {
            loop {
                let text = fs::read_to_string(&file).unwrap_or_default();
                if let Ok(id) = text.trim().parse::<u32>() {
                    return id;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let id = tokio::select! {
            reported = ask(&program, Duration::from_secs(30)) => panic!("{reported:?}"),
            id = id => id,
        };
        let status = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        for _ in 0..1000 {
            // Gone, or a zombie that only waits to be reaped.
            if status().is_empty() || status().contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it still runs: {}", status());
    }

    #[test]
    fn a_request_is_written_into_one_buffer() {
        let text = written(&"a \"quoted\" request\n").unwrap();
        assert_eq!(text.capacity(), text.len());
        assert_eq!(text.as_slice(), br#""a \"quoted\" request\n""#);
    }
}
