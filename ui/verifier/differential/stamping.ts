/** Timestamp authorities that exist nowhere, their certificates and their tokens: good ones, and any that can be asked for. */

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { toBase64, utf8 } from '../src/bytes';
import { bits, decode, encode, identifier, moment, type Node, nothing, octets, raw, sequence, set, tagged, truth, whole, words } from './der';

export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const HASHES = { sha1, sha256, sha384, sha512 };
const HASH_OIDS: Record<Hash, string> = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha512: '2.16.840.1.101.3.4.2.3' };
const hashed = (hash: Hash, bytes: Uint8Array): Uint8Array => HASHES[hash](bytes);
const hashNode = (hash: Hash): Node => sequence(identifier(HASH_OIDS[hash]), nothing);

/** A key that signs certificates and tokens. */
export interface Maker {
  spki: Node;
  algorithm(hash: Hash): Node;
  sign(hash: Hash, message: Uint8Array): Uint8Array;
}

function curveMaker(curve: typeof p256, named: string, seed: number): Maker {
  const secret = new Uint8Array(curve.lengths.secretKey ?? 32).fill(seed);
  const oids: Partial<Record<Hash, string>> = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4', sha1: '1.2.840.10045.4.1' };
  return {
    spki: sequence(sequence(identifier('1.2.840.10045.2.1'), identifier(named)), bits(curve.getPublicKey(secret, false))),
    algorithm: (hash) => sequence(identifier(oids[hash] ?? '')),
    sign: (hash, message) => curve.sign(hashed(hash, message), secret, { format: 'der', lowS: false, prehash: false }),
  };
}

export const p256Maker = (seed: number): Maker => curveMaker(p256, '1.2.840.10045.3.1.7', seed);
export const p384Maker = (seed: number): Maker => curveMaker(p384, '1.3.132.0.34', seed);

/** The repository's one RSA key for tests. */
function rsaMaker(): Maker {
  const key: KeyObject = createPrivateKey({ key: readFileSync('crates/stamp/tests/maker/rsa-2048-test-key.der'), format: 'der', type: 'pkcs1' });
  const spki = decode(new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' })));
  const oids: Record<Hash, string> = { sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11', sha384: '1.2.840.113549.1.1.12', sha512: '1.2.840.113549.1.1.13' };
  if (!spki) throw new Error('the RSA key');
  return { spki, algorithm: (hash) => sequence(identifier(oids[hash]), nothing), sign: (hash, message) => new Uint8Array(sign(hash, message, key)) };
}

export const nameOf = (common: string): Node => sequence(set(sequence(identifier('2.5.4.3'), words(common))));

/** What a certificate says. */
export interface Says {
  subject: string;
  issuer: string;
  serial: number;
  notBefore: string;
  notAfter: string;
  /** pathLenConstraint of an authority, or none; undefined for no authority. */
  authority?: number | null;
  usage: number | null;
  purposes: string[];
  critical: boolean;
  keyId: Uint8Array | null;
  altName: string | null;
  odd: boolean;
}

export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const rootSays = (subject: string): Says => ({ subject, issuer: subject, serial: 1, notBefore: '20200101000000Z', notAfter: '20400101000000Z', authority: null, usage: 0x06, purposes: [], critical: false, keyId: null, altName: null, odd: false });
export const stampingSays = (subject: string, issuer: string): Says => ({ subject, issuer, serial: 2, notBefore: '20260101000000Z', notAfter: '20270101000000Z', usage: 0x80, purposes: [TIME_STAMPING], critical: true, keyId: utf8(subject), altName: null, odd: false });

function extension(id: string, critical: boolean, value: Node): Node {
  return sequence(identifier(id), ...(critical ? [truth] : []), octets(encode(value)));
}

function extensions(says: Says): Node[] {
  const list: Node[] = [];
  const { authority, usage, purposes, critical, keyId, altName } = says;
  if (authority !== undefined) list.push(extension('2.5.29.19', true, sequence(truth, ...(authority === null ? [] : [whole(authority)]))));
  if (usage !== null) list.push(extension('2.5.29.15', true, bits(Uint8Array.of(usage), usage === 0 ? 0 : Math.log2(usage & -usage))));
  if (purposes.length > 0) list.push(extension('2.5.29.37', critical, sequence(...purposes.map(identifier))));
  if (keyId) list.push(extension('2.5.29.14', false, octets(keyId)));
  if (altName !== null) list.push(extension('2.5.29.17', false, sequence(tagged(4, nameOf(altName)))));
  if (says.odd) list.push(extension('2.999.7', true, nothing));
  return list;
}

const bound = (time: string): Node => (time < '2050' ? raw(0x17, utf8(time.slice(2))) : moment(time));
const same = (node: Node): Node => node;

export function certificate(says: Says, key: Maker, by: Maker, hash: Hash = 'sha256', tweak: (tbs: Node) => Node = same): Node {
  const tbs = tweak(sequence(tagged(0, whole(2)), whole(says.serial), by.algorithm(hash), nameOf(says.issuer), sequence(bound(says.notBefore), bound(says.notAfter)), nameOf(says.subject), key.spki, tagged(3, sequence(...extensions(says)))));
  return sequence(tbs, by.algorithm(hash), bits(by.sign(hash, encode(tbs))));
}

/** Who stamps: certificate, key, and the certificates that lead from it to the root. */
export interface Authority {
  says: Says;
  key: Maker;
  certificate: Node;
  between: Node[];
  /** Key and name of whoever signed the certificate. */
  by: Maker;
  root: Node;
}

function authority(label: string, key: Maker, rootKey: Maker): Authority {
  const says = stampingSays(`${label} stamps`, `${label} root`);
  return { says, key, certificate: certificate(says, key, rootKey), between: [], by: rootKey, root: certificate(rootSays(`${label} root`), rootKey, rootKey) };
}

function deep(label: string, key: Maker, rootKey: Maker, middle: Maker): Authority {
  const link: Says = { ...rootSays(`${label} between`), issuer: `${label} root`, serial: 9, authority: 0, purposes: [TIME_STAMPING] };
  const says = stampingSays(`${label} stamps`, `${label} between`);
  return { says, key, certificate: certificate(says, key, middle), between: [certificate(link, middle, rootKey, 'sha384')], by: middle, root: certificate(rootSays(`${label} root`), rootKey, rootKey) };
}

export const AUTHORITIES = {
  alpha: authority('alpha', rsaMaker(), p256Maker(31)),
  beta: authority('beta', p256Maker(32), p256Maker(33)),
  gamma: deep('gamma', p384Maker(34), p384Maker(35), p256Maker(36)),
};
/** Whose roots are for other things than times. */
const maker = (label: string, seed: number, purposes: string[]): { key: Maker; root: Node } => ({ key: p256Maker(seed), root: certificate({ ...rootSays(`${label} root`), purposes }, p256Maker(seed), p256Maker(seed)) });
export const MAKERS = { cms: maker('cms', 44, ['1.3.6.1.5.5.7.3.4']), attestation: maker('maker', 45, []) };
export const STRANGER = authority('stranger', p256Maker(37), p256Maker(38));

export const pem = (der: Node): string => `-----BEGIN CERTIFICATE-----\n${toBase64(encode(der)).replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;

/** Where a token can be changed before it is signed. */
export type Place = 'info' | 'attributes' | 'certificate' | 'signer' | 'signed';

export interface Asks {
  time: string;
  status: number;
  /** Seconds, milliseconds, microseconds. */
  accuracy: [number, number, number] | null;
  imprint: Hash;
  hash: Hash;
  sid: 'serial' | 'key id';
  ess: ('v1' | 'v2' | 'v2 named')[];
  nonce: boolean;
  names: string | null;
  carried: boolean;
  says: Partial<Says>;
  rsaBare: boolean;
  tweak(place: Place, node: Node): Node;
}

export const asks = (time: string): Asks => ({ time, status: 0, accuracy: [1, 0, 0], imprint: 'sha256', hash: 'sha256', sid: 'serial', ess: ['v2'], nonce: false, names: null, carried: true, says: {}, rsaBare: false, tweak: (_, node) => node });

function infoOf(one: Asks, message: Uint8Array): Node {
  const [seconds = 0, milliseconds = 0, microseconds = 0] = one.accuracy ?? [];
  const accuracy = one.accuracy ? [sequence(...(seconds > 0 ? [whole(seconds)] : []), ...(milliseconds > 0 ? [whole(milliseconds, 0x80)] : []), ...(microseconds > 0 ? [whole(microseconds, 0x81)] : []))] : [];
  const names = one.names === null ? [] : [tagged(0, tagged(4, nameOf(one.names)))];
  return sequence(whole(1), identifier('2.999.1'), sequence(hashNode(one.imprint), octets(hashed(one.imprint, message))), whole(7), moment(one.time), ...accuracy, ...(one.nonce ? [whole(123456789)] : []), ...names);
}

function essOf(kind: Asks['ess'][number], own: Uint8Array, says: Says, hash: Hash): Node {
  const named = kind === 'v2 named' ? [sequence(sequence(tagged(4, nameOf(says.issuer))), whole(says.serial))] : [];
  const digest = kind === 'v1' ? [octets(sha1(own))] : [...(hash === 'sha256' ? [] : [sequence(identifier(HASH_OIDS[hash]))]), octets(hashed(hash, own))];
  const id = kind === 'v1' ? '1.2.840.113549.1.9.16.2.12' : '1.2.840.113549.1.9.16.2.47';
  return sequence(identifier(id), set(sequence(sequence(sequence(...digest, ...named)))));
}

/** A TimeStampResp over the message. */
export function stamp(by: Authority, one: Asks, message: Uint8Array): Uint8Array {
  const says = { ...by.says, ...one.says };
  const ownNode = Object.keys(one.says).length > 0 ? certificate(says, by.key, by.by, 'sha256', (tbs) => one.tweak('certificate', tbs)) : by.certificate;
  const own = encode(ownNode);
  const info = encode(one.tweak('info', infoOf(one, message)));
  const attribute = (id: string, value: Node): Node => sequence(identifier(id), set(value));
  const list = [attribute('1.2.840.113549.1.9.3', identifier('1.2.840.113549.1.9.16.1.4')), attribute('1.2.840.113549.1.9.4', octets(hashed(one.hash, info))), ...one.ess.map((kind) => essOf(kind, own, says, one.imprint === 'sha1' ? 'sha256' : one.imprint))];
  const attributes = one.tweak('attributes', { tag: 0xa0, inside: list });
  const signature = by.key.sign(one.hash, encode({ ...attributes, tag: 0x31 }));
  const sid = one.sid === 'key id' ? raw(0x80, says.keyId ?? new Uint8Array()) : sequence(nameOf(says.issuer), whole(says.serial));
  const algorithm = one.rsaBare ? sequence(identifier('1.2.840.113549.1.1.1'), nothing) : by.key.algorithm(one.hash);
  const signer = one.tweak('signer', sequence(whole(one.sid === 'key id' ? 3 : 1), sid, hashNode(one.hash), attributes, algorithm, octets(signature)));
  const carried = [...(one.carried ? [ownNode] : []), ...by.between];
  const signed = one.tweak('signed', sequence(whole(3), set(hashNode(one.hash)), sequence(identifier('1.2.840.113549.1.9.16.1.4'), tagged(0, octets(info))), ...(carried.length > 0 ? [{ tag: 0xa0, inside: carried }] : []), set(signer)));
  const content = one.status > 1 ? [] : [sequence(identifier('1.2.840.113549.1.7.2'), tagged(0, signed))];
  return encode(sequence(sequence(whole(one.status)), ...content));
}
