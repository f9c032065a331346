//! `jdbc:redshift:iam://cluster:region/database`: a URL without a host, for which Redshift is asked.

use probe_contract::{Region, UrlAddress};
use support_aws::RedshiftCluster;

use crate::parameters::Parameters;

/// A cluster in the place of a host and port. Amazon's driver reads as a region what is in a port's place and is not a number.
#[derive(Debug)]
pub(crate) struct Cluster {
    name: String,
    region: String,
}

impl Cluster {
    /// What is expected of a URL that names one.
    pub(crate) const EXPECTED: &str =
        "expected //host:port/ or //cluster:region/, as in //sales:eu-central-1/";

    /// Whether what is behind `iam:` names a cluster, well or badly.
    pub(crate) fn is_named(rest: &str) -> bool {
        let authority = rest.trim_start_matches('/').split(['/', '?', ';']).next().unwrap_or_default();
        authority
            .split_once(':')
            .is_some_and(|(_, behind)| behind.starts_with(|c: char| c.is_ascii_alphabetic()))
    }

    /// The cluster that `rest` of `address` names, and what follows it there: the database and the parameters.
    pub(crate) fn parse<'a>(rest: &'a str, address: &UrlAddress) -> Option<(Self, &'a str)> {
        let rest = rest.strip_prefix("//")?;
        let (authority, behind) = rest.split_at(rest.find(['/', '?', ';']).unwrap_or(rest.len()));
        let (name, region) = authority.split_once(':')?;
        let (name, region) = (address.url.filled(name), address.url.filled(region));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let fits = !name.is_empty() && region.starts_with(|c: char| c.is_ascii_alphabetic());
        (fits && plain(&name) && plain(&region))
            .then(|| (Self { name: name.into_owned(), region: region.into_owned() }, behind))
    }

    /// The same with its region. The URL's parameters beat what is in front: so it is with Amazon's driver.
    pub(crate) fn locate(self, parameters: &Parameters) -> Option<RedshiftCluster> {
        let region = match &parameters.region {
            Some(region) => region.clone(),
            // It is in the place of a host, which is spelled in any case.
            None => Region::parse_label(&self.region).ok()?,
        };
        Some(RedshiftCluster { name: parameters.cluster.clone().unwrap_or(self.name), region })
    }
}
