// The `TIM` namespace: constants and the factory. Everything here must work without a page, because
// applications import it on servers, too.

import type { ChatSDK } from '../types/sdk.js';
import { serverAddress, surroundings } from './address.js';
import { EVENT, TYPES } from './constants.js';
import { Code, TimError } from './error.js';
import { shared } from './instances.js';
import { loadEngine } from './loader.js';
import { createInstance } from './tim.js';

/** Version of the package; set by the build. */
declare const __VERSION__: string;

const { instances, namespaces } = shared();

/** A whole number, or its digits. */
function appId(given: unknown): number | undefined {
  const text = typeof given === 'number' || typeof given === 'string' ? String(given) : '';
  return /^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined;
}

function create(options: { SDKAppID?: unknown; proxyServer?: unknown }): ChatSDK | null {
  if (typeof options !== 'object' || options === null) {
    throw new TimError({ code: Code.INVALID_PARAMETERS, message: 'create: options must be an object' });
  }
  const SDKAppID = appId(options.SDKAppID);
  if (SDKAppID === undefined) {
    console.error(`TIM: create: SDKAppID must be a number (${Code.NO_SDKAPPID})`);
    return null;
  }
  let tim = instances.get(SDKAppID);
  if (!tim) {
    const url = serverAddress(options.proxyServer, surroundings());
    tim = createInstance({ SDKAppID, url, version: __VERSION__ }, loadEngine, (leaving) => {
      if (instances.get(SDKAppID) === leaving) instances.delete(SDKAppID);
    });
    instances.set(SDKAppID, tim);
  }
  return tim;
}

const namespace = { create, TYPES: { ...TYPES }, EVENT: { ...EVENT }, VERSION: __VERSION__ };

export const TIM = (namespaces[__VERSION__] ??= namespace) as typeof namespace;
