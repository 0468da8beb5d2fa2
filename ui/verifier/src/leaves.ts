/** Leaves of the log that a verifier reads, and the receipt: docs/spec/log.md, docs/spec/receipt.md. */

import { decimal, fromBase64, isDigest, isPacketId, isTime, utf8 } from './bytes';
import { type Key, parseVkey } from './keys';
import { anything, isOrigin, Lines, when } from './lines';
import { Malformed } from './log';
import { isKeyName, type Note, parseNote } from './note';

const MOST_LEAF = 16_384;

function noteOf(bytes: Uint8Array): Note {
  if (bytes.length > MOST_LEAF) throw new Malformed('too large');
  return parseNote(bytes);
}

export interface Enrolment {
  note: Note;
  origin: string;
  kind: string;
  subject: string;
  /** Null where the vkey does not read. */
  key: Key | null;
  /** As the authority has it. */
  at: string;
}

const isKind = (kind: string): boolean => kind === 'device' || kind === 'officer';

/** Something is there: whether it is a vkey is asked later. */
const isSaid = (value: string): boolean => value.trim() !== '';

/** `enrolled` or `rotated`. */
export function parseEnrolment(bytes: Uint8Array): Enrolment {
  const note = noteOf(bytes);
  const rotated = note.text.split('\n')[0]?.endsWith('/rotated/v1') ?? false;
  const lines = new Lines(note.text, rotated ? 'rotated' : 'enrolled');
  const kind = lines.take('kind', when(isKind));
  const subject = lines.take('subject', when(isKeyName));
  if (rotated) lines.take('old-vkey', anything);
  const key = parseVkey(lines.take('vkey', when(isSaid)));
  const at = lines.take(rotated ? 'rotated-at' : 'enrolled-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, kind, subject, key, at };
}

export interface Revocation {
  note: Note;
  origin: string;
  vkey: string;
}

export function parseRevocation(bytes: Uint8Array): Revocation {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'revoked');
  lines.take('subject', anything);
  const key = lines.take('vkey', parseVkey);
  // A reason that is not known makes no key good again.
  lines.take('reason', anything);
  lines.take('revoked-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, vkey: key.vkey };
}

export interface Decision {
  note: Note;
  origin: string;
  packet: string;
  sealSha256: string;
  documentSha256: string;
}

export function parseDecision(bytes: Uint8Array): Decision {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'decision');
  const packet = lines.take('packet', when(isPacketId));
  const sealSha256 = lines.take('seal-sha256', when(isDigest));
  const documentSha256 = lines.take('document-sha256', when(isDigest));
  lines.take('decided-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, packet, sealSha256, documentSha256 };
}

export interface Receipt {
  note: Note;
  origin: string;
  packet: string;
  sealSha256: string;
  zipSha256: string;
  zipSize: bigint;
  leafIndex: bigint;
}

export function parseReceipt(bytes: Uint8Array): Receipt {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'receipt');
  const packet = lines.take('packet', when(isPacketId));
  const sealSha256 = lines.take('seal-sha256', when(isDigest));
  const zipSha256 = lines.take('zip-sha256', when(isDigest));
  const zipSize = lines.take('zip-size', decimal);
  const leafIndex = lines.take('leaf-index', decimal);
  lines.take('received-at', when(isTime));
  lines.take('copies', decimal);
  lines.end();
  return { note, origin: lines.origin, packet, sealSha256, zipSha256, zipSize, leafIndex };
}

/** The log's key hands over to another one. */
export interface LogRotation {
  note: Note;
  origin: string;
  subject: string;
  old: Key;
  key: Key;
}

export function parseLogRotation(bytes: Uint8Array): LogRotation {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'rotated');
  lines.take('kind', when((kind) => kind === 'log'));
  const subject = lines.take('subject', anything);
  const old = lines.take('old-vkey', parseVkey);
  const key = lines.take('vkey', parseVkey);
  lines.take('rotated-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, subject, old, key };
}

/** Leaf 0 of a log that continues another one. */
export interface Continued {
  note: Note;
  origin: string;
  oldOrigin: string;
}

export function parseContinued(bytes: Uint8Array): Continued {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'continued');
  const oldOrigin = lines.take('old-origin', when(isOrigin));
  lines.take('old-size', decimal);
  lines.take('old-root', when((root) => fromBase64(root)?.length === 32));
  lines.take('continued-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, oldOrigin };
}

/** A device's sign of life: how far it has got, and captures that it names. */
export interface Heartbeat {
  note: Note;
  origin: string;
  device: string;
  deviceSeq: bigint;
  captureSeq: bigint;
  /** Link by number, the newest one's among them. */
  named: Map<bigint, string>;
}

const MOST_CAPTURES = 100;

/** Of either version. */
export function parseHeartbeat(bytes: Uint8Array): Heartbeat {
  const note = noteOf(bytes);
  const second = note.text.split('\n')[0]?.endsWith('/heartbeat/v2') ?? false;
  const lines = new Lines(note.text, 'heartbeat', second ? 2 : 1);
  const device = lines.take('device', when(isKeyName));
  const deviceSeq = lines.take('device-seq', decimal);
  const captureSeq = lines.take('capture-seq', decimal);
  const link = lines.take('capture-link', when(isDigest));
  lines.take('at', when(isTime));
  const named = new Map<bigint, string>();
  let last = 0n;
  while (second && (named.size === 0 || lines.next('capture'))) {
    const [seq, one] = lines.take('capture', captureOf);
    if (seq <= last || seq > captureSeq || (seq === captureSeq && one !== link)) throw new Malformed('its captures');
    named.set(seq, one);
    last = seq;
  }
  if (named.size > MOST_CAPTURES) throw new Malformed('too many captures');
  lines.end();
  if (captureSeq > 0n) named.set(captureSeq, link);
  return { note, origin: lines.origin, device, deviceSeq, captureSeq, named };
}

function captureOf(value: string): [bigint, string] | null {
  const [spelt, link, ...more] = value.split(' ');
  const seq = decimal(spelt ?? '');
  return seq === null || link === undefined || !isDigest(link) || more.length > 0 ? null : [seq, link];
}

/** The note of a signed child: docs/spec/export.md, "Signed children". */
export interface Derived {
  note: Note;
  origin: string;
  packet: string;
  sealSha256: string;
  parentPath: string;
  parentSha256: string;
  child: string;
  childSha256: string;
  childSize: bigint;
  maker: string;
}

const MOST_TEXT = 1024;
const MOST_STEPS = 64;
const isText = (value: string): boolean => utf8(value).length >= 1 && utf8(value).length <= MOST_TEXT && !/^\p{White_Space}|\p{White_Space}$|\p{Cc}/u.test(value);
const isChild = (name: string): boolean => /^[a-z0-9][a-z0-9.-]{0,127}$/.test(name) && !name.endsWith('.note');

export function parseDerived(bytes: Uint8Array): Derived {
  const note = noteOf(bytes);
  const lines = new Lines(note.text, 'derived');
  const packet = lines.take('packet', when(isPacketId));
  const sealSha256 = lines.take('seal-sha256', when(isDigest));
  const parentPath = lines.take('parent-path', when(isText));
  const parentSha256 = lines.take('parent-sha256', when(isDigest));
  const child = lines.take('child', when(isChild));
  const childSha256 = lines.take('child-sha256', when(isDigest));
  const childSize = lines.take('child-size', decimal);
  lines.take('kind', when((kind) => /^[a-z0-9-]{1,32}$/.test(kind)));
  lines.take('tool', when(isText));
  let steps = 0;
  do {
    lines.take('step', when(isText));
    steps += 1;
  } while (lines.next('step'));
  if (steps > MOST_STEPS) throw new Malformed('too many steps');
  lines.take('made-at', when(isTime));
  const maker = lines.take('maker', when(isText));
  lines.end();
  return { note, origin: lines.origin, packet, sealSha256, parentPath, parentSha256, child, childSha256, childSize, maker };
}
