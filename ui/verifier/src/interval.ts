/** The time interval: tokens on the seen checkpoint and on the export's, and what they come to. docs/spec/time.md, "Findings". */

import type { Code, Findings } from './report';
import type { Seal } from './seal';
import { isOpen, judgeFile, messageOf, renewals, spelt, tokensOf } from './stamps';
import type { Outcome } from './token';
import type { Tree } from './tree';

const MOST_TOKENS = 16;

export interface Bound {
  /** Milliseconds since 1970. */
  at: bigint;
  path: string;
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

/** Judges tokens over the text of a checkpoint; once one of them counts, those that are not proved are said to be not counted. */
async function judgedAll(tree: Tree, paths: string[], checkpoint: string, roots: Uint8Array[], codes: Codes, findings: Findings): Promise<Map<string, Outcome>> {
  const message = await messageOf(tree, checkpoint);
  const outcomes = new Map<string, Outcome>();
  for (const path of paths) outcomes.set(path, await judgeFile(tree, path, message, roots));
  const counts = [...outcomes.values()].some(({ at }) => at === 'good');
  for (const [path, outcome] of outcomes) {
    const { at } = outcome;
    if (at === 'good') continue;
    if (!isOpen(outcome)) findings.add(codes.invalid, path, at);
    else if (counts) findings.add('timestamp-not-counted', path, at);
    else findings.add(at === 'unsupported' ? codes.unsupported : codes.unknown, path, at === 'unsupported' ? at : '');
  }
  return outcomes;
}

function goodIn(outcomes: Map<string, Outcome>): Good[] {
  return [...outcomes].flatMap(([path, outcome]) => (outcome.at === 'good' ? [{ path, ...outcome }] : []));
}

/** The lower bound, and when each token that counts was there at the earliest, by the token's digest. */
export interface Lower {
  bound: Bound | null;
  tokens: Map<string, bigint>;
}

/** T1: the latest time that a seen token proves to lie before the seal. */
export async function lowerBound(tree: Tree, seal: Seal, roots: Uint8Array[], findings: Findings): Promise<Lower> {
  const named = seal.tokens.map(({ tsa, sha256 }) => ({ path: `seen/checkpoint.${tsa}.tsr`, sha256 }));
  const there = named.filter(({ path, sha256 }) => {
    if (tree.get(path)?.sha256 === sha256) return true;
    findings.add('seen-token-mismatch', path);
    return false;
  });
  for (const path of tokensOf(tree, 'seen/checkpoint')) if (!named.some((one) => one.path === path)) findings.add('seen-token-mismatch', path);
  if (named.length === 0) {
    findings.add('lower-bound-none');
    return { bound: null, tokens: new Map() };
  }
  const codes: Codes = { invalid: 'seen-token-invalid', unknown: 'lower-bound-authority-unknown', unsupported: 'lower-bound-unsupported' };
  const good = goodIn(await judgedAll(tree, there.map(({ path }) => path), 'seen/checkpoint', roots, codes, findings));
  const bound = good.reduce<Bound | null>((best, { path, earliest }) => (best && best.at >= earliest ? best : { at: earliest, path }), null);
  return { bound, tokens: new Map(good.map(({ path, earliest }) => [tree.get(path)?.sha256 ?? '', earliest])) };
}

/** T2: the earliest time that a token on the export's checkpoint proves to lie after the logging. */
export async function upperBound(tree: Tree, proved: boolean, roots: Uint8Array[], findings: Findings): Promise<Bound | null> {
  const paths = tokensOf(tree, 'data/receipt/checkpoint').slice(0, MOST_TOKENS);
  if (paths.length === 0) {
    findings.add('timestamp-absent');
    return null;
  }
  const codes: Codes = { invalid: 'timestamp-invalid', unknown: 'timestamp-authority-unknown', unsupported: 'timestamp-unsupported' };
  const outcomes = await judgedAll(tree, paths, 'data/receipt/checkpoint', roots, codes, findings);
  for (const [path, outcome] of outcomes) await renewals(tree, path, outcome, roots, { invalid: 'timestamp-invalid', notCounted: 'timestamp-not-counted' }, findings);
  const good = goodIn(outcomes);
  if (good.length > 0 && !proved) {
    findings.add('timestamp-not-logged');
    return null;
  }
  return good.reduce<Bound | null>((best, { path, latest }) => (best && best.at <= latest ? best : { at: latest, path }), null);
}

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
