//! Identifiers and the bodies that name a place in a log.
//!
//! An identifier has one spelling: whatever is accepted is kept letter by letter, by every way in, and
//! can be put together again from its parts. Two spellings of one message would be two messages.

use std::{fmt::Debug, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use tim_protocol::{
    call::{ChangedMessages, GetConversation, PageMessages, ReadConversation},
    ids::{ConversationId, ConversationKind, MessageId, TinyId, UserId},
    json::{self, FromJson, ToJson},
    limits,
};

use crate::request::call;

/// The target `cursor`: the bytes are an identifier and a body at once.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    identifiers(text);
    if let Some(page) = call::<PageMessages>(1, text) {
        identifiers(page.conversation_id.as_str());
        page.before_id.iter().for_each(|it| identifiers(it.as_str()));
    }
    call::<ChangedMessages>(2, text).iter().for_each(|it| identifiers(it.conversation_id.as_str()));
    call::<ReadConversation>(3, text)
        .iter()
        .for_each(|it| identifiers(it.conversation_id.as_str()));
    call::<GetConversation>(4, text).iter().for_each(|it| identifiers(it.conversation_id.as_str()));
}

fn identifiers(text: &str) {
    if let Some(user) = identifier::<UserId>(text, text.parse().ok()) {
        assert!(text.len() <= limits::USER_ID_BYTES);
        let conversation = ConversationId::c2c(&user);
        assert_eq!(conversation.as_str().parse().as_ref(), Ok(&conversation));
        assert_eq!(conversation.peer(), Some(user));
    }
    if let Some(it) = identifier::<ConversationId>(text, text.parse().ok()) {
        match it.kind() {
            ConversationKind::C2c(peer) => assert_eq!(["C2C", peer].concat(), text),
            ConversationKind::Group(group) => assert_eq!(["GROUP", group].concat(), text),
            ConversationKind::System => assert!(it.peer().is_none()),
        }
        let _ = it.peer().map(|peer| UserId::from_str(peer.as_str()).expect("a peer is a user"));
    }
    if let Some(it) = identifier::<MessageId>(text, text.parse().ok()) {
        let parts = it.parts();
        assert_eq!(MessageId::new(parts.sender, parts.client_time, parts.random), it);
    }
    identifier::<TinyId>(text, TinyId::try_from(text.to_owned()).ok());
}

/// As JSON it is read, by both readers, exactly when it is one, and written as it was.
fn identifier<T>(text: &str, parsed: Option<T>) -> Option<T>
where
    T: Serialize + DeserializeOwned + FromJson + ToJson + PartialEq + Debug,
{
    let json = json::write(&text);
    assert_eq!(serde_json::from_str::<T>(&json).ok(), parsed, "{json}");
    assert_eq!(json::read::<T>(&json).ok(), parsed, "{json}");
    if let Some(it) = &parsed {
        assert_eq!(json::write(it), json);
        // Of some control characters serde prefers another escape.
        let by_serde = serde_json::to_string(it).expect("identifiers can be written");
        assert_eq!(json::read::<String>(&by_serde).as_deref(), Ok(text));
    }
    parsed
}
