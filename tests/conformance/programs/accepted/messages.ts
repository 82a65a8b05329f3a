// Making and sending messages, receiving them, and everything that is read from one.

import TIM, { type Message, type ChatSDK } from 'tim-js-sdk';

declare const tim: ChatSDK;

let message: Message = tim.createTextMessage({
  to: 'bob',
  conversationType: TIM.TYPES.CONV_C2C,
  priority: TIM.TYPES.MSG_PRIORITY_NORMAL,
  payload: { text: 'Hello world!' },
  needReadReceipt: true,
  cloudCustomData: 'your cloud custom data',
});
message = tim.createCustomMessage({
  to: 'group1',
  conversationType: TIM.TYPES.CONV_GROUP,
  payload: { data: 'dice', description: String(Math.floor(Math.random() * 6)), extension: '' },
  receiverList: ['ann'],
});
message = tim.createFaceMessage({ to: 'bob', conversationType: TIM.TYPES.CONV_C2C, payload: { index: 1, data: 'tt00' } });
message = tim.createLocationMessage({
  to: 'bob',
  conversationType: TIM.TYPES.CONV_C2C,
  payload: { description: '', longitude: 113.93, latitude: 22.54 },
  onProgress: (event: any) => console.log(event),
});

const common = { to: 'bob', conversationType: TIM.TYPES.CONV_C2C, payload: {} };
tim.createTextMessage({ ...common, payload: { text: 'x' } });
tim.createTextMessage(common);

tim.sendMessage(message).then(
  function (imResponse) {
    console.log(imResponse.data.message.ID);
    const sent: Message = imResponse.data.message;
    message = sent;
  },
  function (imError) {
    console.warn(imError.code, imError.data.message);
  },
);
tim.sendMessage(message, {
  onlineUserOnly: true,
  offlinePushInfo: { disablePush: true, somethingNew: 1 },
  messageControlInfo: { excludedFromUnreadCount: true },
  anything: ['goes'],
});
tim.sendMessage(message, undefined);
tim.resendMessage(message).then(({ data }: { data: { message: Message } }) => data.message.status);
Promise.all([message].map(tim.resendMessage));

const found: Message | null = tim.findMessage(message.ID);
if (found !== null && found.isRevoked) console.log(found.nick || found.from);

// An application's own idea of a message.
interface Bubble extends Message {
  progress: number;
  payload: { text: string; data?: string };
}
async function bubbles(): Promise<Bubble[]> {
  const { data } = await tim.getMessageList({ conversationID: 'C2Cbob' });
  const list: Bubble[] = data.messageList;
  list.forEach((it) => (it.progress = 1));
  return list.concat((await tim.sendMessage(message)).data.message);
}

function show(it: Message): string {
  switch (it.type) {
    case TIM.TYPES.MSG_TEXT:
      return it.payload.text;
    case TIM.TYPES.MSG_IMAGE:
      return it.payload.imageInfoArray[0].url;
    case TIM.TYPES.MSG_CUSTOM:
      return JSON.parse(it.payload.data).businessID;
    case TIM.TYPES.MSG_GRP_TIP:
      return it.payload.operationType === TIM.TYPES.GRP_TIP_MBR_JOIN ? 'joined' : '';
    default:
      return it.conversationType === TIM.TYPES.CONV_SYSTEM ? 'system' : `${it.type}`;
  }
}

// What a test of an application makes up.
const made: Message = {
  ID: '1-2-3',
  type: TIM.TYPES.MSG_TEXT,
  payload: { text: '' },
  conversationID: 'C2Cbob',
  conversationType: TIM.TYPES.CONV_C2C,
  to: 'bob',
  from: 'ann',
  flow: 'in',
  time: 1,
  status: 'success',
  isRevoked: false,
  priority: TIM.TYPES.MSG_PRIORITY_HIGH,
  nick: '',
  avatar: '',
  isPeerRead: false,
  nameCard: '',
  atUserList: [],
  cloudCustomData: '',
  isDeleted: false,
  isModified: false,
  needReadReceipt: false,
  readReceiptInfo: {},
  isBroadcastMessage: false,
};
made.status = 'unSend';
made.type = TIM.TYPES.MSG_FACE;
const partial: Partial<Message> = { ID: made.ID };
const copy: Message = { ...made, ...partial, payload: 5 };
const key: keyof Message = 'payload';
export const values: Array<Message['payload']> = [copy[key], made[key]];
export { bubbles, show };
