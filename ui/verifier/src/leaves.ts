/** Leaves of the log that a verifier reads, and the receipt: docs/spec/log.md, docs/spec/receipt.md. */

import { decimal, isDigest, isPacketId, isTime } from './bytes';
import { type Key, parseVkey } from './keys';
import { anything, Lines, when } from './lines';
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
  lines.take(rotated ? 'rotated-at' : 'enrolled-at', when(isTime));
  lines.end();
  return { note, origin: lines.origin, kind, subject, key };
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
