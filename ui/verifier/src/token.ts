/** Timestamp tokens (RFC 3161), judged in the order of docs/spec/time.md: the first thing that does not hold is the outcome. */

import { sha1 } from '@noble/hashes/legacy.js';
import { equal } from './bytes';
import { algorithm, BITS, BOOLEAN, boolean, Cursor, type Element, generalizedTime, INTEGER, integer, NotDer, OCTETS, OID, oid, only, SEQUENCE, SET } from './der';
import { Paths, TIME_STAMPING } from './path';
import { type Attributes, attributesOf, isNamed, messageDigest, type Sid, sidOf, signedBytes, single } from './signeddata';
import { type Certificate, type Digest, digestBy, hashed, keyVerifies, readable, signatureBy, Unsupported } from './x509';

export type Outcome =
  | { at: 'good'; earliest: bigint; latest: bigint; /** Of the signer's certificate, in seconds. */ notAfter: bigint }
  | { at: 'malformed' | 'not granted' | 'other bytes' | 'unknown authority' | 'other signer' | 'bad signature' | 'not valid then' | 'wrong purpose' | 'unsupported' };

class Bad extends Error {
  constructor(readonly at: Exclude<Outcome['at'], 'good'>) {
    super(at);
  }
}

export const MOST_TOKEN = 65_536;
const MOST_CERTIFICATES = 16;

interface EssId {
  digest: Digest | 'sha1';
  hash: Uint8Array;
  /** Issuer's names and serial number. */
  issuer: { names: Element[]; serial: Uint8Array } | null;
}

interface Signer {
  sid: Sid;
  digest: Digest;
  attributes: Uint8Array;
  messageDigest: Uint8Array;
  essIds: EssId[];
  algorithm: ReturnType<typeof algorithm>;
  signature: Uint8Array;
}

interface Info {
  imprint: { digest: Digest; hash: Uint8Array };
  /** Nanoseconds. */
  time: bigint;
  accuracy: bigint;
  authority: Element | null;
}

interface Token {
  certificates: Uint8Array[];
  content: Uint8Array;
  signer: Signer;
  info: Info;
}

function digestIn(element: Element): Digest {
  const found = digestBy(algorithm(element));
  if (!found) throw new Bad('unsupported');
  return found;
}

function essIdOf(element: Element, second: boolean): EssId {
  if (element.tag !== SEQUENCE) throw new NotDer('an ESSCertID');
  const cursor = new Cursor(element.content);
  const named = second ? cursor.maybe(SEQUENCE) : null;
  const digest = !second ? 'sha1' : named ? digestIn(named) : 'sha256';
  const hash = cursor.take(OCTETS).content;
  const more = cursor.maybe(SEQUENCE);
  cursor.end();
  if (!more) return { digest, hash, issuer: null };
  const inside = new Cursor(more.content);
  const names = inside.inner(SEQUENCE).rest();
  const serial = inside.take(INTEGER);
  integer(serial);
  inside.end();
  return { digest, hash, issuer: { names, serial: serial.content } };
}

function firstEssId(value: Element, second: boolean): EssId {
  if (value.tag !== SEQUENCE) throw new NotDer('a signing certificate');
  const cursor = new Cursor(value.content);
  // Those after the first are not read.
  const [first] = cursor.inner(SEQUENCE).rest();
  cursor.maybe(SEQUENCE);
  cursor.end();
  if (!first) throw new NotDer('no ESSCertID');
  return essIdOf(first, second);
}

function essIdsIn(values: Attributes): EssId[] {
  const [first, second] = ['1.2.840.113549.1.9.16.2.12', '1.2.840.113549.1.9.16.2.47'];
  const essIds = [...values.keys()].filter((id) => id === first || id === second).map((id) => firstEssId(single(values, id), id === second));
  if (essIds.length === 0) throw new NotDer('no signing certificate');
  return essIds;
}

function signerOf(element: Element): Signer {
  const cursor = new Cursor(element.content);
  const version = integer(cursor.take(INTEGER));
  if (version !== 1n && version !== 3n) throw new NotDer('the version');
  const sid = sidOf(cursor.next());
  const digest = digestIn(cursor.take(SEQUENCE));
  const attributes = cursor.take(0xa0);
  const values = attributesOf(attributes);
  const digested = messageDigest(values, '1.2.840.113549.1.9.16.1.4');
  const essIds = essIdsIn(values);
  const by = algorithm(cursor.take(SEQUENCE));
  const signature = cursor.take(OCTETS).content;
  cursor.maybe(0xa1);
  cursor.end();
  return { sid, digest, attributes: signedBytes(attributes), messageDigest: digested, essIds, algorithm: by, signature };
}

function accuracyOf(element: Element): bigint {
  const cursor = new Cursor(element.content);
  const part = (tag: number, most: bigint): bigint => {
    const found = cursor.maybe(tag);
    const value = found ? integer(found) : 0n;
    if (value < 0n || value > most) throw new NotDer('the accuracy');
    return value;
  };
  const nanoseconds = part(INTEGER, (1n << 32n) - 1n) * 1_000_000_000n + part(0x80, 999n) * 1_000_000n + part(0x81, 999n) * 1000n;
  cursor.end();
  return nanoseconds;
}

function infoOf(content: Uint8Array): Info {
  const cursor = new Cursor(only(content, SEQUENCE).content);
  if (integer(cursor.take(INTEGER)) !== 1n) throw new NotDer('the version');
  oid(cursor.take(OID));
  const imprinted = cursor.inner(SEQUENCE);
  const digest = digestIn(imprinted.take(SEQUENCE));
  const hash = imprinted.take(OCTETS).content;
  imprinted.end();
  integer(cursor.take(INTEGER));
  const time = generalizedTime(cursor.take(0x18), true);
  const accuracy = cursor.maybe(SEQUENCE);
  const width = accuracy ? accuracyOf(accuracy) : 0n;
  const ordering = cursor.maybe(BOOLEAN);
  if (ordering) boolean(ordering);
  const nonce = cursor.maybe(INTEGER);
  if (nonce) integer(nonce);
  const named = cursor.maybe(0xa0);
  const authority = named && onlyOne(named.content);
  const extensions = cursor.maybe(0xa1);
  cursor.end();
  if (extensions) refuseCritical(extensions);
  return { imprint: { digest, hash }, time, accuracy: width, authority };
}

function onlyOne(bytes: Uint8Array): Element {
  const cursor = new Cursor(bytes);
  const element = cursor.next();
  cursor.end();
  return element;
}

function refuseCritical(extensions: Element): void {
  for (const one of new Cursor(extensions.content).rest()) {
    if (one.tag !== SEQUENCE) throw new NotDer('an extension');
    const cursor = new Cursor(one.content);
    oid(cursor.take(OID));
    const critical = cursor.maybe(BOOLEAN);
    const marked = critical !== null && boolean(critical);
    cursor.take(OCTETS);
    cursor.end();
    if (marked) throw new Bad('unsupported');
  }
}

function read(bytes: Uint8Array): Token {
  if (bytes.length > MOST_TOKEN) throw new Bad('malformed');
  const outer = new Cursor(only(bytes, SEQUENCE).content);
  const answer = outer.inner(SEQUENCE);
  const status = integer(answer.take(INTEGER));
  answer.maybe(SEQUENCE);
  answer.maybe(BITS);
  answer.end();
  if (status !== 0n && status !== 1n) throw new Bad('not granted');
  const info = outer.inner(SEQUENCE);
  outer.end();
  if (oid(info.take(OID)) !== '1.2.840.113549.1.7.2') throw new NotDer('no SignedData');
  const wrapped = info.inner(0xa0);
  info.end();
  const data = wrapped.inner(SEQUENCE);
  wrapped.end();
  const version = integer(data.take(INTEGER));
  if (version < 1n || version > 5n) throw new NotDer('the version');
  data.take(SET);
  const encapsulated = data.inner(SEQUENCE);
  if (oid(encapsulated.take(OID)) !== '1.2.840.113549.1.9.16.1.4') throw new NotDer('no TSTInfo');
  const explicit = encapsulated.inner(0xa0);
  encapsulated.end();
  const content = explicit.take(OCTETS).content;
  explicit.end();
  const carried = data.maybe(0xa0);
  const certificates = carried ? new Cursor(carried.content).rest().filter(({ tag }) => tag === SEQUENCE) : [];
  if (certificates.length > MOST_CERTIFICATES) throw new NotDer('too many certificates');
  data.maybe(0xa1);
  const signers = data.inner(SET);
  data.end();
  const signer = signers.take(SEQUENCE);
  signers.end();
  return { certificates: certificates.map(({ raw }) => raw), content, signer: signerOf(signer), info: infoOf(content) };
}

const matches = (certificate: Certificate, id: EssId): boolean => equal(id.digest === 'sha1' ? sha1(certificate.raw) : hashed(id.digest, certificate.raw), id.hash);

function names(certificate: Certificate, { sid, essIds }: Signer): boolean {
  return (
    isNamed(sid, certificate) &&
    essIds.every((id) => {
      if (!matches(certificate, id)) return false;
      if (!id.issuer) return true;
      const [name, ...more] = id.issuer.names;
      return name?.tag === 0xa4 && more.length === 0 && equal(name.content, certificate.issuer) && equal(id.issuer.serial, certificate.serial);
    })
  );
}

function judged(bytes: Uint8Array, message: Uint8Array, roots: Uint8Array[]): Outcome {
  const { certificates, content, signer, info } = read(bytes);
  if (!equal(hashed(info.imprint.digest, message), info.imprint.hash)) throw new Bad('other bytes');
  const all = [...certificates, ...roots].map(readable).filter((certificate) => certificate !== null);
  const [first] = signer.essIds;
  const own = first && all.find((certificate) => matches(certificate, first));
  if (!own) throw new Bad('unknown authority');
  if (!names(own, signer)) throw new Bad('other signer');
  if (!equal(hashed(signer.digest, content), signer.messageDigest)) throw new Bad('bad signature');
  if (!keyVerifies(own.spki, signatureBy(signer.algorithm, signer.digest), signer.attributes, signer.signature)) throw new Bad('bad signature');
  const { authority } = info;
  if (authority && !(authority.tag === 0xa4 && equal(authority.content, own.subject)) && !own.altNames.some((name) => equal(name, authority.raw))) throw new Bad('other signer');
  const paths = new Paths(all, roots, info.time, TIME_STAMPING);
  if (!paths.found([own], false)) {
    if (paths.again().found([own], true)) throw new Bad('not valid then');
    throw new Bad(paths.passedOver ? 'unsupported' : 'unknown authority');
  }
  const purposeRight = own.purposes?.critical === true && own.purposes.oids.length === 1 && own.purposes.oids[0] === TIME_STAMPING;
  const usageRight = own.usage === null || (own.usage.some((bit, n) => bit && n < 2) && own.usage.every((bit, n) => !bit || n < 2));
  if (!purposeRight || !usageRight) throw new Bad('wrong purpose');
  const millisecond = 1_000_000n;
  const floor = (value: bigint): bigint => (value - (((value % millisecond) + millisecond) % millisecond)) / millisecond;
  return { at: 'good', earliest: floor(info.time - info.accuracy), latest: -floor(-(info.time + info.accuracy)), notAfter: own.notAfter };
}

/** What the token comes to over this message. */
export function judge(bytes: Uint8Array, message: Uint8Array, roots: Uint8Array[]): Outcome {
  try {
    return judged(bytes, message, roots);
  } catch (cause) {
    if (cause instanceof Bad) return { at: cause.at };
    if (cause instanceof NotDer) return { at: 'malformed' };
    if (cause instanceof Unsupported) return { at: 'unsupported' };
    throw cause;
  }
}
