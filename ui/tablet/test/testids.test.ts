/** The handles that tests outside rely on are in the screens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testids } from '../src/testids.ts';

const src = new URL('../src/', import.meta.url).pathname;
const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.svelte'))
  .map((name) => readFileSync(join(src, name), 'utf8'))
  .join('\n');

it.each(testids)('%s', (id) => {
  expect(code).toMatch(new RegExp(`["'\`]${id}["'\`]`));
});
