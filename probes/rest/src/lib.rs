#![doc = include_str!("../README.md")]

mod answer;
mod auth_plan;
mod authorization_code;
mod check;
mod classify;
mod connect;
mod connectors;
mod credential;
mod declaration;
mod depth;
mod document;
mod driver;
mod evaluate;
mod extensions;
mod jwt;
mod parameters;
mod path;
mod pattern;
mod redeem;
mod request;
mod secrets;
mod settings;
mod template;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use probe_contract::{
    Code, Declaration, Endpoint, Failed, Login, Mistake, Mode, Pending, Probe, Protocol, REGISTERED_PREFIX,
    Reference, ResolvedSecrets, Run, Stage, Target,
};

use auth_plan::{AuthPlan, Decision};
use document::Document;
use settings::Settings;

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

/// One request decides `auth`, `access` and `query`; where a token is asked for, its endpoint has its own `auth`.
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
            [] => OnceLock::from(Ok(auth_plan::decide(&settings, None)?)),
            [..] => OnceLock::new(),
        };
        Ok(Self { settings, decision })
    }
}

impl Probe for RestProbe {
    fn plan(&self) -> &[Stage] {
        match (self.settings.mode, self.settings.is_encrypted()) {
            (Mode::Test | Mode::ExchangeAndTest, true) => ENCRYPTED,
            (Mode::Test | Mode::ExchangeAndTest, false) => PLAIN,
            (Mode::ExchangeOnly, true) => ENCRYPTED_EXCHANGE,
            (Mode::ExchangeOnly, false) => PLAIN_EXCHANGE,
        }
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        self.settings.endpoints()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let decision = self.decision.get_or_init(|| auth_plan::decide(&self.settings, Some(secrets)));
        let Ok(Decision { plan, .. }) = decision else { return Vec::new() };
        match plan {
            AuthPlan::Direct(presented) => self.settings.api.iter().map(|api| presented.login(api)).collect(),
            // The stored token of the latter is only tried.
            AuthPlan::TokenRequest(exchange) | AuthPlan::RefreshIfExpired(_, exchange) => {
                vec![exchange.login()]
            }
            // Where the tokens of a code are stored, it is sent once, no matter how that ends.
            AuthPlan::Code(_) | AuthPlan::NotTestable { .. } => Vec::new(),
        }
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        let Self { settings, decision, .. } = *self;
        let decision = decision.into_inner();
        let decision = decision.unwrap_or_else(|| auth_plan::decide(&settings, Some(&secrets)));
        Box::pin(driver::probe(settings, decision, run))
    }
}
