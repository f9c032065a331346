//! The host that a request goes to.

use std::net::IpAddr;

use reqwest::Url;

/// Where a request goes, in the words of the library that dials: what another one reads in the same URL may differ.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

impl Origin<'_> {
    /// The address that is in the place of a name.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let host = self.host;
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
    }
}

impl<'a> From<&'a Url> for Origin<'a> {
    fn from(url: &'a Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        Self { scheme: url.scheme(), host, port: url.port_or_known_default() }
    }
}

impl<'a> From<&'a http::Uri> for Origin<'a> {
    fn from(uri: &'a http::Uri) -> Self {
        let scheme = uri.scheme_str().unwrap_or_default();
        let usual = match scheme {
            "https" => Some(443),
            "http" => Some(80),
            _ => None,
        };
        Self { scheme, host: uri.host().unwrap_or_default(), port: uri.port_u16().or(usual) }
    }
}
