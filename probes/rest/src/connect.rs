//! From a URL to a stream: what every request begins with.

use probe_contract::tls::{NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{Attempt, Code, Failed, Failure, Io, Run, Stage};
use support_http::WebUrl;

/// Stages `dns`, `tcp` and, for https, `tls`.
pub(crate) async fn connect(run: &Run, url: &WebUrl) -> Result<(Attempt, Box<dyn Io>), Failed> {
    let attempt = run.attempt(url.endpoint.clone());
    let stream = attempt.dial().await?;
    if url.encrypted {
        let policy = TlsPolicy {
            host: url.endpoint.host.clone(),
            verify: Verify::ChainAndName,
            name: NameCheck::Host,
            trust: Trust::Roots,
            client: None,
            alpn: vec![b"http/1.1".to_vec()],
        };
        let stream = attempt.secure(stream, &policy).await?;
        return Ok((attempt, Box::new(stream)));
    }
    // A name that looks like loopback may lead elsewhere, where nothing in clear text goes.
    let leads_to_loopback = stream.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
    if !leads_to_loopback {
        let detail =
            format!("{} is not loopback, and over http a credential is sent nowhere else", url.endpoint);
        let failure = Failure::new(Code::TlsRequired, detail).hint("Use https");
        return Err(attempt.fail(Stage::Auth, failure));
    }
    Ok((attempt, Box::new(stream)))
}
