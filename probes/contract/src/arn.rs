//! Names of what a definition refers to in AWS, as it spells them.

use std::fmt;

use crate::region::PARTITIONS;
use crate::{Partition, Region, RegionError};

/// A secret in Secrets Manager: its name, or its ARN, which says in which region it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretId {
    id: String,
    region: Option<Region>,
}

/// A key of KMS: its identifier, an alias, or the ARN of either, which says in which region it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KmsKeyId {
    id: String,
    region: Option<Region>,
}

/// The ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn(String);

/// Why a text is not the ARN that is expected (IAM user guide, "Amazon Resource Names").
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It lacks a part, or names another service.
    #[error("expected an ARN of the form {0}")]
    Form(&'static str),
    /// Its partition is not known.
    #[error("expected an ARN of a known AWS partition ({PARTITIONS})")]
    UnknownPartition,
    /// Its region is not one.
    #[error("expected an ARN with a region in it: {0}")]
    Region(#[from] RegionError),
    /// Its region is in another partition than the ARN says.
    #[error("expected an ARN whose partition is that of its region")]
    OtherPartition,
}

impl SecretId {
    /// Reads the name or the ARN of a secret.
    ///
    /// # Errors
    /// [`ArnError`]
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        const FORM: &str = "arn:partition:secretsmanager:region:account:secret:name";
        Ok(Self { id: text.to_owned(), region: region_of(text, "secretsmanager", FORM)? })
    }

    /// As it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The region that its ARN names.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }
}

impl KmsKeyId {
    /// Reads the identifier, the alias or the ARN of a key.
    ///
    /// # Errors
    /// [`ArnError`]
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        const FORM: &str = "arn:partition:kms:region:account:key/identifier";
        Ok(Self { id: text.to_owned(), region: region_of(text, "kms", FORM)? })
    }

    /// As it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The region that its ARN names.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }
}

impl RoleArn {
    /// Reads the ARN of a role.
    ///
    /// # Errors
    /// [`ArnError`]
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        const FORM: &str = "arn:partition:iam::account:role/name";
        let arn = Arn::split(text, "iam", FORM)?;
        // IAM is in no region.
        if !arn.region.is_empty() || !arn.resource.starts_with("role/") {
            return Err(ArnError::Form(FORM));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ARN, taken apart.
struct Arn<'a> {
    partition: Partition,
    region: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn split(text: &'a str, service: &str, form: &'static str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, found, region, account, resource] = parts[..] else {
            return Err(ArnError::Form(form));
        };
        if found != service || account.is_empty() || resource.is_empty() {
            return Err(ArnError::Form(form));
        }
        let partition = Partition::of_id(partition).ok_or(ArnError::UnknownPartition)?;
        Ok(Self { partition, region, resource })
    }
}

/// The region of what may be an ARN, or a name without a colon in it.
fn region_of(text: &str, service: &str, form: &'static str) -> Result<Option<Region>, ArnError> {
    if !text.starts_with("arn:") {
        return Ok(None);
    }
    let arn = Arn::split(text, service, form)?;
    if arn.region.is_empty() {
        return Ok(None);
    }
    let region = Region::parse(arn.region)?;
    if region.partition() == arn.partition { Ok(Some(region)) } else { Err(ArnError::OtherPartition) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_secret_is_in_its_arn() {
        let region = |id: &str| SecretId::parse(id).map(|id| id.region().map(ToString::to_string));
        assert_eq!(region("arn:aws:secretsmanager:eu-west-1:1:secret:x"), Ok(Some("eu-west-1".to_owned())));
        assert_eq!(
            region("arn:aws-cn:secretsmanager:cn-north-1:1:secret:x:y"),
            Ok(Some("cn-north-1".to_owned()))
        );
        assert_eq!(region("arn:aws:secretsmanager::1:secret:x"), Ok(None));
        assert_eq!(region("prod/orders"), Ok(None));
    }

    #[test]
    fn no_arn_has_a_host_in_it() {
        let error = |id: &str| SecretId::parse(id).expect_err("not an ARN");
        for region in ["x@evil.example/", "evil.example", "EU-WEST-1", "eu-west-1.evil.example"] {
            let arn = format!("arn:aws:secretsmanager:{region}:1:secret:x");
            assert_eq!(error(&arn), ArnError::Region(RegionError::Form), "{arn}");
        }
        assert_eq!(
            error("arn:aws:secretsmanager:xx-west-1:1:secret:x"),
            ArnError::Region(RegionError::UnknownPartition)
        );
        assert_eq!(error("arn:aws-cn:secretsmanager:eu-west-1:1:secret:x"), ArnError::OtherPartition);
        assert_eq!(error("arn:aws:secretsmanager:us-gov-west-1:1:secret:x"), ArnError::OtherPartition);
        assert_eq!(error("arn:other:secretsmanager:eu-west-1:1:secret:x"), ArnError::UnknownPartition);
        for arn in [
            "arn:",
            "arn:aws:secretsmanager:eu-west-1:1:",
            "arn:aws:kms:eu-west-1:1:key/x",
            "arn:aws:secretsmanager:x@localhost:4444/:1:secret:x",
        ] {
            assert!(SecretId::parse(arn).is_err(), "{arn}");
        }
    }

    #[test]
    fn keys_have_several_names_and_roles_have_one() {
        let key = |id: &str| KmsKeyId::parse(id).map(|id| id.region().map(ToString::to_string));
        for id in ["alias/aws/glue", "01234567-89ab-cdef-0123-456789abcdef", "mrk-1"] {
            assert_eq!(key(id), Ok(None), "{id}");
        }
        assert_eq!(key("arn:aws:kms:us-east-1:1:alias/a"), Ok(Some("us-east-1".to_owned())));
        assert_eq!(key("arn:aws:kms:evil.example:1:alias/a"), Err(ArnError::Region(RegionError::Form)));
        assert!(matches!(key("arn:aws:secretsmanager:us-east-1:1:secret:x"), Err(ArnError::Form(_))));

        let role = |arn: &str| RoleArn::parse(arn).map(|arn| arn.to_string());
        for arn in ["arn:aws:iam::123456789012:role/reader", "arn:aws-us-gov:iam::1:role/path/reader"] {
            assert_eq!(role(arn), Ok(arn.to_owned()));
        }
        for arn in [
            "reader",
            "arn:aws:iam:x@evil.example/:1:role/reader",
            "arn:aws:iam::1:user/reader",
            "arn:aws:sts::1:role/reader",
        ] {
            assert!(matches!(role(arn), Err(ArnError::Form(_))), "{arn}");
        }
        assert_eq!(role("arn:evil.example:iam::1:role/reader"), Err(ArnError::UnknownPartition));
    }
}
