/**
 * Packets and exports made from the specification, stage by stage. Between two stages a mutation may change what there
 * is; the stages after it are made of what it left, so that a lie in the record is sealed and logged as a lie.
 */

import { hex, hexDigestOf, toBase64, utf8 } from '../src/bytes';
import { sm3 } from '../src/sm';
import { content, entryOf, whoOf } from './contents';
import { cms, signs } from './features';
import type { Chance } from './random';
import { note, ORIGIN, type Signer } from './signing';
import type { AUTHORITIES } from './stamping';
import { surround } from './surrounding';
import { root } from './tree';
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
  suite: 'plain' | 'hardware' | 'national';
  /** Whether the device's key took over from another one. */
  rotated: boolean;
  revoked: 'never' | 'before' | 'after' | 'unplaced';
  decided: boolean;
  cosigned: boolean;
  /** How much of the log the tablet had seen; null for none. */
  seen: number | null;
  seenTokens: (keyof typeof AUTHORITIES)[];
  loggedTokens: (keyof typeof AUTHORITIES)[];
  renewed: boolean;
  drawn: boolean;
  challenged: boolean;
  /** Whether a CMS signature stands beside the seal. */
  cms: boolean;
  /** How many heartbeats come along, and how many children. */
  beats: number;
  children: number;
  attested: boolean;
  logRotated: boolean;
  continued: boolean;
}

const AT = '2026-11-23T01:00:00.000Z';

export const listing = (files: Files, wanted: (path: string) => boolean, digest: (bytes: Uint8Array) => string = hexDigestOf): string =>
  [...files.keys()]
    .filter(wanted)
    .sort()
    .map((path) => `${digest(files.get(path) ?? new Uint8Array())}  ${path}\n`)
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

const sm3Of = (bytes: Uint8Array): string => hex(sm3(bytes));

const ORDER = ['bagit.txt', 'bag-info.txt', 'manifest-sha256.txt', 'manifest-sm3.txt', 'tagmanifest-sha256.txt', 'tagmanifest-sm3.txt', 'data/record.json', 'data/form.json', 'data/custody.log', 'data/items/', 'data/', 'seen/checkpoint', 'seen/', 'seal/keys/'];
const rank = (path: string): number => {
  if (path === 'seal/packet.seal') return 90;
  if (path === 'seal/tagmanifest.p7s') return 91;
  const n = ORDER.findIndex((start) => (start.endsWith('/') ? path.startsWith(start) : path === start));
  return n < 0 ? 50 : n;
};

function putting(files: Files, top: string): Put[] {
  return [...files].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)).map(([path, bytes]) => ({ name: `${top}/${path}`, bytes }));
}

/** A packet or an export of this kind, with `hook` called between the stages. */
export function make(chance: Chance, kind: Kind, hook: Hook): Uint8Array {
  const draft: Draft = { chance, files: new Map(), custody: [], rechain: true, sealText: '', signers: [], puts: [], end: {}, zip: new Uint8Array(), outer: new Map(), outerPuts: [], outerEnd: {}, given: new Uint8Array() };
  const who = whoOf(kind);
  const leaves = content(draft, kind);
  const seen = kind.seen === null ? 'none' : `${String(kind.seen)} ${toBase64(root(leaves.slice(0, kind.seen)))}`;
  draft.files.set('data/custody.log', utf8(chained(draft.custody, '0'.repeat(64))));
  hook('content', draft);
  draft.files.set('bagit.txt', utf8('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'));
  draft.files.set('bag-info.txt', utf8(info(draft.files)));
  draft.files.set('manifest-sha256.txt', utf8(listing(draft.files, (path) => path.startsWith('data/'))));
  if (kind.suite === 'national') draft.files.set('manifest-sm3.txt', utf8(listing(draft.files, (path) => path.startsWith('data/'), sm3Of)));
  hook('bag', draft);
  const tagged = (path: string): boolean => !path.startsWith('data/') && !path.startsWith('tagmanifest-');
  draft.files.set('tagmanifest-sha256.txt', utf8(listing(draft.files, tagged)));
  if (kind.suite === 'national') draft.files.set('tagmanifest-sm3.txt', utf8(listing(draft.files, tagged, sm3Of)));
  if (kind.cms) draft.files.set('seal/tagmanifest.p7s', cms(signs(), draft.files.get('tagmanifest-sha256.txt') ?? new Uint8Array()));
  hook('tags', draft);
  const tags = hexDigestOf(draft.files.get('tagmanifest-sha256.txt') ?? new Uint8Array());
  const national = draft.files.get('tagmanifest-sm3.txt');
  const sm3Line = kind.suite === 'national' && national ? `tagmanifest-sm3 ${sm3Of(national)}\n` : '';
  const tokens = [...draft.files.keys()].flatMap((path) => /^seen\/checkpoint\.([a-z0-9-]+)\.tsr$/.exec(path)?.[1] ?? []).sort();
  const named = tokens.map((id) => `seen-tsr ${id} ${hexDigestOf(draft.files.get(`seen/checkpoint.${id}.tsr`) ?? new Uint8Array())}\n`).join('') || 'seen-tsr none\n';
  const first = hexDigestOf(utf8(entryOf(kind, who.device)));
  draft.sealText = `${ORIGIN}/packet-seal/v1\npacket ${ID}\ntagmanifest-sha256 ${tags}\n${sm3Line}closed-at ${AT}\ncaptures 3-4\ndevice-seq 1\ndevice-prev ${first}\nseen-checkpoint ${seen}\n${named}`;
  draft.signers = [who.device, who.first, who.second];
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

