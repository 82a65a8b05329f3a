//! What each client writes down while it runs: the checker's evidence.

use serde::{Deserialize, Serialize};
use tim_protocol::ids::{MessageId, MessageIdParts, Rev, Seq};

/// What became of a message, as its sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody said.
    Unanswered,
    /// Refused with this code.
    Refused(u32),
    /// Acknowledged; an SDK does not tell its app the place.
    Acknowledged(Option<Seq>),
}

/// A message as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its ID.
    pub id: MessageIdParts,
    /// The receiver's connection.
    pub to: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// A message as the app at a receiver got it: once, after the client's own sorting out of repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its ID.
    pub id: MessageIdParts,
    /// Its place; an SDK does not tell its app.
    pub seq: Option<Seq>,
}

/// What one client saw.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Its connection.
    pub client: u32,
    /// What it sent, in the order of first writes.
    pub sent: Vec<Sending>,
    /// What it received, in the order in which the app got it.
    pub received: Vec<Delivery>,
    /// It had a working connection when the run ended.
    pub online_at_end: bool,
}

/// One message of a log, as read after the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub seq: Seq,
    /// The log's revision.
    pub rev: Rev,
    /// When it was stored, seconds.
    pub time: u64,
    /// Its ID.
    pub id: MessageIdParts,
}

/// An entry of a log, with only what is looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Absent where a server numbers nothing.
    #[serde(default)]
    pub seq: Seq,
    #[serde(default)]
    pub rev: Rev,
    pub message: Said,
}

/// A message, with only what is looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    #[serde(rename = "ID")]
    pub id: MessageId,
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub time: u64,
    pub payload: Words,
}

/// The payload of a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Words {
    #[serde(default)]
    pub text: String,
}
