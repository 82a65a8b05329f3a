// The server ended the login. It stays so, also over a restart, until somebody asks for it back: two
// phones that log in by themselves would throw each other out for ever.
//
// Knows nothing of how somebody is logged in.

const session = require('../../lib/session.js');
const { colourOf, initialsOf } = require('../../lib/names.js');
const { explainKick } = require('../../lib/words.js');

Page({
  data: { userID: '', initials: '', colour: '', reason: '', busy: false, failure: '' },

  onLoad() {
    this.unwatch = session.state.watch(({ userID, kicked, busy, failure }) => {
      const colour = colourOf(`C2C${userID}`);
      this.setData({ userID, initials: initialsOf(userID), colour, reason: explainKick(kicked), busy, failure });
    });
  },

  onUnload() {
    this.unwatch();
  },

  again() {
    session.signInAgain();
  },

  somebodyElse() {
    session.signOut();
  },
});
