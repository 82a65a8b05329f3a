// Starts the page.

import './ui/style.css';
import { createApp } from 'vue';
import App from './App.vue';
import { begin } from './session/session';

createApp(App).mount('#app');
void begin();
