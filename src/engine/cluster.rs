//! `jdbc:redshift:iam://cluster:region/database`: a URL without a host, which Redshift tells.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use probe_contract::{
    Address, Endpoint, Form, Location, Pointer, Properties, Reader, Region, Target, UrlAddress,
};
use support_jdbc::{Url, strip_prefix_ignore_case};

/// A target whose URL names a cluster instead of its host and port.
pub(super) struct Cluster<'a> {
    target: &'a Target,
    address: &'a UrlAddress,
    name: String,
    region: String,
    /// From the slash in front of the database to the first parameter.
    path: &'a str,
    parameters: &'a str,
}

impl<'a> Cluster<'a> {
    /// The cluster that `target` names. Amazon's driver takes for a region what stands in a port's place and is no number.
    pub(super) fn of(target: &'a Target) -> Option<Self> {
        let Address::Url(address) = &target.address else { return None };
        let rest =
            strip_prefix_ignore_case(address.url.marked(), "jdbc:redshift:iam:")?.strip_prefix("//")?;
        let (authority, behind) = rest.split_at(rest.find(['/', '?', ';']).unwrap_or(rest.len()));
        let (path, parameters) = behind.split_at(behind.find(['?', ';']).unwrap_or(behind.len()));
        let (name, region) = authority.split_once(':')?;
        let (name, region) = (address.url.filled(name), address.url.filled(region));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let fits = !name.is_empty() && region.starts_with(|c: char| c.is_ascii_alphabetic());
        if !fits || !plain(&name) || !plain(&region) {
            return None;
        }
        let parameters = parameters.get(1..).unwrap_or_default();
        // Those of the URL's parameters beat what stands in front: so it is with Amazon's driver.
        let name = parameter(address, parameters, "ClusterID").unwrap_or_else(|| name.into_owned());
        let region = match parameter(address, parameters, "Region") {
            Some(region) => region,
            // It is in the place of a host, which is spelled in any case.
            None => Region::parse_label(&region).ok()?.to_string(),
        };
        Some(Self { target, address, name, region, path, parameters })
    }

    /// Where its host and port are found; nowhere, where the URL's parameter Region is not one, which the probe says.
    pub(super) fn pointer(&self) -> Option<Pointer> {
        let region = Region::parse(&self.region).ok()?;
        let location = Location::ClusterEndpoint { cluster: self.name.clone(), region };
        Some(Pointer { property: self.address.property.to_owned(), location, form: Form::Endpoint })
    }

    /// The target with `endpoint` in its URL.
    pub(super) fn at(&self, endpoint: &Endpoint) -> Target {
        let Self { target, address, name, region, path, parameters } = self;
        let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        let (cluster, region) = (encoded(name), encoded(region));
        let url =
            format!("jdbc:redshift:iam://{endpoint}{path}?{parameters}&ClusterID={cluster}&Region={region}");
        let address = UrlAddress { property: address.property, url: address.url.with_marked(url) };
        Target { address: Address::Url(address), ..(*target).clone() }
    }

    /// The target as far as it is known: somewhere.
    pub(super) fn somewhere(&self) -> Target {
        self.at(&Endpoint { host: "cluster.invalid".to_owned(), port: 5439 })
    }
}

/// The value of the parameter `name`, of several the last, unless it is empty.
fn parameter(address: &UrlAddress, parameters: &str, name: &str) -> Option<String> {
    let properties = Properties::default();
    let mut reader = Reader::new(&properties);
    let given = Url::parse(&format!("?{parameters}"), address, &['&', ';'], &mut reader).parameters;
    let found = given.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.expose()).filter(|value| !value.is_empty()).map(str::to_owned)
}

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-');

#[cfg(test)]
mod tests {
    use probe_contract::Template;

    use super::*;

    const PROPERTY: &str = "JDBC_CONNECTION_URL";

    fn target(url: &str) -> Target {
        let address = UrlAddress { property: PROPERTY, url: Template::plain(url.trim()) };
        Target { connection_type: "jdbc".to_owned(), address: Address::Url(address), ..Target::default() }
    }

    #[test]
    fn a_cluster_stands_for_its_host_and_port() {
        let endpoint = Endpoint { host: "c.example".to_owned(), port: 5555 };
        for (url, cluster, region, expected) in [
            (
                "jdbc:redshift:iam://sales:eu-central-1/dev",
                "sales",
                "eu-central-1",
                "jdbc:redshift:iam://c.example:5555/dev?&ClusterID=sales&Region=eu-central-1",
            ),
            (
                " JDBC:Redshift:IAM://sales-2:US-East-1/d%2Fb;DbUser=a?b;DbGroups=x,y",
                "sales-2",
                "us-east-1",
                "jdbc:redshift:iam://c.example:5555/d%2Fb?DbUser=a?b;DbGroups=x,y&ClusterID=sales-2&Region=us-east-1",
            ),
            (
                "jdbc:redshift:iam://sales:eu-central-1/dev?clusterid=o%2Fther&REGION=eu-west-1&Region=",
                "o/ther",
                "eu-central-1",
                "jdbc:redshift:iam://c.example:5555/dev?clusterid=o%2Fther&REGION=eu-west-1&Region=\
                 &ClusterID=o%2Fther&Region=eu-central-1",
            ),
            (
                "jdbc:redshift:iam://sales:eu-central-1",
                "sales",
                "eu-central-1",
                "jdbc:redshift:iam://c.example:5555?&ClusterID=sales&Region=eu-central-1",
            ),
        ] {
            let target = target(url);
            let found = Cluster::of(&target).unwrap();
            let region = Region::parse(region).unwrap();
            let location = Location::ClusterEndpoint { cluster: cluster.to_owned(), region };
            let pointer = found.pointer().unwrap();
            assert_eq!((pointer.location, pointer.property.as_str()), (location, PROPERTY), "{url}");
            let Address::Url(located) = found.at(&endpoint).address else { panic!("{url}") };
            assert_eq!(located.url.marked(), expected);
        }
    }

    #[test]
    fn a_region_that_is_not_one_is_asked_nothing() {
        let asked = |url: &str| Cluster::of(&target(url)).map(|cluster| cluster.pointer().is_some());
        for region in ["x/y", "x@evil.example/", "EU-West-1", "xx-west-1", "eu-west-1.evil.example"] {
            // The probe reads the parameter once more, and says what is wrong with it.
            let encoded = utf8_percent_encode(region, PLAIN);
            let url = format!("jdbc:redshift:iam://sales:eu-west-1/dev?Region={encoded}");
            assert_eq!(asked(&url), Some(false), "{region}");
        }
        for region in ["nowhere", "xx-west-1", "eu-west-1-"] {
            assert_eq!(asked(&format!("jdbc:redshift:iam://sales:{region}/dev")), None, "{region}");
        }
    }

    #[test]
    fn what_names_no_cluster() {
        for url in [
            "jdbc:redshift:iam://c.example:5439/dev",
            "jdbc:redshift:iam://c.example/dev",
            "jdbc:redshift:iam://c.example:eu-central-1/dev",
            "jdbc:redshift:iam://:eu-central-1/dev",
            "jdbc:redshift:iam://sales:eu-central-1@evil.example/dev",
            "jdbc:redshift:iam://sales:/dev",
            "jdbc:redshift:iam:sales:eu-central-1/dev",
            "jdbc:redshift:iam://[::1]:5439/dev",
            "jdbc:redshift://sales:eu-central-1/dev",
            "jdbc:postgresql:iam://sales:eu-central-1/dev",
            "jdbc:redshift:iam://",
            "jdbc:redshift:iam:",
            "",
        ] {
            assert!(Cluster::of(&target(url)).is_none(), "{url}");
        }
        let kafka = Target { connection_type: "KAFKA".to_owned(), ..Target::default() };
        assert!(Cluster::of(&kafka).is_none());
    }
}
