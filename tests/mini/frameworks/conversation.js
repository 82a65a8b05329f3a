// What the page of every fixture does: log in, wait until the SDK is ready, send one text message,
// note what arrives. build.js puts this file into each fixture's `src`.
//
// The test says who talks to whom in the storage entry `town` before it starts the program, and reads
// in the entry `outcome` how far it came: `{ ready, sent: { ID, status }, received: [{ ID, from, text }], error }`.

export async function converse(TIM, show) {
  const outcome = { ready: false, received: [] };
  const tell = (news) => {
    Object.assign(outcome, news);
    wx.setStorageSync('outcome', outcome);
    show({ ...outcome });
  };
  try {
    const { SDKAppID, proxyServer, userID, userSig, to, text } = wx.getStorageSync('town');
    const tim = TIM.create({ SDKAppID, proxyServer });
    tim.on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
      const news = data.map((it) => ({ ID: it.ID, from: it.from, text: it.payload.text }));
      tell({ received: [...outcome.received, ...news] });
    });
    const ready = new Promise((resolve) => tim.on(TIM.EVENT.SDK_READY, resolve));
    await tim.login({ userID, userSig });
    await ready;
    tell({ ready: true });
    const message = tim.createTextMessage({ to, conversationType: TIM.TYPES.CONV_C2C, payload: { text } });
    const { data } = await tim.sendMessage(message);
    tell({ sent: { ID: data.message.ID, status: data.message.status } });
  } catch (error) {
    tell({ error: { code: error.code, message: error.message } });
  }
}
