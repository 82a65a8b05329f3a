//! Sockets: the upgrade, one task for each connection, the frames in and out.
//!
//! - [`upgrade`] answers the HTTP request and starts the task;
//! - [`connection`] is the task: it alone reads and writes its socket;
//! - [`dispatch`] turns a frame into a use case and its result into a frame;
//! - [`outbox`] is the bounded queue in front of the socket, filled by replies and by the bus;
//! - [`close`] lists why a connection ends, [`departures`] says when, once the server stops.
//!
//! No rule of messaging is here, and nothing here knows the database.

mod close;
mod connection;
mod departures;
mod dispatch;
mod outbox;
mod upgrade;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use departures::Departures;
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
    /// The end is near; everything still goes on.
    is_stopping: AtomicBool,
    /// Nobody comes in any more, and each connection takes its place in the line of those who leave.
    stop: CancellationToken,
    departures: Departures,
    /// Nobody waits in that line any more.
    hurry: CancellationToken,
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
            is_stopping: AtomicBool::new(false),
            stop: CancellationToken::new(),
            departures: Departures::default(),
            hurry: CancellationToken::new(),
            tasks: TaskTracker::new(),
            served: served.collect(),
        }
    }

    /// Whether this node is about to leave: balancers should send nobody here any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Lets [`Gateway::is_stopping`] say so; nothing else changes yet.
    pub fn announce_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Open connections.
    #[must_use]
    pub fn connections(&self) -> u32 {
        u32::try_from(self.tasks.len()).unwrap_or(u32::MAX)
    }

    /// Lets nobody in any more, tells every client to come back, evenly within `spread`, and waits until
    /// what they had asked for is done.
    pub async fn stop(&self, spread: Duration) {
        self.announce_stop();
        self.departures.begin(self.connections(), spread);
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends the spreading: whoever has not left yet leaves now.
    pub fn hurry(&self) {
        self.hurry.cancel();
    }
}
