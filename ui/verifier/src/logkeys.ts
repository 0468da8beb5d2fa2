/** How the log's key was rotated, and which log this one continues: docs/spec/log.md. */

import { equal } from './bytes';
import { logged, readOr } from './export';
import { type Keys, standingOf, verifies } from './keys';
import { parseContinued, parseLogRotation } from './leaves';
import { includes, leafHash, parseInclusion } from './log';
import type { Note } from './note';
import type { Findings } from './report';
import type { Hand } from './signers';
import { small, type Tree } from './tree';

const FOLDER = 'data/receipt/log/';
const CONTINUED = `${FOLDER}continued`;
const MOST_LEAF = 16_384;
const MOST_PROOF = 135_168;
const MOST_ROTATIONS = 16;

/** Whether a line of this name, or of these, is by a known key and wrong. */
const isWrong = (note: Note, keys: Keys, ...names: string[]): boolean => names.some((name) => standingOf(note, name, keys).at === 'wrong');
const isRight = (note: Note, keys: Keys, name: string): boolean => standingOf(note, name, keys).at === 'right';

/** Follows the log's key to the ones that it was rotated to. */
export async function followRotations(tree: Tree, origin: string, hand: Hand, findings: Findings): Promise<void> {
  const { anchors } = hand;
  for (let n = 1; n <= MOST_ROTATIONS && tree.has(`${FOLDER}${String(n)}.rotated`); n += 1) {
    const path = `${FOLDER}${String(n)}.rotated`;
    const bytes = await small(tree, path, MOST_LEAF);
    const rotation = bytes && readOr(bytes, parseLogRotation, () => undefined);
    const ours = rotation && rotation.origin === origin && rotation.subject === origin;
    const pair = rotation ? [rotation.old, rotation.key] : [];
    const formed = ours && pair.every(({ name, type }) => name === origin && type === 'ed25519') && rotation.old.vkey !== rotation.key.vkey;
    const clashes = formed && anchors.all().some(({ name, id, material }) => name === origin && id === rotation.key.id && !equal(material, rotation.key.material));
    if (!formed || clashes || isWrong(rotation.note, anchors, origin, `${origin}/authority`)) {
      findings.add('log-rotation-invalid', path);
      continue;
    }
    const known = anchors.all().some(({ vkey }) => vkey === rotation.old.vkey);
    const byOld = rotation.note.lines.some((line) => line.name === origin && line.id === rotation.old.id && verifies(rotation.old, line, rotation.note.text) === true);
    if (!known || !byOld || !isRight(rotation.note, anchors, `${origin}/authority`)) continue;
    anchors.add(rotation.key);
    if (hand.trust) hand.anchorUsed = true;
    findings.add('log-rotated', path);
  }
}

/** The leaf that names the log before this one. */
export async function checkContinued(tree: Tree, origin: string, hand: Hand, findings: Findings): Promise<void> {
  if (!tree.has(CONTINUED)) return;
  const wrong = (why: string): void => findings.add('log-continuation-invalid', CONTINUED, why);
  const [bytes, proofBytes] = [await small(tree, CONTINUED, MOST_LEAF), await small(tree, `${CONTINUED}.tlog-proof`, MOST_PROOF)];
  const continued = bytes && readOr(bytes, parseContinued, () => undefined);
  const proof = proofBytes && readOr(proofBytes, parseInclusion, () => undefined);
  if (!continued || continued.origin !== origin || continued.oldOrigin === origin || proof?.index !== 0n) return wrong('form');
  if (isWrong(continued.note, hand.anchors, `${origin}/authority`, `${continued.oldOrigin}/authority`)) return wrong('signature');
  if (!isRight(continued.note, hand.anchors, `${origin}/authority`)) return;
  const checkpoint = logged(proof.checkpointBytes, origin, hand);
  if (checkpoint === null) return;
  if (checkpoint === false || !includes(leafHash(bytes), 0n, checkpoint.size, proof.path, checkpoint.root)) return wrong('proof');
  if (hand.trust) hand.anchorUsed = true;
  findings.add('log-continued', continued.oldOrigin);
}
