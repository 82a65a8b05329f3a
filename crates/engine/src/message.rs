//! A message as the device holds it: what everybody sees, its place, and how its sending went.
//!
//! Knows how it is stored and how it looks for a viewer; not which conversation state surrounds it.

use tim_protocol::{
    call::MessageControlInfo,
    entry::Entry,
    ids::{ConversationId, Seq},
    json::{self, Bad, FromJson, Json, ObjectReader, ObjectWriter, ToJson},
    json_object,
    message::Message,
};

use crate::{
    output::{MessageView, Status, ViewerPart},
    store::{Position, Record},
};

/// The options a message was sent with; a resend uses them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Deliver to whoever is connected, keep nowhere.
    pub online_user_only: bool,
    /// Exceptions for unread counts and `lastMessage`.
    pub message_control_info: MessageControlInfo,
}

json_object!(read SendOptions {
    online_user_only: "onlineUserOnly",
    message_control_info: "messageControlInfo",
});

impl ToJson for SendOptions {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.member_unless_blank("onlineUserOnly", &self.online_user_only);
        object.member_unless_blank("messageControlInfo", &self.message_control_info);
        object.end();
    }

    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// A message of the cache.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    pub message: Message,
    pub conversation: ConversationId,
    pub position: Position,
    pub status: Status,
    pub excluded_from_last_message: bool,
    pub is_resend: bool,
    pub options: SendOptions,
    /// The app knows that it is read.
    pub told_read: bool,
}

// The stored form; what is derived (`told_read`) is not part of it.
json_object!(write Held {
    message: "message",
    conversation: "conversationID",
    position: "position",
    status: "status",
    excluded_from_last_message: "excludedFromLastMessage",
    is_resend: "isResend",
    options: "options",
});

impl FromJson for Held {
    fn blank() -> Self {
        Self {
            message: Message::blank(),
            conversation: ConversationId::blank(),
            position: Position::default(),
            status: Status::blank(),
            excluded_from_last_message: false,
            is_resend: false,
            options: SendOptions::default(),
            told_read: false,
        }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("message", &mut self.message);
        object.member("conversationID", &mut self.conversation);
        object.member("position", &mut self.position);
        object.member("status", &mut self.status);
        object.member("excludedFromLastMessage", &mut self.excluded_from_last_message);
        object.member("isResend", &mut self.is_resend);
        let mut options = None::<SendOptions>;
        object.member("options", &mut options);
        self.options = options.unwrap_or_default();
        object.end()
    }
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
            json: json::write(self),
        }
    }

    /// Reads what the store kept; `None` when it is damaged.
    pub fn from_record(record: &Record) -> Option<Self> {
        json::read(&record.json).ok()
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
