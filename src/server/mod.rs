//! The server: the Glue endpoint at `POST /`, and the reports of what it tested.

mod accept;
mod api;
mod authentication;
mod authenticator;
mod client_stream;
mod json;
mod keys;
mod peers;
mod report_route;
mod reports;
mod signature;
mod state;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

pub use crate::private_file::PrivateFileError;
pub use authentication::Authentication;
pub use keys::{Keys, KeysError};
pub use tls::{Identity, IdentityError};

use crate::service::GlueApi;
use crate::shares::Shares;
use authenticator::Authenticator;
use peers::Peers;
use reports::Reports;
use state::State;

/// How a server is run.
pub struct ServerOptions {
    /// Who may call.
    pub authentication: Authentication,
    /// How many tests may run at a time; one more is refused, and so is one of a client who has its share of them.
    pub most_tests: usize,
    /// How many connections clients may have; past it they wait in the system's queue.
    pub max_connections: usize,
    /// How many connections one peer may have; any number, where all clients come by one proxy.
    pub max_peer_connections: Option<usize>,
    /// The certificate to encrypt with.
    pub identity: Option<Identity>,
}

/// A server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    options: ServerOptions,
}

/// Why a server may not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The operating system refuses.
    #[error("{0} can't be listened on: {1}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// Other machines could call it unasked.
    #[error("{0} is not a loopback address: everyone who reaches it could call, so it needs --auth sigv4")]
    Unauthenticated(SocketAddr),
    /// Other machines' requests, with passwords in them, would come in clear text.
    #[error(
        "{0} is not a loopback address: requests contain passwords, so it needs --tls-certificate and --tls-key"
    )]
    ClearText(SocketAddr),
}

impl Server {
    /// Binds `address`.
    ///
    /// # Errors
    /// [`ListenError`]: anywhere but on loopback, callers are authenticated and requests encrypted.
    pub async fn bind(address: SocketAddr, options: ServerOptions) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            if let Authentication::None { .. } = options.authentication {
                return Err(ListenError::Unauthenticated(address));
            }
            if options.identity.is_none() {
                return Err(ListenError::ClearText(address));
            }
        }
        let listener = TcpListener::bind(address).await.map_err(|error| ListenError::Bind(address, error))?;
        Ok(Self { listener, options })
    }

    /// The URL to call it by.
    ///
    /// # Errors
    /// The operating system does not report the address.
    pub fn url(&self) -> std::io::Result<String> {
        let scheme = if self.options.identity.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.local_addr()?))
    }

    /// Answers until `shutdown` is over; then finishes what runs, and takes nothing new.
    pub async fn run(self, service: Arc<dyn GlueApi>, shutdown: impl Future<Output = ()>) {
        let Self { listener, options } = self;
        let state = Arc::new(State {
            service,
            authenticator: Authenticator::new(options.authentication),
            tests: Shares::new(options.most_tests),
            reports: Reports::default(),
            writes: TaskTracker::new(),
        });
        let router = Router::new()
            .route("/v1/reports/{request_id}", get(report_route::answer))
            .fallback(api::answer)
            .with_state(Arc::clone(&state));
        let peers = Peers::new(options.max_peer_connections);
        accept::run(listener, options.identity, options.max_connections, peers, router, shutdown).await;
        state.writes.close();
        state.writes.wait().await;
    }
}
