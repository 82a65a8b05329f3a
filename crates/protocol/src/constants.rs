//! The `TIM.EVENT` and `TIM.TYPES` tables of the public API.
//!
//! Applications read these before the WebAssembly module is loaded, so they cannot live inside it:
//! `cargo xtask constants` writes them into the npm package as TypeScript. Everything is pinned to
//! the published constants by the conformance tests; a value never changes, tables only grow.
//!
//! Knows names and values only. What an event carries and when it fires is the engine's business.

use Constant::{Number, Text};

/// The value of an entry of `TIM.TYPES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// Most of them.
    Text(&'static str),
    /// Bit marks, tip types, status types.
    Number(u32),
}

/// `TIM.EVENT`: name of the constant, name of the event.
pub const EVENTS: &[(&str, &str)] = &[
    ("SDK_READY", "sdkStateReady"),
    ("SDK_NOT_READY", "sdkStateNotReady"),
    ("SDK_DESTROY", "sdkDestroy"),
    ("SDK_RELOAD", "sdkReload"),
    ("ERROR", "error"),
    ("NET_STATE_CHANGE", "netStateChange"),
    ("KICKED_OUT", "kickedOut"),
    ("MESSAGE_RECEIVED", "onMessageReceived"),
    ("MESSAGE_MODIFIED", "onMessageModified"),
    ("MESSAGE_REVOKED", "onMessageRevoked"),
    ("MESSAGE_READ_BY_PEER", "onMessageReadByPeer"),
    ("MESSAGE_READ_RECEIPT_RECEIVED", "onMessageReadReceiptReceived"),
    ("MESSAGE_EXTENSIONS_UPDATED", "onMessageExtensionsUpdated"),
    ("MESSAGE_EXTENSIONS_DELETED", "onMessageExtensionsDeleted"),
    ("CONVERSATION_LIST_UPDATED", "onConversationListUpdated"),
    ("TOTAL_UNREAD_MESSAGE_COUNT_UPDATED", "onTotalUnreadMessageCountUpdated"),
    ("CONVERSATION_GROUP_LIST_UPDATED", "onConversationGroupListUpdated"),
    ("CONVERSATION_IN_GROUP_UPDATED", "onConversationInGroupUpdated"),
    ("GROUP_LIST_UPDATED", "onGroupListUpdated"),
    ("GROUP_SYSTEM_NOTICE_RECEIVED", "receiveGroupSystemNotice"),
    ("GROUP_ATTRIBUTES_UPDATED", "groupAttributesUpdated"),
    ("GROUP_COUNTER_UPDATED", "onGroupCounterUpdated"),
    ("TOPIC_CREATED", "onTopicCreated"),
    ("TOPIC_DELETED", "onTopicDeleted"),
    ("TOPIC_UPDATED", "onTopicUpdated"),
    ("PROFILE_UPDATED", "onProfileUpdated"),
    ("USER_STATUS_UPDATED", "onUserStatusUpdated"),
    ("BLACKLIST_UPDATED", "blacklistUpdated"),
    ("FRIEND_LIST_UPDATED", "onFriendListUpdated"),
    ("FRIEND_GROUP_LIST_UPDATED", "onFriendGroupListUpdated"),
    ("FRIEND_APPLICATION_LIST_UPDATED", "onFriendApplicationListUpdated"),
];

/// `TIM.TYPES`: name of the constant, value.
pub const TYPES: &[(&str, Constant)] = &[
    // Message types; `MSG_SOUND` and `MSG_GEO` are old aliases.
    ("MSG_TEXT", Text("TIMTextElem")),
    ("MSG_FACE", Text("TIMFaceElem")),
    ("MSG_IMAGE", Text("TIMImageElem")),
    ("MSG_LOCATION", Text("TIMLocationElem")),
    ("MSG_GEO", Text("TIMLocationElem")),
    ("MSG_AUDIO", Text("TIMSoundElem")),
    ("MSG_SOUND", Text("TIMSoundElem")),
    ("MSG_CUSTOM", Text("TIMCustomElem")),
    ("MSG_VIDEO", Text("TIMVideoFileElem")),
    ("MSG_MERGER", Text("TIMRelayElem")),
    ("MSG_FILE", Text("TIMFileElem")),
    ("MSG_GRP_TIP", Text("TIMGroupTipElem")),
    ("MSG_GRP_SYS_NOTICE", Text("TIMGroupSystemNoticeElem")),
    // Priorities of group messages.
    ("MSG_PRIORITY_HIGH", Text("High")),
    ("MSG_PRIORITY_NORMAL", Text("Normal")),
    ("MSG_PRIORITY_LOW", Text("Low")),
    ("MSG_PRIORITY_LOWEST", Text("Lowest")),
    // Kinds of conversations.
    ("CONV_C2C", Text("C2C")),
    ("CONV_GROUP", Text("GROUP")),
    ("CONV_TOPIC", Text("TOPIC")),
    ("CONV_SYSTEM", Text("@TIM#SYSTEM")),
    // Who is mentioned.
    ("CONV_AT_ME", Number(1)),
    ("CONV_AT_ALL", Number(2)),
    ("CONV_AT_ALL_AT_ME", Number(3)),
    // Marks of a conversation.
    ("CONV_MARK_TYPE_STAR", Number(1)),
    ("CONV_MARK_TYPE_UNREAD", Number(2)),
    ("CONV_MARK_TYPE_FOLD", Number(4)),
    ("CONV_MARK_TYPE_HIDE", Number(8)),
    // Group types; `GRP_PRIVATE` and `GRP_CHATROOM` are old aliases.
    ("GRP_WORK", Text("Private")),
    ("GRP_PRIVATE", Text("Private")),
    ("GRP_PUBLIC", Text("Public")),
    ("GRP_MEETING", Text("ChatRoom")),
    ("GRP_CHATROOM", Text("ChatRoom")),
    ("GRP_AVCHATROOM", Text("AVChatRoom")),
    ("GRP_COMMUNITY", Text("Community")),
    // Roles in a group.
    ("GRP_MBR_ROLE_OWNER", Text("Owner")),
    ("GRP_MBR_ROLE_ADMIN", Text("Admin")),
    ("GRP_MBR_ROLE_MEMBER", Text("Member")),
    ("GRP_MBR_ROLE_CUSTOM", Text("Custom")),
    // What a group tip tells.
    ("GRP_TIP_MBR_JOIN", Number(1)),
    ("GRP_TIP_MBR_QUIT", Number(2)),
    ("GRP_TIP_MBR_KICKED_OUT", Number(3)),
    ("GRP_TIP_MBR_SET_ADMIN", Number(4)),
    ("GRP_TIP_MBR_CANCELED_ADMIN", Number(5)),
    ("GRP_TIP_GRP_PROFILE_UPDATED", Number(6)),
    ("GRP_TIP_MBR_PROFILE_UPDATED", Number(7)),
    ("GRP_TIP_BAN_AVCHATROOM_MEMBER", Number(10)),
    ("GRP_TIP_UNBAN_AVCHATROOM_MEMBER", Number(11)),
    // What happens when a message arrives.
    ("MSG_REMIND_ACPT_AND_NOTE", Text("AcceptAndNotify")),
    ("MSG_REMIND_ACPT_NOT_NOTE", Text("AcceptNotNotify")),
    ("MSG_REMIND_DISCARD", Text("Discard")),
    // `profile.gender`
    ("GENDER_UNKNOWN", Text("Gender_Type_Unknown")),
    ("GENDER_FEMALE", Text("Gender_Type_Female")),
    ("GENDER_MALE", Text("Gender_Type_Male")),
    // `KICKED_OUT`
    ("KICKED_OUT_MULT_ACCOUNT", Text("multipleAccount")),
    ("KICKED_OUT_MULT_DEVICE", Text("multipleDevice")),
    ("KICKED_OUT_USERSIG_EXPIRED", Text("userSigExpired")),
    ("KICKED_OUT_REST_API", Text("REST_API_Kick")),
    // Who may add me as a friend, and whether I may add others.
    ("ALLOW_TYPE_ALLOW_ANY", Text("AllowType_Type_AllowAny")),
    ("ALLOW_TYPE_NEED_CONFIRM", Text("AllowType_Type_NeedConfirm")),
    ("ALLOW_TYPE_DENY_ANY", Text("AllowType_Type_DenyAny")),
    ("FORBID_TYPE_NONE", Text("AdminForbid_Type_None")),
    ("FORBID_TYPE_SEND_OUT", Text("AdminForbid_Type_SendOut")),
    // How one gets into a group.
    ("JOIN_OPTIONS_FREE_ACCESS", Text("FreeAccess")),
    ("JOIN_OPTIONS_NEED_PERMISSION", Text("NeedPermission")),
    ("JOIN_OPTIONS_DISABLE_APPLY", Text("DisableApply")),
    ("INVITE_OPTIONS_FREE_ACCESS", Text("FreeAccess")),
    ("INVITE_OPTIONS_NEED_PERMISSION", Text("NeedPermission")),
    ("INVITE_OPTIONS_DISABLE_INVITE", Text("DisableInvite")),
    ("JOIN_STATUS_SUCCESS", Text("JoinedSuccess")),
    ("JOIN_STATUS_ALREADY_IN_GROUP", Text("AlreadyInGroup")),
    ("JOIN_STATUS_WAIT_APPROVAL", Text("WaitAdminApproval")),
    // Fields of a group to ask for.
    ("GRP_PROFILE_OWNER_ID", Text("ownerID")),
    ("GRP_PROFILE_CREATE_TIME", Text("createTime")),
    ("GRP_PROFILE_LAST_INFO_TIME", Text("lastInfoTime")),
    ("GRP_PROFILE_MEMBER_NUM", Text("memberNum")),
    ("GRP_PROFILE_MAX_MEMBER_NUM", Text("maxMemberNum")),
    ("GRP_PROFILE_JOIN_OPTION", Text("joinOption")),
    ("GRP_PROFILE_INVITE_OPTION", Text("inviteOption")),
    ("GRP_PROFILE_INTRODUCTION", Text("introduction")),
    ("GRP_PROFILE_NOTIFICATION", Text("notification")),
    ("GRP_PROFILE_MUTE_ALL_MBRS", Text("muteAllMembers")),
    // Friends and friend applications.
    ("SNS_ADD_TYPE_SINGLE", Text("Add_Type_Single")),
    ("SNS_ADD_TYPE_BOTH", Text("Add_Type_Both")),
    ("SNS_DELETE_TYPE_SINGLE", Text("Delete_Type_Single")),
    ("SNS_DELETE_TYPE_BOTH", Text("Delete_Type_Both")),
    ("SNS_APPLICATION_TYPE_BOTH", Text("Pendency_Type_Both")),
    ("SNS_APPLICATION_SENT_TO_ME", Text("Pendency_Type_ComeIn")),
    ("SNS_APPLICATION_SENT_BY_ME", Text("Pendency_Type_SendOut")),
    ("SNS_APPLICATION_AGREE", Text("Response_Action_Agree")),
    ("SNS_APPLICATION_AGREE_AND_ADD", Text("Response_Action_AgreeAndAdd")),
    ("SNS_CHECK_TYPE_BOTH", Text("CheckResult_Type_Both")),
    ("SNS_CHECK_TYPE_SINGLE", Text("CheckResult_Type_Single")),
    ("SNS_TYPE_NO_RELATION", Text("CheckResult_Type_NoRelation")),
    ("SNS_TYPE_A_WITH_B", Text("CheckResult_Type_AWithB")),
    ("SNS_TYPE_B_WITH_A", Text("CheckResult_Type_BWithA")),
    ("SNS_TYPE_BOTH_WAY", Text("CheckResult_Type_BothWay")),
    // `NET_STATE_CHANGE`
    ("NET_STATE_CONNECTED", Text("connected")),
    ("NET_STATE_CONNECTING", Text("connecting")),
    ("NET_STATE_DISCONNECTED", Text("disconnected")),
    // Stands for everybody in an @ list; the spelling is the published one.
    ("MSG_AT_ALL", Text("__kImSDK_MesssageAtALL__")),
    // What to mark as read.
    ("READ_ALL_C2C_MSG", Text("readAllC2CMessage")),
    ("READ_ALL_GROUP_MSG", Text("readAllGroupMessage")),
    ("READ_ALL_MSG", Text("readAllMessage")),
    // `statusType`
    ("USER_STATUS_UNKNOWN", Number(0)),
    ("USER_STATUS_ONLINE", Number(1)),
    ("USER_STATUS_OFFLINE", Number(2)),
    ("USER_STATUS_UNLOGINED", Number(3)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_and_no_event_stands_twice() {
        let mut names: Vec<_> = EVENTS.iter().map(|it| it.0).collect();
        names.extend(TYPES.iter().map(|it| it.0));
        let mut events: Vec<_> = EVENTS.iter().map(|it| it.1).collect();
        for list in [&mut names, &mut events] {
            let all = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), all);
        }
    }
}
