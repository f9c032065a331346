//! What a probe is.

use crate::{
    Declaration, Endpoint, Failed, Login, Mistake, Pending, Reference, ResolvedSecrets, Run, Stage, Target,
};

/// One entry of the list of protocols: how a definition becomes a probe.
pub trait Protocol: Send + Sync {
    /// The protocol's name in reports, in lower case.
    fn name(&self) -> &'static str;

    /// The types of connections that it tests.
    fn types(&self) -> &'static [Declaration];

    /// What stands for all the types that users register, of the protocol that tests them.
    fn registered_types(&self) -> Option<&'static Declaration> {
        None
    }

    /// What it says of one type; none where it does not test it, and for one that a user registered.
    fn declaration(&self, connection_type: &str) -> Option<&'static Declaration> {
        self.types().iter().find(|declared| declared.is(connection_type))
    }

    /// Whether it tests this target. Exactly one protocol claims a target.
    fn claims(&self, target: &Target) -> bool {
        self.declaration(&target.connection_type).is_some_and(|declared| declared.selects(target))
    }

    /// Whether setting this target up takes the exchange of its authorization code.
    fn exchanges(&self, _target: &Target) -> bool {
        false
    }

    /// Stage `settings`: checks the target without any I/O.
    ///
    /// # Errors
    /// All mistakes at once.
    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>>;
}

/// A checked target, ready to be dialed once.
pub trait Probe: Send + Sync + 'static {
    /// The stages that this target goes through after `settings` and `secrets`, in its own order.
    fn plan(&self) -> &[Stage];

    /// The endpoints that the test begins with, the one that the report shows first: those that the definition names, and those that its
    /// references lead to as far as they are in `secrets`. A sweep keeps a place for the test at each.
    fn endpoints(&self, secrets: &ResolvedSecrets) -> Vec<Endpoint>;

    /// How many connections it has open at a time, at most.
    fn connections(&self) -> usize {
        1
    }

    /// What the definition refers to. The engine resolves it in stage `secrets`.
    fn references(&self) -> &[Reference];

    /// Every credential that the probe will send, and where: one at each endpoint. The engine never has a refused one sent again.
    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login>;

    /// Dials. What it does is recorded through `run`; the verdict is derived from the record.
    ///
    /// Dropping the future ends every connection that it opened.
    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>>;
}
