/** What SignerInfos of timestamp tokens and of CMS signatures have in common: docs/spec/time.md, "A token", docs/spec/seal.md, "CMS". */

import { equal, joined } from './bytes';
import { Cursor, type Element, INTEGER, integer, NotDer, OCTETS, OID, oid, SEQUENCE, SET } from './der';
import type { Certificate } from './x509';

/** By what a SignerInfo names its signer's certificate. */
export type Sid = { issuer: Uint8Array; serial: Uint8Array } | { keyId: Uint8Array };

export function sidOf(element: Element): Sid {
  if (element.tag === 0x80) return { keyId: element.content };
  if (element.tag !== SEQUENCE) throw new NotDer('the signer');
  const inside = new Cursor(element.content);
  const issuer = inside.take(SEQUENCE).raw;
  const serial = inside.take(INTEGER);
  integer(serial);
  inside.end();
  return { issuer, serial: serial.content };
}

export function isNamed(sid: Sid, certificate: Certificate): boolean {
  if ('keyId' in sid) return certificate.keyId !== null && equal(sid.keyId, certificate.keyId);
  return equal(sid.issuer, certificate.issuer) && equal(sid.serial, certificate.serial);
}

/** Signed attributes by their OID. */
export type Attributes = Map<string, Element[]>;

export function attributesOf(element: Element): Attributes {
  const values: Attributes = new Map();
  for (const one of new Cursor(element.content).rest()) {
    if (one.tag !== SEQUENCE) throw new NotDer('an attribute');
    const cursor = new Cursor(one.content);
    const id = oid(cursor.take(OID));
    const set = cursor.inner(SET).rest();
    cursor.end();
    if (values.has(id)) throw new NotDer('an attribute twice');
    values.set(id, set);
  }
  return values;
}

/** The one value of an attribute that has to be there. */
export function single(values: Attributes, id: string): Element {
  const [value, ...more] = values.get(id) ?? [];
  if (!value || more.length > 0) throw new NotDer('an attribute');
  return value;
}

/** What is signed: the attributes with the tag of a SET. */
export const signedBytes = (attributes: Element): Uint8Array => joined(Uint8Array.of(SET), attributes.raw.subarray(1));

/** messageDigest, where contentType is this one. */
export function messageDigest(values: Attributes, contentType: string): Uint8Array {
  const type = single(values, '1.2.840.113549.1.9.3');
  if (type.tag !== OID || oid(type) !== contentType) throw new NotDer('the content type');
  const digest = single(values, '1.2.840.113549.1.9.4');
  if (digest.tag !== OCTETS) throw new NotDer('the message digest');
  return digest.content;
}
