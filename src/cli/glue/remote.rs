//! Operations on a server: one of dialcheck's, or Glue itself.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, FromArgMatches as _};
use dialcheck::aws::{
    Endpoint, Event, GlueClient, GlueClientOptions, NoEndpoint, ServerCertificate, Signing,
};
use probe_contract::printable;

use super::failure::Failure;
use crate::cli::aws::AwsArguments;
use crate::cli::dial_args::certificates;
use crate::cli::stream;

/// A client of the server at `endpoint`.
pub(super) fn client(endpoint: &str, matches: &ArgMatches) -> Result<GlueClient, Failure> {
    let usage = |what: String| Failure::Usage(what);
    let endpoint: Endpoint =
        endpoint.parse().map_err(|error: NoEndpoint| usage(format!("--endpoint-url: {error}")))?;
    let aws = AwsArguments::from_arg_matches(matches).map_err(|error| usage(error.to_string()))?;
    let bundle = certificates(matches.get_one::<PathBuf>("ca-bundle").map(PathBuf::as_path));
    let client = GlueClient::new(GlueClientOptions {
        endpoint: Some(endpoint),
        aws: aws.options(),
        resolver: Arc::default(),
        signing: if matches.get_flag("no-sign-request") { Signing::None } else { Signing::SigV4 },
        connect_timeout: timeout(matches, "cli-connect-timeout"),
        read_timeout: timeout(matches, "cli-read-timeout"),
        call_timeout: None,
        authorities: bundle.map_err(|failed| usage(failed.lines().join("\n")))?,
        server_certificate: if matches.get_flag("no-verify-ssl") {
            ServerCertificate::Unchecked
        } else {
            ServerCertificate::Checked
        },
        listener: matches.get_flag("debug").then_some(say),
    });
    client.map_err(|error| usage(error.to_string()))
}

/// What `--debug` says.
fn say(event: Event<'_>) {
    let line = match event {
        Event::Calling { operation, endpoint } => {
            format!("calling AWSGlue.{} at {endpoint}", operation.model().name)
        }
        Event::Answered { status, request_id } => {
            format!("{status}, request id {}", request_id.unwrap_or("none"))
        }
    };
    // A stderr that can't be written has no reader either.
    let _unheard = writeln!(stream::stderr(), "debug: {}", printable(&line));
}

/// A time-out as the AWS CLI has it: seconds, 60 where it is not given, none where it is 0.
fn timeout(matches: &ArgMatches, name: &str) -> Option<Duration> {
    let seconds = matches.get_one::<u64>(name).copied().unwrap_or(60);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}
