//! Where calls go.

use std::fmt;
use std::str::FromStr;

use probe_contract::Region;
use reqwest::Url;

use crate::origin::Origin;

/// The URL of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// A text is not an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected http:// or https://, and a host")]
pub struct NoEndpoint;

impl Endpoint {
    /// Glue's own, in `region`.
    ///
    /// # Errors
    /// Never: it is one.
    pub fn of_region(region: &Region) -> Result<Self, NoEndpoint> {
        format!("https://glue.{region}.{}", region.partition().dns_suffix()).parse()
    }

    /// The URL, which may hold a password.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a request to `origin` comes here.
    pub(crate) fn is_at(&self, origin: &Origin<'_>) -> bool {
        let own = Origin::from(&self.0);
        own.scheme == origin.scheme && own.port == origin.port && own.host.eq_ignore_ascii_case(origin.host)
    }
}

impl FromStr for Endpoint {
    type Err = NoEndpoint;

    fn from_str(text: &str) -> Result<Self, NoEndpoint> {
        let url: Url = text.parse().map_err(|_| NoEndpoint)?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url))
        } else {
            Err(NoEndpoint)
        }
    }
}

/// Host, and port where it is not the scheme's own: a URL may hold a password.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_endpoint() {
        for (region, url) in [
            ("eu-central-1", "https://glue.eu-central-1.amazonaws.com/"),
            ("cn-north-1", "https://glue.cn-north-1.amazonaws.com.cn/"),
            ("us-isob-east-1", "https://glue.us-isob-east-1.sc2s.sgov.gov/"),
            ("eusc-de-east-1", "https://glue.eusc-de-east-1.amazonaws.eu/"),
        ] {
            let endpoint = Endpoint::of_region(&Region::parse(region).unwrap()).unwrap();
            assert_eq!(endpoint.as_str(), url);
        }
    }

    #[test]
    fn an_endpoint_shows_host_and_port() {
        let shown = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(shown("http://127.0.0.1:7117").as_deref(), Ok("127.0.0.1:7117"));
        assert_eq!(shown("https://user:c4n4ry@glue.example/path").as_deref(), Ok("glue.example"));
        for text in ["", "glue.example", "ftp://glue.example", "http://", "file:///etc/passwd"] {
            assert_eq!(shown(text), Err(NoEndpoint), "{text}");
        }
    }
}
