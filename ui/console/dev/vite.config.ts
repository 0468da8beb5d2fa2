/** Development: the fake API by default; with FIELDSEAL_API=http://127.0.0.1:PORT a real server behind a proxy. */

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { fakeApi } from './fake-api';

const api = process.env['FIELDSEAL_API'];

export default defineConfig({
  plugins: api === undefined ? [svelte({ configFile: false }), fakeApi()] : [svelte({ configFile: false })],
  server: api === undefined ? {} : { proxy: { '/api': api } },
});
