//! What single clients say, and the credential they log in with.

use std::time::{SystemTime, UNIX_EPOCH};

use tim_protocol::{
    call::SendMessage,
    ids::{MessageId, TinyId, UserId},
    message::{ConversationType, Message, MessageType, Payload, Text},
    usersig::{SecretKey, sign},
};
use tim_rig::node::{APP, SECRET_KEY};

/// Unix seconds.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs())
}

/// A credential that is good for an hour.
#[must_use]
pub fn user_sig(user: &UserId) -> String {
    sign(&SecretKey::new(SECRET_KEY.to_owned()), APP, user, now_s(), 3600)
}

/// A new text message.
#[must_use]
pub fn message(sender: TinyId, from: &UserId, to: &str, text: String) -> SendMessage {
    let id = MessageId::new(sender, now_s(), fastrand::u32(..));
    let message = Message {
        id,
        kind: MessageType::TEXT,
        payload: Payload::of(&Text { text }),
        conversation_type: ConversationType::C2c,
        from: from.to_string(),
        to: to.to_owned(),
        time: 0,
        sequence: 0,
        client_sequence: 0,
        priority: Default::default(),
        nick: String::new(),
        avatar: String::new(),
        cloud_custom_data: String::new(),
        need_read_receipt: false,
        is_support_extension: false,
        is_revoked: false,
        revoker: None,
        is_modified: false,
        version: 0,
    };
    SendMessage { message, online_user_only: false, message_control_info: Default::default() }
}
