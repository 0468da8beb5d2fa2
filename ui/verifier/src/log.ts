/** Checkpoints and proofs: C2SP tlog-checkpoint and tlog-proof, RFC 6962 hashing, RFC 9162 verifying. */

import { decimal, digestOf, equal, fromBase64, joined, text, utf8 } from './bytes';
import { type Note, parseNote } from './note';

export interface Checkpoint {
  note: Note;
  origin: string;
  size: bigint;
  root: Uint8Array;
}

export class Malformed extends Error {}

export const leafHash = (leaf: Uint8Array): Uint8Array => digestOf(joined(Uint8Array.of(0), leaf));
const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => digestOf(joined(Uint8Array.of(1), left, right));

function hashOf(spelt: string | undefined): Uint8Array {
  const hash = spelt === undefined ? null : fromBase64(spelt);
  if (hash?.length !== 32) throw new Malformed('a hash that is not 32 bytes in base64');
  return hash;
}

/** Throws [`Malformed`] or what [`parseNote`] throws. */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const note = parseNote(bytes);
  const [origin, size, root, ...extensions] = note.text.slice(0, -1).split('\n');
  const count = size === undefined ? null : decimal(size);
  if (origin === undefined || origin === '' || count === null) throw new Malformed('the first lines of the checkpoint');
  if (extensions.includes('')) throw new Malformed('an empty line in the checkpoint');
  return { note, origin, size: count, root: hashOf(root) };
}

export interface Inclusion {
  index: bigint;
  path: Uint8Array[];
  /** As it stands in the proof, byte for byte. */
  checkpointBytes: Uint8Array;
}

const MOST_PROOF = 135_168;
const MOST_HASHES = 65;

export function parseInclusion(bytes: Uint8Array): Inclusion {
  const content = bytes.length > MOST_PROOF ? null : text(bytes);
  if (content === null) throw new Malformed('not text, or too large');
  const end = content.indexOf('\n\n');
  if (end < 0) throw new Malformed('no checkpoint');
  const lines = content.slice(0, end).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Malformed('its first line');
  if (lines[0]?.startsWith('extra ') && !fromBase64((lines.shift() ?? '').slice(6))) throw new Malformed('its extra data');
  const [word, spelt, ...more] = (lines.shift() ?? '').split(' ');
  const index = word === 'index' && more.length === 0 ? decimal(spelt ?? '') : null;
  if (index === null) throw new Malformed('its index');
  if (lines.length > MOST_HASHES) throw new Malformed('too many hashes');
  const checkpointBytes = utf8(content.slice(end + 2));
  parseNote(checkpointBytes);
  return { index, path: lines.map(hashOf), checkpointBytes };
}

/** RFC 9162, 2.1.3.2. */
export function includes(leaf: Uint8Array, index: bigint, size: bigint, path: Uint8Array[], root: Uint8Array): boolean {
  if (index >= size) return false;
  let [fn, sn] = [index, size - 1n];
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else hash = nodeHash(hash, sibling);
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && equal(hash, root);
}

export interface Consistency {
  from: bigint;
  to: bigint;
  hashes: Uint8Array[];
}

export function parseConsistency(bytes: Uint8Array): Consistency {
  const content = bytes.length > MOST_PROOF ? null : text(bytes);
  if (!content?.endsWith('\n')) throw new Malformed('not text, too large, or without a last newline');
  const [sizes, ...hashes] = content.slice(0, -1).split('\n');
  const [from, to, ...more] = (sizes ?? '').split(' ').map(decimal);
  if (from === undefined || from === null || to === undefined || to === null || more.length > 0) throw new Malformed('its sizes');
  if (hashes.length > MOST_HASHES) throw new Malformed('too many hashes');
  return { from, to, hashes: hashes.map(hashOf) };
}

/** RFC 9162, 2.1.4.2; between equal sizes, and from size 0, there are no hashes. */
export function continues(proof: Consistency, older: Uint8Array, newer: Uint8Array): boolean {
  const { from, to, hashes } = proof;
  if (from > to) return false;
  if (from === to) return hashes.length === 0 && equal(older, newer);
  if (from === 0n) return hashes.length === 0;
  const path = (from & (from - 1n)) === 0n ? [older, ...hashes] : [...hashes];
  const first = path.shift();
  if (!first) return false;
  let [fn, sn] = [from - 1n, to - 1n];
  while ((fn & 1n) === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [first, first];
  for (const hash of path) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && equal(fr, older) && equal(sr, newer);
}
