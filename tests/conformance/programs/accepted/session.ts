// Logging in and out, the way it stands in most applications.

import TIM, { ChatSDK } from 'tim-js-sdk';

const tim: ChatSDK = TIM.create({ SDKAppID: 1400000000 });
const other = TIM.create({ SDKAppID: 1400000001, oversea: true });

tim.setLogLevel(0);
tim.registerPlugin({ 'tim-upload-plugin': class {} });

const onReady = () => {};
function onKickedOut(event: any): void {
  switch (event.data.type) {
    case TIM.TYPES.KICKED_OUT_MULT_ACCOUNT:
    case TIM.TYPES.KICKED_OUT_MULT_DEVICE:
    case TIM.TYPES.KICKED_OUT_USERSIG_EXPIRED:
      break;
  }
}

tim.on(TIM.EVENT.SDK_READY, onReady);
tim.on(TIM.EVENT.SDK_NOT_READY, onReady, {});
tim.on(TIM.EVENT.KICKED_OUT, onKickedOut, undefined);
tim.on('any name', new Function());
tim.on(TIM.EVENT.NET_STATE_CHANGE, function (this: { state: string }, event: { name: string; data: { state: string } }) {
  this.state = event.data.state;
});
tim.off(TIM.EVENT.SDK_READY, onReady);
tim.off(TIM.EVENT.SDK_READY, onReady, {});

tim
  .login({ userID: 'ann', userSig: 'eJw…' })
  .then((imResponse: any) => {
    console.log(imResponse.data);
    if (imResponse.data.repeatLogin === true) {
      console.log(imResponse.data.errorInfo);
    }
  })
  .catch((imError: any) => console.warn('login error:', imError));

async function session(): Promise<void> {
  const { data } = await tim.login({ userID: 'ann', userSig: 'eJw…' });
  const tinyID: string = data.tinyID;
  const envelope: { code: number; data: { actionStatus: string } } = await other.login({ userID: tinyID, userSig: '' });
  console.log(envelope.code);
  const nothing: void = await tim.logout();
  const promise: Promise<void> = tim.destroy();
  return promise.then(() => nothing);
}

let later: ChatSDK | null = null;
later = TIM.create({ SDKAppID: 0 });
export const login = later.login.bind(later);
export type Options = Parameters<ChatSDK['login']>[0];
export const options: Options = { userID: 'a', userSig: 'b' };
export type Instance = ReturnType<typeof TIM.create>;
export const instance: Instance = other;
export { session };
