// A person in front of the demo: what they do and what they see, in the words of the tests.
//
// Knows the page's `data-testid`s (see www/README.md) and nothing of the SDK inside. `see…` methods
// wait; the others look once.

import { until } from './until.js';

/** How long anything may take that a test waits for. */
const PATIENCE_MS = 15_000;

/** What the SDK says, once, when it cannot use the database of the browser. */
const DATABASE_TROUBLE = /local database cannot be used/;

export class Person {
  /** Lines of the console that are errors, and what was thrown in the page. */
  complaints = [];

  constructor(page, origin, userID) {
    this.page = page;
    this.origin = origin;
    this.userID = userID;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (line) => line.type() === 'error' && this.complaints.push(line.text()));
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  // ---- coming and going

  async visit() {
    await this.page.goto(`${this.origin}/`);
  }

  async signIn(userID = this.userID) {
    await this.at('login-user').fill(userID);
    await this.at('login-submit').click();
    await this.seeReady();
  }

  /** Waits until the SDK serves requests. */
  async seeReady() {
    await this.page.locator('[data-testid=new-chat-submit]:enabled').waitFor();
  }

  /** A second tab of the same browser. */
  async newTab() {
    const page = await this.page.context().newPage();
    return new Person(page, this.origin, this.userID);
  }

  leave() {
    return this.page.context().close();
  }

  // ---- the network; for people on a cable

  async goOffline() {
    this.cable.cut();
    await this.page.context().setOffline(true);
    await this.seeBanner();
  }

  /** The link works again, and the browser says so to the page. */
  async goOnline() {
    this.cable.mend();
    // The browser tells the page of a change only.
    await this.page.context().setOffline(true);
    await this.page.context().setOffline(false);
    await this.seeNoBanner();
  }

  // ---- conversations

  row(peer) {
    return this.page.locator(`[data-testid=conversation-row][data-conversation-id="C2C${peer.userID ?? peer}"]`);
  }

  async open(peer) {
    await this.row(peer).click();
    await this.seeHistory();
  }

  async startChat(userID) {
    await this.at('new-chat-input').fill(userID);
    await this.at('new-chat-submit').click();
  }

  /** Opens a conversation that is not in the list yet. */
  async chatWith(peer) {
    await this.startChat(peer.userID);
    await this.seeHistory();
  }

  /** The newest page is on the screen. */
  async seeHistory() {
    await this.page.locator('[data-testid=history-start], [data-testid=load-older]').first().waitFor();
  }

  async badge(peer) {
    const badge = this.row(peer).getByTestId('unread-badge');
    return (await badge.count()) ? badge.innerText() : '';
  }

  async totalUnread() {
    const total = this.at('total-unread');
    return (await total.count()) ? total.innerText() : '';
  }

  // ---- messages

  /** Types a message and sends it with Enter; does not wait for what becomes of it. */
  async say(text) {
    const composer = this.at('composer');
    await composer.fill(text);
    await composer.press('Enter');
  }

  /** Sends many messages, as fast as a server lets one person write. */
  async sayAll(texts) {
    await this.at('composer').evaluate(async (field, all) => {
      for (const text of all) {
        field.value = text;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
        field.form.requestSubmit();
        await new Promise((resolve) => setTimeout(resolve, 12));
      }
    }, texts);
  }

  message(text) {
    return this.at('message').filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** The messages on the screen from top to bottom. */
  messages() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid=message]')].map((it) => ({
        id: it.dataset.messageId,
        text: it.querySelector('.text')?.textContent ?? '',
        status: it.dataset.status,
        flow: it.dataset.flow,
        read: it.dataset.peerRead === 'true',
      })),
    );
  }

  async texts() {
    return (await this.messages()).map((it) => it.text);
  }

  async seeTexts(expected, options) {
    await until(() => this.texts(), expected, { what: `what ${this.userID} sees`, ...options });
  }

  async statusOf(text) {
    return (await this.messages()).filter((it) => it.text === text).map((it) => it.status);
  }

  /** Exactly one message says this, and this became of it. */
  async seeStatus(text, status, options) {
    await until(() => this.statusOf(text), [status], { what: `“${text}” at ${this.userID}`, ...options });
  }

  async resend(text) {
    await this.message(text).getByTestId('resend').click();
  }

  /** Sends a failed message again, unless it turns out to be there already. */
  async resendUnlessSent(text) {
    await until(
      async () => {
        const status = await this.statusOf(text);
        // It may become sent between the look and the click.
        if (status[0] === 'fail') await this.message(text).getByTestId('resend').click({ timeout: 500 }).catch(() => {});
        return status;
      },
      ['success'],
      { what: `“${text}” at ${this.userID}` },
    );
  }

  /** Scrolls back to the beginning of the conversation. */
  async scrollBack(end = this.at('history-start')) {
    await until(
      async () => {
        await this.at('messages').evaluate((it) => it.scrollTo({ top: 0 }));
        return end.count();
      },
      1,
      { patience: 30_000, what: 'the beginning of the conversation' },
    );
  }

  // ---- the rest

  /** `''` while connected, else what the banner says. */
  async banner() {
    const banner = this.at('network-banner');
    return (await banner.count()) ? banner.getAttribute('data-state') : '';
  }

  async seeBanner() {
    await this.at('network-banner').waitFor();
  }

  async seeNoBanner(options = { patience: 40_000 }) {
    await until(() => this.at('network-banner').count(), 0, { what: `${this.userID} is connected`, ...options });
  }

  /** How often the SDK said that it goes on without the database. */
  databaseTroubles() {
    return this.complaints.filter((line) => DATABASE_TROUBLE.test(line)).length;
  }
}

/** What both see, once both see it in the same order. */
export async function sameOrder(one, other) {
  let order;
  await until(
    async () => {
      order = await one.texts();
      const others = await other.texts();
      if (others.length !== order.length) return `${order.length} and ${others.length} messages`;
      return order.findIndex((text, index) => text !== others[index]);
    },
    -1,
    { what: `the first message that ${one.userID} and ${other.userID} see at different places` },
  );
  return order;
}
