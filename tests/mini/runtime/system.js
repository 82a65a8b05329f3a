// What the host tells about itself and the device, and its random numbers.

import { randomBytes } from 'node:crypto';
import { toProgram } from './bytes.js';
import { Failure } from './realm.js';

const MOST_RANDOM_BYTES = 1048576;

/** The functions for `wx`. */
export function createSystem({ calls, profile, settings, lifecycle, launched }) {
  const base = {
    SDKVersion: '3.6.0',
    version: '8.0.50',
    language: 'zh_CN',
    theme: 'light',
    enableDebug: false,
    host: { env: 'WeChat', appId: '' },
  };
  const device = { brand: 'devices', model: 'simulated', platform: profile.platform, system: profile.system };
  const screen = {
    ...{ pixelRatio: 2, screenWidth: 375, screenHeight: 812, windowWidth: 375, windowHeight: 724, statusBarHeight: 44 },
    safeArea: { left: 0, right: 375, top: 44, bottom: 778, width: 375, height: 734 },
  };
  const now = (name, value) => calls.synchronous(name, () => value());
  return {
    getSystemInfoSync: now('getSystemInfoSync', () => ({ ...base, ...device, ...screen })),
    getSystemInfo: calls.asynchronous('getSystemInfo', () => ({ ...base, ...device, ...screen })),
    getAppBaseInfo: now('getAppBaseInfo', () => base),
    getDeviceInfo: now('getDeviceInfo', () => device),
    getWindowInfo: now('getWindowInfo', () => screen),
    getAccountInfoSync: now('getAccountInfoSync', () => ({
      miniProgram: { appId: settings.appId, envVersion: 'develop', version: '' },
    })),
    getLaunchOptionsSync: now('getLaunchOptionsSync', launched),
    getEnterOptionsSync: now('getEnterOptionsSync', launched),
    getNetworkType: calls.asynchronous('getNetworkType', () =>
      calls.attempt('getNetworkType', '', () => ({
        networkType: lifecycle.networkType,
        signalStrength: -60,
        hasSystemProxy: false,
        weakNet: false,
      })),
    ),
    getRandomValues: calls.asynchronous('getRandomValues', ({ length }) =>
      calls.attempt('getRandomValues', length, () => {
        if (!Number.isInteger(length) || length < 1 || length > MOST_RANDOM_BYTES) throw new Failure('invalid length');
        return { randomValues: toProgram(randomBytes(length)) };
      }),
    ),
  };
}
