// Whether somebody is looking: the page is visible and has the focus. Only then are messages read.

import { ref, type Ref } from 'vue';

const look = () => document.visibilityState === 'visible' && document.hasFocus();

export const attentive: Ref<boolean> = ref(look());

for (const [target, event] of [
  [window, 'focus'],
  [window, 'blur'],
  [window, 'pageshow'],
  [document, 'visibilitychange'],
] as const) {
  target.addEventListener(event, () => (attentive.value = look()));
}
