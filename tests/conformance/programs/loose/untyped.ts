// The way it is written where the compiler is not strict: nothing annotated, everything open.

import TIM from 'tim-js-sdk';

let tim = TIM.create({ SDKAppID: 1400000000 });

tim.on(TIM.EVENT.MESSAGE_RECEIVED, function (event) {
  event.data.forEach(function (message) {
    message.progress = 0;
    if (message.payload.text) this.messages.push(message);
  }, this);
}, this);

tim.on(TIM.EVENT.ERROR, (event) => console.log(event.data.code, event.anything));

let promise = tim.getMessageList({ conversationID: 'C2Ctest' });
promise.then(function (imResponse) {
  const messageList = imResponse.data.messageList;
  messageList[0].own.property = messageList.nothing;
  return imResponse.ok;
}).catch(function (imError) {
  console.warn('getMessageList error:', imError.whatever);
});

tim.login({ userID: null, userSig: undefined }).then((it) => it.foo.bar());
const message = tim.findMessage('x');
message.payload = message.payload.text.length;
message.payload();
export const count: string = tim.getConversationList() as any;
