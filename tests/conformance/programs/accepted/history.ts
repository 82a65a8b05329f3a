// Pages of history and read marks, in a class and with promises.

import TIM from 'tim-js-sdk';
import type { Message } from 'tim-js-sdk';

const tim = TIM.create({ SDKAppID: 1400000000 });

class Store {
  messages: Message[] = [];
  nextReqMessageID = '';
  isCompleted = false;

  async more(conversationID: string): Promise<number> {
    const res = await tim.getMessageList({ conversationID, nextReqMessageID: this.nextReqMessageID });
    const messageList = res.data.messageList;
    this.messages = [...messageList, ...this.messages];
    this.nextReqMessageID = res.data.nextReqMessageID;
    this.isCompleted = res.data.isCompleted;
    return messageList.length;
  }

  jump(sequence: number): Promise<Message[]> {
    return tim
      .getMessageListHopping({ conversationID: 'GROUPg', sequence, direction: 1 })
      .then((imResponse) => imResponse.data.messageList)
      .catch(() => []);
  }
}

export const promise: Promise<any> = tim.setMessageRead({ conversationID: 'C2Cexample' });
promise.then((imResponse) => imResponse.whatever.comes);
tim.getMessageListHopping({ conversationID: 'C2Ca', time: 1, direction: 0 });
const page: { data: { messageList: { ID: string; own: boolean }[]; nextReqMessageID: string } } = await tim.getMessageList({
  conversationID: 'C2Cbob',
  nextReqMessageID: undefined,
});
export const own = page.data.messageList.map((it) => it.own);
export const store = new Store();
