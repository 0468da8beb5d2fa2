/**
 * Digest and CRC of a file in one reading, in bounded memory. WebCrypto hashes whole buffers only, so the hashing is
 * hash-wasm's; it does twice what a script does.
 */

import { createCRC32, createSHA256, createSM3, type IHasher } from 'hash-wasm';
import { CHUNK, type Source } from './source';
import { unlessStopped, type Work } from './stop';

export interface Digested {
  sha256: string;
  /** Empty where it was not asked for. */
  sm3: string;
  crc: number;
}

let hashers: { sha: IHasher; crc: IHasher; busy: boolean } | null = null;

async function fresh(): Promise<{ sha: IHasher; crc: IHasher; busy: boolean }> {
  return { sha: await createSHA256(), crc: await createCRC32(), busy: false };
}

/** One pair of hashers serves file after file; a second reader at the same time gets its own. */
async function taken(): Promise<{ sha: IHasher; crc: IHasher; busy: boolean }> {
  hashers ??= await fresh();
  const pair = hashers.busy ? await fresh() : hashers;
  pair.busy = true;
  pair.sha.init();
  pair.crc.init();
  return pair;
}

export async function digest(source: Source, work: Work, withCrc: boolean, withSm3 = false): Promise<Digested> {
  const pair = await taken();
  const sm3 = withSm3 ? await createSM3() : null;
  sm3?.init();
  try {
    for (let at = 0; at < source.size; at += CHUNK) {
      unlessStopped(work);
      const bytes = await source.read(at, Math.min(CHUNK, source.size - at));
      pair.sha.update(bytes);
      if (withCrc) pair.crc.update(bytes);
      sm3?.update(bytes);
      work.onbytes?.(bytes.length);
    }
    return { sm3: sm3?.digest('hex') ?? '', sha256: pair.sha.digest('hex'), crc: withCrc ? Number.parseInt(pair.crc.digest('hex'), 16) : 0 };
  } finally {
    pair.busy = false;
  }
}
