// The instance: every method of the API, each a line or two over the engine.
//
// Methods are closures, so that they work detached and through any proxy, and own properties, the
// only ones there are, so that the instance stringifies to `{}`. What a call means, whether it is
// allowed now and what it causes is the engine's business.

import type { ChatSDK as Methods } from '../types/sdk.js';
import { argumentsText, isObject, messageArgumentsText, messageID, messageText } from './arguments.js';
import { EVENT } from './constants.js';
import type { Loaded } from './engine.js';
import { Code, TimError, type Failure } from './error.js';
import { createLink } from './link.js';
import { createListeners } from './listeners.js';
import { createLiveObjects, type ObjectOperation } from './live.js';
import type { Fields } from './update.js';

export interface InstanceOptions {
  SDKAppID: number;
  /** The server's address, or `''`. */
  url: string;
  /** The user's language, or `''`. */
  language: string;
  /** Version of this package. */
  version: string;
}

type Operation = ObjectOperation | { op: 'event'; name: string; data?: unknown };

/** States of the engine from which on somebody is logged in. */
const SYNCING = 2;

/** `console.error` for what goes wrong in the application's own code is a level of its own. */
const SILENT = 4;

/** What `TIM.create` returns; for `instanceof` and as a name, it has no behaviour of its own. */
export class ChatSDK {}

/**
 * @param load gets the engine
 * @param leave called when the instance is destroyed, before anything else
 */
export function createInstance(options: InstanceOptions, load: () => Promise<Loaded>, leave: (tim: Methods) => void): Methods {
  const { SDKAppID } = options;
  let logLevel = 1;
  let ready = false;
  let destroyed: Promise<unknown> | undefined;
  let destroyAnnounced = false;

  function report(problem: string, error: unknown): void {
    if (logLevel < SILENT) console.error(`TIM: ${problem}`, error);
  }

  const listeners = createListeners(() => tim, report);
  const live = createLiveObjects(report);
  const link = createLink({
    engineOptions: JSON.stringify(options),
    load,
    output(operations) {
      for (const operation of JSON.parse(operations) as Operation[]) {
        if (operation.op === 'event') dispatch(operation.name, operation.data);
        else live.apply(operation);
      }
    },
    announce: ({ code, message }) => listeners.dispatch(EVENT.ERROR, { code, message }),
  });

  function dispatch(name: string, data: unknown): void {
    if (name === EVENT.SDK_READY) ready = true;
    if (name === EVENT.SDK_NOT_READY) ready = false;
    if (name === EVENT.SDK_DESTROY) destroyAnnounced = true;
    listeners.dispatch(name, live.revive(data));
  }

  const result = (data: unknown) => ({ code: 0, data: live.revive(data) ?? {} });

  function failed(failure: Failure): never {
    throw new TimError({ ...failure, data: live.revive(failure.data) ?? {} });
  }

  /** A method that only passes its arguments on. */
  function call(method: string, undefinedCounts = false): (...args: unknown[]) => Promise<any> {
    return (...args) => link.call(method, argumentsText(args, undefinedCounts)).then(result, failed);
  }

  const sending = new Map<string, { passed: unknown; promise: Promise<unknown> }>();

  /** `sendMessage` and `resendMessage`: results carry the very object that was passed. */
  function send(method: string): (message: unknown, options?: unknown) => Promise<any> {
    return (message, options) => {
      const ID = messageID(message);
      const running = ID === undefined ? undefined : sending.get(ID);
      if (running && running.passed === message) return running.promise;

      // Mostly it is as the engine made it; then its own text tells the engine so.
      const text = (ID === undefined ? undefined : live.textAsCreated(ID, message as Fields)) ?? messageText(message);
      const release = ID === undefined ? undefined : live.follow(ID, message as Fields);
      const withMessage = (data: unknown) => ({ ...(live.revive(data) as Fields | undefined), message });
      const promise = link
        .call(method, messageArgumentsText(text, options))
        .finally(() => {
          release?.();
          if (ID !== undefined && sending.get(ID)?.promise === promise) sending.delete(ID);
        })
        .then(
          (data) => ({ code: 0, data: withMessage(data) }),
          (failure: Failure) => {
            throw new TimError({ ...failure, data: withMessage(failure.data) });
          },
        );
      if (ID !== undefined) sending.set(ID, { passed: message, promise });
      return promise;
    };
  }

  function create(method: string): (options: unknown) => any {
    return (options) => {
      let made;
      try {
        made = link.create(method, argumentsText([options]));
      } catch (failure) {
        return failed(failure as Failure);
      }
      return live.create(made);
    };
  }

  async function end(): Promise<unknown> {
    leave(tim);
    await link.close();
    ready = false;
    if (!destroyAnnounced) dispatch(EVENT.SDK_DESTROY, { SDKAppID });
    listeners.clear();
    return { code: 0, data: { SDKAppID } };
  }

  const methods: { [Name in keyof Methods]: Methods[Name] } = {
    login: (...args: unknown[]) => link.login(argumentsText(args)).then(result, failed),
    logout: call('logout'),
    destroy: () => (destroyed ??= end()),
    isReady: () => ready,
    getLoginUser: () => link.engine()?.loginUser() ?? '',
    getServerTime: () => link.engine()?.serverTime() ?? Math.floor(Date.now() / 1000),

    on: listeners.on,
    once: listeners.once,
    off: listeners.off,
    registerPlugin(plugins: unknown) {
      // What the known plug-ins do is built in.
      if (!isObject(plugins)) failed({ code: Code.INVALID_PARAMETERS, message: 'registerPlugin: options must be an object' });
    },
    setLogLevel(level: unknown) {
      if (typeof level !== 'number' || ![0, 1, 2, 3, SILENT].includes(level)) return;
      logLevel = level;
      link.setLogLevel(level);
    },
    callExperimentalAPI: async () => ({ code: 0, data: {} }),

    createTextMessage: create('createTextMessage'),
    createCustomMessage: create('createCustomMessage'),
    createFaceMessage: create('createFaceMessage'),
    createLocationMessage: create('createLocationMessage'),
    sendMessage: send('sendMessage'),
    resendMessage: send('resendMessage'),
    getMessageList: call('getMessageList'),
    getMessageListHopping: call('getMessageListHopping'),
    findMessage: (ID: unknown) => ((link.engine()?.state() ?? 0) < SYNCING ? null : (live.find(ID) as any)),
    setMessageRead: call('setMessageRead'),

    getConversationList: call('getConversationList'),
    getConversationProfile: call('getConversationProfile'),
    getTotalUnreadMessageCount: () => link.engine()?.totalUnread() ?? 0,

    getMyProfile: call('getMyProfile'),
    getUserProfile: call('getUserProfile'),
    updateMyProfile: call('updateMyProfile', true),
  };

  const tim = Object.assign(new ChatSDK(), methods) as Methods;
  return tim;
}
