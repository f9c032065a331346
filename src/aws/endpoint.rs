//! Where calls go.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// The URL of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// A text is no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected http:// or https://, and a host")]
pub struct NoEndpoint;

impl Endpoint {
    /// Glue's own, in `region`.
    pub(super) fn of_region(region: &str) -> Result<Self, NoEndpoint> {
        // A dot or a slash would make another host of it.
        let is_name = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if region.is_empty() || !is_name {
            return Err(NoEndpoint);
        }
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://glue.{region}.{suffix}").parse()
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
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
        let url = |region| Endpoint::of_region(region).map(|endpoint| endpoint.as_str().to_owned());
        assert_eq!(url("eu-central-1").as_deref(), Ok("https://glue.eu-central-1.amazonaws.com/"));
        assert_eq!(url("cn-north-1").as_deref(), Ok("https://glue.cn-north-1.amazonaws.com.cn/"));
        for region in ["", "a.b", "a/b", "a@b", "a#b", "ü"] {
            assert_eq!(url(region), Err(NoEndpoint), "{region}");
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
