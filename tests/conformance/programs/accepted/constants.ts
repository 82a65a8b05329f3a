// Constants as values, as types, as keys and under other names.

import TIM from 'tim-js-sdk';

const type: TIM.TYPES = TIM.TYPES.CONV_GROUP;
const text: TIM.TYPES.MSG_TEXT = TIM.TYPES.MSG_TEXT;
const event: TIM.EVENT = TIM.EVENT.MESSAGE_RECEIVED;
const name: string = TIM.EVENT.MESSAGE_RECEIVED;
const { EVENT, TYPES } = TIM;

const labels: Partial<Record<TIM.TYPES, string>> = { [TIM.TYPES.MSG_TEXT]: 'text', [TYPES.MSG_IMAGE]: 'image' };
const names: Record<string, string> = { [EVENT.SDK_READY]: 'ready', [TIM.TYPES.CONV_C2C]: 'person' };
const mark: number = TIM.TYPES.CONV_MARK_TYPE_FOLD;
const status = [TIM.TYPES.USER_STATUS_ONLINE, TIM.TYPES.USER_STATUS_OFFLINE].indexOf(1);
const all: Array<keyof typeof TIM.TYPES> = ['MSG_AT_ALL', 'READ_ALL_MSG'];
const byName: TIM.TYPES = TIM.TYPES['MSG_REMIND_DISCARD'];

function isText(it: { type: TIM.TYPES }): boolean {
  return it.type === TIM.TYPES.MSG_TEXT;
}

type Handlers = { [Name in keyof typeof TIM.EVENT]?: (event: any) => void };
const handlers: Handlers = { MESSAGE_RECEIVED: () => {}, KICKED_OUT: () => {} };

namespace Alias {
  export import Types = TIM.TYPES;
}
const aliased: Alias.Types = Alias.Types.GRP_PUBLIC;
(window as any).TIM = TIM;
export default TIM;
export { type, text, event, name, labels, names, mark, status, all, byName, isText, handlers, aliased };
