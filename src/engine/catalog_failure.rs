//! What a catalog's error comes to in a test.

use probe_contract::{Code, Failure};

use crate::catalog::CatalogError;
use crate::secrets::untested;

/// What to do where a catalog is silent.
pub(super) const SILENT_CATALOG: &str = "Check that the catalog can be reached from here (one in AWS from a private subnet by a NAT gateway or a \
                              VPC endpoint), or give the test more time";

/// What a catalog's error comes to in a test.
pub(super) fn catalog_failure(error: CatalogError) -> Failure {
    match error {
        CatalogError::Sealed(_) => Failure::new(Code::DecryptionFailed, error.to_string()).hint(
            "Restore the catalog's file from before the change, or delete the connection and create it anew",
        ),
        CatalogError::Broken(source) => {
            Failure::new(Code::AgentFailed, "the catalog can't be read or written").source(source)
        }
        CatalogError::Remote(failure) => untested(*failure),
        CatalogError::Exists | CatalogError::Changed | CatalogError::ReadOnly | CatalogError::TooManyTags => {
            Failure::new(Code::AgentFailed, "the catalog refused to be read")
        }
    }
}
