import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // WebKitGTK 2.40 and the WebViews of Android 12 and later.
    target: ['es2022', 'chrome111', 'safari16.4'],
    // Inline modules and data: scripts are outside the content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
});
