/** The screens on an engine that exists in memory alone, for drawing them: `npm run dev`. Not part of any build. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { defineConfig, type Plugin } from 'vite';
import { FakeEngine, Refusal } from './fake.ts';

async function body(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function fakeHost(): Plugin {
  const engine = new FakeEngine(process.env['SCENE'] ?? 'patrol');
  return {
    name: 'fake-host',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const url = new URL(request.url ?? '/', 'http://localhost');
        const serve = async (): Promise<void> => {
          if (url.pathname === '/call') {
            answer(response, 200, engine.call(JSON.parse((await body(request)).toString())));
          } else if (url.pathname === '/capture') {
            answer(response, 200, engine.capture(await body(request), Object.fromEntries(url.searchParams)));
          } else if (url.pathname.startsWith('/evidence/')) {
            const image = engine.image(Number(url.pathname.split('/').pop()));
            response.writeHead(image ? 200 : 404, { 'content-type': 'image/jpeg' });
            response.end(image);
          } else next();
        };
        serve().catch((thrown: unknown) => {
          const refusal = thrown instanceof Refusal ? thrown : new Refusal('internal');
          if (!(thrown instanceof Refusal)) console.error(thrown);
          answer(response, 422, { code: refusal.code, message: refusal.code, retriable: false, params: {} });
        });
      });
    },
  };
}

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  plugins: [svelte(), fakeHost()],
  server: { port: Number(process.env['PORT'] ?? 5201), strictPort: true, host: '127.0.0.1' },
});
