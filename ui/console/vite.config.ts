import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The console is served under `default-src 'self'`: nothing may be inlined, neither as a script nor as a data: address.
export default defineConfig({
  plugins: [svelte({ configFile: false })],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
