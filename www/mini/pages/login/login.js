// The login: a server and a user ID; and a UserSig, where the server does not sign for the asking.
//
// Checks what was typed. Knows nothing of how somebody is logged in, and does not move on by itself.

const session = require('../../lib/session.js');
const { userIDProblem } = require('../../lib/names.js');
const { recall } = require('../../lib/remembered.js');
const { addressOf } = require('../../lib/server.js');

/** Where tim-server listens when nobody tells it otherwise. */
const USUAL_SERVER = 'http://127.0.0.1:8080';

Page({
  data: {
    server: '',
    userID: '',
    SDKAppID: '',
    userSig: '',
    /** What is wrong with each field; set on submit, taken back on typing. */
    problems: { server: '', userID: '', SDKAppID: '', userSig: '' },
    manual: false,
    busy: false,
    failure: '',
  },

  onLoad() {
    const { server, userID } = recall();
    this.setData({ server: server || USUAL_SERVER, userID: userID || session.state.now.userID });
    this.unwatch = session.state.watch(({ manual, busy, failure }) => this.setData({ manual, busy, failure }));
  },

  onUnload() {
    this.unwatch();
  },

  typed({ currentTarget, detail }) {
    const { field } = currentTarget.dataset;
    this.setData({ [field]: detail.value, [`problems.${field}`]: '' });
  },

  toggleManual() {
    session.setManual(!this.data.manual);
  },

  submit() {
    if (this.data.busy) return;
    const { manual } = this.data;
    const server = addressOf(this.data.server);
    const userID = this.data.userID.trim();
    const SDKAppID = this.data.SDKAppID.trim();
    const userSig = this.data.userSig.trim();
    const problems = {
      server: server ? '' : 'Enter an address such as https://chat.example.org.',
      userID: userIDProblem(userID),
      SDKAppID: !manual || /^[1-9]\d*$/.test(SDKAppID) ? '' : 'The SDKAppID is a number.',
      userSig: !manual || userSig ? '' : 'Paste the UserSig.',
    };
    this.setData({ problems });
    if (Object.keys(problems).some((field) => problems[field])) return;
    session.signIn(manual ? { server, userID, SDKAppID: Number(SDKAppID), userSig } : { server, userID });
  },
});
