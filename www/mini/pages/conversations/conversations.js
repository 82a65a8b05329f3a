// The conversation list: who, the last thing said, when, and how much is unread.
//
// Knows nothing of messages. The program begins with this page; without a login it is left at once.

const session = require('../../lib/session.js');
const changes = require('../../lib/changes.js');
const { rowsOf } = require('../../lib/conversations.js');
const { userIDProblem } = require('../../lib/names.js');
const { nowInSeconds } = require('../../lib/time.js');
const { explain } = require('../../lib/words.js');

Page({
  data: {
    me: '',
    banner: '',
    rows: [],
    /** A list has come; without, there may be conversations that are not known yet. */
    known: false,
    /** “New chat”: what was typed, what is wrong with it, and whether the server is being asked. */
    newUserID: '',
    newProblem: '',
    opening: false,
  },

  onLoad() {
    this.unwatch = [];
    this.chat = session.state.now.chat;
    if (!this.chat) return;
    this.setData({ me: this.chat.userID });
    this.unwatch.push(this.chat.network.state.watch((now) => this.setData(now)));
    this.unwatch.push(this.chat.conversations.state.watch(() => this.show()));
  },

  onShow() {
    this.isVisible = true;
    if (this.chat) this.show();
  },

  onHide() {
    this.isVisible = false;
  },

  onUnload() {
    this.unwatch.forEach((end) => end());
  },

  show() {
    const { list, known, unread } = this.chat.conversations.state.now;
    const rows = rowsOf(list, this.chat.userID, nowInSeconds());
    this.setData(Object.assign({ known }, changes('rows', this.data.rows, rows)));
    // The title is that of the page on top, which may be a conversation.
    if (this.isVisible) wx.setNavigationBarTitle({ title: unread > 0 ? `Chats (${unread})` : 'Chats' });
  },

  open({ currentTarget }) {
    this.goTo(currentTarget.dataset.id);
  },

  goTo(id) {
    wx.navigateTo({ url: `/pages/chat/chat?id=${encodeURIComponent(id)}` });
  },

  typed({ detail }) {
    this.setData({ newUserID: detail.value, newProblem: '' });
  },

  async begin() {
    const userID = this.data.newUserID.trim();
    const problem = userIDProblem(userID);
    if (problem || this.data.opening) return this.setData({ newProblem: problem });
    this.setData({ opening: true });
    try {
      const id = await this.chat.conversations.begin(userID);
      this.setData({ opening: false, newUserID: '' });
      this.goTo(id);
    } catch (error) {
      this.setData({ opening: false, newProblem: explain(error) });
    }
  },

  logOut() {
    wx.showModal({
      title: `Log out ${this.data.me}?`,
      content: 'What is on this phone stays on it.',
      confirmText: 'Log out',
      cancelText: 'Cancel',
      success: ({ confirm }) => confirm && session.signOut(),
    });
  },
});
