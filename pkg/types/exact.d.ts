// The same API without a single `any`: for code that is written against this package.
//
//     const tim = TIM.create({ SDKAppID }) as ExactChatSDK;
//
// No other object and no cost at run time; only the compiler knows more. Derived from the open
// types, so that a method or field cannot be in one and missing in the other.

import type { Conversation, Group, LastMessage, Profile, ProfileCustomField } from './conversation.js';
import type { ChatSDK, ConversationFilter, EventData, ImResponse, TimEvent } from './sdk.js';
import type {
  CreateMessageOptions,
  CustomPayload,
  FacePayload,
  LocationPayload,
  Message,
  SendMessageOptions,
  TextPayload,
} from './message.js';
import type { EVENT, TYPES } from './constants.js';

/** The fields that every message has, whatever its type. */
export interface ExactMessageFields
  extends Required<Omit<Message, 'type' | 'payload' | 'flow' | 'status' | 'readReceiptInfo' | 'conversationSubType' | 'receiverList'>> {
  flow: 'in' | 'out';
  status: 'unSend' | 'success' | 'fail';
  readReceiptInfo: { readCount?: number; unreadCount?: number; isPeerRead?: boolean };
  conversationSubType: string | undefined;
  receiverList: Array<string> | undefined;
}

export interface TextMessage extends ExactMessageFields {
  type: TYPES.MSG_TEXT;
  payload: TextPayload;
}

export interface CustomMessage extends ExactMessageFields {
  type: TYPES.MSG_CUSTOM;
  payload: CustomPayload;
}

export interface FaceMessage extends ExactMessageFields {
  type: TYPES.MSG_FACE;
  payload: FacePayload;
}

export interface LocationMessage extends ExactMessageFields {
  type: TYPES.MSG_LOCATION;
  payload: LocationPayload;
}

/** A message of a type that this version does not make but may receive. */
export interface OtherMessage extends ExactMessageFields {
  type:
    | TYPES.MSG_IMAGE
    | TYPES.MSG_AUDIO
    | TYPES.MSG_VIDEO
    | TYPES.MSG_FILE
    | TYPES.MSG_MERGER
    | TYPES.MSG_GRP_TIP
    | TYPES.MSG_GRP_SYS_NOTICE;
  payload: unknown;
}

/** A message whose payload is known once its `type` is. */
export type ExactMessage = TextMessage | CustomMessage | FaceMessage | LocationMessage | OtherMessage;

export interface ExactProfile
  extends Required<Omit<Profile, 'gender' | 'lastUpdatedNumber' | 'profileCustomField'>> {
  gender: '' | TYPES.GENDER_UNKNOWN | TYPES.GENDER_FEMALE | TYPES.GENDER_MALE;
  profileCustomField: Array<ProfileCustomField>;
}

interface ExactConversationFields
  extends Required<Omit<Conversation, 'type' | 'lastMessage' | 'groupProfile' | 'userProfile' | 'groupAtInfoList' | 'subType'>> {
  lastMessage: LastMessage;
  groupAtInfoList: Array<{
    groupID: string;
    topicID: string;
    from: string;
    messageSequence: number;
    atTypeArray: Array<number>;
  }>;
  subType: string | undefined;
}

/** A conversation; `type` decides which profile it has. */
export type ExactConversation = ExactConversationFields &
  (
    | { type: TYPES.CONV_C2C; userProfile: ExactProfile; groupProfile: undefined }
    | { type: TYPES.CONV_GROUP; userProfile: undefined; groupProfile: Group }
    | { type: TYPES.CONV_SYSTEM; userProfile: undefined; groupProfile: undefined }
  );

/** `data` of `login`. */
export interface LoginResult {
  actionStatus: 'OK';
  errorCode: 0;
  /** `''`, or an explanation when `repeatLogin`. */
  errorInfo: string;
  /** Digits. */
  tinyID: string;
  repeatLogin?: true;
}

/** `data` of `getMessageList`. */
export interface MessagePage {
  messageList: Array<ExactMessage>;
  /** For the next older page; `''` when `isCompleted`. */
  nextReqMessageID: string;
  /** Nothing older is visible to this user. */
  isCompleted: boolean;
}

/** `data` of `getMessageListHopping`. */
export interface HoppingPage {
  messageList: Array<ExactMessage>;
  /** Nothing further in this direction. */
  isCompleted: boolean;
  /** Groups: `sequence` of the next call; 0 when completed. */
  nextMessageSeq: number;
  /** One-to-one: `time` of the next call; 0 when completed. */
  nextMessageTime: number;
}

/** What the methods resolve with, by name. */
interface Results {
  login: LoginResult;
  logout: {};
  destroy: { SDKAppID: number };
  callExperimentalAPI: {};
  getMessageList: MessagePage;
  getMessageListHopping: HoppingPage;
  setMessageRead: {};
  getConversationProfile: { conversation: ExactConversation };
  getMyProfile: ExactProfile;
  getUserProfile: Array<ExactProfile>;
  updateMyProfile: ExactProfile;
}

/** `data` of the events, by name. */
export interface ExactEventData extends Omit<EventData, 'onMessageReceived' | 'onMessageReadByPeer' | 'onConversationListUpdated' | 'onProfileUpdated'> {
  onMessageReceived: Array<ExactMessage>;
  onMessageReadByPeer: Array<ExactMessage>;
  onConversationListUpdated: Array<ExactConversation>;
  onProfileUpdated: Array<ExactProfile>;
}

/** Methods whose promise has a known result. */
type ExactCalls = {
  [Name in keyof Results]: (...options: Parameters<ChatSDK[Name]>) => Promise<ImResponse<Results[Name]>>;
};

/** Methods that neither take nor return anything open. */
type ClosedCalls = Pick<
  ChatSDK,
  'isReady' | 'getLoginUser' | 'getServerTime' | 'registerPlugin' | 'setLogLevel' | 'getTotalUnreadMessageCount'
>;

/** `data` of one event. */
type DataOf<Name extends string> = `${Name}` extends keyof ExactEventData ? ExactEventData[`${Name}`] : unknown;

/** `on` and `once` with the event's data known by its name. */
type Listen = <Name extends EVENT | keyof ExactEventData, This = ExactChatSDK>(
  eventName: Name,
  handler: (this: This, event: TimEvent<DataOf<Name>>) => unknown,
  context?: This,
) => void;

/** What the `create…Message` of a payload takes. */
type CreateOptionsOf<Payload> = Omit<CreateMessageOptions, 'payload'> & { payload: Payload };

/** The instance with every result, payload and event typed. */
export interface ExactChatSDK extends ExactCalls, ClosedCalls {
  on: Listen;
  once: Listen;
  off(eventName: string, handler: (event: never) => unknown, context?: unknown, once?: boolean): void;
  createTextMessage(options: CreateOptionsOf<TextPayload>): TextMessage;
  createCustomMessage(options: CreateOptionsOf<Partial<CustomPayload>>): CustomMessage;
  createFaceMessage(options: CreateOptionsOf<{ index: number; data?: string }>): FaceMessage;
  createLocationMessage(options: CreateOptionsOf<LocationPayload>): LocationMessage;
  sendMessage<Sent extends Message>(message: Sent, options?: SendMessageOptions): Promise<ImResponse<{ message: Sent }>>;
  resendMessage<Sent extends Message>(message: Sent, options?: SendMessageOptions): Promise<ImResponse<{ message: Sent }>>;
  findMessage(messageID: string): ExactMessage | null;
  getConversationList(
    options?: Array<string> | ConversationFilter,
  ): Promise<ImResponse<{ conversationList: Array<ExactConversation>; isSyncCompleted: boolean }>>;
}
