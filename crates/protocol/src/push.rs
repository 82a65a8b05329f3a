//! What the server says unasked.
//!
//! A push a client does not know is ignored. Pushes of one log come in the order of its `seq`; a
//! client that sees a hole asks with [`crate::call::ChangedMessages`].

use serde::{Deserialize, Serialize};

use crate::{
    entry::Entry,
    ids::{ConversationId, Seq},
    is_default,
    json::{Bad, FromJson, Json},
    json_names, json_object,
    message::Message,
    user::Profile,
};

macro_rules! pushes {
    ($($name:literal $push:ident,)*) => {
        /// Any push.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(
            target_pointer_width = "64",
            expect(clippy::large_enum_variant, reason = "read and consumed at once, one by one")
        )]
        pub enum Push {
            $(#[doc = concat!("`", $name, "`")] $push($push),)*
        }

        impl Push {
            /// Reads a push; `None` for one this build does not know.
            ///
            /// # Errors
            /// When the body is not what a push of that name carries.
            pub fn read(name: &str, body: &Json<'_>) -> Result<Option<Self>, Bad> {
                Ok(match name {
                    $($name => Some(Self::$push(FromJson::from_json(body)?)),)*
                    _ => None,
                })
            }
        }

        $(impl $push {
            /// The name in the frame.
            pub const NAME: &'static str = $name;
        })*
    };
}

pushes! {
    "message" NewMessages,
    "online" OnlineMessage,
    "read" ReadByMe,
    "peerRead" ReadByPeer,
    "profile" ProfilesChanged,
    "kicked" Kicked,
    "resync" Resync,
}

/// New messages of one log: the peer's, or one's own from another instance.
///
/// Whose log it is follows from `from`, `to` and the reader. On the server `E` is the entry's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMessages<E = Entry> {
    /// By `seq`, ascending.
    pub entries: Vec<E>,
}

/// A message that is stored nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnlineMessage {
    /// The message.
    pub message: Message,
}

/// Another instance of mine has read a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadByMe {
    /// Which conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Up to here.
    pub read_seq: Seq,
    /// What is still unread after it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread_count: u32,
}

/// The peer of a one-to-one conversation has read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadByPeer {
    /// Which conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Up to here.
    pub peer_read_seq: Seq,
    /// Time of the message at that place, in seconds.
    pub peer_read_time: u64,
}

/// Profiles that changed: one's own from another instance, later those of friends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfilesChanged {
    /// The profiles as they are now.
    pub profiles: Vec<Profile>,
}

/// This instance is out; the connection is closed after it and must not be resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kicked {
    /// One of the `KICKED_OUT_*` values.
    #[serde(rename = "type")]
    pub reason: KickReason,
}

/// Pushes may have been lost: compare the cursors with the conversation list, as after a reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {}

/// `KICKED_OUT` data.type
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KickReason {
    /// Too many web instances of the account.
    #[serde(rename = "multipleAccount")]
    MultipleAccount,
    /// Login from another platform that excludes this one.
    #[serde(rename = "multipleDevice")]
    MultipleDevice,
    /// The UserSig reached its end.
    #[serde(rename = "userSigExpired")]
    UserSigExpired,
    /// An administrator ended the login.
    #[serde(rename = "REST_API_Kick")]
    RestApiKick,
}

json_object!(read NewMessages { entries: "entries" });
json_object!(read OnlineMessage { message: "message" });
json_object!(read ReadByMe {
    conversation_id: "conversationID",
    read_seq: "readSeq",
    unread_count: "unreadCount",
});
json_object!(read ReadByPeer {
    conversation_id: "conversationID",
    peer_read_seq: "peerReadSeq",
    peer_read_time: "peerReadTime",
});
json_object!(read ProfilesChanged { profiles: "profiles" });
json_object!(read Kicked { reason: "type" });
json_object!(read Resync {});
json_names!(required KickReason {
    MultipleAccount: "multipleAccount",
    MultipleDevice: "multipleDevice",
    UserSigExpired: "userSigExpired",
    RestApiKick: "REST_API_Kick",
});
