/** The TypeScript verifier, asked path by path. */

import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { asJson, type Report } from '../src/report';
import { several } from '../src/several';
import { parseTrust } from '../src/trust';
import { verify } from '../src/verify';
import { given } from '../dev/node';

parentPort?.on('message', ({ paths, trust }: { paths: string[]; trust: string | null }) => {
  void (async () => {
    const reports: Report[] = [];
    for (const path of paths) reports.push(await verify(await given(path), trust === null ? null : parseTrust(readFileSync(trust))));
    const { rss } = process.memoryUsage();
    parentPort?.postMessage({ json: JSON.stringify({ packets: several(reports).map((report) => asJson(report)) }), rss });
  })();
});
