/** Signed children: copies made of an item, each beside a note that says of what, by whom and how. docs/spec/export.md. */

import { hexDigestOf } from './bytes';
import { type Key, verifies } from './keys';
import { type Derived, parseDerived } from './leaves';
import type { Code, Findings } from './report';
import type { Seal } from './seal';
import { type Entry, type Hand, isEnrolled, isGrammar } from './signers';
import { small, type Tree } from './tree';

const FOLDER = 'data/derived/';
const MOST_NOTE = 16_384;

/** What children are judged against: the packet that the export holds. */
export interface Parent {
  seal: Seal;
  sealBytes: Uint8Array;
  files: Tree;
  entries: Entry[];
}

async function noteAt(tree: Tree, path: string): Promise<Derived | null> {
  const bytes = await small(tree, path, MOST_NOTE);
  if (!bytes) return null;
  try {
    const derived = parseDerived(bytes);
    return path === `${FOLDER}${derived.child}.note` ? derived : null;
  } catch (cause) {
    if (!isGrammar(cause)) throw cause;
    return null;
  }
}

/** Whether a device's or an officer's key may make children: nothing says when one was made, so no revocation may be in hand. */
function mayMake(key: Key, kind: 'device' | 'officer', hand: Hand, entries: Entry[]): boolean {
  const anchored = hand.trust?.keys.all().some(({ vkey }) => vkey === key.vkey) ?? false;
  return (anchored || isEnrolled(key, kind, entries)) && !hand.revoked.some(({ revocation }) => revocation.vkey === key.vkey);
}

/** Whether whoever is named as maker has signed. */
function signed({ note, origin, maker }: Derived, hand: Hand, entries: Entry[]): Code {
  const own = maker.startsWith(`${origin}/`) ? /^(device|officer)\/[a-z0-9-]{1,64}$/.exec(maker.slice(origin.length + 1)) : null;
  const kind = own?.[1] === 'device' ? 'device' : 'officer';
  const [name, keys] = own ? [maker, hand.keys] : [`${origin}/decisions`, hand.anchors];
  let found: Code = 'child-key-unknown';
  for (const line of note.lines) {
    const key = line.name === name ? keys.of(line) : null;
    if (!key) continue;
    const right = verifies(key, line, note.text);
    if (right === false) return 'child-signature-invalid';
    if (right && (!own || mayMake(key, kind, hand, entries))) found = 'child-ok';
  }
  return found;
}

async function judged(tree: Tree, path: string, parent: Parent, hand: Hand): Promise<Code> {
  const derived = await noteAt(tree, path);
  if (!derived) return 'child-malformed';
  const { seal, sealBytes, files, entries } = parent;
  const ours = derived.origin === seal.origin && derived.packet === seal.packet && derived.sealSha256 === hexDigestOf(sealBytes);
  const original = derived.parentPath.startsWith('data/items/') ? files.get(derived.parentPath) : undefined;
  if (!ours || original?.sha256 !== derived.parentSha256) return 'child-parent-unknown';
  const child = tree.get(`${FOLDER}${derived.child}`);
  if (child?.sha256 !== derived.childSha256 || BigInt(child.source.size) !== derived.childSize) return 'child-mismatch';
  return signed(derived, hand, entries);
}

export async function checkChildren(tree: Tree, parent: Parent, hand: Hand, findings: Findings): Promise<void> {
  for (const path of tree.keys()) {
    if (!path.startsWith(FOLDER)) continue;
    if (path.endsWith('.note')) findings.add(await judged(tree, path, parent, hand), path);
    else if (!tree.has(`${path}.note`)) findings.add('child-unlisted', path);
  }
}
