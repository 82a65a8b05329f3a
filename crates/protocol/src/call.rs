//! What a client may ask: one type per call, with its name and the type of its reply.
//!
//! Adding an operation is one type here, one handler on the server, one method of the engine. The
//! codes a call may be refused with are named at its type; any call may also be refused with
//! `70402` (malformed), `2996` (too often) and `70500` (our fault).

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    conversation::ConversationRow,
    entry::Entry,
    ids::{ConversationId, MessageId, Rev, Seq, TinyId, UserId},
    is_default,
    json::{Bad, FromJson, Json, ObjectReader, ObjectWriter, ToJson},
    json_object,
    message::Message,
    user::{Profile, ProfileChange},
};

/// A request with its name and its reply.
pub trait Call: Serialize + DeserializeOwned + ToJson {
    /// The name in the frame.
    const METHOD: Method;
    /// What a success answers.
    type Reply: Serialize + DeserializeOwned + FromJson;
}

macro_rules! methods {
    ($($name:literal $call:ident -> $reply:ty,)*) => {
        /// The name of a call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Method {
            $(#[doc = concat!("`", $name, "`")] $call,)*
        }

        impl Method {
            /// Every call there is.
            pub const ALL: &[Self] = &[$(Self::$call),*];

            /// The name in the frame.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$call => $name,)* }
            }

            /// The call of that name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$call),)* _ => None }
            }
        }

        $(impl Call for $call {
            const METHOD: Method = Method::$call;
            type Reply = $reply;
        })*
    };
}

methods! {
    "login" Login -> LoggedIn,
    "resume" Resume -> Resumed,
    "logout" Logout -> Done,
    "ping" Ping -> Pong,
    "message.send" SendMessage -> Sent,
    "message.page" PageMessages -> MessagePage,
    "message.changes" ChangedMessages -> MessageChanges,
    "conversation.list" ListConversations -> ConversationList,
    "conversation.get" GetConversation -> ConversationRow,
    "conversation.read" ReadConversation -> ReadPosition,
    "user.get" GetProfiles -> Profiles,
    "user.update" UpdateProfile -> Profile,
}

/// The reply of a call that has nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {}

/// Presents a credential. Must be the first frame of a connection, or [`Resume`].
///
/// Begins a new instance of the account: the oldest one beyond the app's limit is kicked.
/// Refused with the 70xxx codes of the signature and the account; the connection is closed then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// The tenant. Signed because the API takes 0 and negative numbers and only the server knows
    /// that there is no such app.
    #[serde(rename = "SDKAppID")]
    pub sdk_app_id: i64,
    /// Who logs in.
    #[serde(rename = "userID")]
    pub user_id: String,
    /// Proof, at most 4,096 bytes.
    pub user_sig: String,
    /// Version of the client, for the server's log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client: String,
}

/// Answer to [`Login`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    /// The server's number of the account.
    #[serde(rename = "tinyID")]
    pub tiny_id: TinyId,
    /// Secret that resumes this instance on a new connection.
    pub session: String,
    /// The server's clock in milliseconds.
    pub server_time: u64,
    /// One's own profile.
    pub profile: Profile,
    /// What the client needs to know of the app's settings.
    pub settings: Settings,
}

/// The part of the app's settings that clients follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Largest payload plus `cloudCustomData`.
    pub max_message_bytes: usize,
    /// Rows of the conversation list that are sent at login.
    pub conversation_pull_limit: u32,
    /// One-to-one messages a second that are taken from one sender; more are refused with `2996`. 0
    /// when the server does not say.
    #[serde(default)]
    pub c2c_send_rate_per_second: u32,
}

/// Continues an instance on a new connection. May be the first frame instead of [`Login`].
///
/// Refused with `70052` when the secret is unknown (log in again), `70001` when the UserSig behind
/// it has expired; a kicked instance gets the [`crate::push::Kicked`] push and `91101`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// From [`LoggedIn::session`].
    pub session: String,
}

/// Answer to [`Resume`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// The server's clock in milliseconds.
    pub server_time: u64,
    /// One's own profile, as it is now.
    pub profile: Profile,
}

/// Ends this instance: its session is forgotten. The server closes the connection after the reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logout {}

/// The heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ping {}

/// Answer to [`Ping`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    /// The server's clock in milliseconds.
    pub server_time: u64,
}

/// Sends a message. Answered after it is on disk.
///
/// Calls of one connection are stored in the order of their frames. A repeat of an ID that is
/// stored answers the first result, stores nothing and tells nobody; the same ID with another
/// conversation is refused.
///
/// `20001` malformed, ID of somebody else or of another conversation; `20003` no such receiver;
/// `80002` too long; `2996` more than the app's messages per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// The message; `time`, `nick`, `avatar`, and all that the server decides, are ignored.
    pub message: Message,
    /// Deliver to whoever is connected, store nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub online_user_only: bool,
    /// Exceptions for unread counts and `lastMessage`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub message_control_info: MessageControlInfo,
}

/// `options.messageControlInfo` of a send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageControlInfo {
    /// Raises nobody's unread count.
    #[serde(skip_serializing_if = "is_default")]
    pub excluded_from_unread_count: bool,
    /// Becomes nobody's `lastMessage`.
    #[serde(skip_serializing_if = "is_default")]
    pub excluded_from_last_message: bool,
}

/// Answer to [`SendMessage`]: what the server decided. For an online-only message `seq` and `rev`
/// are 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// Place in the log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seq: Seq,
    /// Revision of the log with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rev: Rev,
    /// When it was stored, in seconds.
    pub time: u64,
    /// The sender's nick as stored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nick: String,
    /// The sender's avatar as stored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar: String,
    /// Whether receipts are granted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub need_read_receipt: bool,
    /// Whether extensions are granted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_support_extension: bool,
}

/// A stretch of a log around a place. At most one of the three places is given; none means the
/// newest message.
///
/// An unknown conversation answers an empty, completed page. `6017` when `beforeID` is not a message
/// of this conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageMessages {
    /// Which log.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Start here, inclusive.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seq: Option<Seq>,
    /// Start at this second, inclusive. The page may exceed its count, up to 100, when all of it lies
    /// in this second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time: Option<u64>,
    /// Start before this message, exclusive.
    #[serde(default, rename = "beforeID", skip_serializing_if = "is_default")]
    pub before_id: Option<MessageId>,
    /// Which way to go.
    #[serde(default, skip_serializing_if = "is_default")]
    pub direction: Direction,
    /// 1–500.
    pub count: u32,
}

/// Which way a page goes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Direction {
    /// 0: towards older messages.
    #[default]
    Older,
    /// 1: towards newer messages.
    Newer,
}

impl From<Direction> for u8 {
    fn from(direction: Direction) -> u8 {
        direction as u8
    }
}

impl TryFrom<u8> for Direction {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Older),
            1 => Ok(Self::Newer),
            _ => Err("direction must be 0 or 1"),
        }
    }
}

/// Answer to [`PageMessages`]. On the server `E` is the entry's stored text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessagePage<E = Entry> {
    /// By `seq`, ascending in both directions, without a hole between the first and the last.
    pub entries: Vec<E>,
    /// Nothing further in this direction.
    pub is_completed: bool,
    /// The log's newest place and revision, read in the same moment.
    pub seq: Seq,
    /// See `seq`.
    pub rev: Rev,
}

/// What changed in a log since a client last looked: new messages by `seq`, then changed ones.
///
/// Ask again with the last new entry's `seq` and the answer's `rev` until `isCompleted`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedMessages {
    /// Which log.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Newest place the client holds.
    pub after_seq: Seq,
    /// Newest revision the client holds.
    pub after_rev: Rev,
    /// 1–500.
    pub count: u32,
}

/// Answer to [`ChangedMessages`]. On the server `E` is the entry's stored text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageChanges<E = Entry> {
    /// New messages after `afterSeq`, ascending, without a hole.
    pub new: Vec<E>,
    /// Messages at or before `afterSeq` that changed after `afterRev`; all of them.
    pub changed: Vec<E>,
    /// Whether `new` reaches the newest message.
    pub is_completed: bool,
    /// The log's newest place and revision, read in the same moment. A client may only take `rev` as
    /// its own once the answer is completed.
    pub seq: Seq,
    /// See `seq`.
    pub rev: Rev,
}

/// The owner's conversations, most recently active first, as many as the app's settings allow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ListConversations {}

/// Answer to [`ListConversations`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationList {
    /// The rows.
    pub conversations: Vec<ConversationRow>,
}

/// One row, also of a conversation that has no message yet. `20003` when there is no such peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetConversation {
    /// Which conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
}

/// Marks a conversation read up to a place. Never moves backwards; an unknown conversation and a
/// place beyond the newest message are no errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadConversation {
    /// Which conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// Everything up to here was read.
    pub seq: Seq,
}

/// Answer to [`ReadConversation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadPosition {
    /// The position that holds now.
    pub read_seq: Seq,
    /// What is still unread after it.
    pub unread_count: u32,
}

/// Profiles of people; only the first 100 are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetProfiles {
    /// Whose. An entry that cannot be a userID is treated as an unknown one.
    #[serde(rename = "userIDList")]
    pub user_id_list: Vec<String>,
}

/// Answer to [`GetProfiles`]: in the order asked, once per mention, unknown people left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The profiles.
    pub profiles: Vec<Profile>,
}

/// Changes one's own profile; all fields or none. Answers the whole profile.
///
/// `40601`, `40605`, `40610` over a limit, outside its set, of a wrong type; `40008` not writable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UpdateProfile(pub ProfileChange);

// The client's JSON of all these: what it asks is written, what it is answered is read.

json_object!(read Done {});
json_object!(write Login { sdk_app_id: "SDKAppID", user_id: "userID" required, user_sig: "userSig" required, client: "client" });
json_object!(read LoggedIn { tiny_id: "tinyID", session: "session", server_time: "serverTime", profile: "profile", settings: "settings" });
json_object!(full Settings { max_message_bytes: "maxMessageBytes", conversation_pull_limit: "conversationPullLimit", c2c_send_rate_per_second: "c2cSendRatePerSecond" });
json_object!(read Settings { max_message_bytes: "maxMessageBytes", conversation_pull_limit: "conversationPullLimit", c2c_send_rate_per_second: "c2cSendRatePerSecond" });
json_object!(write Resume { session: "session" required });
json_object!(read Resumed { server_time: "serverTime", profile: "profile" });
json_object!(write Logout {});
json_object!(write Ping {});
json_object!(read Pong { server_time: "serverTime" });
json_object!(write SendMessage { message: "message", online_user_only: "onlineUserOnly", message_control_info: "messageControlInfo" });
json_object!(read Sent { seq: "seq", rev: "rev", time: "time", nick: "nick", avatar: "avatar", need_read_receipt: "needReadReceipt", is_support_extension: "isSupportExtension" });
json_object!(write PageMessages { conversation_id: "conversationID", seq: "seq", time: "time", before_id: "beforeID", direction: "direction", count: "count" required });
json_object!(read MessagePage { entries: "entries", is_completed: "isCompleted", seq: "seq", rev: "rev" });
json_object!(full ChangedMessages { conversation_id: "conversationID", after_seq: "afterSeq", after_rev: "afterRev", count: "count" });
json_object!(read MessageChanges { new: "new", changed: "changed", is_completed: "isCompleted", seq: "seq", rev: "rev" });
json_object!(write ListConversations {});
json_object!(read ConversationList { conversations: "conversations" });
json_object!(write GetConversation { conversation_id: "conversationID" });
json_object!(full ReadConversation { conversation_id: "conversationID", seq: "seq" });
json_object!(read ReadPosition { read_seq: "readSeq", unread_count: "unreadCount" });
json_object!(full GetProfiles { user_id_list: "userIDList" });
json_object!(read Profiles { profiles: "profiles" });

impl FromJson for MessageControlInfo {
    fn blank() -> Self {
        Self::default()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("excludedFromUnreadCount", &mut self.excluded_from_unread_count);
        object.member("excludedFromLastMessage", &mut self.excluded_from_last_message);
        object.end()
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for MessageControlInfo {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.member_unless_blank("excludedFromUnreadCount", &self.excluded_from_unread_count);
        object.member_unless_blank("excludedFromLastMessage", &self.excluded_from_last_message);
        object.end();
    }

    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

impl ToJson for UpdateProfile {
    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

impl FromJson for Direction {
    fn blank() -> Self {
        Self::default()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        *self = match json.as_number() {
            Some("0") => Self::Older,
            Some("1") => Self::Newer,
            _ => return Err("0 or 1"),
        };
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

impl ToJson for Direction {
    fn write(&self, out: &mut String) {
        u64::from(u8::from(*self)).write(out);
    }

    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether an identifier may log in or be written to.
#[must_use]
pub fn is_account(user_id: &str) -> bool {
    user_id.parse::<UserId>().is_ok()
}
