//! Sockets: the upgrade, one task for each connection, the frames in and out.
//!
//! - [`upgrade`] answers the HTTP request and starts the task;
//! - [`connection`] is the task: it alone reads and writes its socket;
//! - [`dispatch`] turns a frame into a use case and its result into a frame;
//! - [`outbox`] is the bounded queue in front of the socket, filled by replies and by the bus;
//! - [`close`] lists why a connection ends.
//!
//! No rule of messaging is here, and nothing here knows the database.

mod close;
mod connection;
mod dispatch;
mod outbox;
mod upgrade;

use std::sync::Arc;

use tim_protocol::call::Method;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
pub use upgrade::{Peer, upgrade};

use crate::{
    config::Limits,
    service::{Service, limits::Connections},
};

/// What all connections share.
pub struct Gateway {
    service: Arc<Service>,
    limits: Limits,
    connections: Connections,
    /// Ends all connections.
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Successful requests by method; refused ones are rarer and counted by name.
    served: Vec<metrics::Counter>,
}

impl Gateway {
    /// A gateway without connections.
    #[must_use]
    pub fn new(service: Arc<Service>, limits: Limits) -> Self {
        let served = Method::ALL.iter().map(|method| {
            metrics::counter!("tim_requests_total", "method" => method.as_str(), "code" => "0")
        });
        Self {
            service,
            limits,
            connections: Connections::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            served: served.collect(),
        }
    }

    /// Tells every client to come back later and waits until what they had asked for is done.
    pub async fn stop(self: Arc<Self>) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
