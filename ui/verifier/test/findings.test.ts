/** The list of codes is the specification's, no more and no less. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('findings.ts is made from docs/spec/findings.md', () => {
  const made = execFileSync('node', ['dev/findings.mjs', '--print'], { encoding: 'utf8' });
  expect(readFileSync('src/findings.ts', 'utf8')).toBe(made);
});
