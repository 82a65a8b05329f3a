//! A conversation's row in somebody's list.
//!
//! What the server knows of it; the public `Conversation` object is made from it on the client,
//! which also knows its own unsent messages and the language of the page.

use serde::{Deserialize, Serialize};

use crate::{
    entry::Entry,
    ids::{ConversationId, Rev, Seq},
    is_default, json_object,
    user::Profile,
};

/// A row of the conversation list, seen by its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRow {
    /// Which conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Place of the newest message of the log; 0 for an empty one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seq: Seq,
    /// The log's revision; differs from what the client holds when there is something to fetch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rev: Rev,
    /// Countable messages after the owner's read position that are not the owner's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread_count: u32,
    /// How far the owner has read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_seq: Seq,
    /// One-to-one: how far the peer has read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub peer_read_seq: Seq,
    /// One-to-one: time of the newest message the peer has read, in seconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub peer_read_time: u64,
    /// The newest message that may appear in the list.
    #[serde(default, skip_serializing_if = "is_default")]
    pub last: Option<Entry>,
    /// Last activity in seconds; the list is ordered by it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub active_time: u64,
    /// One-to-one: the peer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user_profile: Option<Profile>,
}

json_object!(ConversationRow {
    conversation_id: "conversationID",
    seq: "seq",
    rev: "rev",
    unread_count: "unreadCount",
    read_seq: "readSeq",
    peer_read_seq: "peerReadSeq",
    peer_read_time: "peerReadTime",
    last: "last",
    active_time: "activeTime",
    user_profile: "userProfile",
});
