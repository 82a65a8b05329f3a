// Starts the page: puts the application into the document and lets the session decide what it shows.

import './ui/style.css';
import { createApp } from 'vue';
import App from './App.vue';
import { begin } from './session/session';

createApp(App).mount('#app');
void begin();
