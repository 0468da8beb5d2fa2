import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';

const keys = Object.keys(zh) as (keyof typeof zh)[];

/** Families looked up by a code that comes as data. */
const byCode = /^(role|problem|party|nofix|event|preview|quarantine|tablet-state|alarm|act|revoke)\./;

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(svelte|ts)$/.test(entry.name) && !entry.parentPath.endsWith('i18n'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

describe('the catalogue', () => {
  it('holds no sentence that nobody says', () => {
    const said = sources(join(import.meta.dirname, '../src'));
    for (const key of keys) {
      const family = /^(theme|verdict|tablets)\./.test(key);
      if (!byCode.test(key) && !family) expect(said.includes(`'${key}'`), `${key} is used`).toBe(true);
    }
  });

  it('never says failed where it means not proved, nor the other way round', () => {
    for (const key of keys) {
      const words = `${zh[key]} ${en[key]}`;
      if (key.includes('not-proved')) expect(words).not.toMatch(/核验不符|\bfailed\b/i);
      if (/(^|\.)failed$/.test(key)) expect(words).not.toMatch(/未能证明|not proved/i);
    }
  });
});
