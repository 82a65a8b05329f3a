//! Everything over HTTP that is not the socket: health, metrics, the page, the development helper.
//!
//! - [`accept`] owns the TCP connections, [`tls`] greets on them, [`proxies`] finds
//!   the client behind a proxy; [`health`] and [`metrics`] are for operators;
//! - [`web`] serves the page's files; [`dev`] hands out logins on a developer's own machine.

mod accept;
mod dev;
mod health;
mod metrics;
mod proxies;
mod tls;
mod web;

use std::sync::Arc;

pub use accept::{Door, accept};
use axum::{Router, routing::get};
pub use metrics::{install as install_metrics, keep_adding_up as keep_metrics_small};
pub use tls::{keep_certificate_fresh, refresh_certificate};

use crate::{
    config::Config,
    gateway::{Gateway, upgrade},
    service::Service,
};

/// All addresses of the server.
pub fn router(config: &Config, service: Arc<Service>, gateway: Arc<Gateway>) -> Router {
    let health = Router::new().route("/healthz", get(health::health));
    let health = health.with_state((service, Arc::clone(&gateway)));
    let socket = Router::new().route("/im/ws", get(upgrade)).with_state(gateway);
    let metrics = Router::new().route("/metrics", get(metrics::metrics));
    socket
        .merge(health)
        .merge(metrics)
        .merge(dev::router(config))
        .fallback_service(web::pages(config.web_root.as_deref()))
}
