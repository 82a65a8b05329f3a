// What a message says to a person, and what is no message at all.

import { describe, expect, it } from 'vitest';
import TIM, { type ExactMessage } from 'tim-wasm';
import { isSignal, place, spoken, viewOf } from './message-view';
import { saysTyping, typingSignal } from './typing-signal';

const message = (type: string, payload: unknown, more: Partial<ExactMessage> = {}) =>
  ({ ID: '1-2-3', type, payload, flow: 'in', from: 'bob', nick: '', nameCard: '', time: 1, status: 'success', isPeerRead: false, isRevoked: false, ...more }) as ExactMessage;

const said = (it: ExactMessage) => spoken(viewOf(it).content);

describe('a message says', () => {
  it('its text', () => expect(said(message(TIM.TYPES.MSG_TEXT, { text: '<b>hi</b>' }))).toBe('<b>hi</b>'));
  it('the name of its sticker', () => expect(said(message(TIM.TYPES.MSG_FACE, { index: 0, data: 'Smile' }))).toBe('Sticker: Smile'));
  it('the number of a sticker without a name', () => expect(said(message(TIM.TYPES.MSG_FACE, { index: 0, data: '' }))).toBe('Sticker: 0'));
  it('the place, or its coordinates', () => {
    expect(said(message(TIM.TYPES.MSG_LOCATION, { description: 'Home', latitude: 1, longitude: 2 }))).toBe('Location: Home');
    expect(place({ latitude: -33.8568, longitude: -70.5 })).toBe('33.8568° S, 70.5000° W');
  });
  it('that it was recalled, and no longer what it said', () => {
    expect(said(message(TIM.TYPES.MSG_TEXT, { text: 'secret' }, { isRevoked: true }))).toBe('Message recalled');
  });
  it('something even when its kind is unknown', () => expect(said(message('TIMNewElem', {}))).toMatch(/cannot be shown/));
});

it('the reason of a failure belongs to a failed message only', () => {
  const failed = message(TIM.TYPES.MSG_TEXT, { text: 'x' }, { status: 'fail' });
  expect(viewOf(failed, 'no network').failure).toBe('no network');
  expect(viewOf({ ...failed, status: 'success' } as ExactMessage, 'no network').failure).toBe('');
});

describe('a typing signal', () => {
  it('is no message', () => expect(isSignal(message(TIM.TYPES.MSG_CUSTOM, typingSignal()))).toBe(true));
  it('is told from other custom messages', () => {
    for (const data of ['', 'user_typing_status', '{"businessID":"order"}', '{"businessID":"user_typing_status_2"}', 'null']) {
      expect(isSignal(message(TIM.TYPES.MSG_CUSTOM, { data, description: '', extension: '' }))).toBe(false);
    }
  });
  it('may also say that typing ended', () => {
    expect(saysTyping(typingSignal())).toBe(true);
    expect(saysTyping({ data: '{"businessID":"user_typing_status","typingStatus":0}', description: '', extension: '' })).toBe(false);
  });
});
