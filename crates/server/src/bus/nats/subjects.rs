//! What is said where on NATS.
//!
//! | subject | what |
//! |---|---|
//! | `tim.v1.<cluster>.user.<account>` | events of an account, see [`super::subscriptions`] |
//! | `tim.v1.<cluster>.beat` | signs of life of the nodes |
//! | `tim.v1.<cluster>.echo.<node>` | nothing: the node answers |
//! | `tim.v1.<cluster>.barrier` | nothing: nobody serves it, so that NATS itself answers |
//! | `tim.v1.<cluster>.inbox.>` | these answers |
//!
//! A user who may publish and subscribe `tim.v1.<cluster>.>` has all that a node needs.

use super::BusError;
use crate::storage::{AccountKey, NodeKey};

/// The subjects of one cluster.
pub(super) struct Subjects {
    prefix: String,
}

impl Subjects {
    /// # Errors
    /// When the name of the cluster does not fit into a subject.
    pub(super) fn new(cluster: &str) -> Result<Self, BusError> {
        let is_word = !cluster.is_empty() && cluster.bytes().all(|it| it.is_ascii_alphanumeric());
        if !is_word {
            return Err(BusError::Cluster);
        }
        Ok(Self { prefix: format!("tim.v1.{cluster}") })
    }

    pub(super) fn user(&self, account: AccountKey) -> String {
        format!("{}.user.{}", self.prefix, account.0)
    }

    pub(super) fn beat(&self) -> String {
        format!("{}.beat", self.prefix)
    }

    pub(super) fn echo(&self, node: NodeKey) -> String {
        format!("{}.echo.{}", self.prefix, node.0)
    }

    pub(super) fn barrier(&self) -> String {
        format!("{}.barrier", self.prefix)
    }

    pub(super) fn inbox(&self) -> String {
        format!("{}.inbox", self.prefix)
    }
}
