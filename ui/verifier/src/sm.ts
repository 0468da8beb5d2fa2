/** SM2 with SM3 (GB/T 32918.2, GB/T 32905): docs/spec/log.md. SM3 is hash-wasm's; the curve's arithmetic is noble's. */

import { weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { createSM3, type IHasher } from 'hash-wasm';
import { joined, utf8 } from './bytes';
import { Cursor, INTEGER, integer, NotDer, only, SEQUENCE } from './der';

const CURVE = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};
const Point = weierstrass(CURVE);
const IDENTIFIER = utf8('1234567812345678');

let hasher: IHasher | null = null;

/** To be awaited once before anything here is used. */
export async function ready(): Promise<void> {
  hasher ??= await createSM3();
}

export function sm3(...parts: Uint8Array[]): Uint8Array {
  if (!hasher) throw new Error('SM3 is not ready');
  hasher.init();
  for (const part of parts) hasher.update(part);
  return hasher.digest('binary');
}

const number = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const spelt = (value: bigint): Uint8Array => Uint8Array.from(value.toString(16).padStart(64, '0').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function pointOf(bytes: Uint8Array): InstanceType<typeof Point> | null {
  try {
    if (bytes.length !== 65 || bytes[0] !== 4) return null;
    const point = Point.fromBytes(bytes);
    point.assertValidity();
    return point;
  } catch {
    return null;
  }
}

export const isSm2Point = (bytes: Uint8Array): boolean => pointOf(bytes) !== null;

/** @param point 04, x, y. */
export function sm2Verifies(signature: Uint8Array, message: Uint8Array, point: Uint8Array): boolean {
  const key = pointOf(point);
  if (!key) return false;
  try {
    const cursor = new Cursor(only(signature, SEQUENCE).content);
    const [r, s] = [integer(cursor.take(INTEGER)), integer(cursor.take(INTEGER))];
    cursor.end();
    const { n } = CURVE;
    if (r < 1n || r >= n || s < 1n || s >= n) return false;
    const za = sm3(Uint8Array.of(0, IDENTIFIER.length * 8), joined(IDENTIFIER, spelt(CURVE.a), spelt(CURVE.b), spelt(CURVE.Gx), spelt(CURVE.Gy)), point.subarray(1));
    const e = number(sm3(za, message));
    const t = (r + s) % n;
    if (t === 0n) return false;
    const sum = Point.BASE.multiplyUnsafe(s).add(key.multiplyUnsafe(t));
    return !sum.is0() && (e + sum.toAffine().x) % n === r;
  } catch (cause) {
    if (cause instanceof NotDer) return false;
    throw cause;
  }
}
