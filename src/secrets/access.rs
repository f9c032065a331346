//! What a definition may refer to, and as whom that is resolved.

use std::collections::BTreeSet;

use probe_contract::{Code, Failure, Mistake, Properties, Reference, Region, Requires, RoleArn};

/// How the references of one definition may be resolved.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Whether they may be at all.
    pub(crate) references: References,
    /// The properties whose ciphertext this server made of a password in the definition itself: these are always decrypted.
    pub(crate) encrypted: BTreeSet<String>,
    /// `ROLE_ARN`: the role to fetch as.
    pub(crate) role: Option<RoleArn>,
    /// `REGION`: where what names no region is.
    pub(crate) region: Option<Region>,
}

/// Whether a definition may use references: stored secrets, keys, roles, files, ciphertexts and logins that IAM gives.
///
/// Whoever wrote the definition could have them used at their own host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum References {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
}

impl Access {
    /// What `properties` say of it, for an author with these rights.
    ///
    /// # Errors
    /// All mistakes at once.
    pub(crate) fn read(
        properties: &Properties,
        references: References,
        encrypted: BTreeSet<String>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |key, expected: String| mistakes.push(Mistake::new(key, expected));
        let text = |key| properties.get(key).map(str::trim);
        let role = text(ROLE_ARN).map(RoleArn::parse).transpose();
        let role = role.unwrap_or_else(|error| {
            wrong(ROLE_ARN, error.to_string());
            None
        });
        let region = text(REGION).map(Region::parse).transpose();
        let region = region.unwrap_or_else(|error| {
            wrong(REGION, error.to_string());
            None
        });
        if mistakes.is_empty() { Ok(Self { references, encrypted, role, region }) } else { Err(mistakes) }
    }

    /// That of the process itself, which no definition changes.
    pub(crate) fn own() -> Self {
        Self { references: References::Allowed, encrypted: BTreeSet::new(), role: None, region: None }
    }

    /// Refuses what may not be used. A role changes who asks, so that it is a reference too.
    pub(super) fn check(&self, references: &[Reference]) -> Result<(), Failure> {
        if self.references == References::Allowed {
            return Ok(());
        }
        let is_refused = |reference: &&Reference| match reference.requires() {
            Requires::Nothing => false,
            Requires::Decryption => !self.encrypted.contains(reference.property()),
            Requires::References => true,
        };
        let refused = references.iter().filter(is_refused).map(Reference::property);
        let role = self.role.as_ref().map(|_| ROLE_ARN);
        let refused: Vec<&str> = refused.chain(role).collect();
        if refused.is_empty() { Ok(()) } else { Err(denied(&refused)) }
    }
}

/// The property that names the role to resolve references as.
pub(crate) const ROLE_ARN: &str = "ROLE_ARN";
/// The property that names the region of what has none itself.
const REGION: &str = "REGION";

/// The refusal of references in `properties`.
pub(crate) fn denied(properties: &[&str]) -> Failure {
    let detail = format!(
        "{}: the author of this definition may not use stored secrets, keys, roles, files or IAM logins",
        properties.join(", ")
    );
    Failure::new(Code::EgressRefused, detail).hint(
        "Give the credentials in the definition itself; who runs the server may allow references by --allow-references, or by \
         dialcheck_references in the caller's profile",
    )
}
