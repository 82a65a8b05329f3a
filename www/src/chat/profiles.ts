// My own profile, kept up to date, and those I look at.

import { shallowReactive } from 'vue';
import { TIM, type Listeners, type Tim } from './sdk';
import type { ExactProfile } from 'tim-wasm';

export interface ProfileView {
  userID: string;
  nick: string;
  avatar: string;
  signature: string;
}

export interface Profiles {
  readonly state: { readonly mine: ProfileView };
  /** Changes what differs; resolves when everybody can see it. */
  update(changes: { nick: string; avatar: string }): Promise<void>;
  fetch(userID: string): Promise<ProfileView | undefined>;
}

export function createProfiles(tim: Tim, { on }: Listeners, me: string, ready: Promise<void>): Profiles {
  const state = shallowReactive({ mine: { userID: me, nick: '', avatar: '', signature: '' } as ProfileView });

  on(TIM.EVENT.PROFILE_UPDATED, ({ data }) => {
    const mine = data.find((it) => it.userID === me);
    if (mine) state.mine = viewOf(mine);
  });
  ready
    .then(() => tim.getMyProfile())
    .then(({ data }) => (state.mine = viewOf(data)))
    // It is shown as far as it is known; the user ID always is.
    .catch(() => {});

  return {
    state,
    async update({ nick, avatar }) {
      // Only what changed: an empty update is refused.
      const changes = {
        ...(nick === state.mine.nick ? {} : { nick }),
        ...(avatar === state.mine.avatar ? {} : { avatar }),
      };
      if (Object.keys(changes).length === 0) return;
      const { data } = await tim.updateMyProfile(changes);
      state.mine = viewOf(data);
    },
    async fetch(userID) {
      const { data } = await tim.getUserProfile({ userIDList: [userID] });
      return data[0] && viewOf(data[0]);
    },
  };
}

const viewOf = ({ userID, nick, avatar, selfSignature }: ExactProfile): ProfileView => ({ userID, nick, avatar, signature: selfSignature });
