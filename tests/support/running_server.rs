//! A running `dialcheck serve`, and HTTP to it as bare as it gets: what a test says is what goes over the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::harness::{Connection, no_canary};

/// A server on a free port of loopback, with an SQLite catalog of its own. Ended on drop.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: Arc<tempfile::TempDir>,
    /// What it has said on stderr after its first line.
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Starts one with `arguments` beside the usual ones.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_on(Arc::new(tempfile::tempdir().unwrap()), arguments)
    }

    /// Starts one with more in its environment.
    pub(crate) fn start_with(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_on_with(Arc::new(tempfile::tempdir().unwrap()), environment, arguments)
    }

    /// Starts one on the AWS Glue Data Catalog that the environment leads to.
    pub(crate) fn start_in_aws(environment: &[(&str, &str)]) -> Self {
        Self::spawn(Arc::new(tempfile::tempdir().unwrap()), "aws", environment, &[])
    }

    /// Starts one on the catalog of another.
    pub(crate) fn start_on(folder: Arc<tempfile::TempDir>, arguments: &[&str]) -> Self {
        Self::start_on_with(folder, &[], arguments)
    }

    /// Starts one on the catalog of another, with more in its environment.
    pub(crate) fn start_on_with(
        folder: Arc<tempfile::TempDir>,
        environment: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let place = format!("sqlite:{}", catalog(&folder).display());
        Self::spawn(folder, &place, environment, arguments)
    }

    fn spawn(
        folder: Arc<tempfile::TempDir>,
        place: &str,
        environment: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        // One in a static is never dropped: it ends with this process.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_dialcheck")])
            .args(["serve", "--listen", "127.0.0.1:0", "--catalog", place])
            .args(arguments)
            .env_remove("DIALCHECK_CATALOG")
            .env("XDG_DATA_HOME", "/nonexistent")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = fixtures::spawn(command).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        stderr.read_line(&mut first).unwrap();
        let port = first.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no server: {first}"));
        let said = Arc::new(Mutex::new(String::new()));
        let reported = Arc::clone(&said);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut reported = reported.lock().unwrap();
                reported.push_str(&line);
                reported.push('\n');
            }
        });
        Self { child, port, folder, said }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where its catalog is.
    pub(crate) fn folder(&self) -> Arc<tempfile::TempDir> {
        Arc::clone(&self.folder)
    }

    pub(crate) fn catalog(&self) -> PathBuf {
        catalog(&self.folder)
    }

    /// What it has said on stderr since it listens.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Its memory in KiB (VmRSS).
    pub(crate) fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The CPU time of all its threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        // Behind the name in brackets: utime and stime are the 12th and 13th, in ticks of 10 ms (proc(5)).
        let behind = stat.rsplit_once(')').unwrap().1;
        let ticks = behind.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    /// TCP connections that it has dialed and not ended: established, and not to its own port.
    pub(crate) fn sockets(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.id());
        let links = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let inodes: Vec<String> = links
            .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", self.id())).unwrap();
        let own = format!(":{:04X}", self.port);
        let is_dialed = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.len() > 9
                && fields[3] == "01"
                && !fields[1].ends_with(&own)
                && inodes.iter().any(|inode| inode == fields[9])
        };
        table.lines().skip(1).filter(is_dialed).count()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // It may have been ended from elsewhere.
        let _gone = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Tells it to end, and waits until it has; gives back its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.end_by("TERM")
    }

    /// The same by another signal.
    pub(crate) fn end_by(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Calls an operation as SDKs do.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Answer {
        let target = format!("x-amz-target: AWSGlue.{operation}");
        self.post(&[CONTENT_TYPE, &target], input.to_string().as_bytes())
    }

    /// Tests a connection inline.
    pub(crate) fn test(&self, connection: &Connection) -> Answer {
        let mut input = connection.input();
        input.as_object_mut().unwrap().remove("Name");
        self.call("TestConnection", &json!({ "TestConnectionInput": input }))
    }

    /// Sends `body` to `POST /` with `headers`; Host, Content-Length and the end of the connection are added.
    pub(crate) fn post(&self, headers: &[&str], body: &[u8]) -> Answer {
        let host = format!("host: 127.0.0.1:{}", self.port);
        let headers = [headers, &[host.as_str()]].concat();
        self.send("POST /", &headers, body)
    }

    /// Sends exactly this request.
    pub(crate) fn send(&self, request: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut head =
            format!("{request} HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        Answer::read(self.exchange(&[head.as_bytes(), body].concat()))
    }

    /// Sends bytes, and reads until the server closes.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // A server that has seen enough may close before it has read all.
        let _closed = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        answer
    }

    #[expect(clippy::disallowed_methods, reason = "a client of the server that is tested")]
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        no_canary(&self.said());
    }
}

pub(crate) const CONTENT_TYPE: &str = "content-type: application/x-amz-json-1.1";

fn catalog(folder: &tempfile::TempDir) -> PathBuf {
    Path::new(folder.path()).join("catalog.sqlite")
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn read(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that the operation succeeded, and gives back its answer.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/x-amz-json-1.1"));
        assert!(self.header("x-amzn-requestid").is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()));
        self.json()
    }

    /// Asserts that it failed with `name`, and that no secret is in the answer; gives back the body.
    #[track_caller]
    pub(crate) fn failed(&self, status: u16, name: &str) -> Value {
        no_canary(&self.body);
        let body = self.json();
        assert_eq!((self.status, body["__type"].as_str()), (status, Some(name)), "{self:?}");
        assert_eq!(self.header("x-amzn-errortype"), Some(name));
        assert!(self.header("x-amzn-requestid").is_some());
        body
    }
}
