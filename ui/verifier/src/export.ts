/** What the server hands over around a packet: receipt, proofs, keys, its custody log, decisions. docs/spec/export.md. */

import { equal, hexDigestOf, joined } from './bytes';
import { MOST_LOG, MOST_OFFSET_MS, readLog } from './custody';
import { standingOf, verifies } from './keys';
import { type Checkpoint, continues, includes, leafHash, parseCheckpoint, parseConsistency, parseInclusion } from './log';
import { type Note, parseNote } from './note';
import { parseDecision, parseReceipt, parseRevocation } from './leaves';
import type { Findings } from './report';
import type { Seal } from './seal';
import { type Hand, isGrammar, type Revoked } from './signers';
import { keyFiles, small, type Tree } from './tree';
import type { Quorum } from './trust';

const RECEIPT = 'data/receipt/';
const MOST_NOTE = 64 << 10;
const MOST_PROOF = 135_168;
const MOST_DOCUMENT = 1 << 20;
const AFTER = 'data/custody-after.log';

/** The packet that the export holds, as far as its surroundings speak of it. */
export interface Inner {
  seal: Seal;
  sealBytes: Uint8Array;
  zipSha256: string;
  zipSize: number;
}

/** What is read of bytes; null, and `wrong` called, where they are not of its form. */
export function readOr<T>(bytes: Uint8Array, parse: (bytes: Uint8Array) => T, wrong: (why: string) => void): T | null {
  try {
    return parse(bytes);
  } catch (cause) {
    if (!isGrammar(cause)) throw cause;
    wrong(cause instanceof Error ? cause.message : '');
    return null;
  }
}

/** Whether the log signed it; null where its key is not known. */
export function byTheLog(note: Note, origin: string, hand: Hand): boolean | null {
  if (!hand.anchors.all().some(({ name }) => name === origin)) return null;
  const standing = standingOf(note, origin, hand.anchors);
  if (standing.at === 'unknown' || standing.at === 'unsupported' || standing.at === 'absent') return null;
  if (standing.at === 'right' && hand.trust) hand.anchorUsed = true;
  return standing.at === 'right';
}

/** The checkpoint of a proof, signed by the log; null where its key is not known, false where it is wrong. */
export function logged(bytes: Uint8Array, origin: string, hand: Hand): Checkpoint | null | false {
  const note = readOr(bytes, parseNote, () => undefined);
  if (!note) return false;
  const signed = byTheLog(note, origin, hand);
  if (signed !== true) return signed;
  const checkpoint = readOr(bytes, parseCheckpoint, () => undefined);
  return checkpoint?.origin === origin ? checkpoint : false;
}

/** Revocations and where the log has them. */
export async function takeRevocations(tree: Tree, origin: string, hand: Hand): Promise<void> {
  for (const path of keyFiles(tree, `${RECEIPT}keys/`)) {
    if (!path.endsWith('.revoked')) continue;
    const bytes = await small(tree, path, MOST_NOTE);
    const revocation = bytes && readOr(bytes, parseRevocation, () => undefined);
    if (!bytes || !revocation || revocation.origin !== origin) continue;
    if (standingOf(revocation.note, `${origin}/authority`, hand.anchors).at !== 'right') continue;
    if (hand.trust) hand.anchorUsed = true;
    const proofBytes = await small(tree, `${path}.tlog-proof`, MOST_PROOF);
    const proof = proofBytes && readOr(proofBytes, parseInclusion, () => undefined);
    const checkpoint = proof && logged(proof.checkpointBytes, origin, hand);
    const placed = checkpoint && includes(leafHash(bytes), proof.index, checkpoint.size, proof.path, checkpoint.root);
    const revoked: Revoked = { revocation, index: placed ? proof.index : null };
    hand.revoked.push(revoked);
  }
}

/** What an export may be without. */
export function checkParts(tree: Tree, findings: Findings): void {
  for (const path of [`${RECEIPT}checkpoint`, AFTER]) if (!tree.has(path)) findings.add('export-part-absent', path);
}

export interface Proved {
  /** Index of the leaf as the proof says, right or wrong. */
  said: bigint | null;
  /** The same where the proof holds. */
  index: bigint | null;
  checkpoint: Checkpoint | null;
}

/** The proof of inclusion, the checkpoint beside it, witnesses. */
export async function checkInclusion(tree: Tree, inner: Inner, hand: Hand, findings: Findings): Promise<Proved> {
  const { origin } = inner.seal;
  const bytes = await small(tree, `${RECEIPT}packet.tlog-proof`, MOST_PROOF);
  if (!tree.has(`${RECEIPT}packet.tlog-proof`)) {
    findings.add('log-inclusion-absent');
    return { said: null, index: null, checkpoint: null };
  }
  const proof = bytes ? readOr(bytes, parseInclusion, (why) => findings.add('proof-malformed', '', why)) : null;
  if (!bytes) findings.add('proof-malformed', '', 'too large');
  if (!proof) return { said: null, index: null, checkpoint: null };
  if (tree.has(`${RECEIPT}checkpoint`)) {
    const beside = await small(tree, `${RECEIPT}checkpoint`, MOST_NOTE);
    if (!beside || !equal(beside, proof.checkpointBytes)) findings.add('checkpoint-invalid');
  }
  const checkpoint = logged(proof.checkpointBytes, origin, hand);
  if (checkpoint === false) findings.add('checkpoint-invalid');
  if (checkpoint === null) findings.add('log-key-unknown');
  if (!checkpoint) return { said: proof.index, index: null, checkpoint: null };
  if (!includes(leafHash(inner.sealBytes), proof.index, checkpoint.size, proof.path, checkpoint.root)) {
    findings.add('log-inclusion-invalid');
    return { said: proof.index, index: null, checkpoint: null };
  }
  findings.add('log-inclusion-ok', '', String(proof.index));
  checkWitnesses(checkpoint, hand, findings);
  return { said: proof.index, index: proof.index, checkpoint };
}

function cosigned(quorum: Quorum, checkpoint: Checkpoint): boolean {
  const there = quorum.members.filter((member) => {
    if ('members' in member) return cosigned(member, checkpoint);
    return checkpoint.note.lines.some((line) => line.name === member.name && line.id === member.id && verifies(member, line, checkpoint.note.text) === true);
  });
  return there.length >= quorum.needed;
}

function checkWitnesses(checkpoint: Checkpoint, hand: Hand, findings: Findings): void {
  const quorum = hand.trust?.quorum;
  if (quorum) findings.add(cosigned(quorum, checkpoint) ? 'witness-ok' : 'witness-absent');
}

/** That the log continues what the tablet had seen. */
export async function checkConsistency(tree: Tree, seal: Seal, proved: Proved, findings: Findings): Promise<void> {
  const { seen } = seal;
  if (!seen || !proved.checkpoint || proved.index === null) return;
  const { size, root } = proved.checkpoint;
  const contradicts = (seen.size === size && !equal(seen.root, root)) || seen.size > size || proved.index < seen.size;
  const bytes = await small(tree, `${RECEIPT}consistency`, MOST_PROOF);
  if (contradicts) return findings.add('consistency-invalid');
  if (!tree.has(`${RECEIPT}consistency`)) {
    if (seen.size < size) findings.add('consistency-absent');
    else findings.add('consistency-ok');
    return;
  }
  const proof = bytes && readOr(bytes, parseConsistency, () => undefined);
  const holds = proof && proof.from === seen.size && proof.to === size && continues(proof, seen.root, root);
  findings.add(holds ? 'consistency-ok' : 'consistency-invalid');
}

export async function checkReceipt(tree: Tree, inner: Inner, proved: Proved, hand: Hand, findings: Findings): Promise<void> {
  if (!tree.has(`${RECEIPT}receipt`)) return findings.add('receipt-absent');
  const bytes = await small(tree, `${RECEIPT}receipt`, MOST_NOTE);
  const receipt = bytes ? readOr(bytes, parseReceipt, (why) => findings.add('receipt-malformed', '', why)) : null;
  if (!bytes) findings.add('receipt-malformed', '', 'too large');
  if (!receipt) return;
  const standing = standingOf(receipt.note, `${inner.seal.origin}/receipts`, hand.anchors);
  if (standing.at === 'wrong') return findings.add('receipt-invalid');
  if (standing.at === 'right' && hand.trust) hand.anchorUsed = true;
  const wrong = [
    receipt.origin === inner.seal.origin || 'origin',
    receipt.packet === inner.seal.packet || 'packet',
    receipt.sealSha256 === hexDigestOf(inner.sealBytes) || 'seal-sha256',
    receipt.zipSha256 === inner.zipSha256 || 'zip-sha256',
    receipt.zipSize === BigInt(inner.zipSize) || 'zip-size',
    proved.index === null || receipt.leafIndex === proved.index || 'leaf-index',
  ].filter((part) => part !== true);
  if (wrong[0] !== undefined) findings.add('receipt-mismatch', '', wrong[0]);
  else findings.add(standing.at === 'right' ? 'receipt-ok' : 'receipt-key-unknown');
}

/** Decisions; gives the documents' digests that their notes name. */
export async function checkDecisions(tree: Tree, inner: Inner, hand: Hand, findings: Findings): Promise<Set<string>> {
  const documents = new Set<string>();
  for (const path of tree.keys()) {
    if (!path.startsWith('data/decisions/') || !path.endsWith('.note')) continue;
    const bytes = await small(tree, path, MOST_NOTE);
    const decision = bytes && readOr(bytes, parseDecision, () => undefined);
    if (!decision) {
      findings.add('decision-invalid', path);
      continue;
    }
    documents.add(decision.documentSha256);
    const stem = path.slice(0, -'.note'.length);
    const [document, salt] = [await small(tree, `${stem}.json`, MOST_DOCUMENT), await small(tree, `${stem}.salt`, 32)];
    const bound = document && salt?.length === 32 && hexDigestOf(joined(salt, document)) === decision.documentSha256;
    const ours = decision.origin === inner.seal.origin && decision.packet === inner.seal.packet && decision.sealSha256 === hexDigestOf(inner.sealBytes);
    const standing = standingOf(decision.note, `${inner.seal.origin}/decisions`, hand.anchors);
    if (!bound || !ours || standing.at === 'wrong') findings.add('decision-invalid', path);
    else if (standing.at !== 'right') findings.add('decision-key-unknown', path);
    else {
      if (hand.trust) hand.anchorUsed = true;
      findings.add('decision-ok', path);
    }
  }
  for (const path of tree.keys()) {
    if (path.startsWith('data/decisions/') && path.endsWith('.json') && !tree.has(path.replace(/\.[a-z]+$/, '.note'))) findings.add('decision-invalid', path);
  }
  return documents;
}

/** The server's custody log against what is in hand. */
export async function checkAfter(tree: Tree, inner: Inner, proved: Proved, documents: Set<string>, findings: Findings): Promise<void> {
  if (!tree.has(AFTER)) return;
  const bytes = await small(tree, AFTER, MOST_LOG);
  if (!bytes) return findings.add('custody-malformed', AFTER, '1');
  const log = readLog(bytes, AFTER, hexDigestOf(inner.sealBytes), false, findings);
  const began = log.events[0]?.clock?.at;
  if (began !== undefined && Date.parse(inner.seal.closedAt) - began > MOST_OFFSET_MS) findings.add('clock-offset', AFTER, '1');
  if (log.chained) findings.add('custody-after-chained', AFTER, String(log.lines));
  const received = log.events.findLast(({ event }) => event.is === 'received');
  for (const one of log.events) {
    const { event, line } = one;
    const contradicts =
      (one === received && event.is === 'received' && (event.sha256 !== inner.zipSha256 || event.size !== inner.zipSize)) ||
      (event.is === 'logged' && proved.said !== null && BigInt(event.leaf) !== proved.said) ||
      (event.is === 'decided' && !documents.has(event.document));
    if (contradicts) findings.add('custody-after-mismatch', AFTER, String(line));
  }
}


