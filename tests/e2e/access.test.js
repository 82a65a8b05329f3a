// With the keyboard alone, with a screen reader's eyes, and on a small screen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
after(() => town.end());

const focused = (person) => person.page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.tagName);

/** Presses Tab, or Shift+Tab, until the focus is on an element. */
async function tabTo(person, id, key = 'Tab') {
  for (let presses = 0; presses < 40; presses++) {
    if ((await focused(person)) === id) return;
    await person.page.keyboard.press(key);
  }
  assert.fail(`${key} does not lead to ${id}`);
}

test('everything can be done with the keyboard', async () => {
  const bob = await town.person('bob');
  const cat = await town.person('cat');
  const ann = await town.visitor('ann');
  const { keyboard } = ann.page;
  assert.equal(await focused(ann), 'login-user');
  await keyboard.type(ann.userID);
  await keyboard.press('Enter');
  await ann.seeReady();

  await tabTo(ann, 'new-chat-input');
  await keyboard.type(bob.userID);
  await keyboard.press('Enter');
  await ann.seeHistory();
  await until(() => focused(ann), 'composer');
  await keyboard.type('two lines:');
  await keyboard.press('Shift+Enter');
  await keyboard.type('this is the second');
  await keyboard.press('Enter');
  await until(() => bob.badge(ann), '1');
  assert.equal(await focused(ann), 'composer');
  assert.equal(await ann.at('composer').inputValue(), '');

  await tabTo(ann, 'more', 'Shift+Tab');
  await keyboard.press('Enter');
  await until(() => focused(ann), 'face-0');
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowDown');
  assert.equal(await focused(ann), 'face-5');
  await keyboard.press('Enter');
  await until(() => bob.badge(ann), '2');
  await until(() => focused(ann), 'composer');

  // The list is one stop of the Tab key; the arrow keys go through it.
  await cat.chatWith(ann);
  await cat.say('from cat');
  await until(() => ann.badge(cat), '1');
  await tabTo(ann, 'conversation-row', 'Shift+Tab');
  const at = () => ann.page.evaluate(() => document.activeElement.dataset.conversationId);
  const rows = await ann.at('conversation-row').evaluateAll((all) => all.map((it) => it.dataset.conversationId));
  assert.equal(await at(), `C2C${bob.userID}`);
  await keyboard.press(rows.indexOf(`C2C${cat.userID}`) === 0 ? 'ArrowUp' : 'ArrowDown');
  assert.equal(await at(), `C2C${cat.userID}`);
  await keyboard.press('Enter');
  await ann.seeTexts(['from cat']);
  await until(() => focused(ann), 'composer');

  await tabTo(ann, 'profile-open', 'Shift+Tab');
  await keyboard.press('Enter');
  await until(() => focused(ann), 'profile-nick');
  await keyboard.press('Escape');
  await ann.at('profile-nick').waitFor({ state: 'detached' });
  await until(() => focused(ann), 'profile-open');

  await tabTo(ann, 'logout');
  await keyboard.press('Enter');
  await until(() => focused(ann), 'login-user');
  await Promise.all([ann, bob, cat].map((it) => it.leave()));
});

test('what there is has roles and names', async () => {
  const [ann, bob] = [await town.visitor('ann'), await town.person('bob')];
  const { page } = ann;
  /** Controls that a screen reader could only call "button" or "text field". */
  const nameless = async () =>
    (await page.locator('body').ariaSnapshot()).split('\n').filter((line) => /^\s*- (button|textbox|searchbox|link|dialog|navigation|img)(\s*\[[^\]]*\])*:?\s*$/.test(line));

  await page.getByRole('heading', { name: 'Log in to chat', level: 1 }).waitFor();
  await page.getByRole('textbox', { name: 'User ID' }).fill('not good');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await until(() => page.getByRole('textbox', { name: 'User ID' }).getAttribute('aria-invalid'), 'true');
  assert.deepEqual(await nameless(), []);
  await ann.signIn();

  await bob.chatWith(ann);
  await bob.say('hello');
  await page.getByRole('navigation', { name: 'Conversation list' }).getByRole('button', { name: new RegExp(`${bob.userID}.*hello.*1.*unread`, 's') }).click();
  await ann.seeTexts(['hello']);
  await page.getByRole('main').getByRole('heading', { name: `Conversation with ${bob.userID}` }).waitFor();
  await page.getByRole('region', { name: 'Messages' }).waitFor();
  await page.getByRole('textbox', { name: `Message to ${bob.userID}` }).fill('hello yourself');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await bob.seeTexts(['hello', 'hello yourself']);
  assert.equal(await ann.row(bob).getAttribute('aria-current'), 'true');
  assert.deepEqual(await nameless(), []);

  // New messages are read out; what was there before, and one's own, are not.
  const log = page.getByRole('log');
  assert.equal(await log.getAttribute('aria-live'), 'polite');
  assert.equal(await log.innerText(), '');
  await bob.say('news');
  await until(() => log.innerText(), `${bob.userID}: news`);

  // A screen reader hears who wrote, and what became of a message.
  assert.match(await ann.message('hello yourself').ariaSnapshot(), /You:.*hello yourself/s);
  await until(async () => /\bread\b/.test(await ann.message('hello yourself').ariaSnapshot()), true);

  await page.getByRole('main').getByRole('button', { name: new RegExp(`${bob.userID}.*profile`) }).click();
  await page.getByRole('dialog', { name: 'Profile' }).waitFor();
  assert.deepEqual(await nameless(), []);
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('textbox', { name: 'User ID of the person to write to' }).fill('nobody-at-all');
  await page.keyboard.press('Enter');
  await until(() => page.getByRole('alert').filter({ hasText: 'nobody' }).count(), 1);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('on a narrow screen list and conversation take turns', async () => {
  const [ann, bob] = [await town.person('ann', { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true }), await town.person('bob')];
  await bob.chatWith(ann);
  await bob.say('a long word: '.repeat(20) + 'x'.repeat(200));
  await bob.say('short');
  await until(() => ann.badge(bob), '2');
  const fits = () => ann.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  const shows = async () => [await ann.row(bob).isVisible(), await ann.at('chat').isVisible()];
  assert.deepEqual(await shows(), [true, false]);
  assert.equal(await fits(), true);

  await ann.row(bob).tap();
  await ann.seeHistory();
  assert.deepEqual(await shows(), [false, true]);
  assert.equal(await fits(), true);
  await ann.say('from a phone');
  await bob.message('from a phone').waitFor();
  await ann.page.reload();
  await ann.message('from a phone').waitFor();
  assert.deepEqual(await shows(), [false, true]);

  await ann.at('back').tap();
  await until(shows, [true, false]);
  await until(() => ann.page.evaluate(() => document.activeElement.dataset.conversationId), `C2C${bob.userID}`);
  // While the list is shown, nothing is read.
  await bob.say('are you there?');
  await until(() => ann.badge(bob), '1');

  await ann.row(bob).tap();
  await until(shows, [false, true]);
  await ann.page.goBack();
  await until(shows, [true, false]);
  await Promise.all([ann.leave(), bob.leave()]);
});
