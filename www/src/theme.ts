// Light or dark: what the system says until somebody chooses. index.html sets it before the first
// paint; this goes on from there.

import { ref } from 'vue';

export type Theme = 'light' | 'dark';

const CHOICE = 'tim-demo.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export const theme = ref<Theme>(document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light');

let chosen = false;
try {
  chosen = localStorage.getItem(CHOICE) !== null;
} catch {
  // Storage is blocked: nothing was chosen.
}

function apply(to: Theme): void {
  theme.value = to;
  document.documentElement.dataset['theme'] = to;
  const background = getComputedStyle(document.documentElement).getPropertyValue('--rail');
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', background.trim());
}

export function toggleTheme(): void {
  chosen = true;
  apply(theme.value === 'dark' ? 'light' : 'dark');
  try {
    localStorage.setItem(CHOICE, theme.value);
  } catch {
    // Then it holds until the reload.
  }
}

apply(theme.value);
dark.addEventListener('change', () => {
  if (!chosen) apply(dark.matches ? 'dark' : 'light');
});
