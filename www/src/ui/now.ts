// The current time for labels such as "Yesterday", right to the half minute.

import { ref } from 'vue';

const seconds = () => Math.floor(Date.now() / 1000);

export const now = ref(seconds());

setInterval(() => (now.value = seconds()), 30_000);
document.addEventListener('visibilitychange', () => (now.value = seconds()));
