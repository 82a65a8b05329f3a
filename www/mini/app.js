// The program's start: begins the session and goes to the page that its state asks for.
//
// Knows nothing of what the pages show, nor how somebody is logged in.

const session = require('./lib/session.js');

const PAGES = {
  chats: '/pages/conversations/conversations',
  login: '/pages/login/login',
  kicked: '/pages/kicked/kicked',
};

App({
  onLaunch() {
    // app.json's first page is there already.
    let screen = 'chats';
    session.begin();
    session.state.watch((now) => {
      if (now.screen === screen) return;
      screen = now.screen;
      wx.reLaunch({ url: PAGES[screen] });
    });
  },
});
