/** The time interval: tokens on the seen checkpoint and on the export's, and what they come to. docs/spec/time.md, "Findings". */

import { utf8, text } from './bytes';
import { NotANote, parseNote } from './note';
import type { Code, Findings } from './report';
import type { Seal } from './seal';
import { judge, MOST_TOKEN, type Outcome } from './token';
import { small, type Tree } from './tree';

const MOST_CHECKPOINT = 64 << 10;
const MOST_TOKENS = 16;

export interface Bound {
  /** Milliseconds since 1970. */
  at: bigint;
  path: string;
}

/** What a token stamps: the checkpoint up to its first empty line; null where the file is absent or no note. */
async function messageOf(tree: Tree, path: string): Promise<Uint8Array | null> {
  const bytes = await small(tree, path, MOST_CHECKPOINT);
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

interface Codes {
  invalid: Code;
  unknown: Code;
  unsupported: Code;
}

interface Good {
  path: string;
  earliest: bigint;
  latest: bigint;
}

async function judgedAll(tree: Tree, paths: string[], checkpoint: string, roots: Uint8Array[], codes: Codes, findings: Findings): Promise<Good[]> {
  const message = await messageOf(tree, checkpoint);
  const good: Good[] = [];
  const open: { path: string; at: 'unknown authority' | 'unsupported' }[] = [];
  for (const path of paths) {
    const bytes = await small(tree, path, MOST_TOKEN);
    const outcome: Outcome = bytes && message ? judge(bytes, message, roots) : { at: 'malformed' };
    if (outcome.at === 'good') good.push({ path, ...outcome });
    else if (outcome.at === 'unknown authority' || outcome.at === 'unsupported') open.push({ path, at: outcome.at });
    else findings.add(codes.invalid, path, outcome.at);
  }
  for (const { path, at } of open) {
    if (good.length > 0) findings.add('timestamp-not-counted', path, at);
    else findings.add(at === 'unsupported' ? codes.unsupported : codes.unknown, path, at === 'unsupported' ? at : '');
  }
  return good;
}

const tokenOf = (path: string, folder: string): boolean => path.startsWith(`${folder}checkpoint.`) && /^[a-z0-9-]{1,64}\.tsr$/.test(path.slice(folder.length + 'checkpoint.'.length));

/** T1: the latest time that a seen token proves to lie before the seal. */
export async function lowerBound(tree: Tree, seal: Seal, roots: Uint8Array[], findings: Findings): Promise<Bound | null> {
  const named = seal.tokens.map(({ tsa, sha256 }) => ({ path: `seen/checkpoint.${tsa}.tsr`, sha256 }));
  const there = named.filter(({ path, sha256 }) => {
    if (tree.get(path)?.sha256 === sha256) return true;
    findings.add('seen-token-mismatch', path);
    return false;
  });
  for (const path of tree.keys()) if (tokenOf(path, 'seen/') && !named.some((one) => one.path === path)) findings.add('seen-token-mismatch', path);
  if (named.length === 0) {
    findings.add('lower-bound-none');
    return null;
  }
  const codes: Codes = { invalid: 'seen-token-invalid', unknown: 'lower-bound-authority-unknown', unsupported: 'lower-bound-unsupported' };
  const good = await judgedAll(tree, there.map(({ path }) => path), 'seen/checkpoint', roots, codes, findings);
  return good.reduce<Bound | null>((best, { path, earliest }) => (best && best.at >= earliest ? best : { at: earliest, path }), null);
}

const MOST_RENEWALS = 16;

/** Renewals bound nothing: each says that the file of the number before was there while its certificate was good. */
async function renewals(tree: Tree, token: string, roots: Uint8Array[], findings: Findings): Promise<void> {
  let before = token;
  for (let n = 1; n <= MOST_RENEWALS; n += 1) {
    const path = token.replace(/tsr$/, `renewed-${String(n)}.tsr`);
    if (!tree.has(path)) return;
    const [bytes, message] = [await small(tree, path, MOST_TOKEN), await small(tree, before, MOST_TOKEN)];
    const outcome: Outcome = bytes && message ? judge(bytes, message, roots) : { at: 'malformed' };
    if (outcome.at === 'good') findings.add('timestamp-renewed', path, spelt(outcome.latest));
    else if (outcome.at === 'unknown authority' || outcome.at === 'unsupported') findings.add('timestamp-not-counted', path, outcome.at);
    else findings.add('timestamp-invalid', path, outcome.at);
    before = path;
  }
}

/** T2: the earliest time that a token on the export's checkpoint proves to lie after the logging. */
export async function upperBound(tree: Tree, proved: boolean, roots: Uint8Array[], findings: Findings): Promise<Bound | null> {
  const paths = [...tree.keys()].filter((path) => tokenOf(path, 'data/receipt/')).sort().slice(0, MOST_TOKENS);
  if (paths.length === 0) {
    findings.add('timestamp-absent');
    return null;
  }
  const codes: Codes = { invalid: 'timestamp-invalid', unknown: 'timestamp-authority-unknown', unsupported: 'timestamp-unsupported' };
  const good = await judgedAll(tree, paths, 'data/receipt/checkpoint', roots, codes, findings);
  for (const path of paths) await renewals(tree, path, roots, findings);
  if (good.length > 0 && !proved) {
    findings.add('timestamp-not-logged');
    return null;
  }
  return good.reduce<Bound | null>((best, { path, latest }) => (best && best.at <= latest ? best : { at: latest, path }), null);
}

export const spelt = (ms: bigint): string => new Date(Number(ms)).toISOString();

/** Both bounds as the report has them. */
export function interval(lower: Bound | null, upper: Bound | null, closedAt: string, findings: Findings): { sealed_after: string | null; logged_before: string | null } {
  if (lower && upper && lower.at > upper.at) {
    findings.add('interval-contradictory', '', `${spelt(lower.at)} > ${spelt(upper.at)}`);
    return { sealed_after: null, logged_before: null };
  }
  if (lower) findings.add('lower-bound-ok', lower.path, spelt(lower.at));
  if (upper) findings.add('timestamp-ok', upper.path, spelt(upper.at));
  const closed = BigInt(Date.parse(closedAt));
  if ((lower && closed < lower.at) || (upper && closed > upper.at)) findings.add('clock-outside-interval', '', closedAt);
  return { sealed_after: lower && spelt(lower.at), logged_before: upper && spelt(upper.at) };
}
