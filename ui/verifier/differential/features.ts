/** What a packet or an export may have and need not: drawings, challenge words, CMS, heartbeats, children, makers' certificates, other keys of the log. */

import { digestOf, hexDigestOf, text, toBase64, utf8 } from '../src/bytes';
import { wordOf } from '../src/challenge';
import { captured } from './contents';
import { encode, identifier, type Node, nothing, octets, sequence, set, tagged, whole } from './der';
import { type Draft, type Files, ID, type Kind } from './making';
import { DEPLOYMENT, edSigner, note, ORIGIN, type Signer } from './signing';
import { asks, AUTHORITIES, type Authority, certificate, MAKERS, nameOf, p256Maker, pem, type Says, stamp, stampingSays } from './stamping';

const AT = '2026-11-23T01:00:00.000Z';

/** The second item as a drawing of the party. */
export function draw(draft: Draft): void {
  const { path, line } = captured(2);
  const at = draft.custody.indexOf(line);
  draft.custody[at] = line.replace('"source":"camera"', '"source":"party-drawing"');
  const said = text(draft.files.get('data/record.json') ?? new Uint8Array()) ?? '';
  draft.files.set('data/record.json', utf8(said.replace(`"path":"${path}"`, `"path":"${path}","kind":"party-drawing","label":{"zh":"笔迹","en":"Drawing"}`).replace('"presence":"refused"', `"presence":"refused","drawing":"${path}"`)));
}

/** A challenge word of the seen token at the first capture. */
export function challenge(draft: Draft, digest: string, word = wordOf(digest)): void {
  const at = draft.custody.findIndex((line) => line.includes('"capture_seq":3,'));
  draft.custody[at] = (draft.custody[at] ?? '').replace('"source":', `"challenge":{"word":"${word}","token_sha256":"${digest}"},"source":`);
}

/** A key's certificate by the deployment's own authority, or by the maker of the hardware. */
export const TABLET: Says = { ...stampingSays(DEPLOYMENT.hardware.name, 'cms root'), notAfter: '99991231235959Z', usage: 0xc0, purposes: ['1.3.6.1.5.5.7.3.4'], critical: false, keyId: utf8('tablet') };

export interface Signs {
  says: Says;
  seed: number;
  sid: 'serial' | 'key id';
  carried: boolean;
  tweak(place: 'certificate' | 'attributes' | 'signer' | 'signed', node: Node): Node;
}
export const signs = (): Signs => ({ says: TABLET, seed: 16, sid: 'serial', carried: true, tweak: (_, node) => node });

/** A detached CMS signature over these bytes. */
export function cms(one: Signs, content: Uint8Array): Uint8Array {
  const key = p256Maker(one.seed);
  const own = certificate(one.says, key, MAKERS.cms.key, 'sha256', (tbs) => one.tweak('certificate', tbs));
  const attribute = (id: string, value: Node): Node => sequence(identifier(id), set(value));
  const attributes = one.tweak('attributes', { tag: 0xa0, inside: [attribute('1.2.840.113549.1.9.3', identifier('1.2.840.113549.1.7.1')), attribute('1.2.840.113549.1.9.4', octets(digestOf(content)))] });
  const sid = one.sid === 'key id' ? { tag: 0x80, content: one.says.keyId ?? new Uint8Array() } : sequence(nameOf(one.says.issuer), whole(one.says.serial));
  const digest = sequence(identifier('2.16.840.1.101.3.4.2.1'), nothing);
  const signer = one.tweak('signer', sequence(whole(1), sid, digest, attributes, key.algorithm('sha256'), octets(key.sign('sha256', encode({ ...attributes, tag: 0x31 })))));
  const signed = one.tweak('signed', sequence(whole(1), set(digest), sequence(identifier('1.2.840.113549.1.7.1')), ...(one.carried ? [{ tag: 0xa0, inside: [own] }] : []), set(signer)));
  return encode(sequence(identifier('1.2.840.113549.1.7.2'), tagged(0, signed)));
}

export const LINK_SAYS: Says = { ...stampingSays('maker between', 'maker root'), authority: 1, usage: 0x04, purposes: [], keyId: null };
export const CHIP_SAYS: Says = { ...stampingSays('a chip', 'maker between'), purposes: [], keyId: null };

/** A maker's chain for the hardware's key. */
export function chain(chip = CHIP_SAYS, link = LINK_SAYS, seed = 16, tweak: (tbs: Node) => Node = (tbs) => tbs): Node[] {
  const between = p256Maker(46);
  return [certificate(chip, p256Maker(seed), between, 'sha256', tweak), certificate(link, between, MAKERS.attestation.key)];
}
export const inPem = (nodes: Node[]): Uint8Array => utf8(nodes.map(pem).join(''));

/** A heartbeat of the device. */
export function heartbeat(by: Signer, seq: number, named: number[], newest?: { seq: number; link: string }): string {
  const last = newest ?? { seq: Math.max(0, ...named), link: captured(Math.max(1, ...named) - 2).link };
  const lines = named.map((n) => `capture ${String(n)} ${captured(n - 2).link}\n`).join('');
  return note(`${ORIGIN}/heartbeat/v${named.length > 0 ? '2' : '1'}\ndevice ${by.name}\ndevice-seq ${String(seq)}\ncapture-seq ${String(last.seq)}\ncapture-link ${last.link}\nat ${AT}\n${lines}`, by);
}

export const BEAT_AT = '20261123010200Z';
export const beatToken = (by: Authority, message: Uint8Array): Uint8Array => stamp(by, asks(BEAT_AT), message);

/** A signed child of the first item. */
export function child(draft: Draft, name: string, maker: string, by: Signer): void {
  const bytes = utf8(`a copy, ${name}`);
  const seal = hexDigestOf(draft.files.get('seal/packet.seal') ?? new Uint8Array());
  const parent = captured(1);
  draft.outer.set(`data/derived/${name}`, bytes);
  draft.outer.set(
    `data/derived/${name}.note`,
    utf8(
      note(
        `${ORIGIN}/derived/v1\npacket ${ID}\nseal-sha256 ${seal}\nparent-path ${parent.path}\nparent-sha256 ${hexDigestOf(parent.bytes)}\nchild ${name}\nchild-sha256 ${hexDigestOf(bytes)}\nchild-size ${String(bytes.length)}\nkind stamped\ntool a tool 1\nstep one\nstep two 二\nmade-at ${AT}\nmaker ${maker}\n`,
        by,
      ),
    ),
  );
}

/** The log's next key, and the leaf by which the first one hands over. */
export const NEXT_LOG = edSigner(ORIGIN, 27);
export const logRotation = (from: Signer, to: Signer, ...by: Signer[]): string => note(`${ORIGIN}/rotated/v1\nkind log\nsubject ${ORIGIN}\nold-vkey ${from.vkey}\nvkey ${to.vkey}\nrotated-at ${AT}\n`, ...by);

const OLD = 'former.example/log';
export const OLD_AUTHORITY = edSigner(`${OLD}/authority`, 28);
export const continued = (): string => note(`${ORIGIN}/continued/v1\nold-origin ${OLD}\nold-size 7\nold-root ${toBase64(new Uint8Array(32).fill(9))}\ncontinued-at ${AT}\n`, DEPLOYMENT.authority, OLD_AUTHORITY);

/** Into the packet, before it is sealed. */
export function enrich(draft: Draft, kind: Kind): void {
  if (kind.drawn) draw(draft);
  const [token] = kind.seen === null ? [] : kind.seenTokens;
  if (kind.challenged && token !== undefined) challenge(draft, hexDigestOf(draft.files.get(`seen/checkpoint.${token}.tsr`) ?? new Uint8Array()));
}

/** Heartbeats that were logged before the seal. */
export function beatsOf(kind: Kind, device: Signer): Uint8Array[] {
  const all = [heartbeat(device, 0, [3]), heartbeat(device, 0, [3, 4]), heartbeat(device, 5, [], { seq: 9, link: '7'.repeat(64) })];
  return all.slice(0, kind.beats).map(utf8);
}

/** Around the packet, but for what hangs on the log. */
export function surroundings(draft: Draft, kind: Kind, who: { device: Signer; first: Signer }): void {
  if (kind.children > 0) child(draft, '0001-stamped.jpg', 'account/zhou', DEPLOYMENT.decisions);
  if (kind.children > 1) child(draft, '0001-redacted.jpg', who.first.name, who.first);
  if (kind.children > 2) child(draft, '0001-annotated.jpg', who.device.name, who.device);
  if (kind.attested) draft.outer.set('data/receipt/attestation/device-t-0001.pem', inPem(chain()));
  if (kind.logRotated) draft.outer.set('data/receipt/log/1.rotated', utf8(logRotation(DEPLOYMENT.log, NEXT_LOG, DEPLOYMENT.log, DEPLOYMENT.authority)));
}

/** The tokens of the heartbeats' checkpoints. */
export function beatTokens(kind: Kind, index: number, message: Uint8Array, into: Files): void {
  for (const id of kind.loggedTokens) into.set(`data/receipt/heartbeats/${String(index)}.${id}.tsr`, beatToken(AUTHORITIES[id], message));
}
