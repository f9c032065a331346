//! The servers of the cases. They are not those that other tests share: the driver of Glue 5 repeats logins, and others count them.

use fixtures::sqlserver::{Bridge, BridgeOptions};
use fixtures::{Fault, FaultProxy, Issued, Weak};

use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::sqlserver::prepared;

/// A server, by what it says of encryption and the certificate that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// Encrypts what the client wants encrypted.
    Offers,
    /// Insists on encryption.
    Insists,
    /// Has no TLS.
    Plain,
    /// TLS comes first: TDS 8.0.
    Strict,
    /// As `Offers`, with a certificate for other.example.
    WrongName,
    /// The same by TDS 8.0.
    StrictWrongName,
    /// As `Offers`, with a certificate that is over.
    Expired,
    /// As `Offers`, with a certificate from tomorrow on.
    NotYetValid,
    /// As `Offers`, with a certificate without alternative names.
    CommonNameOnly,
    /// As `Offers`, with a certificate that is signed with SHA-1.
    Sha1,
    /// As `Offers`, with a key of 1,024 bits.
    Rsa1024,
    /// As `Offers`, with what a SQL Server makes for itself.
    SelfSigned,
    /// Nobody listens.
    Closed,
}

impl Server {
    const ALL: [Self; 13] = [
        Self::Offers,
        Self::Insists,
        Self::Plain,
        Self::Strict,
        Self::WrongName,
        Self::StrictWrongName,
        Self::Expired,
        Self::NotYetValid,
        Self::CommonNameOnly,
        Self::Sha1,
        Self::Rsa1024,
        Self::SelfSigned,
        Self::Closed,
    ];
}

enum Running {
    Bridge(Bridge),
    Closed(FaultProxy),
}

/// All of them, in the order of [`Server::ALL`].
pub(super) struct Servers(Vec<Running>);

impl Servers {
    pub(super) fn start() -> Self {
        let set = &*CERTIFICATES;
        let weak = |weak: Weak| set.authority.issue_weak(weak).unwrap();
        let by = |shown: &Issued| Bridge::options().tls(shown);
        let start = |options: BridgeOptions| Running::Bridge(prepared(options).start().unwrap());
        Self(Vec::from(Server::ALL.map(|server| match server {
            Server::Offers => start(by(&set.good)),
            Server::Insists => start(Bridge::options().tls_required(&set.good)),
            Server::Plain => start(Bridge::options()),
            Server::Strict => start(Bridge::options().strict(&set.good)),
            Server::WrongName => start(by(&set.wrong_name)),
            Server::StrictWrongName => start(Bridge::options().strict(&set.wrong_name)),
            Server::Expired => start(by(&set.expired)),
            Server::NotYetValid => start(by(&set.not_yet_valid)),
            Server::CommonNameOnly => start(by(&set.common_name_only)),
            Server::Sha1 => start(by(&weak(Weak::Sha1))),
            Server::Rsa1024 => start(by(&weak(Weak::Rsa1024))),
            Server::SelfSigned => start(by(&Issued::of_sql_server().unwrap())),
            Server::Closed => Running::Closed(FaultProxy::start(None, Fault::Refuse).unwrap()),
        })))
    }

    pub(super) fn port(&self, server: Server) -> u16 {
        let place = Server::ALL.iter().position(|one| *one == server).unwrap();
        match &self.0[place] {
            Running::Bridge(bridge) => bridge.port(),
            Running::Closed(proxy) => proxy.port(),
        }
    }
}
