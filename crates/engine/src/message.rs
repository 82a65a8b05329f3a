//! A message as the device holds it: what everybody sees, its place, and how its sending went.
//!
//! Knows how it is stored and how it looks for a viewer; not which conversation state surrounds it.

use serde::{Deserialize, Serialize};
use tim_protocol::{
    call::MessageControlInfo,
    entry::Entry,
    ids::{ConversationId, Seq},
    message::Message,
};

use crate::{
    output::{MessageView, Status, ViewerPart},
    store::{Position, Record},
};

/// The options a message was sent with; a resend uses them again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SendOptions {
    /// Deliver to whoever is connected, keep nowhere.
    #[serde(skip_serializing_if = "is_default")]
    pub online_user_only: bool,
    /// Exceptions for unread counts and `lastMessage`.
    #[serde(skip_serializing_if = "is_default")]
    pub message_control_info: MessageControlInfo,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A message of the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    #[serde(rename = "m")]
    pub message: Message,
    #[serde(rename = "c")]
    pub conversation: ConversationId,
    #[serde(rename = "p")]
    pub position: Position,
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub status: Status,
    #[serde(rename = "xl", default, skip_serializing_if = "is_default")]
    pub excluded_from_last_message: bool,
    #[serde(rename = "re", default, skip_serializing_if = "is_default")]
    pub is_resend: bool,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub options: SendOptions,
    /// The app knows that it is read.
    #[serde(skip)]
    pub told_read: bool,
}

impl Held {
    /// A message from the server's log.
    pub fn stored(entry: Entry, conversation: ConversationId) -> Self {
        Self {
            message: entry.message,
            conversation,
            position: Position::stored(entry.seq),
            status: Status::Success,
            excluded_from_last_message: entry.excluded_from_last_message,
            is_resend: false,
            options: SendOptions::default(),
            told_read: false,
        }
    }

    /// A message that is not on the server (yet).
    pub fn unsent(
        message: Message,
        conversation: ConversationId,
        position: Position,
        options: SendOptions,
    ) -> Self {
        Self {
            message,
            conversation,
            position,
            status: Status::UnSend,
            excluded_from_last_message: options.message_control_info.excluded_from_last_message,
            is_resend: false,
            options,
            told_read: true,
        }
    }

    /// What the store keeps.
    pub fn to_record(&self) -> Record {
        Record {
            id: self.message.id.clone(),
            conversation: self.conversation.clone(),
            position: self.position,
            outbox: self.status == Status::UnSend,
            json: serde_json::to_string(self).expect("plain data with string keys"),
        }
    }

    /// Reads what the store kept; `None` when it is damaged.
    pub fn from_record(record: &Record) -> Option<Self> {
        serde_json::from_str(&record.json).ok()
    }

    /// How it looks for `me`, given how far either side has read.
    pub fn view(&self, me: &str, read_seq: Seq, peer_read_seq: Seq) -> MessageView {
        let out = self.message.from == me;
        let stored = self.status == Status::Success;
        MessageView {
            m: self.message.clone(),
            v: ViewerPart {
                conversation_id: self.conversation.clone(),
                flow: if out { "out" } else { "in" },
                status: self.status,
                is_read: out || self.position.seq <= read_seq,
                is_peer_read: out && stored && self.position.seq <= peer_read_seq,
                is_resend: self.is_resend,
            },
        }
    }
}
