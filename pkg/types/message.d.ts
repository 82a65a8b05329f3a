// Messages and their payloads as an application sees them.
//
// `Message` is as open as the published typings of tim-js-sdk 2.27: what they leave `any` is `any`
// here, because an application that compiles against them must compile against this. The fields
// they do not know are optional for the same reason. `ExactMessage` has none of this: every field
// is there and `payload` follows from `type`.

import type { TYPES } from './constants.js';

/**
 * A message.
 *
 * A plain object that lives: while the SDK holds the message, the object returned by `create…Message`,
 * the one in pages, events, results and from `findMessage` are one and the same, and sending, reading,
 * recalling changes it in place. Every field below is an own property from the beginning. Applications
 * may add properties of their own; the SDK neither reads nor removes them. A copy that carries `ID`
 * and `conversationID` is accepted wherever a message is asked for.
 */
export interface Message {
  /**
   * `senderTinyID-clientTime-random`, made by the sender, unique in the app, never changes.
   */
  ID: string;
  /** One of the `TIM.TYPES.MSG_*` values; decides the shape of `payload`. */
  type: TYPES;
  /** What was said: `TextPayload`, `CustomPayload`, `FacePayload`, `LocationPayload`, … by `type`. */
  payload: any;
  /** `C2C` + userID, `GROUP` + groupID, or `@TIM#SYSTEM`. */
  conversationID: string;
  /** `TIM.TYPES.CONV_C2C`, `CONV_GROUP` or `CONV_SYSTEM`. */
  conversationType: TYPES;
  /** The receiver's userID, or a groupID or topicID. */
  to: string;
  /** The sender's userID; `@TIM#SYSTEM` for group tips and system notices. */
  from: string;
  /** `'out'` when the logged-in user sent it, from wherever; else `'in'`. */
  flow: string;
  /**
   * Seconds since 1970. Until the message is sent the sender's guess, then the server's time of
   * storing, which never decreases within a conversation.
   */
  time: number;
  /** `'unSend'` while it is being sent, `'success'`, or `'fail'`. */
  status: string;
  /** True once it was recalled. */
  isRevoked: boolean;
  /** One of the `TIM.TYPES.MSG_PRIORITY_*` values; matters in groups only. */
  priority: TYPES;
  /** The sender's nick when the message was stored; `''` if there was none. */
  nick: string;
  /** URL of the sender's avatar when the message was stored; `''` if there was none. */
  avatar: string;
  /** One-to-one messages of `flow: 'out'`: true once the peer has read it. */
  isPeerRead: boolean;
  /** The sender's name card in the group when the message was stored, else `''`. */
  nameCard: string;
  /** Who is mentioned: userIDs, or `TIM.TYPES.MSG_AT_ALL`. */
  atUserList: Array<string>;
  /** Free text of the application, carried with the message and counted into its size; `''` if none. */
  cloudCustomData: string;
  /** True once it was deleted here. */
  isDeleted: boolean;
  /** True once it was modified. */
  isModified: boolean;
  /** The sender asks for a receipt, and the conversation has receipts. */
  needReadReceipt: boolean;
  /** `{}` unless receipts are in use; then `readCount` and `unreadCount`. */
  readReceiptInfo: any;
  /** A broadcast to all audio-video groups. */
  isBroadcastMessage: boolean;

  /** Groups: the type of the group when it is known. */
  conversationSubType?: string | undefined;
  /** The sender's clock when the message was made, seconds. */
  clientTime?: number;
  /**
   * Groups: the place in the group's history, from 1, final once `status` is `'success'`.
   * One-to-one: a counter of the sender, not unique and not for sorting.
   */
  sequence?: number;
  /** The sender's own counter. */
  clientSequence?: number;
  /** 1 … 4294967295, the last part of `ID`. */
  random?: number;
  /** Digits; the first part of `ID`. */
  senderTinyID?: string;
  /** False for `flow: 'in'` until the conversation is marked read. */
  isRead?: boolean;
  /** userID of whoever recalled it. */
  revoker?: string | null;
  /** Who recalled it; empty strings while `revoker` is `null`. */
  revokerInfo?: { userID: string; nick: string; avatar: string };
  /** The reason given for the recall, or `''`. */
  revokeReason?: string;
  /** Number of accepted modifications. */
  version?: number;
  /** True once `resendMessage` was called for it. */
  isResend?: boolean;
  /** Group tips and system notices. */
  isSystemMessage?: boolean;
  /** Always 0. */
  isPlaceMessage?: number;
  /** Always `'JSON'`. */
  protocol?: string;
  /** The sender asks for extensions, and the conversation has them. */
  isSupportExtension?: boolean;
  /** Targeted group messages: whom it is for. */
  receiverList?: Array<string> | undefined;
  /** Set by the server's content check. */
  hasRiskContent?: boolean;
  /** Inserted on this device only. */
  isLocalMessage?: boolean;
}

/** `payload` of `TIM.TYPES.MSG_TEXT`. */
export interface TextPayload {
  /** Not empty; may be all white space. */
  text: string;
}

/** `payload` of `TIM.TYPES.MSG_CUSTOM`. Objects are stringified by the application. */
export interface CustomPayload {
  data: string;
  /** The only part that search looks at. */
  description: string;
  extension: string;
}

/** `payload` of `TIM.TYPES.MSG_FACE`. What the numbers mean is the application's business. */
export interface FacePayload {
  index: number;
  data: string;
}

/** `payload` of `TIM.TYPES.MSG_LOCATION`. */
export interface LocationPayload {
  /** Name of the place; may be empty. */
  description: string;
  /** Degrees east, −180 … 180. */
  longitude: number;
  /** Degrees north, −90 … 90. */
  latitude: number;
}

/** What every `create…Message` takes. */
export interface CreateMessageOptions {
  /** The receiver's userID, or a groupID or topicID. */
  to: string;
  /** `TIM.TYPES.CONV_C2C` or `CONV_GROUP`; anything else throws 2106. */
  conversationType: TYPES | 'C2C' | 'GROUP' | 'TOPIC';
  /** By kind of message; see the `create…Message` methods. */
  payload: any;
  /** A `TIM.TYPES.MSG_PRIORITY_*` value; `Normal` by default. */
  priority?: TYPES | 'High' | 'Normal' | 'Low' | 'Lowest';
  /** Free text; counts into the 12 KB a message may have. */
  cloudCustomData?: string;
  /** Ask for receipts. */
  needReadReceipt?: boolean;
  /** Ask for extensions. */
  isSupportExtension?: boolean;
  /** Targeted group messages: 1 – 50 userIDs. */
  receiverList?: Array<string>;
  /** Media messages only: told the part that is uploaded, 0 … 1. */
  onProgress?: Function;
}

/** Second argument of `sendMessage` and `resendMessage`. */
export interface SendMessageOptions {
  /**
   * Deliver only to those who are online now: not stored anywhere, not counted, no `lastMessage`.
   * Together with `messageControlInfo` the call rejects with 2113.
   */
  onlineUserOnly?: boolean;
  /** Kept with the message for push services of the operator; no effect in a browser. */
  offlinePushInfo?: {
    disablePush?: boolean;
    disableVoipPush?: boolean;
    title?: string;
    description?: string;
    extension?: string;
    ignoreIOSBadge?: boolean;
    androidOPPOChannelID?: string;
  };
  messageControlInfo?: {
    /** Does not raise the receivers' `unreadCount`. */
    excludedFromUnreadCount?: boolean;
    /** Does not become `lastMessage`, neither here nor there. */
    excludedFromLastMessage?: boolean;
    /** Passed on to the operator's content check. */
    excludedFromContentModeration?: boolean;
  };
}
