//! What the engine says to the app's side, and the JSON it becomes.
//!
//! The app's side keeps one live object per message, conversation and profile. The engine tells it
//! how those objects change and which events to dispatch, in one ordered stream; events and results
//! name objects (`{"$m": ID}`) instead of repeating them, so identity holds by construction.
//!
//! A field that has its default is absent; the app's side has a template with every field.

use std::rc::Rc;

use crate::gather::Gather;

use tim_protocol::{
    code::Code,
    ids::{ConversationId, MessageId, UserId},
    json::{ObjectWriter, ToJson},
    json_names, json_object,
    message::{Message, MessageType, Payload},
    push::KickReason,
    user::Profile,
};

/// One step of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A message is new, or has changed as a whole.
    Message(Box<MessageView>),
    /// Single fields of a message changed; none when the app's side has it as it is, from its
    /// making, and now it counts.
    Patch {
        /// Which message.
        id: MessageId,
        /// The fields.
        set: Patch,
    },
    /// A conversation is new or has changed.
    Conversation {
        /// How it looks now.
        c: Box<ConversationView>,
    },
    /// A profile is new or has changed.
    Profile {
        /// How it looks now.
        p: Box<Profile>,
        /// When this copy was refreshed, in ms.
        at: u64,
    },
    /// These messages left the cache.
    Forget {
        /// Which.
        ids: Vec<MessageId>,
    },
    /// The session ended; nothing that was handed out changes any more.
    Reset {},
    /// Dispatch an event.
    Event(Event),
}

/// A message for one viewer.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    /// The same for everybody.
    pub m: Rc<Message>,
    /// The viewer's part.
    pub v: ViewerPart,
}

/// What of a message depends on who looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewerPart {
    /// The conversation's name for this viewer.
    pub conversation_id: ConversationId,
    /// `in` or `out`.
    pub flow: &'static str,
    /// `unSend`, `success` or `fail`.
    pub status: Status,
    /// Read by this viewer.
    pub is_read: bool,
    /// Read by the peer.
    pub is_peer_read: bool,
    /// Sent again by the app.
    pub is_resend: bool,
}

/// `message.status`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Not answered yet.
    UnSend,
    /// On the server.
    #[default]
    Success,
    /// Not on the server as far as we know.
    Fail,
}

/// Fields that change after a message was handed out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// See [`ViewerPart::status`].
    pub status: Option<Status>,
    /// See [`ViewerPart::is_read`].
    pub is_read: Option<bool>,
    /// See [`ViewerPart::is_peer_read`].
    pub is_peer_read: Option<bool>,
    /// When the server stored it.
    pub time: Option<u64>,
    /// Its place in a group's log.
    pub sequence: Option<u64>,
    /// Whether the server granted a receipt.
    pub need_read_receipt: Option<bool>,
    /// Whether the server granted extensions.
    pub is_support_extension: Option<bool>,
    /// The sender's newest nick, in one-to-one conversations.
    pub nick: Option<String>,
    /// The sender's newest avatar, in one-to-one conversations.
    pub avatar: Option<String>,
}

/// The public Conversation object.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationView {
    /// Its ID.
    pub conversation_id: ConversationId,
    /// `C2C`, `GROUP` or `@TIM#SYSTEM`.
    pub kind: &'static str,
    /// Unread messages.
    pub unread_count: u32,
    /// The newest message that may appear in the list.
    pub last_message: LastMessage,
    /// One-to-one: the peer, when it is another than was told before.
    pub user_profile: Option<Profile>,
    /// Newest message time the peer has read.
    pub peer_read_time: u64,
}

/// `conversation.lastMessage`; always an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastMessage {
    /// Seconds; 0 without a message.
    pub last_time: u64,
    /// The message's `sequence`.
    pub last_sequence: u64,
    /// The sender.
    pub from_account: String,
    /// Text for the list.
    pub message_for_show: String,
    /// Its type; empty without a message.
    pub kind: String,
    /// Its payload; null without a message and after a recall.
    pub payload: Option<Payload>,
    /// Its `cloudCustomData`.
    pub cloud_custom_data: String,
    /// Taken back.
    pub is_revoked: bool,
    /// Who took it back.
    pub revoker: Option<String>,
    /// Mine, and read by the peer.
    pub is_peer_read: bool,
    /// Number of changes.
    pub version: u32,
}

/// An event of the public API.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `SDK_READY`
    Ready,
    /// `SDK_NOT_READY`
    NotReady,
    /// `SDK_DESTROY`
    Destroyed {
        /// The instance's app.
        sdk_app_id: i64,
    },
    /// `SDK_RELOAD`
    Reload,
    /// `ERROR`
    Error {
        /// Its number.
        code: Code,
        /// Its text.
        message: String,
    },
    /// `NET_STATE_CHANGE`
    NetState(NetState),
    /// `KICKED_OUT`
    KickedOut(KickReason),
    /// `MESSAGE_RECEIVED`: messages of one conversation.
    MessagesReceived(Vec<MessageId>),
    /// `MESSAGE_RECEIVED` for a message that is kept nowhere.
    OnlineMessageReceived(Box<MessageView>),
    /// `MESSAGE_READ_BY_PEER`
    ReadByPeer(Vec<MessageId>),
    /// `CONVERSATION_LIST_UPDATED`: the whole list in order.
    ConversationList(Vec<ConversationId>),
    /// `TOTAL_UNREAD_MESSAGE_COUNT_UPDATED`
    TotalUnread(u32),
    /// `PROFILE_UPDATED`
    ProfilesUpdated(Vec<UserId>),
}

/// `NET_STATE_CHANGE` data.state
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetState {
    /// An attempt begins.
    Connecting,
    /// The link is up.
    Connected,
    /// The link is lost or an attempt failed.
    Disconnected,
}

/// A live message, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// Its ID.
    pub id: MessageId,
}

/// A live conversation, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRef {
    /// Its ID.
    pub id: ConversationId,
}

/// A live profile, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRef {
    /// Whose.
    pub id: UserId,
}

/// Names messages.
pub(crate) fn message_refs(ids: &[MessageId]) -> Vec<MessageRef> {
    ids.iter().map(|id| MessageRef { id: id.clone() }).gather()
}

/// Names conversations.
pub(crate) fn conversation_refs(ids: &[ConversationId]) -> Vec<ConversationRef> {
    ids.iter().map(|id| ConversationRef { id: id.clone() }).gather()
}

/// Names profiles.
pub(crate) fn profile_refs(ids: &[UserId]) -> Vec<ProfileRef> {
    ids.iter().map(|id| ProfileRef { id: id.clone() }).gather()
}

impl Event {
    /// The event's value in the public EVENT table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready => "sdkStateReady",
            Self::NotReady => "sdkStateNotReady",
            Self::Destroyed { .. } => "sdkDestroy",
            Self::Reload => "sdkReload",
            Self::Error { .. } => "error",
            Self::NetState(_) => "netStateChange",
            Self::KickedOut(_) => "kickedOut",
            Self::MessagesReceived(_) | Self::OnlineMessageReceived(_) => "onMessageReceived",
            Self::ReadByPeer(_) => "onMessageReadByPeer",
            Self::ConversationList(_) => "onConversationListUpdated",
            Self::TotalUnread(_) => "onTotalUnreadMessageCountUpdated",
            Self::ProfilesUpdated(_) => "onProfileUpdated",
        }
    }
}

json_object!(full MessageView { m: "m", v: "v" });
json_object!(full ViewerPart {
    conversation_id: "conversationID",
    flow: "flow",
    status: "status",
    is_read: "isRead",
    is_peer_read: "isPeerRead",
    is_resend: "isResend",
});
json_names!(Status { UnSend: "unSend", Success: "success", Fail: "fail" });
json_object!(write Patch {
    status: "status",
    is_read: "isRead",
    is_peer_read: "isPeerRead",
    time: "time",
    sequence: "sequence",
    need_read_receipt: "needReadReceipt",
    is_support_extension: "isSupportExtension",
    nick: "nick",
    avatar: "avatar",
});
json_object!(full ConversationView {
    conversation_id: "conversationID",
    kind: "type",
    unread_count: "unreadCount",
    last_message: "lastMessage",
    user_profile: "userProfile",
    peer_read_time: "peerReadTime",
});
json_object!(full LastMessage {
    last_time: "lastTime",
    last_sequence: "lastSequence",
    from_account: "fromAccount",
    message_for_show: "messageForShow",
    kind: "type",
    payload: "payload",
    cloud_custom_data: "cloudCustomData",
    is_revoked: "isRevoked",
    revoker: "revoker",
    is_peer_read: "isPeerRead",
    version: "version",
});
json_object!(full MessageRef { id: "$m" });
json_object!(full ConversationRef { id: "$c" });
json_object!(full ProfileRef { id: "$p" });

impl ToJson for Output {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        match self {
            Self::Message(view) => {
                object.member("op", &"message");
                object.member("m", &view.m);
                object.member("v", &view.v);
            }
            Self::Patch { id, set } => {
                object.member("op", &"patch");
                object.member("ID", id);
                object.member("set", set);
            }
            Self::Conversation { c } => {
                object.member("op", &"conversation");
                object.member("c", c);
            }
            Self::Profile { p, at } => {
                object.member("op", &"profile");
                object.member("p", p);
                object.member("at", at);
            }
            Self::Forget { ids } => {
                object.member("op", &"forget");
                object.member("IDs", ids);
            }
            Self::Reset {} => object.member("op", &"reset"),
            Self::Event(event) => {
                object.member("op", &"event");
                object.member("name", &event.name());
                event.write_data(&mut object);
            }
        }
        object.end();
    }
}

/// A `data` that is an object of one member.
struct Single<'a>(&'static str, &'a dyn ToJson);

impl ToJson for Single<'_> {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.member(self.0, self.1);
        object.end();
    }
}

/// `data` of ERROR.
struct Failure<'a> {
    code: Code,
    message: &'a str,
}

json_object!(full Failure<'_> { code: "code", message: "message" });

impl Event {
    fn write_data(&self, object: &mut ObjectWriter<'_>) {
        match self {
            Self::Ready | Self::NotReady | Self::Reload => {}
            Self::Destroyed { sdk_app_id } => {
                object.member("data", &Single("SDKAppID", sdk_app_id));
            }
            Self::Error { code, message } => {
                object.member("data", &Failure { code: *code, message });
            }
            Self::NetState(state) => object.member("data", &Single("state", &state.name())),
            Self::KickedOut(reason) => object.member("data", &Single("type", reason)),
            Self::MessagesReceived(ids) | Self::ReadByPeer(ids) => {
                object.member("data", &message_refs(ids));
            }
            Self::OnlineMessageReceived(view) => {
                // A message that has no live object.
                object.member("data", &vec![Single("$M", view)]);
            }
            Self::ConversationList(ids) => object.member("data", &conversation_refs(ids)),
            Self::TotalUnread(total) => object.member("data", total),
            Self::ProfilesUpdated(ids) => object.member("data", &profile_refs(ids)),
        }
    }
}

impl NetState {
    /// The value of the `NET_STATE_*` constant.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// The text of a list row for a message; `language` is the page's (`zh…` is Chinese, else English).
pub(crate) fn message_for_show(message: &Message, language: &str) -> String {
    use tim_protocol::message::Text;
    if message.is_revoked {
        return String::new();
    }
    let (english, chinese) = match message.kind.as_str() {
        kind if kind == MessageType::TEXT.as_str() => {
            return message.payload.read::<Text>().map(|it| it.text).unwrap_or_default();
        }
        "TIMImageElem" => ("[Image]", "[图片]"),
        "TIMSoundElem" => ("[Voice]", "[语音]"),
        "TIMVideoFileElem" => ("[Video]", "[视频]"),
        "TIMFileElem" => ("[File]", "[文件]"),
        "TIMFaceElem" => ("[Animated Sticker]", "[动画表情]"),
        "TIMLocationElem" => ("[Location]", "[位置]"),
        "TIMCustomElem" => ("[Custom Messages]", "[自定义消息]"),
        "TIMRelayElem" => ("[Chat Record]", "[聊天记录]"),
        "TIMGroupTipElem" => ("[Group Notification]", "[群提示消息]"),
        "TIMGroupSystemNoticeElem" => ("[Group System Message]", "[群系统通知]"),
        _ => return String::new(),
    };
    if language.starts_with("zh") { chinese } else { english }.to_owned()
}
