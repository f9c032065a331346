//! Connections: accepted, encrypted, served, and let end in peace.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::tls::Identity;

/// Connections at a time: past it they wait in the system's queue.
const MOST_CONNECTIONS: usize = 4096;
/// A client that is slower with a TLS handshake, or with the head of a request, is none.
const PATIENCE: Duration = Duration::from_secs(10);
/// A machine that is out of files has some again after a while.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `shutdown` is over, and then what has been begun.
pub(super) async fn run(
    listener: TcpListener,
    identity: Option<Identity>,
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
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let service = TowerToHyperService::new(router.clone());
                    let watcher = graceful.watcher();
                    let identity = identity.clone();
                    connections.spawn(async move {
                        // An answer is one small write: without this it would wait for the acknowledgement of the last one.
                        let _only_slower = stream.set_nodelay(true);
                        match identity {
                            None => serve(stream, service, watcher).await,
                            Some(identity) => {
                                if let Some(stream) = encrypt(stream, &identity).await {
                                    serve(stream, service, watcher).await;
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

async fn serve<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static>(
    stream: S,
    service: TowerToHyperService<Router>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off has had its answer, or wants none.
    let _broken = watcher.watch(connection).await;
}

async fn encrypt(
    stream: TcpStream,
    identity: &Identity,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    tokio::select! {
        encrypted = identity.accept(stream) => encrypted.ok(),
        () = tokio::time::sleep(PATIENCE) => None,
    }
}
