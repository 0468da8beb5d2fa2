/** The seal's text: docs/spec/seal.md. */

import { decimal, fromBase64, isDigest, isPacketId, isTime } from './bytes';
import { Lines, when } from './lines';
import { Malformed } from './log';
import { type Note, parseNote } from './note';

export interface Seen {
  size: bigint;
  root: Uint8Array;
}

export interface Seal {
  note: Note;
  origin: string;
  packet: string;
  tagManifest: string;
  sm3TagManifest: string | null;
  closedAt: string;
  captures: string;
  deviceSeq: bigint;
  devicePrev: string;
  seen: Seen | null;
  /** Authority and digest of each token that the seal names. */
  tokens: { tsa: string; sha256: string }[];
}

const MOST_BYTES = 16_384;
const MOST_RANGES = 4_096;
const MOST_TOKENS = 16;
const isTsa = (id: string): boolean => /^[a-z0-9-]{1,64}$/.test(id);

/** Ascending ranges, never adjacent. */
export function rangesOf(spelt: string): [bigint, bigint][] | null {
  if (spelt === 'none') return [];
  const ranges: [bigint, bigint][] = [];
  const most = (1n << 64n) - 2n;
  let last = -1n;
  for (const part of spelt.split(',')) {
    const [from, to, ...more] = part.split('-').map(decimal);
    if (from === undefined || from === null || to === null || more.length > 0) return null;
    if (from === 0n || (to ?? from) > most || (ranges.length > 0 && from <= last + 1n) || (to !== undefined && to <= from)) return null;
    ranges.push([from, to ?? from]);
    last = to ?? from;
  }
  return ranges.length > MOST_RANGES ? null : ranges;
}

/** The one spelling of a set of numbers, which need not be in order. */
export function spelling(numbers: bigint[]): string {
  const sorted = [...numbers].sort((a, b) => (a < b ? -1 : Number(a > b)));
  const ranges: [bigint, bigint][] = [];
  for (const n of sorted) {
    const last = ranges.at(-1);
    if (last && n === last[1] + 1n) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.length === 0 ? 'none' : ranges.map(([from, to]) => (from === to ? String(from) : `${String(from)}-${String(to)}`)).join(',');
}

function seenOf(spelt: string): { seen: Seen | null } | null {
  if (spelt === 'none') return { seen: null };
  const [size, root, ...more] = spelt.split(' ');
  const [count, bytes] = [decimal(size ?? ''), fromBase64(root ?? '')];
  return count === null || bytes?.length !== 32 || more.length > 0 ? null : { seen: { size: count, root: bytes } };
}

function tokensIn(lines: Lines): { tsa: string; sha256: string }[] {
  const tokens: { tsa: string; sha256: string }[] = [];
  do {
    const token = lines.take('seen-tsr', (value) => {
      if (value === 'none') return { tsa: '', sha256: '' };
      const [tsa, sha256, ...more] = value.split(' ');
      return tsa !== undefined && sha256 !== undefined && more.length === 0 && isTsa(tsa) && isDigest(sha256) ? { tsa, sha256 } : null;
    });
    const last = tokens.at(-1);
    if (last && (last.tsa >= token.tsa || token.tsa === '')) throw new Malformed('tokens out of order');
    tokens.push(token);
  } while (lines.next('seen-tsr'));
  if (tokens.length > MOST_TOKENS) throw new Malformed('too many tokens');
  return tokens[0]?.tsa === '' ? [] : tokens;
}

/** Throws [`Malformed`] or what a note throws. */
export function parseSeal(bytes: Uint8Array): Seal {
  if (bytes.length > MOST_BYTES) throw new Malformed('too large');
  const note = parseNote(bytes);
  const lines = new Lines(note.text, 'packet-seal');
  const packet = lines.take('packet', when(isPacketId));
  const tagManifest = lines.take('tagmanifest-sha256', when(isDigest));
  const sm3TagManifest = lines.next('tagmanifest-sm3') ? lines.take('tagmanifest-sm3', when(isDigest)) : null;
  const closedAt = lines.take('closed-at', when(isTime));
  const captures = lines.take('captures', when((value) => rangesOf(value) !== null));
  const deviceSeq = lines.take('device-seq', (value) => decimal(value) || null);
  const devicePrev = lines.take('device-prev', when(isDigest));
  const { seen } = lines.take('seen-checkpoint', seenOf);
  const tokens = tokensIn(lines);
  lines.end();
  return { note, origin: lines.origin, packet, tagManifest, sm3TagManifest, closedAt, captures, deviceSeq, devicePrev, seen, tokens };
}
