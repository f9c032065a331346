//! Regions of AWS, and the partitions that they belong to.
//!
//! A region becomes a part of the host that a signed request goes to: no text is one before it was read here.

use std::fmt;

/// A region, such as `eu-central-1`, in a partition that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    name: String,
    partition: Partition,
}

/// A partition: a group of regions with its own accounts, identities and host names (IAM user guide, "Amazon Resource
/// Names").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// The European Sovereign Cloud.
    AwsEusc,
    /// The isolated regions of the United States.
    AwsIso,
    /// The same, another classification.
    AwsIsoB,
    /// The isolated regions of Europe.
    AwsIsoE,
    /// The isolated regions of the United States, another classification.
    AwsIsoF,
    /// GovCloud.
    AwsUsGov,
}

/// Why a text is not a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// It does not have the form of one: `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`.
    #[error("expected the name of an AWS region, such as eu-central-1")]
    Form,
    /// It has the form, and no partition that is known has such regions: the host of its services is unknown.
    #[error("expected a region of a known AWS partition ({PARTITIONS})")]
    UnknownPartition,
}

/// The identifiers of the partitions, for messages.
pub(crate) const PARTITIONS: &str =
    "aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov";

impl Region {
    /// Reads a region: the whole text, in lower case.
    ///
    /// # Errors
    /// [`RegionError`]
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let words: Vec<&str> = text.split('-').collect();
        let [first, middle @ .., number] = words.as_slice() else { return Err(RegionError::Form) };
        let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_region = (2..=4).contains(&first.len())
            && letters(first)
            && !middle.is_empty()
            && middle.iter().all(|word| letters(word))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_region {
            return Err(RegionError::Form);
        }
        let partition = Partition::of_words(&words).ok_or(RegionError::UnknownPartition)?;
        Ok(Self { name: text.to_owned(), partition })
    }

    /// Reads a label of a host name, which may be spelled in any case.
    ///
    /// # Errors
    /// [`RegionError`]
    pub fn parse_label(label: &str) -> Result<Self, RegionError> {
        Self::parse(&label.to_ascii_lowercase())
    }

    /// `us-east-1`: what is signed for where nobody names a region and the endpoint is not AWS's.
    #[must_use]
    pub fn us_east_1() -> Self {
        Self { name: "us-east-1".to_owned(), partition: Partition::Aws }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The partition that it is in.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Partition {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsEusc,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsUsGov,
    ];

    /// The partition of the region that consists of `words`: the patterns of `partitions.json`, by which the AWS SDKs decide, for
    /// words that have the form of a region's.
    fn of_words(words: &[&str]) -> Option<Self> {
        match words {
            ["us" | "eu" | "ap" | "sa" | "ca" | "me" | "af" | "il" | "mx", _, _] => Some(Self::Aws),
            ["cn", _, _] => Some(Self::AwsCn),
            ["eusc", "de", _, _] => Some(Self::AwsEusc),
            ["us", "iso", _, _] => Some(Self::AwsIso),
            ["us", "isob", _, _] => Some(Self::AwsIsoB),
            ["eu", "isoe", _, _] => Some(Self::AwsIsoE),
            ["us", "isof", _, _] => Some(Self::AwsIsoF),
            ["us", "gov", _, _] => Some(Self::AwsUsGov),
            _ => None,
        }
    }

    /// The partition with this identifier, as ARNs spell it.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.id() == id)
    }

    /// Its identifier.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsUsGov => "aws-us-gov",
        }
    }

    /// What the host names of its services end with (`partitions.json` of the AWS SDKs, `dnsSuffix`).
    #[must_use]
    pub const fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// The same for names with addresses of IPv4 and IPv6, which are used where the AWS configuration says so
    /// (`dualStackDnsSuffix`).
    #[must_use]
    pub const fn dual_stack_dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "api.aws",
            Self::AwsCn => "api.amazonwebservices.com.cn",
            Self::AwsEusc => "api.amazonwebservices.eu",
            Self::AwsIso => "api.aws.ic.gov",
            Self::AwsIsoB => "api.aws.scloud",
            Self::AwsIsoE => "api.cloud-aws.adc-e.uk",
            Self::AwsIsoF => "api.aws.hci.ic.gov",
        }
    }

    /// Whether `host` is a name below one of its suffixes.
    #[must_use]
    pub fn has_host(self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        [self.dns_suffix(), self.dual_stack_dns_suffix()].iter().any(|suffix| {
            host.strip_suffix(suffix)
                .and_then(|name| name.strip_suffix('.'))
                .is_some_and(|name| !name.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_words_and_a_number() {
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-7", "us-isob-east-1", "eusc-de-east-1"]
        {
            assert_eq!(Region::parse(region).map(|region| region.to_string()), Ok(region.to_owned()));
        }
        for other in [
            "",
            "global",
            "local",
            "1",
            "-1",
            "east-1",
            "e-central-1",
            "europe-central-1",
            "eu-1",
            "eu-central-",
            "eu-central-001",
            "eu--1",
            "eu--central-1",
            "eu-central-1a",
            "EU-CENTRAL-1",
            "Eu-central-1",
            "eu_central_1",
            "a.b-c-1",
            "eu-central-1 ",
            "eu-central-1\n",
            "eu-central-١",
            "éu-central-1",
            "x@evil.example/",
            "evil.example",
            "evil.example/?-1",
            "us-east-1.evil.example",
            "us-east-1#@evil-example-1",
            "us-east-1/../evil-x-1",
        ] {
            assert_eq!(Region::parse(other), Err(RegionError::Form), "{other:?}");
        }
    }

    #[test]
    fn each_region_is_in_one_partition() {
        use Partition::{Aws, AwsCn, AwsEusc, AwsIso, AwsIsoB, AwsIsoE, AwsIsoF, AwsUsGov};
        for (region, partition) in [
            ("us-east-1", Aws),
            ("il-central-1", Aws),
            ("mx-central-99", Aws),
            ("cn-northwest-1", AwsCn),
            ("eusc-de-east-1", AwsEusc),
            ("us-iso-west-1", AwsIso),
            ("us-isob-east-1", AwsIsoB),
            ("eu-isoe-west-1", AwsIsoE),
            ("us-isof-south-1", AwsIsoF),
            ("us-gov-east-1", AwsUsGov),
        ] {
            assert_eq!(Region::parse(region).map(|region| region.partition()), Ok(partition), "{region}");
        }
        for unknown in ["xx-north-1", "eusc-fr-west-1", "us-isog-east-1", "eu-gov-west-1", "us-a-b-c-1"] {
            assert_eq!(Region::parse(unknown), Err(RegionError::UnknownPartition), "{unknown}");
        }
        let ids = Partition::ALL.map(Partition::id);
        assert_eq!(ids.join(", "), PARTITIONS);
        assert!(Partition::ALL.iter().all(|partition| Partition::of_id(partition.id()) == Some(*partition)));
    }

    #[test]
    fn a_host_is_a_name_below_the_suffix() {
        for host in ["kms.eu-west-1.amazonaws.com", "KMS.EU-WEST-1.AMAZONAWS.COM.", "kms.eu-west-1.api.aws"] {
            assert!(Partition::Aws.has_host(host), "{host}");
        }
        for host in [
            "",
            "amazonaws.com",
            ".amazonaws.com",
            "evilamazonaws.com",
            "amazonaws.com.evil.example",
            "kms.cn-north-1.amazonaws.com.cn",
            "127.0.0.1",
        ] {
            assert!(!Partition::Aws.has_host(host), "{host}");
        }
        assert!(Partition::AwsCn.has_host("kms.cn-north-1.amazonaws.com.cn"));
        assert_eq!(
            Region::parse_label("EU-Central-1").map(|region| region.to_string()).as_deref(),
            Ok("eu-central-1")
        );
    }
}
