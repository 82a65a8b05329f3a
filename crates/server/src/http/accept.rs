//! Accepting TCP connections and speaking HTTP/1.1 on them, with TLS when there is a certificate.
//!
//! Done by hand instead of by the framework for a few settings: buffers that stay small, deadlines for
//! the request's head and for the whole connection (a client that sends or reads one byte a minute must
//! not hold a task for ever), few such connections for one address, no delay for small frames.
//! WebSockets are none of these any more once they are upgraded; the gateway has its own rules for them.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{proxies, tls::Tls};
use crate::{config::Config, gateway::Peer, service::limits::Connections};

/// A request's head must be there by then.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// After so long a connection is used for no further request. Nothing takes so long here.
const LIFETIME: Duration = Duration::from_secs(300);
/// How long the request at hand may go on then.
const LAST_REQUEST: Duration = Duration::from_secs(60);
/// Connections of one address that are no WebSocket (yet), however few of those it may have: a page
/// loads its files over several.
const LEAST_CONNECTIONS: u32 = 16;
/// Largest head, and what is buffered of a body.
const BUFFER: usize = 16 * 1024;
/// How long to wait when the system has no more sockets.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What every connection is served with.
pub struct Door {
    http: http1::Builder,
    tls: Option<Tls>,
    trusted_proxies: Vec<IpNet>,
    connections: Connections,
    connections_per_address: u32,
    router: Router,
    stop: CancellationToken,
}

impl Door {
    /// A door to what `router` offers, open until `stop`.
    pub fn new(config: &Config, router: Router, stop: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_buf_size(BUFFER);
        let tls = config.tls.clone().map(Tls::new);
        Self {
            http,
            tls,
            trusted_proxies: config.trusted_proxies.clone(),
            connections: Connections::default(),
            connections_per_address: config.limits.connections_per_address.max(LEAST_CONNECTIONS),
            router,
            stop,
        }
    }
}

/// Serves every connection of `listener` until the door closes, then finishes requests at hand.
pub async fn accept(listener: TcpListener, door: Door) {
    let door = Arc::new(door);
    // Plain requests at hand are finished too: the last one to end wakes the wait below.
    let (open, idle) = (Arc::new(()), Arc::new(Notify::new()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.stop.cancelled() => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                metrics::counter!("tim_accept_failures_total").increment(1);
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        let peer = address.ip().to_canonical();
        // A proxy stands for many; they are told apart once a request says who asks.
        let place = if proxies::is_trusted(&door.trusted_proxies, peer) {
            None
        } else {
            let place = door.connections.open(proxies::counted(peer), door.connections_per_address);
            // Dropped without a word: an answer would cost more than it is worth.
            if place.is_none() {
                metrics::counter!("tim_connections_refused_total", "of" => "connections")
                    .increment(1);
                continue;
            }
            place
        };
        let door = Arc::clone(&door);
        let (open, idle) = (Arc::clone(&open), Arc::clone(&idle));
        tokio::spawn(async move {
            door.open(stream, peer).await;
            drop((place, open));
            idle.notify_one();
        });
    }
    drop(listener);
    while Arc::strong_count(&open) > 1 {
        idle.notified().await;
    }
}

impl Door {
    async fn open(self: Arc<Self>, stream: TcpStream, peer: IpAddr) {
        // Without it a small reply may wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.serve(stream, peer).await };
        let greeted = tokio::select! {
            greeted = tls.greet(stream) => greeted,
            () = self.stop.cancelled() => return,
        };
        match greeted {
            Ok(stream) => self.serve(stream, peer).await,
            Err(error) => tracing::debug!(%error, "a client did not get through the TLS handshake"),
        }
    }

    async fn serve<S>(self: &Arc<Self>, stream: S, peer: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let door = Arc::clone(self);
        let service = self.router.clone().map_request(move |mut request: http::Request<_>| {
            let client = proxies::client(&door.trusted_proxies, peer, request.headers());
            request.extensions_mut().insert(Peer(proxies::counted(client)));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = self.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        // An error is a client that broke off or spoke no HTTP; there is nobody to tell.
        let ended = tokio::select! {
            _ = connection.as_mut() => true,
            () = self.stop.cancelled() => false,
            () = sleep(LIFETIME) => false,
        };
        if !ended {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(LAST_REQUEST, connection).await;
        }
    }
}
