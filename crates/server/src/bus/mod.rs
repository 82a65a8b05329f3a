//! Pushes on their way to people, wherever these are connected.
//!
//! A subject is an account; each of its connected instances is one subscriber. Everything that is
//! told to a person goes through here, also on a single node, so that a bus between nodes can take
//! the place of the local one. The contract, which `contract` checks for every implementation:
//!
//! - a subscription that has been answered misses nothing that is published later;
//! - nor does it get anything that the same node published before it was asked for;
//! - events of one publisher for one subject arrive in the order of the calls;
//! - publishing never blocks and never fails because nobody, or somebody slow, is listening;
//! - after a subscription was dropped its inbox gets nothing more.
//!
//! Between nodes a bus is a hint, and storage is the truth: events may get lost on the way to another
//! node. A bus that has, or may have, lost some says so by [`Bus::losses`]; whoever must know then
//! reads the log. On the publisher's own node nothing is ever lost.
//!
//! The bus does not know what a frame says.

#[cfg(test)]
mod contract;
mod local;
mod nats;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::BoxFuture;
pub use local::LocalBus;
pub use nats::{BusError, NatsBus, NatsOptions, check, check_url};
use tim_protocol::push::KickReason;

use crate::storage::{AccountKey, NodeKey, SessionKey};

/// Something a person's instances are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A frame, ready to be written.
    Frame {
        /// JSON text.
        text: Bytes,
        /// The instance that caused it and need not hear of it.
        except: Option<SessionKey>,
    },
    /// One instance has come back on a new connection.
    Replaced {
        /// Which one.
        session: SessionKey,
        /// The number of the new connection; those with smaller ones end.
        connection: i64,
    },
    /// One instance is out.
    Kick {
        /// Which one.
        session: SessionKey,
        /// Why.
        reason: KickReason,
    },
}

/// Where a subscriber's events are put.
pub trait Inbox: Send + Sync {
    /// Takes an event. Must not block.
    fn deliver(&self, event: &Event);
}

/// Ends when it is dropped.
#[must_use = "a subscription that is dropped ends at once"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Subscription {
    fn new(end: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// How a bus stands with other nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It reaches no other node and does not try to.
    Alone,
    /// What is published reaches the other nodes.
    Up,
    /// Other nodes are out of reach; it goes on trying.
    Away {
        /// Since when.
        since: Instant,
        /// What is wrong, for the operator: a fragment that can follow a colon. It names servers by
        /// host and port and holds no secret.
        why: Arc<str>,
    },
}

/// Carries events from whoever causes them to whoever is connected.
pub trait Bus: Send + Sync {
    /// Tells all instances of an account. Those on this node have it when this returns.
    fn publish(&self, to: AccountKey, event: Event);

    /// Tells the instances of an account that are connected to this node.
    fn deliver(&self, to: AccountKey, event: &Event);

    /// Begins to listen for an account. While other nodes are out of reach it is answered at once,
    /// and when they do not confirm it within a second; both shows as a loss once they are back.
    fn subscribe(&self, to: AccountKey, inbox: Arc<dyn Inbox>) -> BoxFuture<'_, Subscription>;

    /// Whether other nodes are reached.
    fn state(&self) -> State;

    /// Grows whenever events from or to other nodes may have been lost, at the latest when the way
    /// between them is whole again: who then reads the log has missed nothing. The number itself
    /// means nothing.
    fn losses(&self) -> u64;

    /// The other nodes that were heard through the bus, and how long ago. A node that is silent for
    /// a minute is forgotten.
    fn heard(&self) -> Vec<(NodeKey, Duration)>;

    /// Sends what is still waiting, for two seconds at most, and ends the link to other nodes.
    /// Publishing goes on within this node.
    fn close(&self) -> BoxFuture<'_, ()>;
}
