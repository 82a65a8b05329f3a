// One conversation: its messages with the newest in view, and the field to write in.
//
// Knows where the list is scrolled to; nothing of the order of messages, nor of how they travel.

const session = require('../../lib/session.js');
const changes = require('../../lib/changes.js');
const { rowsOf } = require('../../lib/rows.js');
const { nowInSeconds } = require('../../lib/time.js');
const { explain } = require('../../lib/words.js');

Page({
  data: {
    name: '',
    banner: '',
    rows: [],
    /** The newest page: `loading`, `there` or `failed`; older ones: `idle`, `loading` or `failed`. */
    newest: 'loading',
    older: 'idle',
    complete: false,
    failure: '',
    text: '',
    canSend: false,
    /** What is scrolled into view. */
    anchor: '',
    /** Messages that came while the newest was not in view. */
    unseen: 0,
    /** Height of the keyboard, which lies over the page. */
    keyboard: 0,
  },

  onLoad({ id }) {
    this.unwatch = [];
    this.atEnd = true;
    this.chat = session.state.now.chat;
    if (!this.chat) return;
    const conversationID = decodeURIComponent(id);
    this.timeline = this.chat.timeline(conversationID);
    this.unwatch.push(this.chat.network.state.watch((now) => this.setData(now)));
    this.unwatch.push(this.timeline.state.watch((now) => this.show(now)));
    this.unwatch.push(this.chat.conversations.state.watch(() => this.callIt(this.chat.conversations.nameOf(conversationID))));
    this.chat.ready.then(() => {
      this.isReady = true;
      this.judge();
    });
    this.retry();
  },

  onShow() {
    this.isVisible = true;
    if (this.timeline) this.timeline.markRead();
  },

  onHide() {
    this.isVisible = false;
  },

  onUnload() {
    this.unwatch.forEach((end) => end());
  },

  callIt(name) {
    if (name === this.data.name) return;
    this.setData({ name });
    wx.setNavigationBarTitle({ title: name });
  },

  show({ messages, newest, older, complete, failure }) {
    const rows = rowsOf(messages, this.data.name, nowInSeconds());
    // Before `setData`, which changes the list in place.
    const first = this.data.rows[0];
    const known = new Set(this.data.rows.map((it) => it.id));
    const patch = changes('rows', this.data.rows, rows);
    this.setData(Object.assign({ newest, older, complete, failure }, patch));
    if (rows.length > 0) this.follow(rows, first, known);
  },

  /** Scrolls to where the list is to be after a change: `first` was at its beginning, `known` were in it. */
  follow(rows, first, known) {
    if (!first) return this.toEnd();
    // What was the first message stays where it is, the older ones are above it.
    if (rows[0].id !== first.id) return this.atEnd ? this.toEnd() : this.setData({ anchor: first.anchor });
    const fresh = rows.filter((it) => !known.has(it.id));
    const arrived = fresh.filter((it) => it.flow === 'in').length;
    if (arrived > 0 && this.isVisible) this.timeline.markRead();
    if (fresh.length > arrived || (fresh.length > 0 && this.atEnd)) this.toEnd();
    else if (arrived > 0) this.setData({ unseen: this.data.unseen + arrived });
  },

  retry() {
    this.timeline.open();
  },

  loadOlder() {
    this.timeline.loadOlder();
  },

  scrolled({ detail }) {
    // Upwards; the end is noticed by itself.
    if (detail.deltaY > 0) this.atEnd = false;
  },

  reachedEnd() {
    this.atEnd = true;
    if (this.data.unseen > 0) this.setData({ unseen: 0 });
  },

  toEnd() {
    this.reachedEnd();
    // The view scrolls when this changes, so it has to change.
    this.setData({ anchor: '' }, () => this.setData({ anchor: 'end' }));
  },

  keyboardMoved({ detail }) {
    this.setData({ keyboard: detail.height });
    if (this.atEnd) this.toEnd();
  },

  hideKeyboard() {
    if (this.data.keyboard > 0) wx.hideKeyboard();
  },

  typed({ detail }) {
    this.setData({ text: detail.value });
    this.judge();
  },

  /** Whether there is something to send and somebody to take it. */
  judge() {
    const canSend = Boolean(this.isReady) && this.data.text.trim() !== '';
    if (canSend !== this.data.canSend) this.setData({ canSend });
  },

  send() {
    if (!this.data.canSend) return;
    try {
      this.timeline.send(this.data.text);
      this.setData({ text: '', canSend: false });
    } catch (error) {
      wx.showToast({ title: explain(error), icon: 'none' });
    }
  },

  resend({ currentTarget }) {
    this.timeline.resend(currentTarget.dataset.id);
  },
});
