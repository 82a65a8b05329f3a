// The `TIM` namespace itself; the enums of constants.d.ts are its other half.

import type { ChatSDK, CreateOptions } from './sdk.js';

/** Version of this package. */
export declare const VERSION: string;

/**
 * Makes the instance of an app, or gives the one there is: one per SDKAppID until its `destroy`.
 * Loading the WebAssembly starts here, in the background.
 *
 * Throws 6017 when `options` is not an object; returns `null` (and logs 2000) when `SDKAppID` is missing or no number.
 */
export declare function create(options: CreateOptions): ChatSDK;
