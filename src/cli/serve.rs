//! `dialcheck serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use dialcheck::engine::{Environment, LocalFiles, References};
use dialcheck::server::{Authentication, Identity, Keys, Server, ServerOptions};
use dialcheck::service::{Passwords, Service, Validate};
use probe_contract::Loopback;

use super::catalog::CatalogArguments;
use super::dial_args::{AccessPolicy, DialArgs, Limits, max_files};
use super::failed::Failed;
use super::signals::EndSignals;
use super::stream;
use super::time::test_timeout;

/// Connections of clients at a time.
const MAX_CONNECTIONS: usize = 4096;

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; anywhere but on loopback it needs --auth sigv4 and a certificate
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7117")]
    listen: SocketAddr,

    #[command(flatten)]
    catalog: CatalogArguments,

    /// How callers are known: none (loopback only), or by AWS Signature Version 4 with --keys
    #[arg(long, value_enum, default_value_t = Auth::None, requires_if("sigv4", "keys"))]
    auth: Auth,

    /// The callers' access keys, in the format of ~/.aws/credentials: one profile a caller
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// With --auth none, answer passwords as Glue does, instead of hiding them
    #[arg(long)]
    reveal_passwords: bool,

    /// With --auth none, let definitions use stored secrets, keys, roles and files: every caller may then have them sent to a host
    /// of their choice. With --auth sigv4 the keys file says who may
    #[arg(long, alias = "inline-pointers")]
    allow_references: bool,

    /// Refuse to dial loopback and this machine's own addresses although the server listens on loopback, as behind a proxy that
    /// takes calls from elsewhere
    #[arg(long)]
    deny_loopback: bool,

    /// Let definitions point at the files (certificates, keys) in this folder
    #[arg(long, alias = "material-dir", value_name = "DIR")]
    files_dir: Option<PathBuf>,

    /// Test every connection that is created or updated, not only those that Glue tests
    #[arg(long)]
    validate_all: bool,

    /// The server's certificate with its chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// How long one test may take from the call on, at most 50s (5s, 500ms)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = test_timeout)]
    timeout: Duration,

    /// How many tests run at a time, of which one client and one host and port have their share; one more is refused as
    /// ResourceNumberLimitExceededException
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    /// How many connections one client address may have; 0 for any number, where all clients come by one proxy
    #[arg(long, value_name = "N", default_value = "256")]
    connections_per_peer: u16,

    #[command(flatten)]
    dial_args: DialArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// Whoever reaches the server may call
    None,
    /// AWS Signature Version 4
    Sigv4,
}

/// Runs the server until a signal ends it; gives back the exit code.
pub(super) fn run(arguments: &ServeArguments) -> Result<u8, Failed> {
    let usage = |line: String| Failed::Usage(vec![line]);
    let authentication = match (&arguments.auth, &arguments.keys) {
        (Auth::Sigv4, Some(file)) => {
            let keys =
                Keys::read(file).map_err(|error| usage(format!("--keys {}: {error}", file.display())))?;
            Authentication::SigV4(keys)
        }
        (Auth::Sigv4, None) => return Err(usage("--auth sigv4 takes --keys FILE".to_owned())),
        (Auth::None, _) => Authentication::None {
            passwords: if arguments.reveal_passwords { Passwords::Shown } else { Passwords::Hidden },
            references: if arguments.allow_references { References::Allowed } else { References::Denied },
        },
    };
    if arguments.auth == Auth::Sigv4 && arguments.allow_references {
        let line = "--allow-references goes with --auth none: with --auth sigv4, give a caller's profile dialcheck_references = true";
        return Err(usage(line.to_owned()));
    }
    let identity = match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(Identity::read(certificate, key).map_err(|error| usage(error.to_string()))?)
        }
        (Some(_) | None, _) => None,
    };
    let files = max_files();
    let max_connections = (files / 2).clamp(1, MAX_CONNECTIONS);
    let max_files = files.saturating_sub(max_connections).max(1);
    let options = ServerOptions {
        authentication,
        max_connections,
        most_tests: arguments.jobs.into(),
        max_peer_connections: Some(arguments.connections_per_peer.into()).filter(|most| *most > 0),
        identity,
    };
    let catalog = arguments.catalog.open(&arguments.dial_args)?;
    let reach = AccessPolicy {
        environment: Environment::Closed,
        // Every process on this machine can call it anyway, unless a proxy has others call from there.
        loopback: if arguments.listen.ip().is_loopback() && !arguments.deny_loopback {
            Loopback::Open
        } else {
            Loopback::Closed
        },
        local_files: arguments.files_dir.clone().map_or(LocalFiles::Refused, LocalFiles::Below),
    };
    let limits = Limits { deadline: arguments.timeout, max_concurrent: arguments.jobs.into(), max_files };
    let engine = arguments.dial_args.engine(limits, Some(catalog.clone()), reach, Vec::new())?;
    let validate = if arguments.validate_all { Validate::All } else { Validate::Authenticated };
    let service = Arc::new(Service::new(engine, catalog, validate));

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failed::Agent)?;
    runtime.block_on(async {
        let server =
            Server::bind(arguments.listen, options).await.map_err(|error| usage(error.to_string()))?;
        // Asked for before anybody can know that the server is up.
        let mut signals = EndSignals::catch().map_err(Failed::Agent)?;
        let url = server.url().map_err(Failed::Agent)?;
        say(&format!("listening on {url}"));
        server
            .run(service, async {
                let _whichever = signals.next().await;
                say("ending when what runs is done");
            })
            .await;
        Ok(0)
    })
}

/// stdout is for data.
fn say(line: &str) {
    // Nobody is left to hear of a stderr that can't be written.
    let _unheard = writeln!(stream::stderr(), "{line}");
}
