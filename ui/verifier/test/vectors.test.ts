/** Every vector of tests/vectors: the same verdict and the same codes as the file beside it expects. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ofBytes } from '../src/source';
import { parseTrust } from '../src/trust';
import { verify } from '../src/verify';

const FOLDER = new URL('../../../tests/vectors/packet/', import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, FOLDER)));

interface Expected {
  what: string;
  trust: boolean;
  verdict: string;
  codes: string[];
}

const names = readdirSync(FOLDER).filter((name) => name.endsWith('.zip'));
const trust = parseTrust(read('trust'));

describe('vectors', () => {
  test('are there', () => {
    expect(names.length).toBeGreaterThanOrEqual(450);
  });

  test.each(names)('%s', async (name) => {
    const expected = JSON.parse(new TextDecoder().decode(read(name.replace(/zip$/, 'json')))) as Expected;
    const report = await verify({ path: name, zip: ofBytes(read(name)) }, expected.trust ? trust : null);
    const codes = report.findings.filter(({ level }) => level === 'failed' || level === 'not-proved').map(({ code }) => code);
    expect([...new Set(codes)].sort()).toEqual([...new Set(expected.codes)].sort());
    expect(report.verdict).toBe(expected.verdict);
  });
});
