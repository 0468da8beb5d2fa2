/** Who signed the seal, and whether their keys are enrolled or revoked: docs/spec/seal.md, "Lines". */

import { equal, hexDigestOf } from './bytes';
import { type Key, type Keys, standingOf, verifies } from './keys';
import { type Enrolment, parseEnrolment, type Revocation } from './leaves';
import { Malformed } from './log';
import { NotANote } from './note';
import type { Code, Findings } from './report';
import type { Seal } from './seal';
import type { Trust } from './trust';

/** A revocation in hand, and its place in the log where that is proved. */
export interface Revoked {
  revocation: Revocation;
  index: bigint | null;
}

/** Everything that a packet or an export is checked with. */
export interface Hand {
  /** All keys, those of the trust file first. */
  keys: Keys;
  /** Those that may speak for the deployment: log, receipts, authority, decisions. */
  anchors: Keys;
  trust: Trust | null;
  entries: { path: string; bytes: Uint8Array }[];
  revoked: Revoked[];
  /** Whether a key of the trust file has made a signature here. */
  anchorUsed: boolean;
}

export const isGrammar = (cause: unknown): boolean => cause instanceof Malformed || cause instanceof NotANote;

export interface Entry {
  enrolment: Enrolment;
  sha256: string;
}

/** The entries that the authority signed, and findings about those that say so and lie. */
export function enrolments(hand: Hand, origin: string, findings: Findings): Entry[] {
  const right: Entry[] = [];
  for (const { bytes } of hand.entries) {
    let enrolment: Enrolment;
    try {
      enrolment = parseEnrolment(bytes);
    } catch (cause) {
      if (!isGrammar(cause)) throw cause;
      findings.add('enrolment-invalid');
      continue;
    }
    if (enrolment.key?.name === enrolment.subject) hand.keys.add(enrolment.key);
    if (enrolment.origin !== origin) continue;
    const standing = standingOf(enrolment.note, `${origin}/authority`, hand.anchors);
    const kindFits = enrolment.key?.name === enrolment.subject && enrolment.subject.startsWith(`${origin}/${enrolment.kind}/`);
    if (standing.at === 'wrong' || !kindFits) findings.add('enrolment-invalid', enrolment.subject);
    else if (standing.at === 'right') right.push({ enrolment, sha256: hexDigestOf(bytes) });
  }
  return right;
}

const CODES = {
  device: { right: 'device-line-ok', wrong: 'device-line-invalid', unknown: 'device-key-unknown', enrolled: 'device-enrolled', not: 'device-not-enrolled' },
  officer: { right: 'officer-line-ok', wrong: 'officer-line-invalid', unknown: 'officer-key-unknown', enrolled: 'officer-enrolled', not: 'officer-not-enrolled' },
} as const satisfies Record<string, Record<string, Code>>;

/** What is known of when the packet was logged. */
export interface Logged {
  seal: Seal;
  index: bigint | null;
}

/** The lines of one name, each judged by itself; gives the keys that made them where they are right. */
function line(name: string, kind: keyof typeof CODES, logged: Logged, hand: Hand, entries: Entry[], findings: Findings): Key[] {
  const codes = CODES[kind];
  const right: Key[] = [];
  for (const one of logged.seal.note.lines) {
    if (one.name !== name) continue;
    const key = hand.keys.of(one);
    const good = key && verifies(key, one, logged.seal.note.text);
    if (!key) findings.add(codes.unknown, name);
    else if (good === null) findings.add('signature-unsupported', name);
    else if (!good) findings.add(codes.wrong, name);
    else {
      findings.add(codes.right, name);
      right.push(key);
      standingOfKey(key, kind, logged, hand, entries, findings);
    }
  }
  return right;
}

export const isEnrolled = (key: Key, kind: keyof typeof CODES, entries: Entry[]): boolean => entries.some(({ enrolment }) => enrolment.kind === kind && enrolment.key?.vkey === key.vkey);

/** Whether the key is enrolled, and whether it was revoked. */
function standingOfKey(key: Key, kind: keyof typeof CODES, logged: Logged, hand: Hand, entries: Entry[], findings: Findings): void {
  const enrolled = isEnrolled(key, kind, entries);
  findings.add(enrolled ? CODES[kind].enrolled : CODES[kind].not, key.name);
  if (enrolled && hand.trust) hand.anchorUsed = true;
  for (const { revocation, index } of hand.revoked) {
    if (revocation.vkey !== key.vkey) continue;
    if (index !== null && logged.seal.seen && index < logged.seal.seen.size) findings.add('key-revoked-before-seal', key.name);
    else if (index === null || logged.index === null || index < logged.index) findings.add('key-revoked-before-logging', key.name);
  }
}

/** The place of the seal among the device's: checkable for the first one, whose predecessor is the enrolment. */
function sequence(seal: Seal, device: Key, entries: Entry[], findings: Findings): void {
  const own = entries.filter(({ enrolment }) => enrolment.key?.vkey === device.vkey);
  if (seal.deviceSeq === 1n && own.length > 0) {
    if (own.some(({ sha256 }) => sha256 === seal.devicePrev)) findings.add('device-first');
    else findings.add('device-prev-mismatch', device.name);
  } else findings.add('device-sequence', '', String(seal.deviceSeq));
}

/** What the lines of the seal come to. */
export interface Signed {
  /** Those of the device that made right lines. */
  keys: Key[];
  /** The entries that the authority signed. */
  entries: Entry[];
}

/** @param record device and officers that the record names, where it could be read. */
export function checkSigners(record: { device: string; officers: string[] } | null, logged: Logged, hand: Hand, findings: Findings): Signed {
  const { seal } = logged;
  const entries = enrolments(hand, seal.origin, findings);
  const names = [...new Set(seal.note.lines.map(({ name }) => name))];
  const devices = names.filter((name) => name.startsWith(`${seal.origin}/device/`));
  const officers = names.filter((name) => name.startsWith(`${seal.origin}/officer/`));
  const device = record ? record.device : devices[0];
  let deviceKeys: Key[] = [];
  if (devices.length === 0) findings.add('device-line-absent');
  else if (device !== undefined && devices.includes(device)) {
    deviceKeys = line(device, 'device', logged, hand, entries, findings);
    for (const key of deviceKeys) sequence(seal, key, entries, findings);
  } else findings.add('record-device-mismatch', device);
  const named = record ? [...new Set(record.officers)] : officers;
  const signed: Key[][] = [];
  for (const name of named) {
    if (!officers.includes(name)) {
      findings.add('officer-line-absent', name);
      continue;
    }
    signed.push(line(name, 'officer', logged, hand, entries, findings));
  }
  for (const name of names) {
    if ((name === device && devices.includes(name)) || (named.includes(name) && officers.includes(name))) continue;
    findings.add('signature-unknown', name);
    if (officers.includes(name) && standingOf(seal.note, name, hand.keys).at === 'wrong') findings.add('officer-line-invalid', name);
  }
  const right = [...deviceKeys, ...signed.flat()];
  const twice = right.some((a, n) => right.slice(n + 1).some((b) => a.name !== b.name && equal(a.material, b.material)));
  if (twice) findings.add('officers-same-key');
  if (record && named.length < 2) findings.add('second-officer-absent');
  else if (record && signed.filter((keys) => keys.length > 0).length >= 2 && !twice) findings.add('two-officers-ok');
  return { keys: deviceKeys, entries };
}
