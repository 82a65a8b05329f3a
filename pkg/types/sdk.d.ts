// The instance that `TIM.create` returns, its options, results and errors.
//
// Signatures accept and return what the published typings of tim-js-sdk 2.27 do, `any` included, so
// that an application compiles after nothing but its import changed. What really comes back stands
// in the comments and, checked by the compiler, in `ExactChatSDK`.

import type { Conversation, Profile, ProfileCustomField } from './conversation.js';
import type { CreateMessageOptions, Message } from './message.js';
import type { TYPES } from './constants.js';

/** What `TIM.create` takes. Further properties are ignored. */
export interface CreateOptions {
  /** The app on the server; a number or its digits. */
  SDKAppID: number | string;
  /**
   * Address of the server, `wss://chat.example.com/im/ws` or `https://chat.example.com`. Without it:
   * the global `TIM_SERVER`, then `<meta name="tim-server" content="…">`, then the page's own host. A
   * mini-program has none of these and needs it.
   */
  proxyServer?: string;
  /**
   * Mini-programs only: where the module lies in the code package, from its root, as
   * `/static/tim-wasm/tim_wasm.wasm.br`. Without it the places where the usual builds put it are tried.
   */
  wasmPath?: string;
  /** Base address for uploads; by default what the server says. */
  fileUploadProxy?: string;
  /** Replaces the origin of media addresses. */
  fileDownloadProxy?: string;
  /** Accepted, no effect. */
  oversea?: boolean;
  /** Accepted, no effect. */
  scene?: string;
  [ignored: string]: any;
}

/** What `login` takes. */
export interface LoginOptions {
  /** 1 – 32 bytes of printable ASCII without spaces. */
  userID: string;
  /** The credential your own server made for this user. */
  userSig: string;
}

/** What `getMessageList` takes. */
export interface GetMessageListOptions {
  conversationID: string;
  /** From the previous page; `''` or absent for the newest messages. */
  nextReqMessageID?: string;
  /** 15 by default and at most. */
  count?: number;
}

/** What `getMessageListHopping` takes. */
export interface GetMessageListHoppingOptions {
  conversationID: string;
  /** Groups: where to start, included. Newest by default. */
  sequence?: number;
  /** One-to-one: where to start, seconds, included. Now by default. */
  time?: number;
  /** 0: older (default), 1: newer. */
  direction?: number;
  /** 15 by default and at most. */
  count?: number;
}

/** What `setMessageRead` takes. */
export interface SetMessageReadOptions {
  conversationID: string;
}

/** Filter of `getConversationList`; a row must match every property that is given. */
export interface ConversationFilter {
  type?: TYPES | 'C2C' | 'GROUP' | '@TIM#SYSTEM';
  markType?: number;
  groupName?: string;
  hasUnreadCount?: boolean;
  hasGroupAtInfo?: boolean;
}

/** What `getUserProfile` takes. */
export interface GetUserProfileOptions {
  /** The first 100 are asked for. */
  userIDList: Array<string>;
}

/** What `updateMyProfile` takes: only what is to change; nothing else may be in it. */
export interface UpdateMyProfileOptions {
  /** At most 500 bytes (UTF-8). */
  nick?: string;
  /** At most 500 bytes. */
  avatar?: string;
  gender?: TYPES | 'Gender_Type_Unknown' | 'Gender_Type_Female' | 'Gender_Type_Male';
  /** At most 500 bytes. */
  selfSignature?: string;
  allowType?: TYPES | 'AllowType_Type_AllowAny' | 'AllowType_Type_NeedConfirm' | 'AllowType_Type_DenyAny';
  birthday?: number;
  /** At most 16 bytes. */
  location?: string;
  language?: number;
  /** 0 or 1. */
  messageSettings?: number;
  adminForbidType?: TYPES | 'AdminForbid_Type_None' | 'AdminForbid_Type_SendOut';
  level?: number;
  role?: number;
  profileCustomField?: Array<ProfileCustomField | any>;
}

/** What every promise of this API resolves with. */
export interface ImResponse<T = any> {
  code: 0;
  data: T;
}

/**
 * What every promise of this API rejects with, and what `create…Message`, `on`, `off`, `once` and
 * `registerPlugin` throw: a real `Error`. Compare `code`, never `message`.
 */
export interface ImError extends Error {
  /**
   * 2024 not logged in · 3000 login running · 2999 not ready yet · 2025 login already running ·
   * 6017 parameter refused · 2105 not a message · 2106 kind of conversation refused · 80002 over 12 KB ·
   * 2801 no answer in time · 2805 no connection · 2998 WebAssembly could not be loaded ·
   * 7xxxx signature and account · others as in the published tables.
   */
  code: number;
  /** `{}`, or what the method says; `{ message }` for a message that could not be sent. */
  data: any;
}

/**
 * The instance of an app. There is one per SDKAppID and page: `TIM.create` gives the same again
 * until `destroy`. Methods work detached from the instance.
 *
 * Unless a method says otherwise it needs a login that is ready (`TIM.EVENT.SDK_READY`): before, it
 * rejects with 2024, 3000 or 2999, and `TIM.EVENT.ERROR` is dispatched as well. Promises resolve
 * with `{ code: 0, data }` and reject with an `ImError`; nothing is thrown synchronously by a method
 * that returns a promise. Events caused by a call come before its promise settles.
 */
export declare class ChatSDK {
  private constructor();

  // ---- session ----

  /**
   * Logs a user in. Resolves with `data: { actionStatus: 'OK', errorCode: 0, errorInfo, tinyID }`;
   * then wait for `TIM.EVENT.SDK_READY`, which never comes before the callbacks of this promise ran.
   * When somebody is logged in already: resolves with `repeatLogin: true` and changes nothing.
   *
   * Rejects: 2002, 2003, 7003 arguments · 2025 another login is running · 70001 … 70107 signature
   * or account · 2801 no connection within 30 s · 2802 no server address · 2998 WebAssembly could
   * not be loaded. After a failure it may be called again at once.
   */
  login(options: LoginOptions): Promise<any>;

  /**
   * Ends the session of this instance: `SDK_NOT_READY`, pending calls reject with 2024, the network
   * connection is closed. Listeners and what is stored on the device stay. Rejects with 2024 when nobody is logged in.
   */
  logout(): Promise<any>;

  /**
   * Ends the instance: as `logout`, then `SDK_DESTROY`, then all listeners are removed.
   * Never rejects; resolves with `data: { SDKAppID }`. The next `TIM.create` makes a new instance.
   */
  destroy(): Promise<any>;

  /** Whether `SDK_READY` was fired and no `SDK_NOT_READY` since. In every state. */
  isReady(): boolean;

  /** The logged-in userID, or `''`. In every state. */
  getLoginUser(): string;

  /** The server's time in whole seconds, by the local clock before the first login. In every state. */
  getServerTime(): number;

  // ---- instance ----

  /**
   * Calls `handler` with `{ name, data }` whenever the event fires. Add listeners before `login`:
   * there is no replay. The same handler added twice runs twice. A handler that throws is logged
   * and stops nobody. Throws 6017 without a name or a handler. In every state.
   *
   * @param context `this` of the handler; the instance by default.
   */
  on(eventName: string, handler: Function | ((event: any) => any), context?: any): void;

  /** As `on`, for one time. */
  once(eventName: string, handler: Function | ((event: any) => any), context?: any): void;

  /**
   * Removes a handler: all its registrations for the event, or only those with this `context`.
   * Nothing happens when there are none. A handler removed while an event is dispatched still gets that one.
   *
   * @param once remove only what was added with `once`
   */
  off(eventName: string, handler: Function | ((event: any) => any), context?: any, once?: boolean): void;

  /**
   * Accepts the plug-ins of tim-js-sdk, `{ 'tim-upload-plugin': … }`; what they do is built in.
   * Throws 6017 when it is not given an object. In every state.
   */
  registerPlugin(options: Object): void;

  /**
   * 0 everything, 1 key steps (default), 2 warnings and errors, 3 errors, 4 nothing; others are ignored. In every state.
   */
  setLogLevel(level: number): void;

  /** There for callers of tim-js-sdk; resolves with `data: {}` for any key. In every state. */
  callExperimentalAPI(key?: string, options?: any): Promise<any>;

  // ---- messages ----

  /**
   * Makes a text message, `payload: { text }`, text not empty. Nothing is sent.
   * Throws 2024 or 3000 before login, 2106 for a wrong `conversationType`, else 6017.
   */
  createTextMessage(options: CreateMessageOptions): Message;

  /** Makes a custom message, `payload: { data, description, extension }`, strings, each optional. */
  createCustomMessage(options: CreateMessageOptions): Message;

  /** Makes a face message, `payload: { index, data }`, a number and an optional string. */
  createFaceMessage(options: CreateMessageOptions): Message;

  /** Makes a location message, `payload: { description, longitude, latitude }`, degrees. */
  createLocationMessage(options: CreateMessageOptions): Message;

  /**
   * Sends a message made by `create…Message`. Resolves with `data: { message }`, the very object
   * passed in: `status` is `'success'`, `time` and `sequence` are the server's. Rejects with
   * `data: { message }`; its `status` is `'fail'` and it stays in the history for `resendMessage`.
   *
   * The same message is stored once, however often it is sent. While the connection is down it waits
   * up to 30 s. Rejects: 2105, 2106, 2113, 80002 over 12 KB · 2801, 2805 network · 20003 no such
   * receiver · other server codes unchanged.
   *
   * @param options see `SendMessageOptions`
   */
  sendMessage(message: Message, options?: any): Promise<any>;

  /** Sends a message whose `status` is `'fail'` again, with its ID and, unless given, its options. As `sendMessage`. */
  resendMessage(message: Message, options?: any): Promise<any>;

  /**
   * A page of history: at most 15 messages, oldest first, then the older ones with
   * `nextReqMessageID`. Resolves with `data: { messageList, nextReqMessageID, isCompleted }`.
   * Pages neither overlap nor leave gaps. Answered from the device where possible, also offline.
   * Marks nothing read. Rejects: 6017 · 2801, 2805 when there is no network and nothing on the device.
   */
  getMessageList(options: GetMessageListOptions): Promise<any>;

  /**
   * A page around a place in the history, the start included, oldest first in both directions.
   * Resolves with `data: { messageList, isCompleted, nextMessageSeq, nextMessageTime }`.
   * Rejects: 6017 · 2502 for `@TIM#SYSTEM`.
   */
  getMessageListHopping(options: GetMessageListHoppingOptions): Promise<any>;

  /** The message with this ID if this session has seen it, else `null`; `null` before login. */
  findMessage(messageID: string): Message | null;

  /**
   * Marks everything in a conversation read: `unreadCount` is 0 at once, the peer is told.
   * Resolves with `data: {}`, also for an unknown conversation or when there is nothing to do.
   */
  setMessageRead(options: SetMessageReadOptions): Promise<any>;

  // ---- conversations ----

  /**
   * The conversation list in its order, or the rows of these IDs, or those that match.
   * Resolves with `data: { conversationList, isSyncCompleted }`; the array is a fresh one each time.
   *
   * @param options conversationIDs, or a `ConversationFilter`
   */
  getConversationList(options?: any): Promise<any>;

  /**
   * One conversation with its profile fresh from the server; put into the list if it is not there.
   * Resolves with `data: { conversation }`. Rejects: 6017 · 2501 no such user or group.
   */
  getConversationProfile(conversationID: string): Promise<any>;

  /** Unread messages of all conversations that are not muted; 0 before login. */
  getTotalUnreadMessageCount(): number;

  // ---- profiles ----

  /** Resolves with `data: Profile`, the own one. */
  getMyProfile(): Promise<any>;

  /**
   * Resolves with `data: Profile[]` in the order asked for, unknown users left out.
   * Asks the server; offline it answers when everybody is known here, else rejects with 2805.
   */
  getUserProfile(options: GetUserProfileOptions): Promise<any>;

  /**
   * Changes the own profile, everything or nothing. Resolves with `data: Profile`, after
   * `TIM.EVENT.PROFILE_UPDATED`. Rejects: 2721 empty, unknown or wrong property · 2722 empty
   * `profileCustomField` · 40008 not allowed by the server.
   */
  updateMyProfile(options: UpdateMyProfileOptions): Promise<any>;
}

/** What an event handler is called with. */
export interface TimEvent<Data = any> {
  /** The event's name, a `TIM.EVENT.*` value. */
  name: string;
  data: Data;
}

/** `data` of the events that fire so far, by event name. */
export interface EventData {
  sdkStateReady: undefined;
  sdkStateNotReady: undefined;
  sdkDestroy: { SDKAppID: number };
  sdkReload: undefined;
  error: { code: number; message: string };
  netStateChange: { state: 'connected' | 'connecting' | 'disconnected' };
  kickedOut: { type: 'multipleAccount' | 'multipleDevice' | 'userSigExpired' | 'REST_API_Kick' };
  /** New messages of one conversation; never one this instance sent. */
  onMessageReceived: Array<Message>;
  /** One-to-one messages that became read. */
  onMessageReadByPeer: Array<Message>;
  /** Always the complete list, sorted. */
  onConversationListUpdated: Array<Conversation>;
  /** The new total. */
  onTotalUnreadMessageCountUpdated: number;
  /** Own or others' profiles that changed. */
  onProfileUpdated: Array<Profile>;
}
