/** Signed notes (C2SP signed-note, docs/spec/log.md): a text and signature lines, read and nothing more. */

import { fromBase64, text } from './bytes';

export interface SignatureLine {
  name: string;
  /** Eight hex digits. */
  id: string;
  signature: Uint8Array;
}

export interface Note {
  /** With its last newline. */
  text: string;
  lines: SignatureLine[];
}

export class NotANote extends Error {}

const MOST_BYTES = 64 << 10;
const MOST_LINES = 64;

/** Whether this can be the name of a key: not empty, no white space, no plus. */
export const isKeyName = (name: string): boolean => name !== '' && !/[\p{White_Space}+]/u.test(name);

function lineOf(line: string): SignatureLine {
  const [dash, name, spelt, ...more] = line.split(' ');
  const bytes = spelt === undefined ? null : fromBase64(spelt);
  if (dash !== '—' || name === undefined || !isKeyName(name) || !bytes || bytes.length < 5 || more.length > 0) throw new NotANote('a signature line');
  const id = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { name, id, signature: bytes.subarray(4) };
}

export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MOST_BYTES) throw new NotANote('too large');
  const content = text(bytes);
  if (content === null) throw new NotANote('not UTF-8');
  // eslint-disable-next-line no-control-regex -- those are what is refused
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(content)) throw new NotANote('a control character');
  const split = content.lastIndexOf('\n\n');
  if (split < 0 || !content.endsWith('\n')) throw new NotANote('no signature part');
  const lines = content.slice(split + 2).split('\n').slice(0, -1);
  if (lines.length === 0) throw new NotANote('no signature part');
  if (lines.length > MOST_LINES) throw new NotANote('too many signatures');
  return { text: content.slice(0, split + 1), lines: lines.map(lineOf) };
}
