import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beside, shown } from '../src/recheck/beside';
import type { FindingView } from '../src/wire';

const VECTORS = join(import.meta.dirname, '../../../tests/vectors/packet');
const blob = (name: string): Blob => new Blob([readFileSync(join(VECTORS, `${name}.zip`))]);
const trust = new Uint8Array(readFileSync(join(VECTORS, 'trust')));
const finding = (code: string, level: FindingView['level'], subject = ''): FindingView => ({ code, level, subject, text: { zh: '', en: '' } });

describe('the second verifier beside the server', () => {
  it('agrees where both find the same, whatever the log and the tokens say', async () => {
    const { report, onlyBrowser, onlyServer } = await beside(blob('good-packet'), 'p.zip', trust, [finding('log-inclusion-ok', 'ok'), finding('timestamp-absent', 'not-proved')], {});
    expect([report.verdict, onlyBrowser, onlyServer]).toEqual(['not-proved', [], []]);
  });
  it('says what only one of them finds', async () => {
    const served = [finding('officer-line-invalid', 'failed', 'bureau.example/log/officer/o-0001')];
    const found = await beside(blob('item-flipped-byte'), 'p.zip', trust, served, {});
    expect(found.onlyBrowser).toEqual(['item-mismatch data/items/0001.jpg', 'record-item-mismatch data/items/0001.jpg']);
    expect(found.onlyServer).toEqual(['officer-line-invalid bureau.example/log/officer/o-0001']);
  });
  it('has a sentence in both languages for each of its findings', async () => {
    const { report } = await beside(blob('seal-not-a-note'), 'p.zip', trust, [], {});
    for (const { text } of report.findings.map(shown)) expect([text.zh, text.en]).not.toContain('');
  });
});
