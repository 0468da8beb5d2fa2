/**
 * Verifier keys (vkeys) and signatures by them: Ed25519, ECDSA on P-256, witness cosignatures. docs/spec/log.md, "Notes
 * and keys".
 */

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { digestOf, equal, fromBase64, hex, joined, utf8 } from './bytes';
import { isKeyName, type Note, type SignatureLine } from './note';
import { isSm2Point, sm2Verifies } from './sm';

export type KeyType = 'ed25519' | 'p256' | 'sm2' | 'cosignature' | 'other';

export interface Key {
  name: string;
  id: string;
  type: KeyType;
  /** Type byte and key: what the vkey's base64 holds. */
  material: Uint8Array;
  vkey: string;
}

const SPKI = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);

const SM2 = utf8('fieldseal.sm2.v1');
const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean => equal(bytes.subarray(0, start.length), start);

const idOf = (...parts: Uint8Array[]): string => hex(digestOf(joined(...parts)).subarray(0, 4));

/** A point in its one encoding and not of small order; null otherwise. */
function soundPoint(bytes: Uint8Array): InstanceType<typeof ed25519.Point> | null {
  try {
    const point = ed25519.Point.fromBytes(bytes, false);
    return point.isSmallOrder() ? null : point;
  } catch {
    return null;
  }
}

function typeOf(name: string, id: string, material: Uint8Array): KeyType | null {
  const key = material.subarray(1);
  const bound = idOf(utf8(name), Uint8Array.of(0x0a), material);
  switch (material[0]) {
    case 0x01:
    case 0x04:
      if (key.length !== 32 || id !== bound || !soundPoint(key)) return null;
      return material[0] === 1 ? 'ed25519' : 'cosignature';
    case 0x02:
      if (key.length !== 91 || id !== idOf(key) || !startsWith(key, SPKI) || !p256.utils.isValidPublicKey(key.subarray(SPKI.length), false)) return null;
      return 'p256';
    case 0xff:
      // What else may stand under this byte is not known at all.
      if (!startsWith(key, SM2)) return 'other';
      return id === bound && sm2Point(material) ? 'sm2' : null;
    default:
      return 'other';
  }
}

const SM2_SPKI = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00]);

/** The point of an SM2 key, where the key is one. */
function sm2Point(material: Uint8Array): Uint8Array | null {
  const spki = material.subarray(1 + SM2.length);
  const point = spki.subarray(SM2_SPKI.length);
  return startsWith(spki, SM2_SPKI) && isSm2Point(point) ? point : null;
}

/** The SubjectPublicKeyInfo of a key that has one. */
export const spkiOf = (key: Key): Uint8Array | null => (key.type === 'p256' ? key.material.subarray(1) : null);

/** One line of a key file, without its newline. */
export function parseVkey(vkey: string): Key | null {
  const [name, id, ...rest] = vkey.split('+');
  const material = fromBase64(rest.join('+'));
  if (name === undefined || id === undefined || !isKeyName(name) || !/^[0-9a-f]{8}$/.test(id) || !material || material.length < 2) return null;
  const type = typeOf(name, id, material);
  return type && { name, id, type, material, vkey };
}

/** RFC 8032 without the cofactor, small orders refused, every encoding the one there is. */
export function ed25519Verifies(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const [a, r] = [soundPoint(key), soundPoint(signature.subarray(0, 32))];
  const s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const order = ed25519.Point.Fn.ORDER;
  if (!a || !r || s >= order) return false;
  const k = sha512(joined(signature.subarray(0, 32), key, message)).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) % order;
  const base = s === 0n ? ed25519.Point.ZERO : ed25519.Point.BASE.multiplyUnsafe(s);
  const shared = k === 0n ? ed25519.Point.ZERO : a.multiplyUnsafe(k);
  return base.subtract(shared).equals(r);
}

export function p256Verifies(signature: Uint8Array, message: Uint8Array, point: Uint8Array): boolean {
  try {
    return p256.verify(signature, message, point, { format: 'der', lowS: false, prehash: true });
  } catch {
    return false;
  }
}

/** Whether the line is by this key over this text; null where the type is none that can be checked. */
export function verifies(key: Key, line: SignatureLine, message: string): boolean | null {
  switch (key.type) {
    case 'ed25519':
      return ed25519Verifies(line.signature, utf8(message), key.material.subarray(1));
    case 'p256':
      return p256Verifies(line.signature, utf8(message), key.material.subarray(1 + SPKI.length));
    case 'sm2':
      return sm2Verifies(line.signature, utf8(message), sm2Point(key.material) ?? new Uint8Array());
    case 'cosignature':
      return cosigned(key, line, message);
    default:
      return null;
  }
}

/** tlog-cosignature: a time of eight bytes, then Ed25519 over that time and the text. */
function cosigned(key: Key, line: SignatureLine, message: string): boolean {
  if (line.signature.length !== 72) return false;
  const time = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
  if (time >= 1n << 63n) return false;
  return ed25519Verifies(line.signature.subarray(8), utf8(`cosignature/v1\ntime ${String(time)}\n${message}`), key.material.subarray(1));
}

/** Keys by name and id. Two different ones of one name and id are kept as a conflict, and neither is used. */
export class Keys {
  private readonly known = new Map<string, Key>();
  readonly conflicts = new Set<string>();

  add(key: Key): void {
    const place = `${key.name}+${key.id}`;
    const known = this.known.get(place);
    if (known && !equal(known.material, key.material)) this.conflicts.add(key.name);
    else this.known.set(place, key);
  }

  /** Another set of the same keys, to which more can be added. */
  copy(): Keys {
    const keys = new Keys();
    for (const key of this.all()) keys.add(key);
    return keys;
  }

  of(line: SignatureLine): Key | null {
    return this.known.get(`${line.name}+${line.id}`) ?? null;
  }

  all(): Key[] {
    return [...this.known.values()];
  }
}

/** What the lines of one name in a note come to: every line by a known key must verify. */
export type Standing = { at: 'absent' } | { at: 'unknown' } | { at: 'unsupported'; key: Key } | { at: 'wrong'; key: Key } | { at: 'right'; key: Key };

export function standingOf(note: Note, name: string, keys: Keys): Standing {
  const lines = note.lines.filter((line) => line.name === name);
  if (lines.length === 0) return { at: 'absent' };
  let best: Standing = { at: 'unknown' };
  for (const line of lines) {
    const key = keys.of(line);
    if (!key) continue;
    const right = verifies(key, line, note.text);
    if (right === false) return { at: 'wrong', key };
    if (right) best = { at: 'right', key };
    else if (best.at === 'unknown') best = { at: 'unsupported', key };
  }
  return best;
}
