/** Several packets in one run: every run of tests/vectors/several says what the file expects, and no more. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { asJson, type Finding, type Report } from '../src/report';
import { several } from '../src/several';
import { ofBytes } from '../src/source';
import { parseTrust } from '../src/trust';
import { verify } from '../src/verify';

const VECTORS = new URL('../../../tests/vectors/', import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, VECTORS)));

interface Run {
  what: string;
  trust: boolean;
  given: { path: string; verdict: string; among: { code: string; subject: string; detail: string }[] }[];
}

const AMONG = ['captures-missing', 'device-prev-mismatch', 'packets-missing', 'seal-equivocation'];
const trust = parseTrust(read('packet/trust'));
const runs = readdirSync(new URL('several/', VECTORS)).filter((name) => name.endsWith('.json'));

test.each(runs)('%s', async (name) => {
  const run = JSON.parse(new TextDecoder().decode(read(`several/${name}`))) as Run;
  const alone: Report[] = [];
  for (const { path } of run.given) alone.push(await verify({ path, zip: ofBytes(read(`several/${path}`)) }, run.trust ? trust : null));
  const among = ({ findings }: Report): Finding[] => findings.filter(({ code }) => AMONG.includes(code));
  const told = several(alone).map((report) => ({
    path: report.path,
    verdict: report.verdict,
    among: among(report)
      .map(({ code, subject, detail }) => ({ code, subject, detail }))
      .sort((a, b) => a.code.localeCompare(b.code)),
  }));
  expect(told).toEqual(run.given);
});

const place = (seq: bigint, captures: [bigint, bigint][]): Report => ({
  path: '', id: null, verdict: 'verified', sealed_after: null, logged_before: null, findings: [], packetDigest: null,
  place: { names: ['d'], device: 'd', seq, prev: '', digest: String(seq), text: String(seq), captures, reach: [] },
});

test('of many ranges a hundred are told', () => {
  const reports = [1n, 400n].map((seq) => place(seq, [[seq * 2n, seq * 2n]]));
  const odd = place(800n, Array.from({ length: 300 }, (_, n): [bigint, bigint] => [10n + BigInt(n) * 2n, 10n + BigInt(n) * 2n]));
  const [, , last] = several([...reports, odd]);
  const detail = last?.findings.find(({ code }) => code === 'captures-missing')?.detail ?? '';
  expect(detail.startsWith('3-9,11,13')).toBe(true);
  expect(detail.endsWith(',…')).toBe(true);
  expect(detail.split(',')).toHaveLength(101);
  expect(asJson(last ?? odd)['verdict']).toBe('verified');
});

test('ranges that overlap, and the largest numbers', () => {
  const most = (1n << 64n) - 2n;
  const [, last] = several([place(1n, [[1n, 9n], [3n, 4n]]), place(2n, [[8n, 12n], [20n, most]])]);
  expect(last?.findings.map(({ code, detail }) => `${code} ${detail}`)).toContain('captures-missing 13-19');
});
