//! Connections: accepted, encrypted, served, and let end in peace.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::client_stream::{ClientStream, Exchange, Socket};
use super::peers::Peers;
use super::tls::Identity;

/// How long a TLS handshake may take, and the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// A machine that is out of files has some again after a while.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener`, for `max_connections` at a time, until `shutdown` is over, and then what has been begun.
pub(super) async fn run(
    listener: TcpListener,
    identity: Option<Identity>,
    max_connections: usize,
    peers: Peers,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = std::pin::pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < max_connections => match accepted {
                Ok((stream, address)) => {
                    // A peer that has enough connections finds this one closed.
                    let Some(connection) = peers.connect(address.ip()) else { continue };
                    let exchange = Exchange::new(connection);
                    let (router, watcher, identity) = (router.clone(), graceful.watcher(), identity.clone());
                    connections.spawn(async move {
                        // An answer is one small write: without this it would wait for the acknowledgement of the last one.
                        let _only_slower = stream.set_nodelay(true);
                        match identity {
                            None => serve(stream, exchange, router, watcher).await,
                            Some(identity) => {
                                if let Some(stream) = encrypt(stream, &identity).await {
                                    serve(stream, exchange, router, watcher).await;
                                }
                            }
                        }
                    });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    graceful.shutdown().await;
    // What is in a handshake still has asked for nothing.
    connections.shutdown().await;
}

/// Answers the requests of one connection, one after the other.
async fn serve<S: Socket + 'static>(stream: S, exchange: Exchange, router: Router, watcher: Watcher) {
    let router = TowerToHyperService::new(router);
    let service = service_fn({
        let exchange = exchange.clone();
        move |mut request: Request<Incoming>| {
            exchange.begin(request.version());
            request.extensions_mut().insert(exchange.clone());
            let is_bounded = head_bytes(&request) <= MAX_HEAD_BYTES;
            let (exchange, answer) = (exchange.clone(), is_bounded.then(|| router.call(request)));
            async move {
                let answer: Result<Response, Infallible> = match answer {
                    Some(answer) => answer.await,
                    None => Ok(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()),
                };
                exchange.end();
                answer
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(ClientStream::new(stream, exchange)), service);
    // A client that breaks off has had its answer, or wants none.
    let _broken = watcher.watch(connection).await;
}

/// The size of a request's head. hyper's own bound is that of a buffer, which a head that comes at once may exceed by half.
fn head_bytes(request: &Request<Incoming>) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    target + headers.sum::<usize>()
}

async fn encrypt(
    stream: TcpStream,
    identity: &Identity,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    tokio::select! {
        encrypted = identity.accept(stream) => encrypted.ok(),
        () = tokio::time::sleep(HEAD_TIMEOUT) => None,
    }
}
