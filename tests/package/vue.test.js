// Vue 3: the screen follows, although the application hands our objects back through its proxies.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';

let town, ann, bob;
before(async () => {
  town = await openTown();
  [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await ann.addScriptTag({ url: '/vue/vue.global.prod.js' });
  await ann.evaluate(() => {
    document.body.innerHTML = '<div id="screen"></div>';
    const { createApp, reactive } = window.Vue;
    window.state = reactive({ messages: [], conversations: [], tim: window.tim });
    createApp({
      data: () => ({ state: window.state }),
      template: `<p v-for="it in state.messages" :key="it.ID">{{ it.payload.text }}: {{ it.status }}{{ it.isResend ? ', again' : '' }}</p>
        <b v-for="it in state.conversations" :key="it.conversationID">{{ it.unreadCount }} {{ it.lastMessage.messageForShow }}</b>`,
    }).mount('#screen');
    window.screen_ = () => document.getElementById('screen').innerText.trim();
    /** What the screen shows once it shows something that fits. */
    window.shows = async (fits) => {
      const deadline = Date.now() + 5000;
      while (!fits.test(window.screen_()) && Date.now() < deadline) await window.wait(10);
      return window.screen_();
    };
  });
});
after(() => town?.end());

test('a message sent through a reactive proxy changes on the screen', async () => {
  const shown = await ann.evaluate(async (to) => {
    const { state } = window;
    state.messages = [window.text(window.tim, to, 'hello')];
    await window.Vue.nextTick();
    const shown = [window.screen_()];
    const [proxy] = state.messages;
    const { data } = await window.tim.sendMessage(proxy);
    await window.Vue.nextTick();
    return [...shown, window.screen_(), data.message === proxy, window.Vue.isReactive(proxy)];
  }, bob.userID);
  assert.deepEqual(shown, ['hello: unSend', 'hello: success', true, true]);
});

test('a failed message resent through its proxy changes back and forth', async () => {
  const shown = await ann.evaluate(async () => {
    const { state, Vue } = window;
    state.messages = [window.text(window.tim, 'nobody-has-this-name', 'lost')];
    const [proxy] = state.messages;
    await window.tim.sendMessage(proxy).catch(() => {});
    await Vue.nextTick();
    const shown = [window.screen_()];
    proxy.status = 'unSend';
    await Vue.nextTick();
    shown.push(window.screen_());
    const error = await window.tim.resendMessage(proxy).catch((it) => it);
    await Vue.nextTick();
    return [...shown, window.screen_(), error.data.message === proxy];
  });
  assert.deepEqual(shown, ['lost: fail', 'lost: unSend', 'lost: fail, again', true]);
});

test('the instance works through a proxy', async () => {
  const seen = await ann.evaluate(async () => {
    const { tim } = window.state;
    const { data } = await tim.getMyProfile();
    return [window.Vue.isReactive(tim), data.userID, JSON.stringify(tim)];
  });
  assert.deepEqual(seen, [true, ann.userID, '{}']);
});

test('the conversation list rendered from the event follows', async () => {
  const shown = ann.evaluate(() => {
    window.state.messages = [];
    window.tim.on(window.TIM.EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => (window.state.conversations = data));
    return window.shows(/news/);
  });
  await bob.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'news')).then(() => undefined), ann.userID);
  assert.match(await shown, /^1 news/);
  const cleared = await ann.evaluate(async (peer) => {
    await window.tim.setMessageRead({ conversationID: `C2C${peer}` });
    return window.shows(/0 news/);
  }, bob.userID);
  assert.match(cleared, /^0 news/);
});
