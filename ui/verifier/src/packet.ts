/** One packet, from its files: bag, record, custody log, seal, signers, and what it had seen of the log. */

import { equal } from './bytes';
import { checkBag, SM3_TAG_MANIFEST, TAG_MANIFEST } from './bag';
import { checkTablet, type Log, MOST_LOG, NONE, readLog } from './custody';
import { type Key, Keys, parseVkey, standingOf } from './keys';
import { parseCheckpoint } from './log';
import { checkAgainstLog, checkItems, type Record, readForm, readRecord, report, soundItems } from './record';
import type { Findings } from './report';
import { parseSeal, type Seal } from './seal';
import { checkSigners, type Hand, isGrammar } from './signers';
import { text } from './bytes';
import { small, type Tree } from './tree';

export const SEAL = 'seal/packet.seal';
export const CMS = 'seal/tagmanifest.p7s';
const CUSTODY = 'data/custody.log';
const MOST_KEYS = 64 << 10;

/** What of a packet the rest of a report is made from. */
export interface Packet {
  /** The seal's, else the bag's External-Identifier. */
  id: string | null;
  seal: Seal | null;
  record: Record | null;
  log: Log | null;
}

export async function readSeal(tree: Tree, findings: Findings): Promise<Seal | null> {
  const bytes = await small(tree, SEAL, MOST_KEYS);
  if (!tree.has(SEAL)) {
    findings.add('seal-missing');
    return null;
  }
  try {
    if (!bytes) throw new Error('too large');
    return parseSeal(bytes);
  } catch (cause) {
    findings.add('seal-malformed', '', cause instanceof Error ? cause.message : '');
    return null;
  }
}

/** Keys and entries below a folder, into what is in hand. */
export async function takeKeys(tree: Tree, folder: string, hand: Hand, into: Keys[], findings: Findings): Promise<void> {
  for (const path of [...tree.keys()].filter((name) => name.startsWith(folder)).sort()) {
    if (path.endsWith('.vkey')) {
      const bytes = await small(tree, path, MOST_KEYS);
      const content = bytes && text(bytes);
      const lines = content?.endsWith('\n') ? content.slice(0, -1).split('\n') : [''];
      const keys = lines.map(parseVkey);
      if (keys.includes(null)) findings.add('key-malformed', path);
      for (const key of keys) if (key) for (const set of into) set.add(key);
    } else if (path.endsWith('.entry')) {
      hand.entries.push({ path, bytes: (await small(tree, path, MOST_KEYS)) ?? new Uint8Array() });
    }
  }
}

/** Bag, record and custody log: what needs no key. */
export async function checkContent(tree: Tree, findings: Findings): Promise<Packet> {
  const seal = await readSeal(tree, findings);
  const bag = await checkBag(tree, new Set([SEAL, CMS, SM3_TAG_MANIFEST]), findings);
  const record = await readRecord(tree, findings);
  const kind = await readForm(tree, findings);
  if (record && kind !== null && kind !== record.kind && record.kind !== 'void') findings.add('record-malformed', 'data/form.json', 'kind');
  if (bag.whole) findings.add('files-ok', '', String(tree.size));
  if (tree.has(CMS)) findings.add('cms-not-checked');
  if (record) {
    checkItems(record, tree, findings);
    if (bag.identifier !== null && record.packet !== bag.identifier) findings.add('record-packet-mismatch');
    if (!findings.has('record-malformed', 'record-item-mismatch', 'record-packet-mismatch')) findings.add('record-ok');
    const sound = soundItems(record, tree);
    if (sound !== null) findings.add('items-ok', '', String(sound));
  }
  const log = await checkCustody(tree, seal, bag.identifier, findings);
  if (record && log) checkAgainstLog(record, log, findings);
  if (record) report(record, log, findings);
  if (seal) {
    const agrees = [
      tree.get(TAG_MANIFEST)?.sha256 === seal.tagManifest || (findings.add('seal-tagmanifest-mismatch'), false),
      bag.identifier === seal.packet || (findings.add('seal-packet-mismatch', seal.packet), false),
      sm3Fits(tree, seal, findings),
    ];
    if (agrees.every(Boolean)) findings.add('seal-ok');
  }
  return { id: seal?.packet ?? bag.identifier, seal, record, log };
}

/** SM3 digests are not computed here; that the file is there, and named, is checked. */
function sm3Fits(tree: Tree, seal: Seal, findings: Findings): boolean {
  const there = tree.has(SM3_TAG_MANIFEST);
  if (there && seal.sm3TagManifest === null) findings.add('file-unlisted', SM3_TAG_MANIFEST);
  else if (!there && seal.sm3TagManifest !== null) findings.add('file-missing', SM3_TAG_MANIFEST);
  else return true;
  return false;
}

async function checkCustody(tree: Tree, seal: Seal | null, identifier: string | null, findings: Findings): Promise<Log | null> {
  if (!tree.has(CUSTODY)) {
    findings.add('custody-missing');
    return null;
  }
  const bytes = await small(tree, CUSTODY, MOST_LOG);
  if (!bytes) {
    findings.add('custody-malformed', CUSTODY, '1');
    return null;
  }
  const log = readLog(bytes, CUSTODY, NONE, true, findings);
  if (log.chained) findings.add('custody-ok', CUSTODY, String(log.lines));
  checkTablet(log, seal, seal?.packet ?? identifier, findings);
  return log;
}

/** Signers and the seen checkpoint: what needs the keys in hand. Gives the device's key where its line is right. */
export async function checkSeal(packet: Packet, seal: Seal, tree: Tree, hand: Hand, index: bigint | null, findings: Findings): Promise<Key | null> {
  const device = checkSigners(packet.record, { seal, index }, hand, findings);
  if (!seal.seen) {
    findings.add('lower-bound-none');
    return device;
  }
  const bytes = await small(tree, 'seen/checkpoint', MOST_KEYS);
  try {
    if (!bytes) throw new Error('absent');
    const checkpoint = parseCheckpoint(bytes);
    if (checkpoint.origin !== seal.origin || checkpoint.size !== seal.seen.size || !equal(checkpoint.root, seal.seen.root)) throw new Error('another');
    const standing = standingOf(checkpoint.note, seal.origin, hand.anchors);
    if (standing.at === 'wrong' || standing.at === 'absent') throw new Error('signature');
    if (standing.at === 'unknown' || standing.at === 'unsupported') findings.add('log-key-unknown');
    else {
      if (hand.trust) hand.anchorUsed = true;
      findings.add('seen-checkpoint-ok', '', String(checkpoint.size));
    }
  } catch (cause) {
    if (!isGrammar(cause) && !(cause instanceof Error)) throw cause;
    findings.add('seen-checkpoint-invalid');
  }
  for (const { tsa, sha256 } of seal.tokens) {
    const path = `seen/checkpoint.${tsa}.tsr`;
    if (tree.get(path)?.sha256 !== sha256) findings.add('seen-token-mismatch', path);
  }
  findings.add(seal.tokens.length > 0 ? 'lower-bound-not-checked' : 'lower-bound-none');
  return device;
}
