//! A message as the device holds it: what everybody sees, its place, and how its sending went.
//!
//! Knows how it is stored and how it looks for a viewer; not which conversation state surrounds it.

use std::rc::Rc;

use tim_protocol::{
    call::{MessageControlInfo, Sent},
    entry::Entry,
    ids::{ConversationId, Seq},
    json::{self, Bad, FromJson, Json, ObjectReader, ObjectWriter, ToJson},
    json_object,
    message::{ConversationType, Message},
};

use crate::{
    output::{MessageView, Patch, Status, ViewerPart},
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
    // Shared with whoever looks at it.
    pub message: Rc<Message>,
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
            message: Rc::new(Message::blank()),
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
        object.member("message", own(&mut self.message));
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
            message: Rc::new(entry.message),
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
            message: Rc::new(message),
            conversation,
            position,
            status: Status::UnSend,
            excluded_from_last_message: options.message_control_info.excluded_from_last_message,
            is_resend: false,
            options,
            told_read: true,
        }
    }

    /// The server has stored this message; answers what is other than before.
    pub fn accept(&mut self, sent: &Sent) -> Patch {
        self.status = Status::Success;
        self.position = Position::stored(sent.seq);
        let message = own(&mut self.message);
        let in_group = message.conversation_type == ConversationType::Group;
        let sequence = if in_group { sent.seq } else { message.sequence };
        Patch {
            status: Some(Status::Success),
            time: changed(&mut message.time, &sent.time),
            sequence: changed(&mut message.sequence, &sequence),
            nick: changed(&mut message.nick, &sent.nick),
            avatar: changed(&mut message.avatar, &sent.avatar),
            need_read_receipt: changed(&mut message.need_read_receipt, &sent.need_read_receipt),
            is_support_extension: changed(
                &mut message.is_support_extension,
                &sent.is_support_extension,
            ),
            ..Patch::default()
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
    pub fn kept(json: &str) -> Option<Self> {
        json::read(json).ok()
    }

    /// How it looks for `me`, given how far either side has read.
    pub fn view(&self, me: &str, read_seq: Seq, peer_read_seq: Seq) -> MessageView {
        let out = self.message.from == me;
        let stored = self.status == Status::Success;
        MessageView {
            m: Rc::clone(&self.message),
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

/// Changes a value; the new one if it is another.
fn changed<T: Clone + PartialEq>(value: &mut T, new: &T) -> Option<T> {
    (value != new).then(|| {
        value.clone_from(new);
        new.clone()
    })
}

/// A message to change; a copy of its own if somebody else has it, too. `Rc::make_mut` would bring the
/// copying once more.
pub(crate) fn own(message: &mut Rc<Message>) -> &mut Message {
    if Rc::get_mut(message).is_none() {
        *message = Rc::new(Message::clone(message));
    }
    Rc::get_mut(message).expect("nobody else has it")
}
