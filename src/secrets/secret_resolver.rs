//! Stage `secrets`: every reference of a definition at once.

use std::time::Instant;

use futures_util::future::join_all;
use probe_contract::{
    Attempt, Code, Evidence, Failed, Failure, KmsKeyId, Reference, ResolvedSecrets, Secret,
    SecretAccess as _, Stage,
};

use super::access::Access;
use super::aws::Aws;
use super::resolution::{Resolution, SecretResolver};
use super::untested::untested;
use crate::engine::EngineOptions;

impl SecretResolver {
    pub(crate) fn new(options: &EngineOptions) -> Self {
        Self {
            files: options.local_files.clone(),
            resolver: options.resolver.clone(),
            aws: Aws::new(options),
        }
    }

    /// Resolves every reference, all at once. Of several that fail the first one is reported.
    pub(crate) async fn resolve(
        &self,
        attempt: &Attempt,
        references: &[Reference],
        access: &Access,
    ) -> Result<ResolvedSecrets, Failed> {
        attempt
            .stage(Stage::Secrets, async |guard| {
                access.check(references)?;
                let resolution = Resolution { secret_resolver: self, access, deadline: guard.until() };
                let resolve = async |reference: &Reference| {
                    let started = Instant::now();
                    (resolution.resolve(reference).await, started.elapsed())
                };
                let results = join_all(references.iter().map(resolve)).await;
                let resolved = references.iter().zip(&results).filter(|(_, (result, _))| result.is_ok());
                let fetched: Vec<_> = resolved
                    .map(|(reference, (_, elapsed))| (reference.property().to_owned(), *elapsed))
                    .collect();
                if !fetched.is_empty() {
                    guard.note(Evidence::Fetched(fetched));
                }
                let mut secrets = ResolvedSecrets::default();
                let mut failed = None;
                for (reference, (result, _)) in references.iter().zip(results) {
                    match result {
                        Ok(value) => secrets.insert(reference.property(), value),
                        Err(failure) => {
                            let detail = format!("{}: {}", reference.property(), failure.detail);
                            failed.get_or_insert(untested(Failure { detail, ..failure }));
                        }
                    }
                }
                // Also where another one failed, whose words may be of the same service.
                secrets.secrets().for_each(|secret| guard.protect(secret));
                failed.map_or(Ok(secrets), Err)
            })
            .await
    }

    /// `text` encrypted with a KMS key, in base64.
    pub(crate) async fn encrypt(&self, key: &str, text: &Secret) -> Result<String, Failure> {
        let key = KmsKeyId::parse(key)
            .map_err(|error| Failure::new(Code::InvalidSettings, format!("AwsKmsKeyId: {error}")))?;
        Box::pin(self.aws.encrypt(&key, text)).await.map_err(|failure| failure.scrubbed([text]))
    }

    /// What a KMS ciphertext in base64 stands for.
    pub(crate) async fn decrypt(&self, ciphertext: &str) -> Result<Secret, Failure> {
        let access = Access::own();
        let resolution = Resolution { secret_resolver: self, access: &access, deadline: Instant::now() };
        resolution.decrypt(ciphertext).await.map_err(|failure| failure.scrubbed([]))
    }
}
