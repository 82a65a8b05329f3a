//! What can be wrong after a run: its kind, the conversation, the message, and a sentence for people.

use std::fmt;

use serde::Serialize;
use tim_protocol::ids::{MessageId, MessageIdParts};

/// What must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Acknowledged and not in the log.
    Lost,
    /// In a log twice, or in two logs.
    StoredTwice,
    /// Stored in somebody else's conversation.
    Misplaced,
    /// Acknowledged or delivered at another place than it is stored.
    WrongPlace,
    /// A log's places are not 1, 2, 3…
    Hole,
    /// A revision or a time is smaller than the one before.
    Backwards,
    /// The two people of a conversation read different logs.
    SeenDifferently,
    /// A sender's messages stand in another order than it wrote them.
    Reordered,
    /// Acknowledged and never received by a receiver that is online.
    Undelivered,
    /// An app got it twice.
    DeliveredTwice,
    /// An app got it and no log has it.
    NeverStored,
    /// A connection that did not come back in time.
    NotBack,
    /// A log could not be read after the run.
    Unreadable,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// What.
    pub kind: Kind,
    /// Where: the connections of the conversation's two people; twice the same for what concerns one.
    pub people: (u32, u32),
    /// The message, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// For people.
    pub detail: String,
}

impl Violation {
    pub(crate) fn of(
        kind: Kind,
        people: (u32, u32),
        message: Option<MessageIdParts>,
        detail: String,
    ) -> Self {
        let text =
            |it: MessageIdParts| MessageId::new(it.sender, it.client_time, it.random).to_string();
        Self { kind, people, message: message.map(text), detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, people: (one, other), message, detail } = self;
        write!(f, "{kind:?} between {one} and {other}")?;
        if let Some(message) = message {
            write!(f, ", message {message}")?;
        }
        write!(f, ": {detail}")
    }
}
