/**
 * Packets and exports made from the specification, stage by stage. Between two stages a mutation may change what there
 * is; the stages after it are made of what it left, so that a lie in the record is sealed and logged as a lie.
 */

import { digestOf, hex, hexDigestOf, joined, toBase64, utf8 } from '../src/bytes';
import type { Chance } from './random';
import { DEPLOYMENT, note, ORIGIN, type Signer } from './signing';
import { consistency, inclusion, root, spelt } from './tree';
import { type End, type Put, zipped } from './zipping';

export type Files = Map<string, Uint8Array>;
export const ID = '01a20610-b158-7031-b233-343536373839';

/** What a mutation can change, and when. */
export interface Draft {
  chance: Chance;
  /** Files of the packet, from content to seal. */
  files: Files;
  custody: string[];
  /** Whether lines are chained anew when the log is written. */
  rechain: boolean;
  sealText: string;
  signers: Signer[];
  puts: Put[];
  end: End;
  zip: Uint8Array;
  /** Files of the export below its top folder. */
  outer: Files;
  outerPuts: Put[];
  outerEnd: End;
  /** What is handed to the verifiers. */
  given: Uint8Array;
}

export type Stage = 'content' | 'bag' | 'tags' | 'seal' | 'sealed' | 'entries' | 'zip' | 'receipt' | 'outer-bag' | 'outer-entries' | 'outer-zip';
export type Hook = (stage: Stage, draft: Draft) => void;

export interface Kind {
  exported: boolean;
  hardware: boolean;
  revoked: 'never' | 'before' | 'after' | 'unplaced';
  decided: boolean;
  cosigned: boolean;
  /** How much of the log the tablet had seen; null for none. */
  seen: number | null;
}

const AT = '2026-11-23T01:00:00.000Z';
const jpeg = (n: number): Uint8Array => joined(Uint8Array.of(0xff, 0xd8, 0xff), utf8(`photo ${String(n)}`));

export const listing = (files: Files, wanted: (path: string) => boolean): string =>
  [...files.keys()]
    .filter(wanted)
    .sort()
    .map((path) => `${hexDigestOf(files.get(path) ?? new Uint8Array())}  ${path}\n`)
    .join('');

export function info(files: Files): string {
  const payload = [...files].filter(([path]) => path.startsWith('data/'));
  const oxum = `${String(payload.reduce((sum, [, bytes]) => sum + bytes.length, 0))}.${String(payload.length)}`;
  return `Bag-Software-Agent: fieldseal/1\nBagIt-Profile-Identifier: urn:fieldseal:bagit-profile:packet:1\nBagging-Date: 2026-11-23\nExternal-Identifier: ${ID}\nPayload-Oxum: ${oxum}\n`;
}

/** The lines of a custody log with `prev` of each as it must be. */
export function chained(lines: string[], first: string): string {
  let prev = first;
  let all = '';
  for (const [n, line] of lines.entries()) {
    const whole = `${line.replace(/^\{"n":\d+,"prev":"[0-9a-f]*"/, `{"n":${String(n + 1)},"prev":"${prev}"`)}\n`;
    prev = hexDigestOf(utf8(whole));
    all += whole;
  }
  return all;
}

const enrolled = (kind: string, who: Signer): string => note(`${ORIGIN}/enrolled/v1\nkind ${kind}\nsubject ${who.name}\nvkey ${who.vkey}\nenrolled-at ${AT}\n`, DEPLOYMENT.authority);
const revoked = (who: Signer): string => note(`${ORIGIN}/revoked/v1\nsubject ${who.name}\nvkey ${who.vkey}\nreason left\nrevoked-at ${AT}\n`, DEPLOYMENT.authority);
export const checkpointOf = (leaves: Uint8Array[], ...by: Signer[]): string => note(`${ORIGIN}\n${String(leaves.length)}\n${toBase64(root(leaves))}\n`, DEPLOYMENT.log, ...by);

function captured(n: number): { bytes: Uint8Array; line: string; item: string; path: string; link: string } {
  const bytes = jpeg(n);
  const seq = n + 2;
  const at = `2026-11-23T01:41:3${String(n)}.000Z`;
  const sha256 = hexDigestOf(bytes);
  const prev = n === 1 ? '5'.repeat(64) : captured(n - 1).link;
  const fix = `{"latitude":"31.20000","longitude":"121.40000","accuracy_m":4.0,"at":"${at}","age_ms":3000,"provider":"gps","mock":false}`;
  const line = `{"n":0,"prev":"","at":"${at}","boot_id":"4f2c9a1e-0000-4000-8000-000000000001","boot_ms":70000,"actor":"${DEPLOYMENT.first.name}","event":"captured","capture_seq":${String(seq)},"capture_prev":"${prev}","sha256":"${sha256}","size":${String(bytes.length)},"media_type":"image/jpeg","shot":"panorama","context":{"captured_at":"${at}","zone":"Asia/Shanghai","boot_id":"4f2c9a1e-0000-4000-8000-000000000001","boot_ms":70000,"server_offset_ms":400,"server_seen_at":"${AT}","fix":${fix},"source":"camera","software":"fieldseal-tablet 0.1.0"}}`;
  const path = `data/items/000${String(n)}.jpg`;
  const item = `{"capture_seq":${String(seq)},"captured_at":"${at}","media_type":"image/jpeg","path":"${path}","sha256":"${sha256}","shot":"panorama","size":${String(bytes.length)}}`;
  const link = hexDigestOf(utf8(`fieldseal capture/v1\n${String(seq)}\n${prev}\n${sha256}\n${at}\n`));
  return { bytes, line, item, path, link };
}

function content(draft: Draft, kind: Kind, device: Signer): Uint8Array[] {
  const items = [captured(1), captured(2)];
  for (const { path, bytes } of items) draft.files.set(path, bytes);
  const officer = (who: Signer, role: string): string => `{"badge":"0000001","key":"${who.name}","name":"甲","role":"${role}"}`;
  draft.files.set(
    'data/record.json',
    utf8(
      `{"device":"${device.name}","facts":{"width_m":3.5},"items":[${items.map(({ item }) => item).join(',')}],"kind":"billboard","officers":[${officer(DEPLOYMENT.first, 'lead')},${officer(DEPLOYMENT.second, 'second')}],"packet":"${ID}","party":{"presence":"refused","note":"-"},"schema":"record/1","team":"一","when":{"first_capture_at":"${AT}","zone":"Asia/Shanghai"},"where":{"address":"示例路1号","fix":{"latitude":"31.20000","longitude":"121.40000","accuracy_m":4.0,"at":"2026-11-23T01:41:31.000Z","age_ms":3000,"provider":"gps","mock":false}}}`,
    ),
  );
  draft.files.set(
    'data/form.json',
    utf8('{"fields":[{"expected":true,"id":"width_m","label":{"en":"Width","zh":"宽"},"type":"decimal"}],"kind":"billboard","name":{"en":"Billboard","zh":"户外广告"},"schema":"form/1","short_name":{"en":"Billboard","zh":"广告"},"shots":[{"expected":true,"id":"panorama","label":{"en":"Panorama","zh":"全景"}}],"version":"1"}'),
  );
  const head = `{"n":0,"prev":"","at":"${AT}","boot_id":"4f2c9a1e-0000-4000-8000-000000000001","boot_ms":60000,"actor":"${DEPLOYMENT.first.name}"`;
  draft.custody = [`${head},"event":"opened","packet":"${ID}","kind":"billboard"}`, ...items.map(({ line }) => line), `${head},"event":"party","presence":"refused","note":"-"}`, `${head},"event":"closed","items":2,"captures":"3-4"}`];
  const leaves: Uint8Array[] = [];
  for (const [file, sort, who] of [['device-t-0001', 'device', device], ['officer-o-0001', 'officer', DEPLOYMENT.first], ['officer-o-0002', 'officer', DEPLOYMENT.second]] as const) {
    const entry = utf8(enrolled(sort, who));
    leaves.push(entry);
    draft.files.set(`seal/keys/${file}.entry`, entry);
    draft.files.set(`seal/keys/${file}.vkey`, utf8(`${who.vkey}\n`));
  }
  if (kind.revoked === 'before') leaves.push(utf8(revoked(DEPLOYMENT.second)));
  if (kind.seen !== null) draft.files.set('seen/checkpoint', utf8(checkpointOf(leaves.slice(0, kind.seen))));
  return leaves;
}

const ORDER = ['bagit.txt', 'bag-info.txt', 'manifest-sha256.txt', 'tagmanifest-sha256.txt', 'data/record.json', 'data/form.json', 'data/custody.log', 'data/items/', 'data/', 'seen/checkpoint', 'seen/', 'seal/keys/'];
const rank = (path: string): number => {
  if (path === 'seal/packet.seal') return 90;
  const n = ORDER.findIndex((start) => (start.endsWith('/') ? path.startsWith(start) : path === start));
  return n < 0 ? 50 : n;
};

function putting(files: Files, top: string): Put[] {
  return [...files].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)).map(([path, bytes]) => ({ name: `${top}/${path}`, bytes }));
}

/** A packet or an export of this kind, with `hook` called between the stages. */
export function make(chance: Chance, kind: Kind, hook: Hook): Uint8Array {
  const draft: Draft = { chance, files: new Map(), custody: [], rechain: true, sealText: '', signers: [], puts: [], end: {}, zip: new Uint8Array(), outer: new Map(), outerPuts: [], outerEnd: {}, given: new Uint8Array() };
  const device = kind.hardware ? DEPLOYMENT.hardware : DEPLOYMENT.device;
  const leaves = content(draft, kind, device);
  const seen = kind.seen === null ? 'none' : `${String(kind.seen)} ${toBase64(root(leaves.slice(0, kind.seen)))}`;
  draft.files.set('data/custody.log', utf8(chained(draft.custody, '0'.repeat(64))));
  hook('content', draft);
  draft.files.set('bagit.txt', utf8('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'));
  draft.files.set('bag-info.txt', utf8(info(draft.files)));
  draft.files.set('manifest-sha256.txt', utf8(listing(draft.files, (path) => path.startsWith('data/'))));
  hook('bag', draft);
  draft.files.set('tagmanifest-sha256.txt', utf8(listing(draft.files, (path) => !path.startsWith('data/'))));
  hook('tags', draft);
  const tags = hexDigestOf(draft.files.get('tagmanifest-sha256.txt') ?? new Uint8Array());
  const first = hexDigestOf(utf8(enrolled('device', device)));
  draft.sealText = `${ORIGIN}/packet-seal/v1\npacket ${ID}\ntagmanifest-sha256 ${tags}\nclosed-at ${AT}\ncaptures 3-4\ndevice-seq 1\ndevice-prev ${first}\nseen-checkpoint ${seen}\nseen-tsr none\n`;
  draft.signers = [device, DEPLOYMENT.first, DEPLOYMENT.second];
  hook('seal', draft);
  draft.files.set('seal/packet.seal', utf8(note(draft.sealText, ...draft.signers)));
  hook('sealed', draft);
  draft.puts = putting(draft.files, `packet-${ID}`);
  hook('entries', draft);
  draft.zip = zipped(draft.puts, draft.end);
  hook('zip', draft);
  if (!kind.exported) return draft.zip;
  surround(draft, kind, leaves);
  hook('receipt', draft);
  draft.outer.set('bagit.txt', utf8('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'));
  draft.outer.set('bag-info.txt', utf8(info(draft.outer)));
  draft.outer.set('manifest-sha256.txt', utf8(listing(draft.outer, (path) => path.startsWith('data/'))));
  draft.outer.set('tagmanifest-sha256.txt', utf8(listing(draft.outer, (path) => !path.startsWith('data/'))));
  hook('outer-bag', draft);
  draft.outerPuts = putting(draft.outer, `evidence-${ID}`);
  hook('outer-entries', draft);
  draft.given = zipped(draft.outerPuts, draft.outerEnd);
  hook('outer-zip', draft);
  return draft.given;
}

/** Receipt, proofs, keys, custody log and decisions around the zip. */
function surround(draft: Draft, kind: Kind, before: Uint8Array[]): void {
  const seal = draft.files.get('seal/packet.seal') ?? new Uint8Array();
  const index = before.length;
  const leaves = [...before, seal, utf8('another leaf')];
  const revocation = utf8(revoked(DEPLOYMENT.second));
  if (kind.revoked === 'after') leaves.push(revocation);
  const checkpoint = checkpointOf(leaves, ...(kind.cosigned ? [DEPLOYMENT.witness] : []));
  const proof = (n: number): Uint8Array => utf8(`c2sp.org/tlog-proof@v1\nindex ${String(n)}\n${spelt(inclusion(n, leaves))}\n${checkpoint}`);
  const zip = hexDigestOf(draft.zip);
  draft.outer.set(`data/packet-${ID}.zip`, draft.zip);
  draft.outer.set(
    'data/receipt/receipt',
    utf8(note(`${ORIGIN}/receipt/v1\npacket ${ID}\nseal-sha256 ${hexDigestOf(seal)}\nzip-sha256 ${zip}\nzip-size ${String(draft.zip.length)}\nleaf-index ${String(index)}\nreceived-at ${AT}\ncopies 1\n`, DEPLOYMENT.receipts)),
  );
  draft.outer.set('data/receipt/packet.tlog-proof', proof(index));
  draft.outer.set('data/receipt/checkpoint', utf8(checkpoint));
  if (kind.seen !== null) draft.outer.set('data/receipt/consistency', utf8(`${String(kind.seen)} ${String(leaves.length)}\n${kind.seen === 0 ? '' : spelt(consistency(kind.seen, leaves))}`));
  draft.outer.set('data/receipt/keys/server.vkey', utf8([DEPLOYMENT.log, DEPLOYMENT.receipts, DEPLOYMENT.authority, DEPLOYMENT.decisions].map(({ vkey }) => `${vkey}\n`).join('')));
  if (kind.revoked !== 'never') {
    draft.outer.set('data/receipt/keys/officer-o-0002.revoked', revocation);
    const at = leaves.findIndex((leaf) => hex(digestOf(leaf)) === hex(digestOf(revocation)));
    if (at >= 0 && kind.revoked !== 'unplaced') draft.outer.set('data/receipt/keys/officer-o-0002.revoked.tlog-proof', proof(at));
  }
  const after = [`{"n":0,"prev":"","at":"${AT}","event":"received","zip_sha256":"${zip}","zip_size":${String(draft.zip.length)}}`, `{"n":0,"prev":"","at":"${AT}","event":"logged","leaf_index":${String(index)}}`];
  if (kind.decided) {
    const [document, salt] = [utf8('{"schema":"decision/1","decision":"accepted"}'), new Uint8Array(32).fill(7)];
    const bound = hexDigestOf(joined(salt, document));
    draft.outer.set('data/decisions/1.note', utf8(note(`${ORIGIN}/decision/v1\npacket ${ID}\nseal-sha256 ${hexDigestOf(seal)}\ndocument-sha256 ${bound}\ndecided-at ${AT}\n`, DEPLOYMENT.decisions)));
    draft.outer.set('data/decisions/1.json', document);
    draft.outer.set('data/decisions/1.salt', salt);
    after.push(`{"n":0,"prev":"","at":"${AT}","event":"decided","decision":"accepted","document_sha256":"${bound}"}`);
  }
  draft.outer.set('data/custody-after.log', utf8(chained(after, hexDigestOf(seal))));
}
