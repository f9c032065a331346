//! How an attempt reaches its endpoint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout_at;

use super::{Attempt, StageGuard};
use crate::io_failure::io_failure;
use crate::tls::{self, TlsPolicy, TlsStream};
use crate::{
    Addresses, Code, ConnectionPermit, Endpoint, EndpointStream, Evidence, Failed, Failure, Io, Stage, Wait,
};

/// The largest that there can be.
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// How long the first of several addresses is dialed alone (`transparentNetworkIPResolution`).
const HEAD_START: Duration = Duration::from_millis(500);

impl Attempt {
    /// The same attempt, dialing `addresses` of the endpoint's name.
    #[must_use]
    pub fn trying(&self, addresses: Addresses) -> Self {
        Self { addresses, ..self.clone() }
    }

    /// Stages `dns` and `tcp`: resolves the endpoint, shows the gate each address that is to be dialed, and dials it when other tests leave
    /// room there. Each address is dialed once, and has a record; those before the one that accepts are tolerated.
    ///
    /// An address that the gate refuses is the end: the driver would dial it, so what comes behind it says nothing about a job.
    ///
    /// # Errors
    /// `name_not_found`, `resolver_failed`, `egress_refused`, `refused`, `unreachable`, `timed_out`, `agent_busy`: of several addresses,
    /// what the last one that was tried failed with.
    ///
    /// # Panics
    /// On an attempt without an endpoint.
    pub async fn dial(&self) -> Result<EndpointStream, Failed> {
        let endpoint = self.endpoint.clone().expect("an attempt that dials has an endpoint");
        let resolved = self.stage(Stage::Dns, async |guard| self.resolve(&endpoint, &guard).await).await?;
        let addresses = self.addresses.among(resolved);
        let permit = self.permit().await?;
        let is_only = addresses.len() == 1;
        match self.addresses {
            Addresses::FirstThenTogether | Addresses::Together if !is_only => {
                let stream = self.dial_together(&endpoint, &addresses).await?;
                return Ok(EndpointStream::new(stream, permit));
            }
            Addresses::First
            | Addresses::All
            | Addresses::AllOfOneFamily
            | Addresses::FirstThenTogether
            | Addresses::Together
            | Addresses::WhileSilent => {}
        }
        let (mut attempt, mut tried) = (self.clone(), Vec::new());
        loop {
            let socket = (addresses[tried.len()], endpoint.port).into();
            match attempt.connect(socket, &endpoint, is_only).await {
                Ok(stream) => {
                    tried.into_iter().for_each(|failed| self.run.tolerate(failed));
                    return Ok(EndpointStream::new(stream, permit));
                }
                Err(Unconnected { failed, then: Then::Next }) if tried.len() + 1 < addresses.len() => {
                    tried.push(failed);
                    attempt = self.anew();
                }
                Err(Unconnected { failed, then: Then::Next | Then::End }) => return Err(failed),
            }
        }
    }

    /// Stage `tcp` at several addresses at a time, where the policy has it so behind the first one alone.
    async fn dial_together(&self, endpoint: &Endpoint, addresses: &[IpAddr]) -> Result<TcpStream, Failed> {
        let mut tried = None;
        if self.addresses == Addresses::FirstThenTogether {
            let alone = self.within("head start of the first address", Some(HEAD_START));
            match alone.connect((addresses[0], endpoint.port).into(), endpoint, false).await {
                Ok(stream) => return Ok(stream),
                Err(Unconnected { failed, then: Then::Next }) => tried = Some(failed),
                Err(Unconnected { failed, then: Then::End }) => return Err(failed),
            }
        }
        let sockets: Vec<SocketAddr> =
            addresses.iter().map(|&address| (address, endpoint.port).into()).collect();
        let stream =
            self.stage(Stage::Tcp, async |guard| self.race(endpoint, &sockets, &guard).await).await?;
        tried.into_iter().for_each(|failed| self.run.tolerate(failed));
        Ok(stream)
    }

    /// Dials all of `sockets`; the first that accepts is taken.
    async fn race(
        &self,
        endpoint: &Endpoint,
        sockets: &[SocketAddr],
        guard: &StageGuard,
    ) -> Result<TcpStream, Failure> {
        for &socket in sockets {
            self.pass(endpoint, socket, guard)?;
        }
        #[expect(clippy::disallowed_methods, reason = "the gate let each of them pass")]
        let dial = async |socket| (socket, TcpStream::connect(socket).await);
        let mut dialing: FuturesUnordered<_> = sockets.iter().map(|&socket| dial(socket)).collect();
        let mut last = Failure::new(Code::Unreachable, format!("{endpoint} has no address"));
        while let Some((socket, connected)) = dialing.next().await {
            match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
                Ok(stream) => {
                    guard.note(Evidence::Address(socket));
                    let _first = self.address.set(socket);
                    return Ok(stream);
                }
                Err(error) => {
                    let failure = io_failure(error, endpoint);
                    let detail = format!("{}, at all of its {} addresses", failure.detail, sockets.len());
                    last = Failure { detail, ..failure };
                }
            }
        }
        Err(last)
    }

    /// Stage `tcp`, at one address.
    async fn connect(
        &self,
        socket: SocketAddr,
        endpoint: &Endpoint,
        is_only: bool,
    ) -> Result<TcpStream, Unconnected> {
        let address = socket.ip();
        let mut then = Then::End;
        let connected = self
            .stage(Stage::Tcp, async |guard| {
                self.pass(endpoint, socket, &guard)?;
                #[expect(clippy::disallowed_methods, reason = "the one place that dials")]
                let connected = TcpStream::connect(socket).await;
                let stream = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
                let stream = stream.map_err(|error| {
                    let failure = io_failure(error, endpoint);
                    // Another address needs what this process lacks as much as this one.
                    let is_end = failure.code == Code::AgentBusy || self.addresses == Addresses::WhileSilent;
                    then = if is_end { Then::End } else { Then::Next };
                    if is_only {
                        return failure;
                    }
                    Failure { detail: format!("{}, at {address}", failure.detail), ..failure }
                })?;
                // An attempt that dials twice keeps the first address.
                let _first = self.address.set(socket);
                Ok(stream)
            })
            .await;
        connected.map_err(|failed| {
            let is_cut_off = then == Then::End && self.run.code(&failed) == Some(Code::TimedOut);
            if is_cut_off && self.has_time_for_another() {
                then = Then::Next;
            }
            Unconnected { failed, then }
        })
    }

    /// Whether another address is dialed behind one that was silent.
    fn has_time_for_another(&self) -> bool {
        let needed = match self.addresses {
            Addresses::First | Addresses::All | Addresses::Together => return false,
            Addresses::AllOfOneFamily | Addresses::FirstThenTogether => Duration::ZERO,
            // One of several members must leave time to the others, however many addresses it has.
            Addresses::WhileSilent => self.limit.as_ref().map_or(Duration::ZERO, |limit| limit.length),
        };
        Instant::now() + needed < self.run.deadline()
    }

    /// Where [`dial`](Self::dial) found the endpoint.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Stage `dns` of an endpoint that is asked by UDP alone, and not dialed: resolves its name, shows the gate the first address, and
    /// [asks](Self::ask) there. `read` makes of the answer what is looked for, and of None that there was none.
    ///
    /// # Errors
    /// `name_not_found`, `resolver_failed`, `egress_refused`, and what `read` fails with.
    ///
    /// # Panics
    /// On an attempt without an endpoint.
    pub async fn look_up<T>(
        &self,
        request: &[u8],
        waits: &[Duration],
        read: impl FnOnce(Option<&[u8]>) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        let endpoint = self.endpoint.clone().expect("an attempt that looks up has an endpoint");
        self.stage(Stage::Dns, async |guard| {
            let resolved = self.resolve(&endpoint, &guard).await?;
            let Some(&address) = resolved.first() else { return read(None) };
            self.pass(&endpoint, (address, endpoint.port).into(), &guard)?;
            let answer = self.ask(request, waits).await;
            read(answer.as_ref().map(|(_, answer)| &answer[..]))
        })
        .await
    }

    /// Every address of the endpoint's name.
    async fn resolve(&self, endpoint: &Endpoint, guard: &StageGuard) -> Result<Vec<IpAddr>, Failure> {
        // One that is never closed always gives its permit.
        let _turn = self.run.0.lookups.acquire().await.ok();
        let resolved = self.run.0.options.resolver.resolve(&endpoint.host).await?;
        guard.note(Evidence::Resolved(resolved.clone()));
        Ok(resolved)
    }

    /// Shows the gate `socket`, an address of the endpoint.
    fn pass(&self, endpoint: &Endpoint, socket: SocketAddr, guard: &StageGuard) -> Result<(), Failure> {
        guard.note(Evidence::Address(socket));
        let address = socket.ip();
        self.run.0.options.gate.check(address).map_err(|kind| {
            Failure::new(Code::EgressRefused, format!("{endpoint} leads to {address}, {kind}"))
        })?;
        let _first = self.passed.set(socket);
        Ok(())
    }

    /// Sends `request` by UDP to the first address that the gate let [`dial`](Self::dial) have, whether or not it took a connection, and
    /// again after each of `waits`. Nothing of it is recorded, and no credential may go there.
    ///
    /// Gives back that address and the first answer; None where none came, or no address passed the gate.
    ///
    /// Cancel safe: a dropped one closes what it opened.
    pub async fn ask(&self, request: &[u8], waits: &[Duration]) -> Option<(SocketAddr, Vec<u8>)> {
        let address = *self.passed.get()?;
        let own: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        #[expect(clippy::disallowed_methods, reason = "the one place that sends datagrams")]
        let socket = UdpSocket::bind(own).await.ok()?;
        // From here on it hears that address alone, and that nobody listens there.
        socket.connect(address).await.ok()?;
        let mut answer = vec![0; MAX_DATAGRAM_BYTES];
        for wait in waits {
            socket.send(request).await.ok()?;
            let until = (Instant::now() + *wait).min(self.until());
            #[expect(clippy::disallowed_methods, reason = "it is over before the attempt is")]
            let received = timeout_at(until.into(), socket.recv(&mut answer)).await;
            match received {
                Ok(Ok(length)) => {
                    answer.truncate(length);
                    return Some((address, answer));
                }
                Ok(Err(_)) => return None,
                Err(_) => {}
            }
        }
        None
    }

    /// Stage `tls`: encrypts `io` and checks the peer's certificate as `policy` says.
    ///
    /// # Errors
    /// One of the certificate codes, `tls_version_mismatch`, `client_certificate_refused`, `wrong_protocol`,
    /// `connection_reset`, `timed_out`.
    pub async fn secure<S: Io>(&self, io: S, policy: &TlsPolicy) -> Result<TlsStream<S>, Failed> {
        self.secure_or_explain(io, policy, async |guard, failure| {
            guard.explain_refused_suites(failure, &policy.host, guard.look_again(None)).await
        })
        .await
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
        self.secure_beside(io, policy, explain, async |_| std::future::pending().await).await
    }

    /// As [`secure_or_explain`](Self::secure_or_explain), with `look` beside the handshake: for a peer that falls silent where another one would
    /// refuse. It ends where it has found why the handshake will never end.
    ///
    /// # Errors
    /// Those of [`secure_or_explain`](Self::secure_or_explain), and what `look` found.
    pub async fn secure_beside<S: Io>(
        &self,
        io: S,
        policy: &TlsPolicy,
        explain: impl AsyncFnOnce(&StageGuard, Failure) -> Failure,
        look: impl AsyncFnOnce(&StageGuard) -> Failure,
    ) -> Result<TlsStream<S>, Failed> {
        let run = &self.run;
        self.stage(Stage::Tls, async |guard| {
            let roots = &run.0.options.trust_roots;
            let handshake = tls::handshake(io, policy, roots, Some(&guard), |warning| run.warn(warning));
            let encrypted = tokio::select! {
                encrypted = handshake => encrypted,
                found = look(&guard) => return Err(found),
            };
            match encrypted {
                Ok(stream) => {
                    let days = run.0.options.certificate_days;
                    if let Some(warning) = tls::ends_soon(&stream, &policy.host, days) {
                        run.warn(warning);
                    }
                    Ok(stream)
                }
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

/// An address that did not accept.
struct Unconnected {
    failed: Failed,
    then: Then,
}

/// What the driver does behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It dials the next address, where there is one.
    Next,
    End,
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
