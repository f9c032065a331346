//! What the clients of the AWS SDK send by.

use std::sync::PoisonError;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::connectors::{Key, Route};
use super::{Blocked, Destination, Names, Network, Proxies};
use crate::origin::Origin;

impl Network {
    /// What sends the requests of an SDK client to `destination`, and to nowhere else.
    pub fn sdk_client(&self, destination: Destination) -> SharedHttpClient {
        SharedHttpClient::new(Client { network: self.to(&destination), destination })
    }
}

#[derive(Debug)]
struct Client {
    network: Network,
    destination: Destination,
}

impl Client {
    fn connector(&self, route: Route, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let Network { proxies, connectors, .. } = &self.network;
        let key =
            Key { route, connect_timeout: settings.connect_timeout(), read_timeout: settings.read_timeout() };
        let mut made = connectors.0.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let proxies = match (proxies, route) {
                (Proxies::None, _) | (Proxies::Environment, Route::CredentialEndpoints) => {
                    ProxyConfig::disabled()
                }
                (Proxies::Environment, Route::Services | Route::Operator) => ProxyConfig::from_env(),
            };
            let connector = Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(proxies)
                // One that the server closes meanwhile would be a failure, and no request is repeated.
                .pool_max_idle_per_host(0)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build_with_resolver(self.network.names());
            SharedHttpConnector::new(connector)
        };
        made.entry(key).or_insert_with(make).clone()
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let (through, credential_endpoints) = match self.destination {
            Destination::Partition(_) => (Route::Services, None),
            Destination::Endpoint(_) => (Route::Operator, None),
            Destination::Credentials => {
                (Route::Operator, Some(self.connector(Route::CredentialEndpoints, settings)))
            }
        };
        SharedHttpConnector::new(Checked {
            destination: self.destination.clone(),
            through: self.connector(through, settings),
            credential_endpoints,
        })
    }
}

/// Sends a request where its URL has been checked.
#[derive(Debug)]
struct Checked {
    destination: Destination,
    through: SharedHttpConnector,
    credential_endpoints: Option<SharedHttpConnector>,
}

impl Checked {
    fn choose(&self, request: &HttpRequest) -> Result<&SharedHttpConnector, Blocked> {
        let uri: http::Uri = request.uri().parse().map_err(|_| Blocked::Url)?;
        let origin = Origin::from(&uri);
        self.destination.check(&origin)?;
        let direct = origin.address().is_some_and(|address| self.destination.is_credential_endpoint(address));
        Ok(self.credential_endpoints.as_ref().filter(|_| direct).unwrap_or(&self.through))
    }
}

impl HttpConnector for Checked {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.choose(&request) {
            Ok(connector) => connector.call(request),
            Err(blocked) => HttpConnectorFuture::ready(Err(ConnectorError::user(blocked.into()))),
        }
    }
}

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async { self.resolve(name).await.map_err(ResolveDnsError::new) })
    }
}
