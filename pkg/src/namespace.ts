// The `TIM` namespace: constants and the factory. Everything here must work before there is a page or
// a program, because applications import it on servers, too.

import type { ChatSDK } from '../types/sdk.js';
import { EVENT, TYPES } from './constants.js';
import type { Loaded } from './engine.js';
import { Code, TimError } from './error.js';
import { createInstance } from './tim.js';

/** Version of the package; set by the build. */
declare const __VERSION__: string;

/** What `TIM.create` is called with; hosts have options of their own. */
export type CreateOptions = { SDKAppID?: unknown; proxyServer?: unknown } & Record<string, unknown>;

/** What differs between the places where an application runs. */
export interface Home {
  /** Gets the engine; may be called again after a failure. */
  load(options: CreateOptions): Promise<Loaded>;
  /** The server's WebSocket, or `''` when nobody says where it is. */
  address(proxyServer: unknown): string;
  /** The user's language as a BCP 47 tag, or `''`. */
  language(): string;
  /** Instances by numeric SDKAppID, of every copy of the package that can be found. */
  instances: Map<number, ChatSDK>;
}

/** A whole number, or its digits. */
function appId(given: unknown): number | undefined {
  const text = typeof given === 'number' || typeof given === 'string' ? String(given) : '';
  return /^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined;
}

export function createNamespace({ load, address, language, instances }: Home) {
  function create(options: CreateOptions): ChatSDK | null {
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
      const settings = { SDKAppID, url: address(options.proxyServer), language: language(), version: __VERSION__ };
      tim = createInstance(settings, () => load(options), (leaving) => {
        if (instances.get(SDKAppID) === leaving) instances.delete(SDKAppID);
      });
      instances.set(SDKAppID, tim);
    }
    return tim;
  }

  return { create, TYPES: { ...TYPES }, EVENT: { ...EVENT }, VERSION: __VERSION__ };
}

export type Namespace = ReturnType<typeof createNamespace>;
