/** The list of codes is the specification's, no more and no less. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('findings.ts is made from docs/spec/findings.md', () => {
  const made = execFileSync('node', [fileURLToPath(new URL('../dev/findings.mjs', import.meta.url)), '--print'], { encoding: 'utf8' });
  expect(readFileSync(new URL('../src/findings.ts', import.meta.url), 'utf8')).toBe(made);
});
