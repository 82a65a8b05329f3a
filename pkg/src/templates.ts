// Every field of the public objects, with its value when nobody said another.
//
// The engine sends objects without their defaults; applications must find every field as an own
// property from the beginning, because Vue 2 cannot see one that comes later.

import type { Fields } from './update.js';

export function blankMessage(ID: string): Fields {
  const [senderTinyID = '', clientTime, random] = ID.split('-');
  return {
    ID,
    type: '',
    payload: {},
    conversationID: '',
    conversationType: '',
    conversationSubType: undefined,
    to: '',
    from: '',
    flow: 'in',
    time: 0,
    clientTime: Number(clientTime) || 0,
    status: 'success',
    sequence: 0,
    clientSequence: 0,
    random: Number(random) || 0,
    senderTinyID,
    priority: 'Normal',
    nick: '',
    avatar: '',
    nameCard: '',
    isRead: false,
    isPeerRead: false,
    isRevoked: false,
    revoker: null,
    revokerInfo: { userID: '', nick: '', avatar: '' },
    revokeReason: '',
    isDeleted: false,
    isModified: false,
    version: 0,
    isResend: false,
    isSystemMessage: false,
    isBroadcastMessage: false,
    isPlaceMessage: 0,
    protocol: 'JSON',
    atUserList: [],
    cloudCustomData: '',
    needReadReceipt: false,
    readReceiptInfo: {},
    isSupportExtension: false,
    receiverList: undefined,
    hasRiskContent: false,
    isLocalMessage: false,
  };
}

export function blankConversation(conversationID: string): Fields {
  return {
    conversationID,
    type: '',
    subType: undefined,
    unreadCount: 0,
    lastMessage: blankLastMessage(),
    groupProfile: undefined,
    userProfile: undefined,
    groupAtInfoList: [],
    remark: '',
    isPinned: false,
    messageRemindType: 'AcceptAndNotify',
    markList: [],
    customData: '',
    conversationGroupList: [],
    draftText: '',
    peerReadTime: 0,
  };
}

export function blankLastMessage(): Fields {
  return {
    lastTime: 0,
    lastSequence: 0,
    fromAccount: '',
    messageForShow: '',
    type: '',
    payload: null,
    cloudCustomData: '',
    isRevoked: false,
    revoker: null,
    onlineOnlyFlag: false,
    nick: '',
    nameCard: '',
    isPeerRead: false,
    version: 0,
  };
}

export function blankProfile(userID: string): Fields {
  return {
    userID,
    nick: '',
    gender: '',
    birthday: 0,
    location: '',
    selfSignature: '',
    allowType: 'AllowType_Type_AllowAny',
    language: 0,
    avatar: '',
    messageSettings: 0,
    adminForbidType: 'AdminForbid_Type_None',
    level: 0,
    role: 0,
    lastUpdatedTime: 0,
    profileCustomField: [],
  };
}
