/** One packet, from its files: bag, record, custody log, seal, signers, and what it had seen of the log. */

import { equal } from './bytes';
import { checkBag, failures, SM3_MANIFEST, SM3_TAG_MANIFEST, TAG_MANIFEST } from './bag';
import { CMS } from './cms';
import { checkClock, checkTablet, type Log, MOST_LOG, NONE, readLog } from './custody';
import { byTheLog } from './export';
import { type Key, parseVkey } from './keys';
import { parseCheckpoint } from './log';
import { checkAgainstLog, checkItems, type Record, readForm, readRecord, RECORD, report, soundItems } from './record';
import type { Findings } from './report';
import { parseSeal, type Seal } from './seal';
import { checkSigners, type Hand, isGrammar, type Signed } from './signers';
import { text } from './bytes';
import type { Work } from './stop';
import { digestAll, keyFiles, small, type Tree } from './tree';

export const SEAL = 'seal/packet.seal';
const CUSTODY = 'data/custody.log';
const MOST_SEAL = 64 << 10;
const MOST_KEY_FILE = 16_384;

/** What of a packet the rest of a report is made from. */
export interface Packet {
  /** The seal's, else the bag's External-Identifier. */
  id: string | null;
  seal: Seal | null;
  record: Record | null;
  log: Log | null;
}

export async function readSeal(tree: Tree, findings: Findings): Promise<Seal | null> {
  const bytes = await small(tree, SEAL, MOST_SEAL);
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

/** The keys of one of the packet's files: a line that is none spoils no other; a missing last newline spoils the file. */
function keysInPacket(content: string | null): (Key | null)[] {
  return content?.endsWith('\n') === true ? content.slice(0, -1).split('\n').map(parseVkey) : [null];
}

/** Those of a file beside the receipt, which is right through and through, or gives no key at all. */
function keysInExport(content: string | null): (Key | null)[] {
  if (content === null) return [null];
  const keys = content === '' ? [] : content.replace(/\n$/, '').split('\n').map((line) => parseVkey(line.replace(/\r$/, '')));
  return keys.includes(null) ? [null] : keys;
}

/** Keys and entries of the packet, into what is in hand. */
export async function takePacketKeys(tree: Tree, hand: Hand, findings: Findings): Promise<void> {
  for (const path of keyFiles(tree, 'seal/keys/')) {
    const bytes = await small(tree, path, MOST_KEY_FILE);
    if (bytes && path.endsWith('.entry')) hand.entries.push({ path, bytes });
    else takeKeys(path, keysInPacket(bytes && text(bytes)), hand, findings);
  }
}

/** Those that come with an export. */
export async function takeExportKeys(tree: Tree, hand: Hand, findings: Findings): Promise<void> {
  for (const path of keyFiles(tree, 'data/receipt/keys/')) {
    const bytes = (await small(tree, path, MOST_KEY_FILE)) ?? new Uint8Array();
    if (path.endsWith('.entry')) hand.entries.push({ path, bytes });
    else if (!/\.(revoked|tlog-proof)$/.test(path)) takeKeys(path, keysInExport(text(bytes)), hand, findings);
  }
}

function takeKeys(path: string, keys: (Key | null)[], hand: Hand, findings: Findings): void {
  if (keys.includes(null)) findings.add('key-malformed', path);
  for (const key of keys) if (key) hand.keys.add(key);
}

/** Bag, record and custody log: what needs no key. */
export async function checkContent(tree: Tree, findings: Findings, work: Work): Promise<Packet> {
  const seal = await readSeal(tree, findings);
  const before = failures(findings);
  await digestAll(tree, findings, work);
  const bag = await checkBag(tree, new Set([SEAL, CMS, SM3_TAG_MANIFEST]), true, findings, before);
  const record = await readRecord(tree, findings);
  const kind = await readForm(tree, findings);
  const otherKind = record !== null && kind !== null && kind !== record.kind && record.kind !== 'void';
  if (otherKind) findings.add('record-malformed', 'data/form.json', 'kind');
  if (bag.whole) findings.add('files-ok', '', String(tree.size));
  if (record) {
    checkItems(record, tree, findings);
    if (record.packet !== bag.identifier) findings.add('record-packet-mismatch');
    if (!record.onEarth) findings.add('record-malformed', RECORD, 'where');
    if (!otherKind && record.onEarth && !findings.has('record-item-mismatch', 'record-packet-mismatch')) findings.add('record-ok');
    const sound = soundItems(record, tree);
    if (sound !== null) findings.add('items-ok', '', String(sound));
  }
  const log = await checkCustody(tree, seal, bag.identifier, findings);
  if (!seal && tree.has(CMS)) findings.add('cms-not-checked', CMS);
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

/** Whether the SM3 tag manifest is the one that the seal names, or both say that there is none. */
function sm3Fits(tree: Tree, seal: Seal, findings: Findings): boolean {
  const file = tree.get(SM3_TAG_MANIFEST);
  const whole = seal.sm3TagManifest === null || tree.has(SM3_MANIFEST);
  if (!whole) findings.add('manifest-missing', SM3_MANIFEST);
  if (!file && seal.sm3TagManifest === null) return true;
  if (!file) findings.add('file-missing', SM3_TAG_MANIFEST);
  else if (seal.sm3TagManifest === null) findings.add('file-unlisted', SM3_TAG_MANIFEST);
  else if (file.sm3 !== seal.sm3TagManifest) findings.add('seal-tagmanifest-mismatch', SM3_TAG_MANIFEST);
  else return whole;
  return false;
}

async function checkCustody(tree: Tree, seal: Seal | null, identifier: string | null, findings: Findings): Promise<Log | null> {
  if (!tree.has(CUSTODY)) {
    findings.add('custody-missing', CUSTODY);
    return null;
  }
  const bytes = await small(tree, CUSTODY, MOST_LOG);
  if (!bytes) {
    findings.add('custody-malformed', CUSTODY, '1');
    return null;
  }
  const log = readLog(bytes, CUSTODY, NONE, true, findings);
  if (log.chained) findings.add('custody-ok', CUSTODY, String(log.lines));
  checkClock(log, CUSTODY, findings);
  // Of a log that is none, nothing can be said against anything.
  if (log.events.every(({ name }) => name === null)) return null;
  checkTablet(log, seal, seal?.packet ?? identifier, findings);
  return log;
}

/** Signers and the seen checkpoint: what needs the keys in hand. */
export async function checkSeal(packet: Packet, seal: Seal, tree: Tree, hand: Hand, index: bigint | null, findings: Findings): Promise<Signed> {
  const signed = checkSigners(packet.record, { seal, index }, hand, findings);
  if (!seal.seen) {
    if (tree.has('seen/checkpoint')) findings.add('seen-checkpoint-invalid');
    return signed;
  }
  const bytes = await small(tree, 'seen/checkpoint', MOST_SEAL);
  try {
    if (!bytes) throw new Error('absent');
    const checkpoint = parseCheckpoint(bytes);
    if (checkpoint.origin !== seal.origin || checkpoint.size !== seal.seen.size || !equal(checkpoint.root, seal.seen.root)) throw new Error('another');
    const right = byTheLog(checkpoint.note, seal.origin, hand);
    if (right === false) throw new Error('signature');
    if (right === null) findings.add('log-key-unknown');
    else {
      findings.add('seen-checkpoint-ok', '', String(checkpoint.size));
    }
  } catch (cause) {
    if (!isGrammar(cause) && !(cause instanceof Error)) throw cause;
    findings.add('seen-checkpoint-invalid');
  }
  return signed;
}
