// Conversations, groups as far as a conversation shows them, and profiles.
//
// Open where the published typings of tim-js-sdk 2.27 are open; `ExactConversation` and
// `ExactProfile` say everything. See message.d.ts for the reason.

import type { TYPES } from './constants.js';

/**
 * A row of the conversation list. A plain object that lives, like a message; treat it as read-only.
 */
export interface Conversation {
  /** `C2C` + userID, `GROUP` + groupID, or `@TIM#SYSTEM`. */
  conversationID: string;
  /** `TIM.TYPES.CONV_C2C`, `CONV_GROUP` or `CONV_SYSTEM`. */
  type: TYPES;
  /** Messages that arrived after the last `setMessageRead` and count. */
  unreadCount: number;
  /** The newest message that may appear in the list, see `LastMessage`; an object also when there is none. */
  lastMessage: any;
  /** Groups only: the group; may be reduced until `getConversationProfile` was called. */
  groupProfile: Group;
  /** One-to-one only: the peer. The same object `getUserProfile` gives. */
  userProfile: Profile;
  /** Unread mentions; empty for one-to-one. */
  groupAtInfoList: Array<any>;
  /** One-to-one: the remark I gave this friend, or `''`. */
  remark: string;
  isPinned: boolean;
  /** A `TIM.TYPES.MSG_REMIND_*` value. */
  messageRemindType: TYPES;
  /** `TIM.TYPES.CONV_MARK_TYPE_*` values, ascending. */
  markList: Array<number>;
  /** Free text, or `''`. */
  customData: string;
  /** Names of my conversation groups it is in. */
  conversationGroupList: Array<string>;

  /** Groups only: the type of the group. */
  subType?: string | undefined;
  /** Text not sent yet, or `''`. */
  draftText?: string;
  /** One-to-one: time of the newest message the peer has read, seconds; 0 if none. */
  peerReadTime?: number;
}

/** What a conversation shows of its newest message. */
export interface LastMessage {
  /** Seconds since 1970; 0 while the conversation has no message. */
  lastTime: number;
  lastSequence: number;
  /** The sender's userID; `@TIM#SYSTEM` for tips and notices. */
  fromAccount: string;
  /** Text to show: the text itself, or a label such as `[Image]`, Chinese in a Chinese browser. */
  messageForShow: string;
  /** One of the `TIM.TYPES.MSG_*` values, or `''` while there is no message. */
  type: string;
  /** `payload` of the message; `null` when there is none or it was recalled. */
  payload: any;
  cloudCustomData: string;
  isRevoked: boolean;
  revoker: string | null;
  /** Always false: online-only messages never get here. */
  onlineOnlyFlag: boolean;
  /** Groups only: the sender's nick. */
  nick: string;
  /** Groups only: the sender's name card. */
  nameCard: string;
  /** One-to-one, sent by me: the peer has read it. */
  isPeerRead: boolean;
  version: number;
}

/** A group, as far as conversations refer to it. */
export interface Group {
  groupID: string;
  name: string;
  avatar: string;
  type: TYPES;
  introduction: string;
  notification: string;
  ownerID: string;
  createTime: string;
  infoSequence: number;
  lastInfoTime: number;
  selfInfo: any;
  lastMessage: any;
  nextMessageSeq: number;
  memberCount: number;
  maxMemberCount: number;
  muteAllMembers: boolean;
  joinOption: TYPES;
  inviteOption: TYPES;
  groupCustomField: Array<any>;
  isSupportTopic: boolean;
}

/** What people see of a person. A plain object that lives, like a message. */
export interface Profile {
  userID: string;
  /** At most 500 bytes (UTF-8). */
  nick: string;
  /** A `TIM.TYPES.GENDER_*` value, or `''` when never set. */
  gender: TYPES;
  /** By convention yyyymmdd; 0 when never set. */
  birthday: number;
  /** At most 16 bytes. */
  location: string;
  /** At most 500 bytes. */
  selfSignature: string;
  /** A `TIM.TYPES.ALLOW_TYPE_*` value: how others may add this person. */
  allowType: TYPES;
  /** Meaning defined by the application. */
  language: number;
  /** A URL by convention, at most 500 bytes. */
  avatar: string;
  /** 1: no offline push at all. */
  messageSettings: number;
  /** A `TIM.TYPES.FORBID_TYPE_*` value: whether this person may send friend requests. */
  adminForbidType: TYPES;
  /** Meaning defined by the application. */
  level: number;
  /** Meaning defined by the application. */
  role: number;
  /**
   * A name the published typings have and no SDK ever filled.
   * @deprecated Read `lastUpdatedTime`.
   */
  lastUpdatedNumber: number;
  /** `{ key, value }` of the application's own fields that have a value, sorted by key. */
  profileCustomField: Array<any>;

  /** When this copy was refreshed: milliseconds since 1970 by the local clock. */
  lastUpdatedTime?: number;
}

/** A field of the application's own in a profile. */
export interface ProfileCustomField {
  /** `Tag_Profile_Custom_` and 1 – 8 letters or digits. */
  key: string;
  /** At most 500 bytes; `''` removes the field. */
  value: string;
}
