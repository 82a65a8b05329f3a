// Vite with uni-app's plug-in, and nothing for tim-wasm.

import uni from '@dcloudio/vite-plugin-uni';
import { defineConfig } from 'vite';

// The plug-in is CommonJS; depending on who loads this file, its default export is wrapped once more.
export default defineConfig({ plugins: [(uni.default ?? uni)()] });
