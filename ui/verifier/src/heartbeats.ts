/** Heartbeats of an export: they bound captures from above, and say how far the device had got. docs/spec/time.md, "Captures". */

import { equal } from './bytes';
import { type Captured, capturesBySeq, linkOf, type Log } from './custody';
import { logged, readOr } from './export';
import { verifies } from './keys';
import { type Heartbeat, parseHeartbeat } from './leaves';
import { type Checkpoint, includes, type Inclusion, leafHash, parseInclusion } from './log';
import type { Item } from './record';
import type { Findings } from './report';
import type { Seal } from './seal';
import { type Hand, isEnrolled, type Signed } from './signers';
import { isOpen, judgeFile, messageIn, renewals, tokensOf } from './stamps';
import { small, type Tree } from './tree';

const FOLDER = 'data/receipt/heartbeats/';
const MOST_NOTE = 16_384;
const MOST_PROOF = 135_168;
const MOST_JUDGED = 16;

/** What heartbeats are judged against. */
export interface Around {
  seal: Seal;
  signed: Signed;
  log: Log | null;
  /** The checkpoint of the packet's own proof, where that holds. */
  checkpoint: Checkpoint | null;
}

/** How far a device says that it had got. */
export interface Reach {
  device: string;
  seq: bigint;
  capture: bigint;
}

export interface Beats {
  /** By number of capture: before when it was there. */
  bounds: Map<number, bigint>;
  reach: Reach[];
}

/** What the note comes to: good, of use for what is missing alone, or neither. */
function judgeNote(bytes: Uint8Array | null, path: string, around: Around, captures: Map<bigint, Captured>, hand: Hand, findings: Findings): { beat: Heartbeat; good: boolean } | null {
  const { seal, signed } = around;
  const beat = bytes && readOr(bytes, parseHeartbeat, () => undefined);
  const [line, ...more] = beat?.note.lines ?? [];
  if (!beat || beat.origin !== seal.origin || !line || more.length > 0 || line.name !== beat.device) {
    findings.add('heartbeat-malformed', path);
    return null;
  }
  const key = hand.keys.of(line);
  const right = key && verifies(key, line, beat.note.text);
  if (right === false) {
    findings.add('heartbeat-line-invalid', path);
    return null;
  }
  const ours = key && signed.keys.some((own) => own.vkey === key.vkey || (own.name === key.name && isEnrolled(key, 'device', signed.entries)));
  if (!right || !ours) {
    findings.add('heartbeat-not-counted', path, right ? 'another key' : 'unknown key');
    return null;
  }
  const met = [...beat.named].flatMap(([seq, link]) => {
    const capture = captures.get(seq);
    return capture ? [{ seq, fits: linkOf(capture) === link }] : [];
  });
  const wrong = met.find(({ fits }) => !fits);
  if (wrong) {
    findings.add('heartbeat-contradicts', path, String(wrong.seq));
    return null;
  }
  if (met.length === 0) findings.add('heartbeat-names-none', path, `${String(beat.deviceSeq)}, ${String(beat.captureSeq)}`);
  return { beat, good: met.length > 0 };
}

/** Whether the proof is good. */
function judgeProof(proof: Inclusion, index: bigint, leaf: Uint8Array, path: string, around: Around, hand: Hand, findings: Findings): boolean {
  const wrong = (why: string): boolean => {
    findings.add('heartbeat-proof-invalid', path, why);
    return false;
  };
  if (proof.index !== index) return wrong('index');
  const checkpoint = logged(proof.checkpointBytes, around.seal.origin, hand);
  if (checkpoint === null) {
    findings.add('heartbeat-not-counted', path, 'log key');
    return false;
  }
  if (checkpoint === false) return wrong('checkpoint');
  if (!includes(leafHash(leaf), index, checkpoint.size, proof.path, checkpoint.root)) return wrong('leaf');
  const others = [around.seal.seen, around.checkpoint];
  if (others.some((other) => other?.size === checkpoint.size && !equal(other.root, checkpoint.root))) return wrong('fork');
  return true;
}

/** The earliest time of a good token; null where there is none. */
async function judgeTokens(tree: Tree, stem: string, proof: Inclusion, roots: Uint8Array[], findings: Findings): Promise<bigint | null> {
  const message = messageIn(proof.checkpointBytes);
  let earliest: bigint | null = null;
  for (const path of tokensOf(tree, stem).slice(0, MOST_JUDGED)) {
    const outcome = await judgeFile(tree, path, message, roots);
    if (outcome.at === 'good') earliest = earliest === null || outcome.latest < earliest ? outcome.latest : earliest;
    else findings.add(isOpen(outcome) ? 'heartbeat-not-counted' : 'heartbeat-token-invalid', path, outcome.at);
    await renewals(tree, path, outcome, roots, { invalid: 'heartbeat-token-invalid', notCounted: 'heartbeat-not-counted' }, findings);
  }
  return earliest;
}

export async function checkHeartbeats(tree: Tree, around: Around, roots: Uint8Array[], hand: Hand, findings: Findings): Promise<Beats> {
  const beats: Beats = { bounds: new Map(), reach: [] };
  const captures = new Map([...capturesBySeq(around.log)].map(([seq, capture]) => [BigInt(seq), capture]));
  const indices = [...tree.keys()].flatMap((path) => (path.startsWith(FOLDER) ? (/^(0|[1-9][0-9]{0,18})\.note$/.exec(path.slice(FOLDER.length))?.[1] ?? []) : [])).map(BigInt);
  for (const index of indices.sort((a, b) => (a < b ? -1 : 1)).slice(0, MOST_JUDGED)) {
    const stem = `${FOLDER}${String(index)}`;
    const bytes = await small(tree, `${stem}.note`, MOST_NOTE);
    const note = judgeNote(bytes, `${stem}.note`, around, captures, hand, findings);
    if (note) beats.reach.push({ device: note.beat.device, seq: note.beat.deviceSeq, capture: note.beat.captureSeq });
    if (note?.good && tokensOf(tree, stem).length === 0) findings.add('heartbeat-not-counted', `${stem}.note`, 'no token');
    const path = `${stem}.tlog-proof`;
    if (!tree.has(path)) {
      findings.add('heartbeat-not-counted', `${stem}.note`, 'no proof');
      continue;
    }
    const proofBytes = await small(tree, path, MOST_PROOF);
    const proof = proofBytes && readOr(proofBytes, parseInclusion, () => undefined);
    if (!proof) {
      findings.add('heartbeat-proof-invalid', path, 'form');
      continue;
    }
    const proved = judgeProof(proof, index, bytes ?? new Uint8Array(), path, around, hand, findings);
    const before = await judgeTokens(tree, stem, proof, roots, findings);
    if (!note?.good || !proved || before === null) continue;
    for (const seq of note.beat.named.keys()) {
      const known = beats.bounds.get(Number(seq));
      if (captures.has(seq) && (known === undefined || before < known)) beats.bounds.set(Number(seq), before);
    }
  }
  return beats;
}

/** The items that are so bounded: those whose bytes are the ones that were captured. */
export function boundedItems(items: Item[], log: Log | null, files: Tree, bounds: Map<number, bigint>): Map<string, bigint> {
  const captures = capturesBySeq(log);
  const found = new Map<string, bigint>();
  for (const { path, seq } of items) {
    const before = bounds.get(seq);
    if (before !== undefined && files.get(path)?.sha256 === captures.get(seq)?.sha256) found.set(path, before);
  }
  return found;
}
