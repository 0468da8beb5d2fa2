/** The detached CMS signature over the tag manifest: docs/spec/seal.md, "CMS". */

import { TAG_MANIFEST } from './bag';
import { equal, hex } from './bytes';
import { type Algorithm, algorithm, Cursor, INTEGER, integer, NotDer, OCTETS, OID, oid, only, SEQUENCE, SET } from './der';
import { type Key, spkiOf } from './keys';
import { ANY_PURPOSE, EMAIL_PROTECTION, Paths } from './path';
import type { Findings } from './report';
import { attributesOf, isNamed, messageDigest, type Sid, sidOf, signedBytes } from './signeddata';
import { small, type Tree } from './tree';
import { type Certificate, digestBy, keyVerifies, readable, signatureBy, Unsupported } from './x509';

export const CMS = 'seal/tagmanifest.p7s';
const MOST_BYTES = 65_536;
const MOST_CERTIFICATES = 16;
const DATA = '1.2.840.113549.1.7.1';

interface Cms {
  certificates: Uint8Array[];
  sid: Sid;
  attributes: Uint8Array;
  digested: Uint8Array;
  algorithm: Algorithm;
  signature: Uint8Array;
}

/** Throws [`NotDer`], or [`Unsupported`] where the digest is another. */
function read(bytes: Uint8Array): Cms {
  const outer = new Cursor(only(bytes, SEQUENCE).content);
  if (oid(outer.take(OID)) !== '1.2.840.113549.1.7.2') throw new NotDer('no SignedData');
  const wrapped = outer.inner(0xa0);
  outer.end();
  const data = wrapped.inner(SEQUENCE);
  wrapped.end();
  const version = integer(data.take(INTEGER));
  if (version < 1n || version > 5n) throw new NotDer('the version');
  data.take(SET);
  const encapsulated = data.inner(SEQUENCE);
  if (oid(encapsulated.take(OID)) !== DATA) throw new NotDer('no data');
  encapsulated.end();
  const carried = data.maybe(0xa0);
  const certificates = carried ? new Cursor(carried.content).rest().filter(({ tag }) => tag === SEQUENCE) : [];
  if (certificates.length > MOST_CERTIFICATES) throw new NotDer('too many certificates');
  data.maybe(0xa1);
  const signers = data.inner(SET);
  data.end();
  const signer = signers.inner(SEQUENCE);
  signers.end();
  return { certificates: certificates.map(({ raw }) => raw), ...signerOf(signer) };
}

function signerOf(signer: Cursor): Omit<Cms, 'certificates'> {
  const version = integer(signer.take(INTEGER));
  if (version !== 1n && version !== 3n) throw new NotDer('the version');
  const sid = sidOf(signer.next());
  if (digestBy(algorithm(signer.take(SEQUENCE))) !== 'sha256') throw new Unsupported('the digest algorithm');
  const attributes = signer.take(0xa0);
  const digested = messageDigest(attributesOf(attributes), DATA);
  const by = algorithm(signer.take(SEQUENCE));
  const signature = signer.take(OCTETS).content;
  signer.maybe(0xa1);
  signer.end();
  return { sid, attributes: signedBytes(attributes), digested, algorithm: by, signature };
}

/** Whether the certificate may sign, and leads to a root at that time. */
function isTrusted(own: Certificate, others: Certificate[], roots: Uint8Array[], closedAt: string): boolean {
  const all = [own, ...others, ...roots.map(readable).filter((certificate) => certificate !== null)];
  const usage = own.usage === null || own.usage[0] === true || own.usage[1] === true;
  const purpose = own.purposes === null || own.purposes.oids.some((id) => id === EMAIL_PROTECTION || id === ANY_PURPOSE);
  return usage && purpose && new Paths(all, roots, BigInt(Date.parse(closedAt)) * 1_000_000n, EMAIL_PROTECTION).found([own], false);
}

/** @param keys those of the device that made right lines of the seal. */
export async function checkCms(tree: Tree, keys: Key[], roots: Uint8Array[], closedAt: string, findings: Findings): Promise<void> {
  if (!tree.has(CMS)) return;
  const bytes = await small(tree, CMS, MOST_BYTES);
  try {
    if (!bytes) throw new NotDer('too large');
    const cms = read(bytes);
    if (hex(cms.digested) !== tree.get(TAG_MANIFEST)?.sha256) return findings.add('cms-invalid', CMS, 'another manifest');
    const certificates = cms.certificates.map(readable).filter((certificate) => certificate !== null);
    const own = certificates.find((certificate) => isNamed(cms.sid, certificate));
    if (!own) return findings.add('cms-signer-unknown', CMS, 'no certificate');
    if (!keyVerifies(own.spki, signatureBy(cms.algorithm, 'sha256'), cms.attributes, cms.signature)) return findings.add('cms-invalid', CMS, 'signature');
    const key = keys.find((one) => equal(spkiOf(one) ?? new Uint8Array(), own.spki));
    if (!key) return findings.add('cms-signer-unknown', CMS, 'another key');
    if (!isTrusted(own, certificates, roots, closedAt)) return findings.add('cms-signer-unknown', CMS, 'no root');
    findings.add('cms-ok', key.name);
  } catch (cause) {
    if (cause instanceof NotDer) findings.add('cms-invalid', CMS, 'form');
    else if (cause instanceof Unsupported) findings.add('cms-not-checked', CMS);
    else throw cause;
  }
}
