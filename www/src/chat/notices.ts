// Short notes at the edge of the screen, for what has no better place.

import { shallowReactive } from 'vue';

export interface Notice {
  id: number;
  text: string;
}

const MOST = 3;
const SHOW_FOR_MS = 8_000;

export const notices = shallowReactive<Notice[]>([]);

let count = 0;

export function tell(text: string): void {
  if (notices.some((it) => it.text === text)) return;
  const id = ++count;
  notices.push({ id, text });
  if (notices.length > MOST) notices.shift();
  setTimeout(dismiss, SHOW_FOR_MS, id);
}

export function dismiss(id: number): void {
  const index = notices.findIndex((it) => it.id === id);
  if (index >= 0) notices.splice(index, 1);
}
