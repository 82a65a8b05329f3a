// The conversation list and single conversations.

import TIM, { ChatSDK, Conversation, Group, Profile } from 'tim-js-sdk';

interface Row extends Conversation {
  checked: boolean;
}

export class ConversationStore {
  private readonly tim: ChatSDK;
  list: Conversation[] = [];
  rows: Row[] = [];
  total = 0;

  constructor(SDKAppID: number) {
    this.tim = TIM.create({ SDKAppID });
    this.tim.on(TIM.EVENT.CONVERSATION_LIST_UPDATED, this.update, this);
    this.tim.on(TIM.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, (event: any) => (this.total = event.data));
  }

  private update(event: { name: TIM.EVENT; data: Conversation[] }): void {
    this.list = event.data.filter((it) => it.type !== TIM.TYPES.CONV_SYSTEM);
  }

  async load(): Promise<void> {
    const imResponse = await this.tim.getConversationList();
    this.list = imResponse.data.conversationList;
    this.rows = imResponse.data.conversationList;
    const { data: { conversation } } = await this.tim.getConversationProfile('C2Cbob');
    this.list.push(conversation);
    const count: number = this.tim.getTotalUnreadMessageCount();
    this.total = count + conversation.unreadCount;
  }

  title(it: Conversation): string {
    const user: Profile = it.userProfile;
    const group: Group = it.groupProfile;
    return it.type === TIM.TYPES.CONV_C2C ? it.remark || user.nick || user.userID : group.name;
  }

  preview(it: Conversation): string {
    const { lastMessage } = it;
    if (lastMessage.isRevoked) return lastMessage.fromAccount;
    return lastMessage.messageForShow + new Date(lastMessage.lastTime * 1000).toISOString();
  }

  muted = (it: Conversation): boolean => it.messageRemindType === TIM.TYPES.MSG_REMIND_ACPT_NOT_NOTE;
  starred = (it: Conversation): boolean => it.markList.includes(TIM.TYPES.CONV_MARK_TYPE_STAR);
}

const load = new ConversationStore(1).load;
[1, 2].map(load);
declare const tim: ChatSDK;
[1, 2].forEach(tim.getConversationList);
document.addEventListener('click', tim.getConversationList);
