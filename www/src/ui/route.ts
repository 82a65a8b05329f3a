// Which conversation is open, kept in the address: `#C2Cbob`. So a reload comes back to it, and on a
// narrow screen, where list and conversation take turns, the back button of the browser works.

import { ref } from 'vue';

export const narrow = ref(false);
const query = matchMedia('(max-width: 719px)');
narrow.value = query.matches;
query.addEventListener('change', () => (narrow.value = query.matches));

const inAddress = () => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    // Typed by hand and not an address of ours.
    return '';
  }
};

/** conversationID, or `''`. */
export const openID = ref(inAddress());

addEventListener('popstate', () => (openID.value = inAddress()));

const addressOf = (id: string) => (id ? `#${encodeURIComponent(id)}` : location.pathname + location.search);

export function openConversation(id: string): void {
  if (id === openID.value) return;
  // Going from one conversation to the next is no step to go back on.
  if (openID.value) history.replaceState(history.state, '', addressOf(id));
  else history.pushState({ fromList: true }, '', addressOf(id));
  openID.value = id;
}

export function closeConversation(): void {
  if (!openID.value) return;
  if ((history.state as { fromList?: boolean } | null)?.fromList) return history.back();
  // The page was opened with this address: there is no list to go back to.
  history.replaceState(null, '', addressOf(''));
  openID.value = '';
}

/** After a logout the next person starts at the list. */
export function forgetConversation(): void {
  history.replaceState(null, '', addressOf(''));
  openID.value = '';
}
