/** Timestamp tokens among the files, and what renews them: docs/spec/time.md, "Files" and "Renewal". */

import { text, utf8 } from './bytes';
import { NotANote, parseNote } from './note';
import type { Code, Findings } from './report';
import { judge, MOST_TOKEN, type Outcome } from './token';
import { small, type Tree } from './tree';

const MOST_CHECKPOINT = 64 << 10;
const MOST_RENEWALS = 16;

export const spelt = (ms: bigint): string => new Date(Number(ms)).toISOString();

/** What a token stamps: a signed note up to its first empty line; null where it is none. */
export function messageIn(bytes: Uint8Array | null): Uint8Array | null {
  if (!bytes) return null;
  try {
    parseNote(bytes);
  } catch (cause) {
    if (cause instanceof NotANote) return null;
    throw cause;
  }
  const content = text(bytes) ?? '';
  return utf8(content.slice(0, content.indexOf('\n\n') + 1));
}

export const messageOf = async (tree: Tree, path: string): Promise<Uint8Array | null> => messageIn(await small(tree, path, MOST_CHECKPOINT));

/** The tokens `<stem>.<tsa-id>.tsr`, in order of path. */
export const tokensOf = (tree: Tree, stem: string): string[] => [...tree.keys()].filter((path) => path.startsWith(`${stem}.`) && /^[a-z0-9-]{1,64}\.tsr$/.test(path.slice(stem.length + 1))).sort();

export async function judgeFile(tree: Tree, path: string, message: Uint8Array | null, roots: Uint8Array[]): Promise<Outcome> {
  const bytes = await small(tree, path, MOST_TOKEN);
  return bytes && message ? judge(bytes, message, roots) : { at: 'malformed' };
}

export const isOpen = ({ at }: Outcome): boolean => at === 'unknown authority' || at === 'unsupported';

/** Renewals of a token: each stamps the file of the number before. They bound nothing. */
export async function renewals(tree: Tree, token: string, first: Outcome, roots: Uint8Array[], codes: { invalid: Code; notCounted: Code }, findings: Findings): Promise<void> {
  let [path, before] = [token, first];
  for (let n = 1; n <= MOST_RENEWALS; n += 1) {
    const next = token.replace(/tsr$/, `renewed-${String(n)}.tsr`);
    if (!tree.has(next)) return;
    const outcome = await judgeFile(tree, next, await small(tree, path, MOST_TOKEN), roots);
    if (isOpen(outcome)) findings.add(codes.notCounted, next, outcome.at);
    else if (outcome.at !== 'good') findings.add(codes.invalid, next, outcome.at);
    else if (before.at !== 'good') findings.add(codes.notCounted, next, before.at);
    else if (outcome.latest >= (before.notAfter + 1n) * 1000n) findings.add('timestamp-renewed-late', next, spelt(outcome.latest));
    else findings.add('timestamp-renewed', next, spelt(outcome.latest));
    [path, before] = [next, outcome];
  }
}
