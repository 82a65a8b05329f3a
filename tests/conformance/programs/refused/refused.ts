// What does not compile, neither with the published typings nor with these.

import TIM, { ChatSDK, Message } from 'tim-js-sdk';

declare const tim: ChatSDK;
declare const message: Message;

// @ts-expect-error options are needed
TIM.create();
// @ts-expect-error an app is needed
TIM.create({});
// @ts-expect-error the credential is missing
tim.login({ userID: 'ann' });
// @ts-expect-error a userID is a text
tim.login({ userID: 1, userSig: '' });
// @ts-expect-error no such method
tim.signIn({ userID: 'ann', userSig: '' });
// @ts-expect-error a handler is needed
tim.on(TIM.EVENT.SDK_READY);
// @ts-expect-error a handler is a function
tim.on(TIM.EVENT.SDK_READY, 'handler');
// @ts-expect-error no such constant
console.log(TIM.EVENT.MESSAGE_RECIEVED);
// @ts-expect-error no such constant
console.log(TIM.TYPES.MSG_TXT);
// @ts-expect-error constants are read-only
TIM.TYPES.MSG_TEXT = 'x';
// @ts-expect-error nobody to send to
tim.createTextMessage({ conversationType: TIM.TYPES.CONV_C2C, payload: { text: '' } });
// @ts-expect-error nothing to send
tim.sendMessage();
// @ts-expect-error a message is needed, not its ID
tim.sendMessage(message.ID);
// @ts-expect-error no such field
console.log(message.content);
// @ts-expect-error may be null
tim.findMessage('x').payload;
// @ts-expect-error a conversation is needed
tim.getMessageList({});
// @ts-expect-error an unknown property
tim.updateMyProfile({ nickname: 'x' });
// @ts-expect-error a list is needed
tim.getUserProfile({ userIDList: 'bob' });
