// The connection, as one sentence for the banner; none while all is well.
//
// The first moment of connecting passes without a word. Knows nothing of what waits for the network.

const TIM = require('tim-wasm/mini');
const createState = require('./state.js');

const PATIENCE_MS = 1500;
const CONNECTING = 'Connecting…';
const OFFLINE = 'You are offline. Messages are sent when the connection is back.';

/** The state is `{ banner }`. */
module.exports = function createNetwork(tim) {
  const state = createState({ banner: '' });
  let timer = setTimeout(() => state.set({ banner: CONNECTING }), PATIENCE_MS);

  function show(banner) {
    clearTimeout(timer);
    if (banner !== state.now.banner) state.set({ banner });
  }

  tim.on(TIM.EVENT.NET_STATE_CHANGE, ({ data }) => {
    if (data.state === TIM.TYPES.NET_STATE_CONNECTED) show('');
    // While it tries again it is still offline to a person.
    if (data.state === TIM.TYPES.NET_STATE_DISCONNECTED) show(OFFLINE);
  });

  return {
    state,
    /** A login found no server. */
    unreachable: () => show(OFFLINE),
  };
};
