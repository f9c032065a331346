//! From a URL to a stream: what every request begins with.

use probe_contract::tls::{TlsPolicy, Trust, Verify};
use probe_contract::{Code, Failure, Io, Leg, Run, Stage, Stop};
use support_http::WebUrl;

/// Stages `dns`, `tcp` and, for https, `tls`.
pub(crate) async fn connect(run: &Run, url: &WebUrl) -> Result<(Leg, Box<dyn Io>), Stop> {
    let leg = run.leg(url.endpoint.clone());
    let stream = leg.dial().await?;
    if url.encrypted {
        let policy = TlsPolicy {
            host: url.endpoint.host.clone(),
            verify: Verify::ChainAndName,
            trust: Trust::Roots,
            client: None,
            alpn: vec![b"http/1.1".to_vec()],
        };
        let stream = leg.secure(stream, &policy).await?;
        return Ok((leg, Box::new(stream)));
    }
    // A name that looks like loopback may lead elsewhere, where nothing in clear text goes.
    let leads_to_loopback = stream.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
    if !leads_to_loopback {
        let detail =
            format!("{} is not loopback, and over http a credential is sent nowhere else", url.endpoint);
        let failure = Failure::new(Code::TlsRequired, detail).hint("Use https");
        return Err(leg.fail(Stage::Auth, failure));
    }
    Ok((leg, Box::new(stream)))
}
