// The connection, as the banner tells it.

import { shallowReactive } from 'vue';
import { TIM, type Listeners } from './sdk';

export interface Network {
  readonly state: {
    readonly net: 'connecting' | 'connected' | 'disconnected';
    /** There was a connection, or there was no getting one: more than the moment of starting. */
    readonly lost: boolean;
  };
  /** A login found no server. */
  unreachable(): void;
}

export function createNetwork({ on }: Listeners): Network {
  const state = shallowReactive({ net: 'connecting' as Network['state']['net'], lost: false });

  on(TIM.EVENT.NET_STATE_CHANGE, ({ data }) => {
    state.net = data.state;
    if (data.state === TIM.TYPES.NET_STATE_DISCONNECTED) state.lost = true;
    if (data.state === TIM.TYPES.NET_STATE_CONNECTED) state.lost = false;
  });

  return {
    state,
    unreachable() {
      state.net = 'disconnected';
      state.lost = true;
    },
  };
}
