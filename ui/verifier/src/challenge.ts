/** The challenge word: docs/spec/time.md, "The challenge word". */

import { capturesBySeq, type Log } from './custody';
import type { Item } from './record';
import type { Findings } from './report';
import type { Seal } from './seal';
import { spelt } from './stamps';

const SIGNS = [...'山水火土木金日月风云雨雪江河湖海花草树林石田路桥门窗车船马牛羊鸟鱼虎龙狗春夏秋冬东南西北天地星光红黄蓝绿白黑书笔茶米衣帽刀弓伞钟'];
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CUSTODY = 'data/custody.log';

/** @param digest of the token file, hex. */
export function wordOf(digest: string): string {
  const bytes = (digest.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const signs = bytes.slice(0, 2).map((byte) => SIGNS[byte % 64] ?? '');
  const letters = bytes.slice(2, 6).map((byte) => LETTERS.charAt(byte % 32));
  return `${signs.join('')} ${letters.join('')}`;
}

/** A word that matches, of an item or of a capture that is no item's. */
export interface Matched {
  subject: string;
  word: string;
  after: bigint;
}

/** @param tokens those that count for the lower bound, with their earliest time. */
export function challenges(log: Log | null, items: Item[], seal: Seal, tokens: Map<string, bigint>, findings: Findings): Matched[] {
  const matched: Matched[] = [];
  for (const [seq, { challenge }] of capturesBySeq(log)) {
    if (!challenge) continue;
    const paths = items.filter((item) => item.seq === seq).map(({ path }) => path);
    for (const subject of paths.length > 0 ? paths : [CUSTODY]) {
      const after = seal.tokens.some(({ sha256 }) => sha256 === challenge.token) ? tokens.get(challenge.token) : undefined;
      if (challenge.word !== wordOf(challenge.token)) findings.add('challenge-mismatch', subject, challenge.word);
      else if (after === undefined) findings.add('challenge-unproved', subject, challenge.word);
      else matched.push({ subject, word: challenge.word, after });
    }
  }
  return matched;
}

/** What matches and what is bounded, said of each; where one contradicts the other, both fall. */
export function sayCaptures(matched: Matched[], bounds: Map<string, bigint>, findings: Findings): void {
  const fallen = new Set<string>();
  for (const { subject, after } of matched) {
    const before = bounds.get(subject);
    if (before === undefined || after <= before) continue;
    fallen.add(subject);
    findings.add('capture-interval-contradictory', subject, `${spelt(after)} > ${spelt(before)}`);
  }
  for (const { subject, word, after } of matched) if (!fallen.has(subject)) findings.add('challenge-matches', subject, `${word}, ${spelt(after)}`);
  for (const [subject, before] of bounds) if (!fallen.has(subject)) findings.add('capture-bounded', subject, spelt(before));
}
