// What ExactChatSDK knows, and what it therefore refuses.

import TIM, { type ExactChatSDK, type ExactMessage, type ImError, type TextMessage } from 'tim-js-sdk';

const tim = TIM.create({ SDKAppID: 1400000000 }) as ExactChatSDK;

tim.on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
  for (const message of data) {
    const sequence: number = message.sequence;
    if (message.type === TIM.TYPES.MSG_TEXT) {
      const text: string = message.payload.text;
      // @ts-expect-error a text message has no data
      console.log(text, sequence, message.payload.data);
    }
    if (message.type === TIM.TYPES.MSG_CUSTOM) console.log(message.payload.description.length);
    // @ts-expect-error not a status
    if (message.status === 'sent') return;
  }
});
tim.on('onTotalUnreadMessageCountUpdated', ({ data }) => data.toFixed());
tim.once(TIM.EVENT.SDK_READY, function () {
  this.getLoginUser();
});
tim.on(TIM.EVENT.KICKED_OUT, function ({ data }) {
  this.own += data.type;
}, { own: '' });
// @ts-expect-error the total is a number
tim.on(TIM.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => data.length);
// @ts-expect-error no such event
tim.on('onMessageRecieved', () => {});

const message: TextMessage = tim.createTextMessage({
  to: 'bob',
  conversationType: TIM.TYPES.CONV_C2C,
  payload: { text: 'hi' },
});
// @ts-expect-error a text is needed
tim.createTextMessage({ to: 'bob', conversationType: TIM.TYPES.CONV_C2C, payload: {} });
// @ts-expect-error degrees are numbers
tim.createLocationMessage({ to: 'bob', conversationType: TIM.TYPES.CONV_C2C, payload: { description: '', longitude: '1', latitude: 1 } });

try {
  const sent: TextMessage = (await tim.sendMessage(message, { onlineUserOnly: true })).data.message;
  console.log(sent.payload.text);
  // @ts-expect-error not an option
  await tim.sendMessage(message, { onlineUsersOnly: true });
} catch (error) {
  console.log((error as ImError).code === 2801);
}

const page = (await tim.getMessageList({ conversationID: 'C2Cbob', count: 15 })).data;
const list: ExactMessage[] = page.messageList;
// @ts-expect-error an ID is a text
const next: number = page.nextReqMessageID;
const { conversationList, isSyncCompleted } = (await tim.getConversationList({ type: TIM.TYPES.CONV_C2C })).data;
const ready: boolean = isSyncCompleted;
for (const conversation of conversationList) {
  if (conversation.type === TIM.TYPES.CONV_C2C) console.log(conversation.userProfile.lastUpdatedTime + conversation.lastMessage.lastTime);
  // @ts-expect-error may be a group
  else console.log(conversation.userProfile.nick);
}
const nicks: string[] = (await tim.getUserProfile({ userIDList: ['bob'] })).data.map((it) => it.nick);
// @ts-expect-error a list is needed
tim.getUserProfile({ userIDList: 'bob' });
const tinyID: string = (await tim.login({ userID: 'ann', userSig: '' })).data.tinyID;
const appId: number = (await tim.destroy()).data.SDKAppID;

export { appId, list, next, nicks, ready, tinyID };
