/** The verifier's front in Node: `node … [--trust FILE] PATH…` writes what `fieldseal verify --json` writes. */

import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asJson, type Report } from '../src/report';
import { several } from '../src/several';
import type { Source } from '../src/source';
import { parseTrust, type Trust } from '../src/trust';
import { type Given, verify } from '../src/verify';

/** A file on disk, opened for each read: folders may hold more files than may be open at once. */
export async function ofFile(path: string): Promise<Source> {
  const { size } = await stat(path);
  return {
    size,
    async read(from, length) {
      const file = await open(path);
      try {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, from);
        if (bytesRead !== length) throw new Error('the file is shorter than it was');
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}

export async function given(path: string): Promise<Given> {
  if ((await stat(path)).isFile()) return { path, zip: await ofFile(path) };
  const folder = new Map<string, Source>();
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(path, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(name);
      else folder.set(name, await ofFile(join(path, name)));
    }
  };
  await walk('');
  return { path, folder };
}

export async function main(args: string[]): Promise<void> {
  let trust: Trust | null = null;
  const paths: string[] = [];
  while (args.length > 0) {
    const arg = args.shift() ?? '';
    if (arg === '--trust') trust = parseTrust(await readFile(args.shift() ?? ''));
    else paths.push(arg);
  }
  const reports: Report[] = [];
  for (const path of paths) reports.push(await verify(await given(path), trust));
  process.stdout.write(`${JSON.stringify({ packets: several(reports).map((report) => asJson(report)) })}\n`);
}
