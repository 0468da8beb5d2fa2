/** Certificates of timestamp authorities, and signatures by their keys: docs/spec/time.md, "Path". */

import { p256, p384 } from '@noble/curves/nist.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { equal, joined } from './bytes';
import { type Algorithm, algorithm, BITS, BOOLEAN, boolean, certificateTime, Cursor, type Element, INTEGER, integer, NotDer, OCTETS, OID, oid, only, SEQUENCE, wholeBits } from './der';

export type Digest = 'sha256' | 'sha384' | 'sha512';

const DIGESTS: Record<string, Digest> = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };
/** The digest that the algorithm names; undefined for another, and for one with parameters. */
export const digestBy = ({ oid: id, parameters }: Algorithm): Digest | undefined => (parameters === null ? DIGESTS[id] : undefined);
const HASH = { sha256, sha384, sha512 };
export const hashed = (digest: Digest, bytes: Uint8Array): Uint8Array => HASH[digest](bytes);

/** What this verifier does not check: not proved, never failed. */
export class Unsupported extends Error {}

export interface Certificate {
  raw: Uint8Array;
  tbs: Uint8Array;
  serial: Uint8Array;
  issuer: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
  notBefore: bigint;
  notAfter: bigint;
  signature: { algorithm: Algorithm; bytes: Uint8Array };
  understood: boolean;
  ca: boolean;
  pathLength: bigint | null;
  /** The bits of keyUsage, first bit first; null where there is none. */
  usage: boolean[] | null;
  purposes: { critical: boolean; oids: string[] } | null;
  keyId: Uint8Array | null;
  altNames: Uint8Array[];
}

const KNOWN = { constraints: '2.5.29.19', usage: '2.5.29.15', purposes: '2.5.29.37', keyId: '2.5.29.14', altNames: '2.5.29.17', policies: '2.5.29.32' };

function usageOf(element: Element): boolean[] {
  const [unused = 8, ...bytes] = element.content;
  const last = bytes.at(-1) ?? 0;
  if (unused > 7 || (bytes.length === 0 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) throw new NotDer('keyUsage');
  return bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((byte >> bit) & 1) === 1));
}

function extensions(into: Certificate, list: Cursor): void {
  const seen = new Set<string>();
  for (const one of list.rest()) {
    if (one.tag !== SEQUENCE) throw new NotDer('an extension');
    const cursor = new Cursor(one.content);
    const id = oid(cursor.take(OID));
    const marked = cursor.maybe(BOOLEAN);
    const critical = marked !== null && boolean(marked);
    const value = cursor.take(OCTETS).content;
    cursor.end();
    if (seen.has(id)) throw new NotDer('an extension twice');
    seen.add(id);
    if (id === KNOWN.constraints) {
      const inside = new Cursor(only(value, SEQUENCE).content);
      const ca = inside.maybe(BOOLEAN);
      const length = inside.maybe(INTEGER);
      inside.end();
      into.ca = ca !== null && boolean(ca);
      into.pathLength = length && integer(length);
      if (into.pathLength !== null && into.pathLength < 0n) throw new NotDer('pathLenConstraint');
    } else if (id === KNOWN.usage) into.usage = usageOf(only(value, BITS));
    else if (id === KNOWN.purposes) {
      const oids = new Cursor(only(value, SEQUENCE).content).rest().map((element) => {
        if (element.tag !== OID) throw new NotDer('extKeyUsage');
        return oid(element);
      });
      if (oids.length === 0) throw new NotDer('extKeyUsage');
      into.purposes = { critical, oids };
    } else if (id === KNOWN.keyId) into.keyId = only(value, OCTETS).content;
    else if (id === KNOWN.altNames) into.altNames = new Cursor(only(value, SEQUENCE).content).rest().map(({ raw }) => raw);
    else if (critical && id !== KNOWN.policies) into.understood = false;
  }
}

/** Throws [`NotDer`] where it does not read. */
export function parseCertificate(raw: Uint8Array): Certificate {
  const outer = new Cursor(only(raw, SEQUENCE).content);
  const tbs = outer.take(SEQUENCE);
  const outerAlgorithm = outer.take(SEQUENCE);
  const bytes = wholeBits(outer.take(BITS));
  outer.end();
  const cursor = new Cursor(tbs.content);
  const version = cursor.inner(0xa0);
  if (integer(version.take(INTEGER)) !== 2n) throw new NotDer('the version');
  version.end();
  const serial = cursor.take(INTEGER);
  integer(serial);
  if (!equal(cursor.take(SEQUENCE).raw, outerAlgorithm.raw)) throw new NotDer('two signature algorithms');
  const issuer = cursor.take(SEQUENCE).raw;
  const validity = cursor.inner(SEQUENCE);
  const [notBefore, notAfter] = [certificateTime(validity.next()), certificateTime(validity.next())];
  validity.end();
  const subject = cursor.take(SEQUENCE).raw;
  const spki = cursor.take(SEQUENCE).raw;
  spkiOf(spki);
  cursor.maybe(0x81);
  cursor.maybe(0x82);
  const certificate: Certificate = {
    raw, tbs: tbs.raw, serial: serial.content, issuer, subject, spki, notBefore, notAfter,
    signature: { algorithm: algorithm(outerAlgorithm), bytes },
    understood: true, ca: false, pathLength: null, usage: null, purposes: null, keyId: null, altNames: [],
  };
  const more = cursor.maybe(0xa3);
  cursor.end();
  if (more) extensions(certificate, new Cursor(only(more.content, SEQUENCE).content));
  return certificate;
}

/** The certificate, or null where it does not read. */
export function readable(raw: Uint8Array): Certificate | null {
  try {
    return parseCertificate(raw);
  } catch (cause) {
    if (cause instanceof NotDer) return null;
    throw cause;
  }
}

const SIGNATURES: Record<string, { kind: 'rsa' | 'ecdsa'; digest: Digest }> = {
  '1.2.840.113549.1.1.11': { kind: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.3.2': { kind: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { kind: 'ecdsa', digest: 'sha384' },
};
const RSA = '1.2.840.113549.1.1.1';

/** The algorithm that the OID names; `rsaEncryption` leaves the digest to the signer's. */
export function signatureBy(by: Algorithm, digest: Digest | null): { kind: 'rsa' | 'ecdsa'; digest: Digest } {
  if (by.parameters !== null) throw new Unsupported('parameters of the signature algorithm');
  if (by.oid === RSA && digest) return { kind: 'rsa', digest };
  const found = SIGNATURES[by.oid];
  if (!found || (digest && found.digest !== digest)) throw new Unsupported('the signature algorithm');
  return found;
}

const CURVES: Record<string, typeof p256> = { '1.2.840.10045.3.1.7': p256, '1.3.132.0.34': p384 };
const INFO: Record<Digest, string> = { sha256: '0609608648016503040201050004', sha384: '0609608648016503040202050004', sha512: '0609608648016503040203050004' };

/** DigestInfo of PKCS #1: `SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING }`. */
function digestInfo(digest: Digest, hash: Uint8Array): Uint8Array {
  const head = Uint8Array.from(INFO[digest].match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return joined(Uint8Array.of(0x30, hash.length + 17, 0x30, 0x0d), head, Uint8Array.of(hash.length), hash);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, b, e] = [1n, base % modulus, exponent];
  for (; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % modulus;
    b = (b * b) % modulus;
  }
  return result;
}

const number = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function rsaVerifies(key: Uint8Array, digest: Digest, hash: Uint8Array, signature: Uint8Array): boolean {
  const cursor = new Cursor(only(key, SEQUENCE).content);
  const [n, e] = [integer(cursor.take(INTEGER)), integer(cursor.take(INTEGER))];
  cursor.end();
  const bits = n > 0n ? n.toString(2).length : 0;
  if (bits < 2048 || bits > 8192 || e < 3n || e >= 1n << 33n || (e & 1n) === 0n) throw new Unsupported('an RSA key of this size');
  const size = Math.ceil(bits / 8);
  if (signature.length !== size || number(signature) >= n) return false;
  const info = digestInfo(digest, hash);
  const padded = joined(Uint8Array.of(0, 1), new Uint8Array(size - info.length - 3).fill(0xff), Uint8Array.of(0), info);
  return power(number(signature), e, n) === number(padded);
}

function ecdsaVerifies(curve: typeof p256, point: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  try {
    const cursor = new Cursor(only(signature, SEQUENCE).content);
    const [r, s] = [integer(cursor.take(INTEGER)), integer(cursor.take(INTEGER))];
    cursor.end();
    const size = curve.lengths.signature ?? 0;
    if (r <= 0n || s <= 0n) return false;
    const spelt = [r, s].map((value) => value.toString(16).padStart(size, '0')).join('');
    if (spelt.length !== size * 2) return false;
    const compact = Uint8Array.from(spelt.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    return curve.verify(compact, hash, point, { prehash: false, lowS: false, format: 'compact' });
  } catch {
    return false;
  }
}

interface Spki {
  oid: string;
  parameters: Element | null;
  key: Uint8Array;
}

function spkiOf(bytes: Uint8Array): Spki {
  const cursor = new Cursor(only(bytes, SEQUENCE).content);
  const by = algorithm(cursor.take(SEQUENCE));
  const key = wholeBits(cursor.take(BITS));
  cursor.end();
  return { ...by, key };
}

/** Whether the key of this SubjectPublicKeyInfo made the signature. Throws [`Unsupported`] for other algorithms. */
export function keyVerifies(spki: Uint8Array, by: { kind: 'rsa' | 'ecdsa'; digest: Digest }, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const { oid: id, parameters, key } = spkiOf(spki);
    const hash = hashed(by.digest, message);
    if (id === RSA && parameters === null && by.kind === 'rsa') return rsaVerifies(key, by.digest, hash, signature);
    const curve = id === '1.2.840.10045.2.1' && parameters?.tag === OID ? CURVES[oid(parameters)] : undefined;
    if (curve && by.kind === 'ecdsa' && by.digest !== 'sha512' && key[0] === 4) return ecdsaVerifies(curve, key, hash, signature);
  } catch (cause) {
    if (!(cause instanceof NotDer)) throw cause;
  }
  throw new Unsupported('a key of this kind');
}
