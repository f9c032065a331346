//! From the definition to the answer of the query: one connection, and a second one where the server routes the login on.

use probe_contract::tls::{NameCheck, TlsPolicy};
use probe_contract::{
    Addresses, Attempt, Code, Endpoint, EndpointStream, Failed, Failure, Io, Login, ResolvedSecrets, Run,
    Stage, StageGuard, malformed,
};
use support_jdbc::explain_tls;

use crate::browser;
use crate::handshake::{ask_again, exchange};
use crate::login7::Request;
use crate::packet::Wire;
use crate::prelogin::{Encrypt, Prelogin, Version};
use crate::session::{Accepted, Channel};
use crate::settings::{Dialing, Encryption, Settings};
use crate::tunnel::{Tunnel, is_not_tls};

/// TDS 8.0, as TLS knows it.
const TDS_8_0: &[u8] = b"tds/8.0";

pub(crate) async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let mut login = settings.login(&secrets);
    Settings::check_login(&login).map_err(|failure| run.local().fail(Stage::Secrets, failure))?;
    if let Some(instance) = &settings.instance {
        login.endpoint = browser::find(instance, &login.endpoint, &run).await?;
        run.declare_login(&login);
    }
    let test = Test { settings: &settings, run: &run, secrets: &secrets };
    let Some(routed) = test.log_in(&login, None).await? else { return Ok(()) };
    let login = Login { endpoint: routed.endpoint.clone(), ..login };
    run.declare_login(&login);
    match test.log_in(&login, Some(&routed)).await? {
        None => Ok(()),
        Some(again) => {
            let detail =
                format!("{} routes on to {}, where drivers follow once", login.endpoint, again.endpoint);
            Err(run
                .attempt(login.endpoint)
                .fail(Stage::Access, Failure::new(Code::ResponseUnreadable, detail)))
        }
    }
}

/// Where a server routes the login to.
struct Routed {
    endpoint: Endpoint,
    /// The server's name as the routing has it: perhaps with the name of an instance.
    server: String,
}

/// What to do where a server that another one names can't be reached.
const ROUTED: &str = "The server at the definition's address routes the login to this one: it must be reachable too (Azure SQL's redirect uses \
                      ports 11000 to 11999; its connection policy Proxy avoids that)";

struct Test<'a> {
    settings: &'a Settings,
    run: &'a Run,
    secrets: &'a ResolvedSecrets,
}

impl Test<'_> {
    /// One server, one connection, one login. Gives back where the server routes the login, if it does.
    async fn log_in(&self, login: &Login, by: Option<&Routed>) -> Result<Option<Routed>, Failed> {
        let settings = self.settings;
        let attempt = self.run.attempt(login.endpoint.clone());
        let attempt = if by.is_some() { attempt.hinting(ROUTED) } else { attempt };
        let query_attempt = attempt.clone();
        let attempt = attempt.within("loginTimeout", settings.limits.login);
        let stream = match (by, settings.dialing) {
            // Where the driver is routed to, it dials the first address alone.
            (Some(_), _) | (None, Dialing::First) => attempt.dial().await?,
            (None, Dialing::Transparent) => attempt.trying(Addresses::FirstThenTogether).dial().await?,
            (None, Dialing::Together) => attempt.trying(Addresses::Together).dial().await?,
        };
        let attempt = attempt.within("socketTimeout", settings.limits.socket);
        let channel = match settings.encryption {
            Encryption::Strict => self.strict(&attempt, login, by, stream).await?,
            Encryption::Login | Encryption::All => self.in_tds(&attempt, login, by, stream).await?,
        };
        let request = Request {
            login,
            server: by.map_or(&*login.endpoint.host, |routed| &*routed.server),
            database: settings.database.as_deref(),
            read_only: settings.read_only,
            strict: settings.encryption == Encryption::Strict,
        };
        let accepted = attempt
            .stages(&[Stage::Auth, Stage::Access], async |guard| channel.log_in(request, &guard).await)
            .await?;
        match accepted {
            Accepted::Here(session) => {
                let attempt = query_attempt.within("socketTimeout", settings.limits.socket);
                attempt.stage(Stage::Query, async |guard| session.query(&guard).await).await?;
                Ok(None)
            }
            Accepted::Routed(server, port) => Ok(Some(routed(&attempt, login, server, port)?)),
        }
    }

    /// TLS from the first byte on, and PRELOGIN within.
    async fn strict(
        &self,
        attempt: &Attempt,
        login: &Login,
        by: Option<&Routed>,
        stream: EndpointStream,
    ) -> Result<Channel, Failed> {
        let mut policy = self.tls_policy(&login.endpoint, by, Encryption::Strict);
        policy.alpn = vec![TDS_8_0.to_vec()];
        let explain = async |guard: &StageGuard, failure: Failure| {
            let failure = explain_tls(
                guard.explain_refused_suites(failure, &policy.host, guard.look_again(None)).await,
            );
            if failure.code == Code::ConnectionReset || failure.code == Code::WrongProtocol {
                return failure.hint(NO_TDS_8);
            }
            failure
        };
        let encrypted = attempt.secure_or_explain(stream, &policy, explain).await?;
        let stream: Box<dyn Io> = Box::new(encrypted);
        let mut wire = Wire::new(stream);
        attempt
            .stage(Stage::Handshake, async |guard| {
                exchange(&mut wire, Encrypt::requested(Encryption::Strict), &login.endpoint, &guard).await
            })
            .await?;
        Ok(Channel::Encrypted(wire))
    }

    /// PRELOGIN in clear text, and TLS in what follows.
    async fn in_tds(
        &self,
        attempt: &Attempt,
        login: &Login,
        by: Option<&Routed>,
        stream: EndpointStream,
    ) -> Result<Channel, Failed> {
        let (settings, peer) = (self.settings, &login.endpoint);
        let requested = Encrypt::requested(settings.encryption);
        let mut wire = Wire::new(stream);
        let prelogin = attempt
            .stage(Stage::Handshake, async |guard| {
                let prelogin = exchange(&mut wire, requested, peer, &guard).await?;
                self.check_offer(&prelogin, peer)?;
                Ok(prelogin)
            })
            .await?;
        let agreed = match (settings.encryption, prelogin.encrypt) {
            (Encryption::Login, Encrypt::Off) => Encryption::Login,
            (Encryption::Login | Encryption::All | Encryption::Strict, _) => Encryption::All,
        };
        let policy = self.tls_policy(peer, by, agreed);
        let explain = async |guard: &StageGuard, failure: Failure| {
            if is_not_tls(&failure) {
                return malformed(peer, "it answers TLS with a packet that holds none");
            }
            let second = async { ask_again(guard.look_again(None).await?, requested).await };
            let failure = explain_tls(guard.explain_refused_suites(failure, &policy.host, second).await);
            self.explain_default(explain_version(failure, prelogin.version, peer))
        };
        let mut encrypted =
            attempt.secure_or_explain(Tunnel::new(wire.into_stream()), &policy, explain).await?;
        encrypted.get_mut().0.handshake_ended();
        if agreed == Encryption::Login {
            return Ok(Channel::LoginEncrypted(Box::new(Wire::new(encrypted))));
        }
        let stream: Box<dyn Io> = Box::new(encrypted);
        Ok(Channel::Encrypted(Wire::new(stream)))
    }

    /// What is asked of TLS at `endpoint`, where the login may have been routed to.
    fn tls_policy(&self, endpoint: &Endpoint, by: Option<&Routed>, encryption: Encryption) -> TlsPolicy {
        let mut policy = self.settings.tls_policy(self.secrets, endpoint, encryption);
        let wanted = self.settings.host_in_certificate.as_deref();
        if let Some(name) =
            wanted.zip(by).and_then(|(wanted, routed)| name_where_routed(wanted, &routed.server))
        {
            policy.name = NameCheck::CommonNameFirst(name);
        }
        policy
    }

    /// `failure` of encryption, with what a job of an older Glue does where the definition does not say what it wants.
    fn explain_default(&self, failure: Failure) -> Failure {
        let Some(older) = self.settings.older_driver_hint() else { return failure };
        let is_about_encryption = matches!(
            failure.code,
            Code::CertificateUntrusted
                | Code::CertificateExpired
                | Code::CertificateNotYetValid
                | Code::CertificateWrongName
                | Code::CertificateUnsupported
                | Code::TlsNotOffered
        );
        if !is_about_encryption {
            return failure;
        }
        let advice = failure.advice().into_owned();
        failure.only_hint(advice).hint(older)
    }

    /// Whether what the server says of encryption lets a login be sent.
    fn check_offer(&self, prelogin: &Prelogin, peer: &Endpoint) -> Result<(), Failure> {
        let not_offered =
            |detail: String, hint| Failure::new(Code::TlsNotOffered, detail).hint(hint).at(Stage::Tls);
        match (self.settings.encryption, prelogin.encrypt) {
            (_, Encrypt::On | Encrypt::Required)
            | (Encryption::Login, Encrypt::Off)
            | (Encryption::Strict, _) => Ok(()),
            (Encryption::All, Encrypt::Off | Encrypt::NotSupported) => {
                Err(self.explain_default(not_offered(
                    format!("{peer} offers no encryption, and the definition requires it"),
                    if self.settings.enforced { ENABLE_TLS_OR_ENFORCE_NOTHING } else { ENABLE_TLS },
                )))
            }
            (Encryption::Login, Encrypt::NotSupported) => Err(not_offered(
                format!("{peer} offers no encryption, not even of the login, so the password was not sent"),
                "Enable TLS on the server: Microsoft's driver would send the password in clear text here, and dialcheck does not",
            )),
        }
    }
}

const ENABLE_TLS: &str =
    "Enable TLS on the server, or set encrypt=false in the URL if clear text is acceptable behind the login";

const ENABLE_TLS_OR_ENFORCE_NOTHING: &str = "Enable TLS on the server, or set JDBC_ENFORCE_SSL to false and encrypt=false in the URL if clear text is acceptable behind the login";

/// A server that takes TLS from the first byte is a recent one.
const NO_TDS_8: &str =
    "encrypt=strict takes SQL Server 2022 or later, or Azure SQL: with an older server set encrypt=true";

/// What a server says of where to go.
fn routed(attempt: &Attempt, login: &Login, server: String, port: u16) -> Result<Routed, Failed> {
    // An instance is for the server to know: the port is there already.
    let host = server.split_once('\\').map_or(&*server, |(host, _)| host);
    match Endpoint::parse_host(host) {
        Ok(host) if port != 0 => Ok(Routed { endpoint: Endpoint { host, port }, server }),
        Ok(_) | Err(_) => {
            let failure = malformed(&login.endpoint, "it routes the login to an address that is none");
            Err(attempt.fail(Stage::Access, failure))
        }
    }
}

/// What `hostNameInCertificate` is to the driver once it is routed: a name with `*` in front moves to the subdomain of the `routed` server,
/// where that is of the same domain.
fn name_where_routed(wanted: &str, routed: &str) -> Option<String> {
    let domain = wanted.strip_prefix('*')?;
    let (_, behind) = routed.split_once('.')?;
    // It compares the ends of both as far as both go, but for the first character.
    let mut ends = domain.bytes().rev().zip(routed.bytes().skip(1).rev());
    ends.all(|(wanted, routed)| wanted == routed).then(|| format!("*.{behind}"))
}

/// `failure` of TLS with the server's version, where the version explains it.
fn explain_version(failure: Failure, version: Version, peer: &Endpoint) -> Failure {
    if failure.code != Code::TlsVersionMismatch {
        return failure;
    }
    let detail =
        format!("{peer} is of version {version} and speaks no TLS that is still in use: {}", failure.detail);
    let hint = "Update the server so that it speaks TLS 1.2 (SQL Server 2008 to 2014 need a service pack for that); the JVM of a Glue job refuses \
                TLS 1.0 and 1.1 too";
    Failure { detail, ..failure }.only_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs as mssql-jdbc 10.2.0 compares them.
    #[test]
    fn a_wildcard_moves_with_the_routing() {
        let moved = |wanted, routed| name_where_routed(wanted, routed);
        let azure = "*.database.windows.net";
        assert_eq!(
            moved(azure, "a.tr1.worker.database.windows.net").as_deref(),
            Some("*.tr1.worker.database.windows.net")
        );
        assert_eq!(moved(azure, "b.database.windows.net").as_deref(), Some(azure));
        assert_eq!(moved(azure, "b.database.example"), None);
        assert_eq!(moved("db.example", "b.example"), None);
        assert_eq!(moved("*.example", "localhost"), None);
    }
}
