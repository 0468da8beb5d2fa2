import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** The verifier's page, for reviewers to take away: built before this by the workspace. */
function verifier(): Plugin {
  return {
    name: 'verifier',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'verify.html', source: readFileSync(new URL('../verifier/dist/verify.html', import.meta.url)) });
    },
  };
}

// The console is served under `default-src 'self'`: nothing may be inlined, neither as a script nor as a data: address.
export default defineConfig({
  plugins: [svelte({ configFile: false }), verifier()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
