/** The TypeScript verifier, asked path by path. */

import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { asJson } from '../src/report';
import { parseTrust } from '../src/trust';
import { verify } from '../src/verify';
import { given } from '../dev/node';

parentPort?.on('message', ({ path, trust }: { path: string; trust: string | null }) => {
  void (async () => {
    const report = await verify(await given(path), trust === null ? null : parseTrust(readFileSync(trust)));
    parentPort?.postMessage(JSON.stringify({ packets: [asJson(report)] }));
  })();
});
