/** Custody logs: the chain of lines, the events, the chain of captures. docs/spec/custody.md. */

import { hexDigestOf, utf8 } from './bytes';
import { type Json, NotJson, parseJson } from './json';
import type { Findings } from './report';
import { rangesOf, type Seal, spelling } from './seal';
import { Misshapen, Shape } from './shape';

const MOST_LINE = 256 << 10;
export const MOST_LOG = 16 << 20;
export const NONE = '0'.repeat(64);

export interface Captured {
  seq: number;
  prev: string;
  sha256: string;
  size: number;
  mediaType: string;
  capturedAt: string;
  fix: Json | null;
  noFix: string | null;
  mock: boolean;
  onEarth: boolean;
  serverOffset: number | null;
  source: string;
  challenge: Challenge | null;
}

/** The word that the camera screen showed, and the digest of the token that it is made of. */
export interface Challenge {
  word: string;
  token: string;
}

/** What a line says, where this version knows its event. */
export type Event =
  | { is: 'opened'; packet: string; kind: string }
  | { is: 'captured'; capture: Captured }
  | { is: 'kind-changed'; kind: string }
  | { is: 'voided'; seq: number; reason: string }
  | { is: 'party'; presence: string }
  | { is: 'given-up'; reason: string }
  | { is: 'closed'; items: number; captures: string }
  | { is: 'reopened' }
  | { is: 'received'; sha256: string; size: number }
  | { is: 'logged'; leaf: number }
  | { is: 'decided'; document: string }
  | { is: 'other' }
  /** Not known, or malformed. */
  | { is: 'unread' };

/** What a line says of the clocks, in milliseconds. */
export interface Clock {
  at: number;
  bootId: string | null;
  bootMs: number | null;
}

export interface Log {
  /** `name` is null where the line could not be read at all. */
  events: { line: number; name: string | null; clock: Clock | null; event: Event }[];
  /** Every line is JSON of the form and chained. */
  chained: boolean;
  lines: number;
}

/** A position and where it came from. */
export function checkFix(fix: Shape): void {
  fix.string('latitude');
  fix.string('longitude');
  fix.number('accuracy_m');
  fix.maybe('altitude_m', (name) => fix.number(name));
  fix.time('at');
  fix.integer('age_ms');
  fix.maybeString('provider');
  fix.maybe('mock', (name) => fix.bool(name));
}

/** Whether a position lies on this earth; one that does not is malformed, and what stands beside it counts. */
export const onEarth = (fix: Shape): boolean => fix.degrees('latitude', 90) && fix.degrees('longitude', 180) && fix.number('accuracy_m') >= 0;

function capturedOf(line: Shape): Event {
  const context = line.inner('context');
  const fix = context.maybe('fix', (name) => context.inner(name));
  if (fix) checkFix(fix);
  context.string('zone');
  for (const name of ['boot_id', 'software']) context.string(name);
  for (const name of ['original_name', 'device_model']) context.maybeString(name);
  context.count('boot_ms');
  context.maybe('server_seen_at', (name) => context.time(name));
  context.maybe('heading_deg', (name) => context.number(name));
  line.maybeString('shot');
  const challenge = context.maybe('challenge', (name) => context.inner(name));
  return {
    is: 'captured',
    capture: {
      seq: line.count('capture_seq'),
      prev: line.digest('capture_prev'),
      sha256: line.digest('sha256'),
      size: line.count('size'),
      mediaType: line.string('media_type'),
      capturedAt: context.time('captured_at'),
      fix: context.raw('fix') ?? null,
      noFix: context.maybeString('no_fix_reason'),
      mock: fix?.maybe('mock', (name) => fix.bool(name)) ?? false,
      onEarth: fix === null || onEarth(fix),
      serverOffset: context.maybe('server_offset_ms', (name) => context.integer(name)),
      source: context.string('source'),
      challenge: challenge && { word: challenge.string('word'), token: challenge.digest('token_sha256') },
    },
  };
}

/** One list for both logs: a name means the same in either. */
const KNOWN: Record<string, (line: Shape) => Event> = {
  opened: (line) => (line.maybe('supplements', () => null), { is: 'opened', packet: line.packetId('packet'), kind: line.string('kind') }),
  captured: capturedOf,
  described: (line) => (line.strings('fields'), { is: 'other' }),
  'kind-changed': (line) => ({ is: 'kind-changed', kind: line.string('kind') }),
  shot: (line) => (line.count('capture_seq'), line.string('shot'), { is: 'other' }),
  voided: (line) => ({ is: 'voided', seq: line.count('capture_seq'), reason: line.string('reason') }),
  party: (line) => (line.maybeString('note'), { is: 'party', presence: line.string('presence') }),
  recovered: (line) => (line.count('captures'), { is: 'other' }),
  'given-up': (line) => ({ is: 'given-up', reason: line.string('reason') }),
  closed: (line) => ({ is: 'closed', items: line.count('items'), captures: line.string('captures') }),
  reopened: (line) => (line.strings('voided'), { is: 'reopened' }),
  received: (line) => ({ is: 'received', sha256: line.digest('zip_sha256'), size: line.count('zip_size') }),
  logged: (line) => ({ is: 'logged', leaf: line.count('leaf_index') }),
  'looked-at': (line) => (line.string('what'), { is: 'other' }),
  decided: (line) => (line.string('decision'), { is: 'decided', document: line.digest('document_sha256') }),
  derived: (line) => (line.digest('parent_sha256'), line.digest('child_sha256'), { is: 'other' }),
  exported: () => ({ is: 'other' }),
};

interface Line {
  n: number;
  prev: string;
  event: string;
  clock: Clock;
  shape: Shape;
}

function lineOf(bytes: Uint8Array): Line | null {
  try {
    if (bytes.length > MOST_LINE) return null;
    const shape = Shape.of(parseJson(bytes), 'line');
    const at = Date.parse(shape.time('at'));
    shape.maybeString('actor');
    const clock = { at, bootId: shape.maybeString('boot_id'), bootMs: shape.maybe('boot_ms', (name) => shape.count(name)) };
    return { clock, n: shape.count('n'), prev: shape.digest('prev'), event: shape.string('event'), shape };
  } catch (cause) {
    if (cause instanceof Misshapen || cause instanceof NotJson) return null;
    throw cause;
  }
}

/** Reads a log line by line, each against the one before. */
export function readLog(bytes: Uint8Array, path: string, first: string, tablet: boolean, findings: Findings): Log {
  const log: Log = { events: [], chained: true, lines: 0 };
  let prev = first;
  let at = 0;
  while (at < bytes.length) {
    log.lines += 1;
    const end = bytes.indexOf(0x0a, at);
    const content = bytes.subarray(at, end < 0 ? bytes.length : end);
    const line = lineOf(content);
    const number = String(log.lines);
    if (!line || end < 0) {
      findings.add('custody-malformed', path, number);
      log.chained = false;
    }
    if (line) {
      if (line.n !== log.lines || line.prev !== prev) {
        findings.add('custody-chain-broken', path, number);
        log.chained = false;
      }
      log.events.push({ line: log.lines, name: line.event, clock: line.clock, event: eventOf(line, tablet, path, number, findings) });
    } else log.events.push({ line: log.lines, name: null, clock: null, event: { is: 'unread' } });
    prev = hexDigestOf(bytes.subarray(at, end < 0 ? bytes.length : end + 1));
    at = end < 0 ? bytes.length : end + 1;
  }
  return log;
}

function eventOf(line: Line, tablet: boolean, path: string, number: string, findings: Findings): Event {
  const read = Object.hasOwn(KNOWN, line.event) ? KNOWN[line.event] : undefined;
  if (!read) {
    findings.add('custody-event-unknown', path, number);
    return { is: 'unread' };
  }
  try {
    const event = read(line.shape);
    const placed = event.is !== 'captured' || event.capture.onEarth;
    if (!placed || (tablet && (line.clock.bootId === null || line.clock.bootMs === null))) findings.add('custody-malformed', path, number);
    return event;
  } catch (cause) {
    if (!(cause instanceof Misshapen)) throw cause;
    findings.add('custody-malformed', path, number);
    return { is: 'unread' };
  }
}

export const linkOf = (capture: Captured): string =>
  hexDigestOf(utf8(`fieldseal capture/v1\n${String(capture.seq)}\n${capture.prev}\n${capture.sha256}\n${capture.capturedAt}\n`));

export const capturesIn = (log: Log): Captured[] => log.events.flatMap(({ event }) => (event.is === 'captured' ? [event.capture] : []));

/** By number; of several lines of one number the last. */
export const capturesBySeq = (log: Log | null): Map<number, Captured> => new Map((log ? capturesIn(log) : []).map((capture) => [capture.seq, capture]));

/** Rules of the tablet's log that need the seal, and the chain of captures. */
export function checkTablet(log: Log, seal: Seal | null, packet: string | null, findings: Findings): void {
  // A line that does not read is said to be malformed; it neither opens nor closes.
  const events = log.events.filter(({ name }) => name !== null).map(({ event }) => event);
  const first = events[0];
  const closedRight = events.every((event, n) => event.is !== 'closed' || n === events.length - 1 || events[n + 1]?.is === 'reopened');
  const openedRight = first?.is === 'opened' && (packet === null || first.packet === packet);
  if (!openedRight || events.at(-1)?.is !== 'closed' || !closedRight) findings.add('custody-not-closed');
  const captures = capturesIn(log);
  const bySeq = [...captures].sort((a, b) => a.seq - b.seq);
  for (const [n, capture] of bySeq.entries()) {
    const before = bySeq[n - 1];
    const follows = capture.seq === 1 ? capture.prev === NONE : before?.seq !== capture.seq - 1 || linkOf(before) === capture.prev;
    if (!follows) findings.add('capture-chain-broken', '', String(capture.seq));
  }
  if (!seal) return;
  const numbers = captures.map(({ seq }) => BigInt(seq));
  const once = new Set(numbers).size === numbers.length;
  const last = events.at(-1);
  const repeats = last?.is !== 'closed' || (last.captures === seal.captures && last.items === captures.length);
  if (!once || spelling(numbers) !== seal.captures || !repeats || rangesOf(seal.captures) === null) findings.add('seal-captures-mismatch');
}

const MOST_JUMP_MS = 2_000;
export const MOST_OFFSET_MS = 60_000;

/** What the lines say of the tablet's clock: docs/spec/time.md, "The tablet's clock". Of each code the first line. */
export function checkClock(log: Log, path: string, findings: Findings): void {
  let boot: string | null = null;
  const starts = new Map<string, number>();
  const first = (code: 'clock-restart' | 'clock-jump' | 'clock-offset', line: number): void => {
    if (!findings.list.some((known) => known.code === code && known.subject === path)) findings.add(code, path, String(line));
  };
  for (const { line, clock, event } of log.events) {
    if (clock && clock.bootId !== null) {
      if (boot !== null && boot !== clock.bootId) first('clock-restart', line);
      boot = clock.bootId;
      if (clock.bootMs !== null) {
        const start = clock.at - clock.bootMs;
        const before = starts.get(clock.bootId);
        if (before !== undefined && Math.abs(start - before) > MOST_JUMP_MS) first('clock-jump', line);
        starts.set(clock.bootId, start);
      }
    }
    if (event.is === 'captured' && Math.abs(event.capture.serverOffset ?? 0) > MOST_OFFSET_MS) first('clock-offset', line);
  }
}
