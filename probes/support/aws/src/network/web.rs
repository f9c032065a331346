//! What our own calls are sent by.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Names, Network, Proxies};

impl Network {
    /// A client that goes this way. It follows no redirect: what is signed is for one host. Whoever sends a request has its URL checked
    /// by [`Destination::check`](super::Destination::check).
    pub fn web_client(&self) -> ClientBuilder {
        let builder = ClientBuilder::new()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(self.names()));
        match self.proxies {
            Proxies::None => builder.no_proxy(),
            Proxies::Environment => builder,
        }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let addresses = Names::resolve(&names, name.as_str()).await?;
            // The port is the URL's.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
