//! What works once: an authorization code, and what it is exchanged for.

use crate::{Failure, Pending, Secret};

/// What a target is dialed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// To test it: what works once is left alone.
    #[default]
    Test,
    /// To set it up: its authorization code is exchanged, and what that brings is tested.
    ExchangeAndTest,
    /// The same without the test.
    ExchangeOnly,
}

/// What an authorization code was exchanged for.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token, where the provider gave one.
    pub refresh: Option<Secret>,
}

/// Has an authorization code sent no more than once, and stores what it brings. The engine gives one only to a run that sets a
/// connection up: a probe without one sends no code.
pub trait TokenStore: Send + Sync {
    /// Notes that the code is sent now.
    ///
    /// # Errors
    /// It was sent before.
    fn spend(&self) -> Result<(), Failure>;

    /// Stores the tokens, before they are used.
    ///
    /// # Errors
    /// Why they can't be stored.
    fn store(&self, tokens: Tokens) -> Pending<Result<(), Failure>>;
}
