//! The self-hosted service that tim-wasm talks to over one WebSocket.
//!
//! # Layout (a reading order)
//!
//! - [`config`]: what the operator decides. `main.rs` only reads arguments and calls [`run`].
//! - [`gateway`]: sockets, frames, the dispatch of calls; [`http`]: everything else over HTTP.
//! - [`service`]: the rules, one noun per file. A message's life begins in `service::messages`.
//! - [`storage`]: the only place with SQL; its writer commits what arrives together.
//! - [`bus`]: pushes on their way to whoever is connected; `drain`: the end in good order.
//!
//! Gateway and http call the service, the service calls storage and bus, and only this file puts
//! them together.

pub mod bus;
pub mod config;
mod drain;
pub mod gateway;
pub mod http;
pub mod service;
pub mod storage;

use std::{future::Future, sync::Arc};

use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use config::Config;
use gateway::Gateway;
use service::{Service, StartError};

/// A server that is ready to serve.
pub struct Server {
    config: Config,
    service: Arc<Service>,
}

/// Opens the database, joins the other servers and gets ready to serve.
///
/// # Errors
/// When the database cannot be used, or the bus never can.
pub async fn start(config: Config) -> Result<Server, StartError> {
    http::install_metrics();
    let service = Arc::new(Service::start(&config).await?);
    Ok(Server { config, service })
}

/// [`start`] and [`Server::serve`] in one.
///
/// # Errors
/// Those of [`start`].
pub fn run(
    listener: TcpListener,
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
    hurry: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, Result<(), StartError>> {
    Box::pin(async move {
        start(config).await?.serve(listener, stop, hurry).await;
        Ok(())
    })
}

impl Server {
    /// Serves `listener` until `stop` completes, then takes leave of its clients as the settings in
    /// [`config::Drain`] say, finishing what is in hand; once `hurry` completes, without their waits.
    ///
    /// The caller binds the port and owns the signals, so that tests can use port 0.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) {
        let Self { config, service } = self;
        let _adding_up = AbortOnDropHandle::new(tokio::spawn(http::keep_metrics_small()));
        let gateway = Arc::new(Gateway::new(Arc::clone(&service), config.limits.clone()));
        let router = http::router(&config, Arc::clone(&service), Arc::clone(&gateway));
        let closing = CancellationToken::new();
        let door = http::Door::new(&config, router, closing.clone());
        let accepting = tokio::spawn(http::accept(listener, door));
        let retention = tokio::spawn(Arc::clone(&service).keep_removing_old());
        let cluster = tokio::spawn(Arc::clone(&service).keep_in_touch());
        let _renewing = config.tls.clone().map(|certificate| {
            AbortOnDropHandle::new(tokio::spawn(http::keep_certificate_fresh(certificate)))
        });
        stop.await;
        tracing::info!("stopping");
        retention.abort();
        drain::drain(&config.drain, gateway, closing, accepting, hurry).await;
        // Until now the other servers must not take this one for dead.
        cluster.abort();
        service.stop().await;
        tracing::info!("stopped");
    }
}
