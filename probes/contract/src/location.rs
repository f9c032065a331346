//! Where the documents are that a definition refers to.

use std::path::PathBuf;

use crate::SecretId;

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file of the machine that runs the test.
    File(PathBuf),
    /// An object in S3.
    S3(S3Object),
    /// A secret in Secrets Manager, by name or ARN.
    Secret(SecretId),
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct S3Object {
    /// Its bucket, which goes into the path of a request and never into its host.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

impl Location {
    /// Reads the location of a file as properties spell it: `s3://bucket/key`, `file://` and a path, or a path alone.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::File(path.into()));
        }
        if let Some(object) = text.strip_prefix("s3://") {
            return match object.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    check_bucket(bucket)?;
                    Ok(Self::S3(S3Object { bucket: bucket.to_owned(), key: key.to_owned() }))
                }
                Some(_) | None => Err("expected s3://bucket/key"),
            };
        }
        if text.contains("://") {
            return Err("expected s3:// or file://, or a path");
        }
        Ok(Self::File(text.into()))
    }
}

/// Checks the name of a bucket (Amazon S3 user guide, "General purpose bucket naming rules", those of old buckets included). Buckets of
/// other kinds, and ARNs of access points, would be printed into the host of a request.
fn check_bucket(bucket: &str) -> Result<(), &'static str> {
    const OTHER_KINDS: [&str; 5] = ["--x-s3", "--op-s3", "--ol-s3", "--table-s3", ".mrap"];
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !bucket.bytes().all(known)
        || bucket.len() > 255
    {
        return Err("expected s3://bucket/key, with the name of a bucket");
    }
    if OTHER_KINDS.iter().any(|suffix| bucket.to_ascii_lowercase().ends_with(suffix)) {
        return Err("expected s3://bucket/key, with a general purpose bucket");
    }
    Ok(())
}
