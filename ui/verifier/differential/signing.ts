/** Keys of a deployment that exists nowhere, and notes signed by them. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { digestOf, hex, joined, toBase64, utf8 } from '../src/bytes';
import { sm3 } from '../src/sm';
import { encode, type Node, raw, sequence } from './der';
import { AUTHORITIES, MAKERS, pem } from './stamping';

export interface Signer {
  name: string;
  id: Uint8Array;
  vkey: string;
  sign(text: string): Uint8Array;
}

function signer(name: string, material: Uint8Array, id: Uint8Array, sign: (text: string) => Uint8Array): Signer {
  return { name, id, vkey: `${name}+${hex(id)}+${toBase64(material)}`, sign };
}

export function edSigner(name: string, seed: number, type = 1): Signer {
  const secret = new Uint8Array(32).fill(seed);
  const material = joined(Uint8Array.of(type), ed25519.getPublicKey(secret));
  const id = digestOf(joined(utf8(name), Uint8Array.of(10), material)).subarray(0, 4);
  return signer(name, material, id, (text) => {
    if (type !== 4) return ed25519.sign(utf8(text), secret);
    const time = Uint8Array.of(0, 0, 0, 0, 0x69, 0, 0, 0);
    return joined(time, ed25519.sign(utf8(`cosignature/v1\ntime ${String(0x69000000)}\n${text}`), secret));
  });
}

export const SPKI = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);

export function p256Signer(name: string, seed: number): Signer {
  const secret = new Uint8Array(32).fill(seed);
  const spki = joined(SPKI, p256.getPublicKey(secret, false));
  return signer(name, joined(Uint8Array.of(2), spki), digestOf(spki).subarray(0, 4), (text) => p256.sign(utf8(text), secret, { format: 'der', lowS: false, prehash: true }));
}

const SM2_SPKI = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00]);
const SM2_CURVE = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};
const Sm2Point = weierstrass(SM2_CURVE);
const sized = (value: bigint): Uint8Array => Uint8Array.from(value.toString(16).padStart(64, '0').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const numbered = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const modulo = (value: bigint): bigint => ((value % SM2_CURVE.n) + SM2_CURVE.n) % SM2_CURVE.n;

/** A positive integer's content: no zero byte in front but for the sign. */
function minimal(bytes: Uint8Array): Uint8Array {
  const from = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return (from[0] ?? 0) >= 0x80 ? joined(Uint8Array.of(0), from) : from;
}

/** To be made once SM3 is ready. */
export function sm2Signer(name: string, seed: number): Signer {
  const secret = numbered(new Uint8Array(32).fill(seed));
  const point = Sm2Point.BASE.multiply(secret).toBytes(false);
  const key = joined(utf8('fieldseal.sm2.v1'), SM2_SPKI, point);
  const material = joined(Uint8Array.of(0xff), key);
  const identity = utf8('1234567812345678');
  const { a, b, Gx, Gy } = SM2_CURVE;
  return signer(name, material, digestOf(joined(utf8(name), Uint8Array.of(10), material)).subarray(0, 4), (text) => {
    const za = sm3(Uint8Array.of(0, identity.length * 8), identity, sized(a), sized(b), sized(Gx), sized(Gy), point.subarray(1));
    const e = numbered(sm3(za, utf8(text)));
    const k = modulo(numbered(digestOf(utf8(`nonce ${text}`)))) || 1n;
    const r = modulo(e + Sm2Point.BASE.multiply(k).toAffine().x);
    const s = modulo(Sm2Point.Fn.inv(1n + secret) * (k - r * secret));
    const integer = (value: bigint): Node => raw(0x02, minimal(sized(value)));
    return encode(sequence(integer(r), integer(s)));
  });
}

export const line = (by: Signer, text: string): string => `— ${by.name} ${toBase64(joined(by.id, by.sign(text)))}\n`;
export const note = (text: string, ...by: Signer[]): string => `${text}\n${by.map((one) => line(one, text)).join('')}`;

export const ORIGIN = 'bureau.example/log';

/** Whoever signs anything in a mutant. */
export const DEPLOYMENT = {
  log: edSigner(ORIGIN, 11),
  receipts: edSigner(`${ORIGIN}/receipts`, 12),
  authority: edSigner(`${ORIGIN}/authority`, 13),
  decisions: edSigner(`${ORIGIN}/decisions`, 14),
  device: edSigner(`${ORIGIN}/device/t-0001`, 15),
  hardware: p256Signer(`${ORIGIN}/device/t-0001`, 16),
  /** The tablet's key before the one that signs. */
  formerly: edSigner(`${ORIGIN}/device/t-0001`, 23),
  first: edSigner(`${ORIGIN}/officer/o-0001`, 17),
  second: edSigner(`${ORIGIN}/officer/o-0002`, 18),
  stranger: edSigner('elsewhere.example/x', 19),
  otherDevice: edSigner(`${ORIGIN}/device/t-0002`, 20),
  witness: edSigner('witness.example/w', 21, 4),
};

/** The same tablet and officers, with keys of the national suite. */
export const NATIONAL = { device: sm2Signer(DEPLOYMENT.device.name, 24), first: sm2Signer(DEPLOYMENT.first.name, 25), second: sm2Signer(DEPLOYMENT.second.name, 26) };

const ROOTS = `${Object.values(AUTHORITIES).map(({ root }) => pem(root)).join('')}#root cms\n${pem(MAKERS.cms.root)}#root attestation\n${pem(MAKERS.attestation.root)}`;

export const TRUST = `log ${DEPLOYMENT.log.vkey}\nwitness w ${DEPLOYMENT.witness.vkey}\nquorum none\n${[DEPLOYMENT.receipts, DEPLOYMENT.authority, DEPLOYMENT.decisions].map(({ vkey }) => `${vkey}\n`).join('')}${ROOTS}`;
export const TRUST_WITNESSED = TRUST.replace('quorum none', 'quorum w');
export const TRUST_OTHER = `log ${edSigner('other.example/log', 22).vkey}\nquorum none\n`;
