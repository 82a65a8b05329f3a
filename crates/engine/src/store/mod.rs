//! The Store port: history on the device.
//!
//! A store keeps records and finds them by conversation and position; it does not know what a
//! message says, which stretches are complete or who is logged in. [`memory`] is the reference,
//! `contract` the suite that every store passes (feature `contract`).
//!
//! Promises of every store:
//! - a [`Batch`] is written as a whole or not at all;
//! - writes take effect in the order in which they were asked for, also when a later one is asked for
//!   before the earlier one has ended;
//! - a read that is asked for after a write was asked for sees that write;
//! - writing a message with a known ID replaces it; one that only this device has also at another
//!   position. What the server has stored keeps its place until its log is dropped.
//!
//! A store may lose messages by itself: to a budget, to a full disk, to damage. It never hides that:
//! reads of that conversation fail with [`StoreError::Gone`] until its log is dropped with an eviction.

#[cfg(feature = "contract")]
pub mod contract;
pub mod memory;

use std::future::Future;

use tim_protocol::{
    ids::{ConversationId, MessageId, Seq},
    json_object,
};

/// Place of a message in the list of its conversation on this device.
///
/// Stored messages have their `seq` and `sub` 0. A message the server does not have (unsent, failed)
/// sits behind the newest message known when it was made: that one's `seq` and a `sub` above 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Place in the log.
    pub seq: Seq,
    /// Order among messages that are only here.
    pub sub: u64,
}

json_object!(Position { seq: "seq", sub: "sub" });

impl Position {
    /// The place of a message the server has stored.
    #[must_use]
    pub fn stored(seq: Seq) -> Self {
        Self { seq, sub: 0 }
    }
}

/// A message as it is kept: where it lies, and what it says, which is all that reads give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its ID.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its place.
    pub position: Position,
    /// On its way to the server; found again after a reload.
    pub outbox: bool,
    /// What it says: JSON that only the engine reads.
    pub json: String,
}

/// Changes that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Messages to write, by ID.
    pub messages: Vec<Record>,
    /// Conversations to write: ID and JSON.
    pub conversations: Vec<(ConversationId, String)>,
    /// Values to write: key and JSON.
    pub values: Vec<(String, String)>,
    /// Drop messages of a conversation below a place, after everything else of this batch was written.
    /// Those that only this device has stay: nobody could give them back.
    pub evictions: Vec<(ConversationId, Seq)>,
}

impl Batch {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.conversations.is_empty()
            && self.values.is_empty()
            && self.evictions.is_empty()
    }
}

/// Which messages of a conversation are read.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The newest ones before a position.
    Older {
        /// Behind the last of them.
        before: Position,
        /// Not more of them.
        limit: usize,
    },
    /// The one with an ID; whether a message of another conversation is found is the store's affair.
    Message(&'a MessageId),
}

/// What is read once, at login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The JSON of every conversation.
    pub conversations: Vec<String>,
    /// The JSON of messages that were on their way.
    pub outbox: Vec<String>,
    /// Every value: key and JSON.
    pub values: Vec<(String, String)>,
}

/// Why the store did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It cannot be used any more; a sentence for the log.
    Unusable(String),
    /// It has lost messages of the conversation; only reads of messages fail with this.
    Gone,
}

impl StoreError {
    /// It cannot be used, and why.
    pub fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable(reason.into())
    }
}

/// History on the device.
pub trait Store {
    /// How many messages of a conversation it is meant for; the engine drops older ones.
    const MESSAGES_PER_CONVERSATION: u64;

    /// Everything that is needed to start.
    fn load(&self) -> impl Future<Output = Result<Snapshot, StoreError>>;
    /// Writes a batch.
    fn write(&self, batch: &Batch) -> impl Future<Output = Result<(), StoreError>>;
    /// The JSON of messages of a conversation, ascending.
    fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>>;
    /// See [`Wanted::Older`].
    fn older(
        &self,
        conversation: &ConversationId,
        before: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> {
        self.find(conversation, Wanted::Older { before, limit })
    }
    /// See [`Wanted::Message`].
    fn message(
        &self,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> {
        async move { Ok(self.find(conversation, Wanted::Message(id)).await?.pop()) }
    }
    /// Memory is short: lets go of what can be read again.
    fn trim(&self) {}
    /// Gives the store back; nothing is asked of it afterwards.
    fn close(&self);
}
