//! What can be typed.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use dialcheck::glue::Operation;
use dialcheck::service::tested_types;

use super::aws::AwsArguments;
use super::catalog::CatalogArguments;
use super::glue;
use super::serve::ServeArguments;

/// boto3 gives up on a call after 60 s and repeats it: a test must be over by then.
const LONGEST_TEST: Duration = Duration::from_secs(50);
/// Whoever waits longer has mistyped.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Test AWS Glue connections by really dialing them, stage by stage
#[derive(Parser)]
#[command(name = "dialcheck", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The whole command line: the operations of Glue's stand behind dialcheck's own commands.
pub(super) fn command() -> clap::Command {
    Arguments::command().subcommands(glue::commands()).after_help(types())
}

/// As much of it as the first argument asks for: a thousand flags take longer to make than a test takes to dial.
pub(super) fn command_for(first: Option<&OsStr>) -> clap::Command {
    let own = Arguments::command();
    let first = first.and_then(OsStr::to_str).unwrap_or_default();
    match Operation::of_command(first) {
        Some(operation) => own.subcommand(glue::command(operation)),
        // `completions` and `help` are about all of it.
        None if ["test", "wait", "serve", "types"].contains(&first) => own,
        None => command(),
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Dial connections and say which stage failed, why, and what to change
    Test(TestArguments),
    /// Repeat until the connections pass, then run a command; stop at once on what waiting can't mend
    Wait(WaitArguments),
    /// Answer as AWS Glue does, over HTTP
    Serve(ServeArguments),
    /// Say what can be tested, how deep, and with which properties
    Types(TypesArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    pub(crate) targets: Targets,

    /// How long one test may take, at most 50s (5s, 500ms)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = test_timeout)]
    pub(crate) timeout: Duration,

    /// How many tests dial at a time, within the limit of open files; no more than 16 of them at one host and port that answers
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,

    /// What to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) dialing: Dialing,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct WaitArguments {
    #[command(flatten)]
    pub(crate) targets: Targets,

    /// How long to wait for all of them together (60s, 5m)
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = wait_timeout)]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) dialing: Dialing,

    /// What to run then; its exit code is dialcheck's
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args)]
pub(crate) struct TypesArguments {
    /// What to print
    #[arg(long, value_enum, default_value_t = TypesOutput::Human)]
    pub(crate) output: TypesOutput,
}

/// The forms of the list of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypesOutput {
    /// For people
    Human,
    /// One JSON list
    Json,
    /// The table in dialcheck's README
    Markdown,
}

const EXIT_CODES: &str = "Exit codes: 0 all passed; 1 a connection failed; 2 usage, settings or input, or what was named is not \
                          testable; 3 dialcheck itself; 4 a connection failed in a way that may pass later";

/// Which connections.
#[derive(Args)]
pub(crate) struct Targets {
    /// Names of connections in the catalog
    #[arg(value_name = "NAME", required_unless_present_any = ["all", "input"])]
    pub(crate) names: Vec<String>,

    /// Every connection of the catalog
    #[arg(long, conflicts_with_all = ["names", "input"])]
    pub(crate) all: bool,

    /// What FILE defines, - for standard input: JSON or YAML; a TestConnectionInput, a ConnectionInput, an AWS CLI
    /// skeleton, what `aws glue get-connections` prints, or a list
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    pub(crate) input: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) catalog: CatalogArguments,
}

/// How they are dialed.
#[derive(Args, Default)]
pub(crate) struct Dialing {
    /// Let a partial failure (one of several brokers, say) fail the test
    #[arg(long)]
    pub(crate) strict: bool,

    /// Ask this DNS server instead of the machine's own (ADDR or ADDR:PORT; may be repeated)
    #[arg(long = "dns-server", value_name = "ADDR", value_parser = dns_server)]
    pub(crate) dns_servers: Vec<SocketAddr>,

    /// Trust the authorities in this PEM file too, beside the system's and Amazon RDS's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,

    /// Send a token for Amazon MSK (AWS_MSK_IAM) to this host too, and not only to Amazon's own names: a broker behind a
    /// name of yours, a test's; the token is good for whoever receives it (may be repeated)
    #[cfg(feature = "aws")]
    #[arg(long = "msk-broker", value_name = "HOST", value_parser = host)]
    pub(crate) msk_brokers: Vec<String>,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// The same as YAML
    Yaml,
    /// A JUnit test suite
    Junit,
    /// Annotations for a GitHub workflow
    Github,
}

pub(super) fn test_timeout(text: &str) -> Result<Duration, String> {
    time(text, LONGEST_TEST, "expected more than 0 and at most 50s")
}

fn wait_timeout(text: &str) -> Result<Duration, String> {
    time(text, LONGEST_WAIT, "expected more than 0 and at most 24h")
}

fn time(text: &str, longest: Duration, range: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 5s or 500ms";
    let spelled =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() };
    let time: jiff::SignedDuration = spelled.parse().map_err(|_| EXPECTED)?;
    let time = Duration::try_from(time).map_err(|_| EXPECTED)?;
    if time.is_zero() || time > longest {
        return Err(range.to_owned());
    }
    Ok(time)
}

fn dns_server(text: &str) -> Result<SocketAddr, &'static str> {
    const PORT: u16 = 53;
    let address = text.parse().or_else(|_| text.parse().map(|address| SocketAddr::new(address, PORT)));
    address.map_err(|_| "expected an IP address, with :PORT where it is not 53")
}

#[cfg(feature = "aws")]
fn host(text: &str) -> Result<String, &'static str> {
    probe_contract::Endpoint::parse_host(text)
}

/// What can be tested, by name.
fn types() -> String {
    let names: Vec<_> = tested_types().iter().map(|tested| tested.connection_type).collect();
    format!(
        "Connections that can be tested (`dialcheck types` says how deep, and with which properties):\n{}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_time_up_to_fifty_seconds() {
        assert_eq!(test_timeout("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(test_timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(test_timeout("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "0", "0s", "51s", "-1s", "5 apples", "99999999999999999999s"] {
            assert!(test_timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_dns_server_is_an_address_with_or_without_a_port() {
        assert_eq!(dns_server("127.0.0.1"), Ok(([127, 0, 0, 1], 53).into()));
        assert_eq!(dns_server("127.0.0.1:5353"), Ok(([127, 0, 0, 1], 5353).into()));
        assert_eq!(dns_server("[::1]:53").map(|address| address.port()), Ok(53));
        assert!(dns_server("resolver.example").is_err());
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_broker_is_a_host_without_a_port() {
        assert_eq!(host("broker.example"), Ok("broker.example".to_owned()));
        assert_eq!(host("[::1]"), Ok("::1".to_owned()));
        for wrong in ["", "broker.example:9098", "*.example", "https://broker.example"] {
            assert_eq!(host(wrong), Err("expected a host name or an IP address"), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
