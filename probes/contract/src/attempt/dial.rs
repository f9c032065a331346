//! How an attempt reaches its endpoint.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::{Attempt, StageGuard};
use crate::io_failure::io_failure;
use crate::tls::{self, TlsPolicy, TlsStream};
use crate::{Code, ConnectionPermit, EndpointStream, Evidence, Failed, Failure, Io, Stage, Wait};

impl Attempt {
    /// Stages `dns` and `tcp`: resolves the endpoint, shows the gate the address, and dials it when other tests leave room there. One
    /// address, once.
    ///
    /// # Errors
    /// `name_not_found`, `resolver_failed`, `egress_refused`, `refused`, `unreachable`, `timed_out`, `agent_busy`.
    ///
    /// # Panics
    /// On an attempt without an endpoint.
    pub async fn dial(&self) -> Result<EndpointStream, Failed> {
        let endpoint = self.endpoint.clone().expect("an attempt that dials has an endpoint");
        let options = &self.run.0.options;
        let address = self
            .stage(Stage::Dns, async |guard| {
                // One that is never closed always gives its permit.
                let _turn = self.run.0.lookups.acquire().await.ok();
                let resolved = options.resolver.resolve(&endpoint.host).await?;
                let first = resolved[0];
                guard.note(Evidence::Resolved(resolved));
                Ok(first)
            })
            .await?;
        let permit = self.permit().await?;
        self.stage(Stage::Tcp, async |guard| {
            let socket = (address, endpoint.port).into();
            guard.note(Evidence::Address(socket));
            options.gate.check(address).map_err(|kind| {
                Failure::new(Code::EgressRefused, format!("{endpoint} leads to {address}, {kind}"))
            })?;
            #[expect(clippy::disallowed_methods, reason = "the one place that dials")]
            let stream = TcpStream::connect(socket).await.map_err(|error| io_failure(error, &endpoint))?;
            stream.set_nodelay(true).map_err(|error| io_failure(error, &endpoint))?;
            // An attempt that dials twice keeps the first address.
            let _first = self.address.set(socket);
            Ok(EndpointStream::new(stream, permit))
        })
        .await
    }

    /// Where [`dial`](Self::dial) found the endpoint.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Stage `tls`: encrypts `io` and checks the peer's certificate as `policy` says.
    ///
    /// # Errors
    /// One of the certificate codes, `tls_version_mismatch`, `client_certificate_refused`, `wrong_protocol`,
    /// `connection_reset`, `timed_out`.
    pub async fn secure<S: Io>(&self, io: S, policy: &TlsPolicy) -> Result<TlsStream<S>, Failed> {
        self.secure_or_explain(io, policy, async |_, failure| failure).await
    }

    /// As [`secure`](Self::secure); `explain` may find better words for a handshake that failed, by [`StageGuard::look_again`] for instance.
    ///
    /// # Errors
    /// What `explain` makes of those of [`secure`](Self::secure).
    pub async fn secure_or_explain<S: Io>(
        &self,
        io: S,
        policy: &TlsPolicy,
        explain: impl AsyncFnOnce(&StageGuard, Failure) -> Failure,
    ) -> Result<TlsStream<S>, Failed> {
        let run = &self.run;
        self.stage(Stage::Tls, async |guard| {
            let roots = &run.0.options.trust_roots;
            match tls::handshake(io, policy, roots, Some(&guard), |warning| run.warn(warning)).await {
                Ok(stream) => Ok(stream),
                Err(failure) => Err(explain(&guard, failure).await),
            }
        })
        .await
    }

    /// Room for one connection to the endpoint, which [`dial`](Self::dial) takes by itself: for one that is opened elsewhere. None where
    /// nobody bounds them. The permit bounds for as long as it lives.
    ///
    /// # Errors
    /// `agent_busy`, of stage `tcp`.
    pub async fn permit(&self) -> Result<Option<Box<dyn ConnectionPermit>>, Failed> {
        let (Some(limit), Some(endpoint)) = (self.run.connection_limit(), self.endpoint.as_deref()) else {
            return Ok(None);
        };
        if let Some(permit) = self.wait_for_others(Wait::Connection, limit.acquire(endpoint)).await {
            return Ok(Some(permit));
        }
        let detail = format!("other tests already use all connections that are allowed to {endpoint}");
        Err(self.fail(Stage::Tcp, Failure::new(Code::AgentBusy, detail)))
    }
}

impl StageGuard {
    /// A second connection to where the attempt was dialed, encrypted where `policy` is given: for a look at who is there when the first
    /// one ended without a word. Nothing of it is recorded, and no credential may go there. None where it can't be had.
    ///
    /// Cancel safe: a dropped one closes what it opened.
    pub async fn look_again(&self, policy: Option<&TlsPolicy>) -> Option<Box<dyn Io>> {
        let address = self.attempt.address.get()?;
        #[expect(clippy::disallowed_methods, reason = "the gate let Leg::dial have this very address")]
        let stream = TcpStream::connect(address).await.ok()?;
        let Some(policy) = policy else { return Some(Box::new(stream)) };
        let roots = &self.attempt.run.0.options.trust_roots;
        let stream = tls::handshake(stream, policy, roots, None, |_| ()).await.ok()?;
        Some(Box::new(stream))
    }
}
