#![doc = include_str!("../README.md")]

mod answer;
mod authorization_code;
mod check;
mod classify;
mod connect;
mod connectors;
mod declaration;
mod depth;
mod document;
mod driver;
mod interpreter;
mod judge;
mod jwt;
mod parameters;
mod path;
mod pattern;
mod presented;
mod redeem;
mod request;
mod secrets;
mod settings;
mod template;
mod way;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use probe_contract::{
    Code, Declaration, Endpoint, Login, Mistake, Pending, Probe, Protocol, Purpose, REGISTERED_PREFIX,
    Reference, ResolvedSecrets, Run, Stage, Stop, Target,
};

use document::Document;
use settings::Settings;
use way::{Decision, Way};

pub use check::check;
pub use connectors::documents;

/// REST APIs: the SaaS types that Glue has, and those that users register.
pub struct Rest;

impl Protocol for Rest {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn types(&self) -> &'static [Declaration] {
        &connectors::TYPES
    }

    fn registered_types(&self) -> Option<&'static Declaration> {
        Some(&declaration::REGISTERED)
    }

    fn declaration(&self, connection_type: &str) -> Option<&'static Declaration> {
        connectors::declaration(connection_type)
    }

    fn claims(&self, target: &Target) -> bool {
        target.connection_type.starts_with(REGISTERED_PREFIX) || connectors::is_known(&target.connection_type)
    }

    fn exchanges(&self, target: &Target) -> bool {
        let Some(authentication) = &target.authentication else { return false };
        document(target).is_ok_and(|document| authorization_code::find(&document, authentication).is_some())
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        let document = document(target).map_err(|mistake| vec![mistake])?;
        Ok(Box::new(RestProbe::new(settings::read(document, target)?)?))
    }
}

/// The document of the target's type.
fn document(target: &Target) -> Result<Arc<Document>, Mistake> {
    match &target.registration {
        Some(registration) => connectors::registered(registration),
        None => connectors::find(&target.connection_type).ok_or_else(|| {
            let expected = "expected a type that was registered: the catalog has none of that name";
            Mistake::new("ConnectionType", expected).code(Code::NotTestable)
        }),
    }
}

/// One request decides `auth`, `access` and `query`; where a token is asked for, its endpoint has an `auth` of its own.
const ENCRYPTED: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
/// A mock on loopback, over http.
const PLAIN: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Auth, Stage::Access, Stage::Query];
/// The exchange of an authorization code alone.
const ENCRYPTED_EXCHANGE: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Auth];
const PLAIN_EXCHANGE: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Auth];
struct RestProbe {
    settings: Settings,
    /// Made once, when all that it depends on is there.
    decision: OnceLock<Result<Decision, Vec<Mistake>>>,
}

impl RestProbe {
    /// # Errors
    /// Every credential that lacks, where the definition refers to none.
    fn new(settings: Settings) -> Result<Self, Vec<Mistake>> {
        let decision = match settings.references[..] {
            // What lacks is found before anything is dialed.
            [] => OnceLock::from(Ok(way::decide(&settings, None)?)),
            [..] => OnceLock::new(),
        };
        Ok(Self { settings, decision })
    }
}

impl Probe for RestProbe {
    fn plan(&self) -> &[Stage] {
        match (self.settings.purpose, self.settings.is_encrypted()) {
            (Purpose::Test | Purpose::SetUp, true) => ENCRYPTED,
            (Purpose::Test | Purpose::SetUp, false) => PLAIN,
            (Purpose::Exchange, true) => ENCRYPTED_EXCHANGE,
            (Purpose::Exchange, false) => PLAIN_EXCHANGE,
        }
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        self.settings.endpoints()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let decision = self.decision.get_or_init(|| way::decide(&self.settings, Some(secrets)));
        let Ok(Decision { way, .. }) = decision else { return Vec::new() };
        match way {
            Way::Direct(presented) => self.settings.api.iter().map(|api| presented.login(api)).collect(),
            // The stored token of the latter is only tried.
            Way::Exchange(exchange) | Way::Sparing(_, exchange) => vec![exchange.login()],
            // Who keeps the tokens of a code has it sent once, whatever comes of it.
            Way::Code(_) | Way::Unprovable { .. } => Vec::new(),
        }
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Stop>> {
        let Self { settings, decision, .. } = *self;
        let decision = decision.into_inner();
        let decision = decision.unwrap_or_else(|| way::decide(&settings, Some(&secrets)));
        Box::pin(driver::probe(settings, decision, run))
    }
}
