//! A message at its place in a conversation's log.
//!
//! The log is the whole synchronisation: a client that holds everything up to a [`Rev`] asks for
//! what changed after it and gets new messages and changed old ones alike.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Rev, Seq},
    is_default, json_object,
    message::Message,
};

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place; the order of messages in every list.
    pub seq: Seq,
    /// The conversation's revision when this line last changed.
    pub rev: Rev,
    /// The sender asked that it raises nobody's unread count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub excluded_from_unread_count: bool,
    /// The sender asked that it does not become anybody's `lastMessage`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub excluded_from_last_message: bool,
    /// What was said.
    pub message: Message,
}

json_object!(Entry {
    seq: "seq" required,
    rev: "rev" required,
    excluded_from_unread_count: "excludedFromUnreadCount",
    excluded_from_last_message: "excludedFromLastMessage",
    message: "message",
});
