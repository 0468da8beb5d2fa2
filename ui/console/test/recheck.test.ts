import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agrees, recheck, type Said } from '../src/recheck/recheck';
import { listZip, ZipUnreadable } from '../src/recheck/zip';
import type { FindingView } from '../src/wire';

const VECTORS = join(import.meta.dirname, '../../../tests/vectors/packet');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the server would say of this zip, by the record inside it. */
function saidOf(zip: Uint8Array): Said {
  const read = (path: string): Uint8Array => {
    try {
      const [, found] = [...listZip(zip)].find(([name]) => name.endsWith(path)) ?? [];
      return found ? zip.subarray(found.start, found.start + found.size) : new Uint8Array();
    } catch {
      return new Uint8Array();
    }
  };
  let items: Said['items'] = [];
  try {
    items = (JSON.parse(Buffer.from(read('/data/record.json')).toString()) as { items: Said['items'] }).items;
  } catch {
    // A record that doesn't read names no items.
  }
  return { packet_digest: sha256(read('/seal/packet.seal')), zip_sha256: sha256(zip), items };
}

interface Vector {
  name: string;
  zip: Uint8Array;
  codes: string[];
}
const vectors: Vector[] = (existsSync(VECTORS) ? readdirSync(VECTORS) : [])
  .filter((file) => file.endsWith('.json'))
  .map((file) => {
    const name = file.slice(0, -5);
    const { codes } = JSON.parse(readFileSync(join(VECTORS, file), 'utf8')) as { codes: string[] };
    return { name, codes, zip: new Uint8Array(readFileSync(join(VECTORS, `${name}.zip`))) };
  })
  // Exports wrap the packet, and the console gets the packet itself.
  .filter(({ zip }) => !Buffer.from(zip.subarray(30, 60)).toString().startsWith('evidence-'));

const digestCodes = ['file-missing', 'file-mismatch', 'item-mismatch', 'file-unlisted', 'manifest-missing', 'seal-missing', 'seal-tagmanifest-mismatch'];

describe('the digests in the browser', () => {
  it('has the vectors to try', () => {
    expect(vectors.length).toBeGreaterThan(40);
  });

  it.each(vectors)('says what the vector says of its bytes: $name', async ({ name, zip, codes }) => {
    const found = await recheck(zip, saidOf(zip));
    // SM3 digests are the second verifier's.
    if (name.startsWith('sm3-')) return;
    if (codes.some((code) => code.startsWith('zip-') && code !== 'zip-not-canonical')) return;
    expect(found.unreadable).toBe(false);
    // A seal whose bytes are as hashed but whose grammar is wrong is the server's to find.
    if (codes.some((code) => digestCodes.includes(code))) expect(found.wrong).not.toEqual([]);
    else if (!codes.some((code) => /^(manifest|record)-|^seal-malformed$/.test(code))) expect(found.wrong).toEqual([]);
  });

  it('finds a byte that changed on the way, and another seal than the one shown', async () => {
    const good = vectors.find(({ name }) => name === 'good-packet')?.zip ?? new Uint8Array();
    const said = saidOf(good);
    const changed = good.slice();
    changed[100] = (changed[100] ?? 0) ^ 1;
    expect((await recheck(changed, said)).wrong).toEqual(['zip']);
    expect((await recheck(good, { ...said, packet_digest: '00'.repeat(32) })).wrong).toEqual(['seal/packet.seal']);
  });

  it('refuses any cut or random file without another error', () => {
    const good = vectors[0]?.zip ?? new Uint8Array();
    for (let size = 0; size < good.length; size += 97) expect(() => listZip(good.subarray(0, size))).toThrow(ZipUnreadable);
    for (let seed = 1; seed < 200; seed += 1) {
      const noisy = good.slice();
      for (let n = 0; n < 12; n += 1) noisy[(seed * 7919 + n * 104_729) % noisy.length] = (seed * 31 + n) & 255;
      try {
        listZip(noisy);
      } catch (cause) {
        expect(cause).toBeInstanceOf(ZipUnreadable);
      }
    }
  });
});

describe('agreement with the server', () => {
  const finding = (code: string, level: FindingView['level']): FindingView => ({ code, level, subject: '', text: { zh: '', en: '' } });
  const fine = { files: 3, items: 1, wrong: [], unreadable: false };

  it('holds when both find the same, and not when one of them finds more', () => {
    const served = [finding('item-mismatch', 'failed')];
    expect(agrees(fine, [finding('files-ok', 'ok')])).toBe(true);
    expect(agrees({ ...fine, wrong: ['data/items/0001.jpg'] }, served)).toBe(true);
    expect(agrees({ ...fine, wrong: ['data/items/0001.jpg'] }, [finding('files-ok', 'ok')])).toBe(false);
    expect(agrees(fine, served)).toBe(false);
    expect(agrees({ ...fine, unreadable: true }, [])).toBe(false);
  });

  it('says nothing of what the browser does not check', () => {
    expect(agrees(fine, [finding('device-line-invalid', 'failed')])).toBe(true);
    expect(agrees(fine, [finding('zip-crc-mismatch', 'failed')])).toBe(true);
  });
});
