/** The content of a packet: items, record, custody log, keys, what was seen of the log. */

import { hexDigestOf, joined, text, toBase64, utf8 } from '../src/bytes';
import { continued, enrich } from './features';
import { type Draft, ID, type Kind } from './making';
import { DEPLOYMENT, NATIONAL, note, ORIGIN, type Signer } from './signing';
import { asks, AUTHORITIES, stamp } from './stamping';
import { root } from './tree';

const AT = '2026-11-23T01:00:00.000Z';
/** When authorities stamp what the tablet sees, and what the server exports. */
export const SEEN_AT = '20261123005500Z';
export const LOGGED_AT = '20261123010500Z';

/** The text of a signed note. */
export const textOf = (bytes: Uint8Array | undefined): Uint8Array => {
  const said = text(bytes ?? new Uint8Array()) ?? '';
  return utf8(said.slice(0, said.indexOf('\n\n') + 1));
};
export const seenText = (draft: Draft): Uint8Array => textOf(draft.files.get('seen/checkpoint'));

const jpeg = (n: number): Uint8Array => joined(Uint8Array.of(0xff, 0xd8, 0xff), utf8(`photo ${String(n)}`));

/** Whoever signs the seal. */
export interface Who {
  device: Signer;
  first: Signer;
  second: Signer;
}

export function whoOf({ suite }: Kind): Who {
  if (suite === 'national') return NATIONAL;
  const { device, hardware, first, second } = DEPLOYMENT;
  return { device: suite === 'hardware' ? hardware : device, first, second };
}

export const enrolled = (kind: string, who: Signer): string => note(`${ORIGIN}/enrolled/v1\nkind ${kind}\nsubject ${who.name}\nvkey ${who.vkey}\nenrolled-at ${AT}\n`, DEPLOYMENT.authority);
/** The key that signs took over from another one. */
const rotated = (who: Signer): string => note(`${ORIGIN}/rotated/v1\nkind device\nsubject ${who.name}\nold-vkey ${DEPLOYMENT.formerly.vkey}\nvkey ${who.vkey}\nrotated-at ${AT}\n`, DEPLOYMENT.authority);
/** The entry that enrols the device's key. */
export const entryOf = (kind: Kind, who: Signer): string => (kind.rotated ? rotated(who) : enrolled('device', who));
export const revoked = (who: Signer): string => note(`${ORIGIN}/revoked/v1\nsubject ${who.name}\nvkey ${who.vkey}\nreason left\nrevoked-at ${AT}\n`, DEPLOYMENT.authority);
export const checkpointOf = (leaves: Uint8Array[], ...by: Signer[]): string => note(`${ORIGIN}\n${String(leaves.length)}\n${toBase64(root(leaves))}\n`, ...by);

export function captured(n: number): { bytes: Uint8Array; line: string; item: string; path: string; link: string } {
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

/** Puts the content into the draft; gives the leaves that the log had before. */
export function content(draft: Draft, kind: Kind): Uint8Array[] {
  const { device, first, second } = whoOf(kind);
  const items = [captured(1), captured(2)];
  for (const { path, bytes } of items) draft.files.set(path, bytes);
  const officer = (who: Signer, role: string): string => `{"badge":"0000001","key":"${who.name}","name":"甲","role":"${role}"}`;
  draft.files.set(
    'data/record.json',
    utf8(
      `{"device":"${device.name}","facts":{"width_m":3.5},"items":[${items.map(({ item }) => item).join(',')}],"kind":"billboard","officers":[${officer(first, 'lead')},${officer(second, 'second')}],"packet":"${ID}","party":{"presence":"refused","note":"-"},"schema":"record/1","team":"一","when":{"first_capture_at":"${AT}","zone":"Asia/Shanghai"},"where":{"address":"示例路1号","fix":{"latitude":"31.20000","longitude":"121.40000","accuracy_m":4.0,"at":"2026-11-23T01:41:31.000Z","age_ms":3000,"provider":"gps","mock":false}}}`,
    ),
  );
  draft.files.set(
    'data/form.json',
    utf8('{"fields":[{"expected":true,"id":"width_m","label":{"en":"Width","zh":"宽"},"type":"decimal"}],"kind":"billboard","name":{"en":"Billboard","zh":"户外广告"},"schema":"form/1","short_name":{"en":"Billboard","zh":"广告"},"shots":[{"expected":true,"id":"panorama","label":{"en":"Panorama","zh":"全景"}}],"version":"1"}'),
  );
  const head = `{"n":0,"prev":"","at":"${AT}","boot_id":"4f2c9a1e-0000-4000-8000-000000000001","boot_ms":60000,"actor":"${DEPLOYMENT.first.name}"`;
  draft.custody = [`${head},"event":"opened","packet":"${ID}","kind":"billboard"}`, ...items.map(({ line }) => line), `${head},"event":"party","presence":"refused","note":"-"}`, `${head},"event":"closed","items":2,"captures":"3-4"}`];
  const leaves: Uint8Array[] = kind.continued ? [utf8(continued())] : [];
  for (const [file, sort, who] of [['device-t-0001', 'device', device], ['officer-o-0001', 'officer', first], ['officer-o-0002', 'officer', second]] as const) {
    const entry = utf8(sort === 'device' ? entryOf(kind, who) : enrolled(sort, who));
    leaves.push(entry);
    draft.files.set(`seal/keys/${file}.entry`, entry);
    draft.files.set(`seal/keys/${file}.vkey`, utf8(`${who.vkey}\n`));
  }
  if (kind.revoked === 'before') leaves.push(utf8(revoked(second)));
  if (kind.rotated) {
    const before = utf8(enrolled('device', DEPLOYMENT.formerly));
    leaves.push(before);
    draft.files.set('seal/keys/formerly.entry', before);
  }
  if (kind.seen !== null) {
    draft.files.set('seen/checkpoint', utf8(checkpointOf(leaves.slice(0, kind.seen), DEPLOYMENT.log)));
    for (const id of kind.seenTokens) draft.files.set(`seen/checkpoint.${id}.tsr`, stamp(AUTHORITIES[id], asks(SEEN_AT), seenText(draft)));
  }
  enrich(draft, kind);
  return leaves;
}

