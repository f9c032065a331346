//! Runs the binary, and looks for the canary in everything that it says.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

#[path = "../../probes/contract/src/scrub/tests/decodings.rs"]
pub(crate) mod decodings;

/// Every password of every test holds it, and no output ever does.
pub(crate) const CANARY: &str = "c4naRy-Pa55";

/// The password of the users that log in.
pub(crate) const PASSWORD: &str = "c4naRy-Pa55-right";
/// The password of those that must not.
pub(crate) const WRONG_PASSWORD: &str = "c4naRy-Pa55-wrong";

/// Every character that a URL, a shell, JSON or SQL takes for something else.
pub(crate) const AWKWARD: &str = "c4naRy-Pa55@:/?#%41'\"\\&=;+ <>{}[]|^`~*$!ü€𐌰";

/// The deadline of tests that hang. As a flag it is `--timeout 1500ms`.
pub(crate) const DEADLINE: Duration = Duration::from_millis(1500);

/// One run of the binary.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs `dialcheck` with `stdin`.
pub(crate) fn dialcheck(arguments: &[&str], stdin: &[u8]) -> Ran {
    dialcheck_with(&[], arguments, stdin)
}

/// The same with more in its environment.
pub(crate) fn dialcheck_with(environment: &[(&str, &str)], arguments: &[&str], stdin: &[u8]) -> Ran {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dialcheck"))
        .args(arguments)
        .env_remove("DIALCHECK_CATALOG")
        // The tests must not see the embedded catalog of the user who runs them.
        .env("XDG_DATA_HOME", "/nonexistent")
        .env("NO_COLOR", "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A process that refuses its input may close it before it has read all.
    let _closed = child.stdin.take().unwrap().write_all(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let ran = Ran {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
        took: started.elapsed(),
    };
    no_canary(&ran.stdout);
    no_canary(&ran.stderr);
    ran
}

/// Fails where the canary can be read in `text`, as it is or decoded once.
#[track_caller]
pub(crate) fn no_canary(text: &str) {
    // Of the longest outputs, all of whose results are of one kind, the first.
    let end = text.floor_char_boundary(1024 * 1024);
    if let Some(reported) = decodings::reported(&text[..end], CANARY, CANARY.len(), 1) {
        panic!("the canary is shown, as {reported}:\n{text}");
    }
    assert!(!text.contains(CANARY), "the canary is shown:\n{text}");
}

/// A connection with its properties, as a ConnectionInput.
#[derive(Clone)]
pub(crate) struct Connection {
    connection_type: &'static str,
    properties: Map<String, Value>,
}

impl Connection {
    /// By JDBC to `url` as alice with the right password.
    pub(crate) fn to(url: impl Into<String>) -> Self {
        let empty = Self { connection_type: "JDBC", properties: Map::new() };
        empty.with("JDBC_CONNECTION_URL", url).with("USERNAME", "alice").with("PASSWORD", PASSWORD)
    }

    /// To the brokers of Kafka's that `servers` lists.
    pub(crate) fn kafka(servers: impl Into<String>) -> Self {
        let empty = Self { connection_type: "KAFKA", properties: Map::new() };
        empty.with("KAFKA_BOOTSTRAP_SERVERS", servers)
    }

    /// To MongoDB by the connection string `url`, without a user.
    pub(crate) fn mongodb(url: impl Into<String>) -> Self {
        let empty = Self { connection_type: "MONGODB", properties: Map::new() };
        empty.with("CONNECTION_URL", url)
    }

    /// To a database of the PostgreSQL server on `port`.
    pub(crate) fn postgres(port: u16, database: &str) -> Self {
        Self::to(format!("jdbc:postgresql://localhost:{port}/{database}"))
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.properties.insert(key.to_owned(), Value::String(value.into()));
        self
    }

    pub(crate) fn user(self, user: &str, password: &str) -> Self {
        self.with("USERNAME", user).with("PASSWORD", password)
    }

    pub(crate) fn input(&self) -> Value {
        json!({ "Name": "case", "ConnectionType": self.connection_type, "ConnectionProperties": self.properties })
    }

    /// Tests it with `arguments` beside the usual ones.
    pub(crate) fn test_with(&self, arguments: &[&str]) -> Tested {
        self.test_in_with(&[], arguments)
    }

    /// Tests it with more in the environment.
    pub(crate) fn test_in(&self, environment: &[(&str, &str)]) -> Tested {
        self.test_in_with(environment, &["--timeout", "10s"])
    }

    pub(crate) fn test_in_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Tested {
        Self::run(&self.input(), environment, arguments)
    }

    /// Tests a definition of any type.
    pub(crate) fn test_input(input: &Value, environment: &[(&str, &str)]) -> Tested {
        Self::run(input, environment, &["--timeout", "10s"])
    }

    /// The same with `arguments` of its own.
    pub(crate) fn test_input_with(input: &Value, environment: &[(&str, &str)], arguments: &[&str]) -> Tested {
        Self::run(input, environment, arguments)
    }

    fn run(input: &Value, environment: &[(&str, &str)], arguments: &[&str]) -> Tested {
        let arguments = [&["test", "--input", "-", "--output", "json"], arguments].concat();
        let ran = dialcheck_with(environment, &arguments, input.to_string().as_bytes());
        assert_eq!(ran.stderr, "", "stderr is silent when a test could be run");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        crate::support::schema::check(&report);
        Tested { result: report["results"][0].clone(), ran }
    }

    pub(crate) fn test(&self) -> Tested {
        self.test_with(&["--timeout", "10s"])
    }
}

/// The result of one tested connection.
pub(crate) struct Tested {
    pub(crate) ran: Ran,
    pub(crate) result: Value,
}

/// How a test must fail. Every field is stated by every case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed<'a> {
    pub(crate) stage: &'a str,
    pub(crate) code: &'a str,
    pub(crate) native: Option<&'a str>,
    pub(crate) exception: &'a str,
    pub(crate) exit: i32,
}

impl Tested {
    /// Asserts that it passed, and gives back the evidence of `stage`.
    #[track_caller]
    pub(crate) fn passed(&self) -> &Self {
        assert_eq!(self.result["verdict"], "passed", "{:#}", self.result);
        assert_eq!(self.ran.code, 0);
        assert_eq!(self.result.get("exception"), None);
        assert_eq!(self.result.get("failure"), None);
        self
    }

    /// Asserts exactly how it failed. The exception stands with its FederationSourceErrorCode behind a slash.
    #[track_caller]
    pub(crate) fn failed(&self, expected: &Failed<'_>) -> &Self {
        let exception = &self.result["exception"];
        let name = exception["name"].as_str().unwrap_or_default();
        let exception = match exception["federation_source_error_code"].as_str() {
            Some(code) => format!("{name}/{code}"),
            None => name.to_owned(),
        };
        let failure = &self.result["failure"];
        let met = Failed {
            stage: failure["stage"].as_str().unwrap_or_default(),
            code: failure["code"].as_str().unwrap_or_default(),
            native: failure["native"].as_str(),
            exception: &exception,
            exit: self.ran.code,
        };
        assert_eq!(&met, expected, "{:#}", self.result);
        let verdict = if expected.code == "not_testable" { "not_testable" } else { "failed" };
        assert_eq!(self.result["verdict"], verdict, "{:#}", self.result);
        self
    }

    /// Asserts that a test with a timeout of [`DEADLINE`] hung at `stage`, and that it kept to that.
    #[track_caller]
    pub(crate) fn hung(&self, stage: &str) -> &Self {
        const SLACK: Duration = Duration::from_millis(100);
        let timeout = exception::TIMEOUT;
        self.failed(&Failed { stage, code: "timed_out", native: None, exception: timeout, exit: 4 });
        let took = Duration::from_secs_f64(self.result["ms"].as_f64().unwrap() / 1e3);
        assert!(took >= DEADLINE && took <= DEADLINE + SLACK, "{took:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let message = self.result["exception"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(text), "{text:?} is not in {message:?}");
        self
    }

    #[track_caller]
    pub(crate) fn warns(&self, code: &str) -> &Self {
        let warnings = self.result["warnings"].as_array().unwrap();
        assert!(warnings.iter().any(|warning| warning["code"] == code), "{code} is not in {warnings:?}");
        self
    }

    #[track_caller]
    pub(crate) fn warns_of_nothing(&self) -> &Self {
        assert_eq!(self.result["warnings"], json!([]));
        self
    }

    /// `stage=outcome`, in order.
    pub(crate) fn stages(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.result["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| format!("{}={}", text(&stage["stage"]), text(&stage["outcome"])))
            .collect()
    }

    /// One fact of a stage.
    pub(crate) fn evidence(&self, stage: &str, fact: &str) -> Value {
        let stages = self.result["stages"].as_array().unwrap();
        let record = stages.iter().find(|record| record["stage"] == stage).unwrap();
        record["evidence"][fact].clone()
    }
}

/// The exceptions, as [`Failed::exception`] spells them.
pub(crate) mod exception {
    pub(crate) const INVALID_INPUT: &str = "InvalidInputException";
    pub(crate) const ENTITY_NOT_FOUND: &str = "EntityNotFoundException";
    pub(crate) const ACCESS_DENIED: &str = "AccessDeniedException";
    pub(crate) const TIMEOUT: &str = "OperationTimeoutException";
    pub(crate) const FS_CREDENTIALS: &str = "FederationSourceException/InvalidCredentialsException";
    pub(crate) const FS_ACCESS_DENIED: &str = "FederationSourceException/AccessDeniedException";
    pub(crate) const FS_NOT_FOUND: &str = "FederationSourceException/EntityNotFoundException";
    pub(crate) const FS_INPUT: &str = "FederationSourceException/InvalidInputException";
    pub(crate) const FS_RESPONSE: &str = "FederationSourceException/InvalidResponseException";
    pub(crate) const FS_UNSUPPORTED: &str = "FederationSourceException/OperationNotSupportedException";
    pub(crate) const FS_INTERNAL: &str = "FederationSourceException/InternalServiceException";
    pub(crate) const FS_THROTTLING: &str = "FederationSourceException/ThrottlingException";
}
