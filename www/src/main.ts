// Starts the page: puts the application into the document and lets the session decide what it shows.
// Last, and only in a built page, the worker is asked to keep a copy for times without a network.

import './ui/style.css';
import { createApp } from 'vue';
import App from './App.vue';
import { begin } from './session/session';

createApp(App).mount('#app');
void begin();

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // Without it (an insecure address, a private window) the page works, but needs its host to open.
  navigator.serviceWorker.register('./service-worker.js').catch(() => undefined);
}
