//! What a build without the feature `aws` says in the place of an answer.

use std::sync::Arc;

use probe_contract::{
    AwsAnswer, AwsCall, AwsCredentials, Bytes, Code, Failure, KmsKeyId, Location, Region, Resolved, S3Object,
    Secret,
};

use super::access::Access;
use crate::engine::EngineOptions;

/// Fetches nothing.
pub(super) struct Aws;

impl Aws {
    pub(super) fn new(_: &EngineOptions) -> Self {
        Self
    }

    pub(super) async fn fetch(&self, _: &Location, _: &Access) -> Result<Bytes, Failure> {
        Err(not_testable())
    }

    pub(super) async fn find(&self, _: &S3Object, _: &Access) -> Result<(), Failure> {
        Err(not_testable())
    }

    pub(super) async fn encrypt(&self, _: &KmsKeyId, _: &Secret) -> Result<String, Failure> {
        Err(not_testable())
    }

    pub(super) async fn decrypt(&self, _: &str, _: &Access) -> Result<Secret, Failure> {
        Err(not_testable())
    }

    pub(super) async fn share<F>(
        &self,
        _: String,
        _: &Access,
        _: impl FnOnce() -> F,
    ) -> Result<Arc<dyn Resolved>, Failure> {
        Err(not_testable())
    }

    pub(super) async fn region(&self, _: Option<&Region>) -> Result<Region, Failure> {
        Err(not_testable())
    }

    pub(super) async fn presign(
        &self,
        _: String,
        _: &str,
        _: &Region,
        _: &Access,
    ) -> Result<Secret, Failure> {
        Err(not_testable())
    }

    pub(super) async fn identity(&self, _: &Region, _: &Access) -> Result<AwsCredentials, Failure> {
        Err(not_testable())
    }

    pub(super) async fn call(&self, _: &AwsCall, _: &Access) -> Result<AwsAnswer, Failure> {
        Err(not_testable())
    }

    pub(super) fn token_hosts(&self) -> &[String] {
        &[]
    }
}

fn not_testable() -> Failure {
    Failure::new(Code::NotTestable, "this build of dialcheck fetches nothing from AWS")
        .hint("Use a build with the feature aws, or give user name and password in the definition")
}
