/** DER as docs/spec/time.md bounds it: what is read, is read by these rules; what is not read, is not judged. */

import { hex } from './bytes';

export class NotDer extends Error {}

export interface Element {
  tag: number;
  content: Uint8Array;
  /** With tag and length. */
  raw: Uint8Array;
}

function elementAt(bytes: Uint8Array, from: number): { element: Element; next: number } {
  const [tag, first] = [bytes[from], bytes[from + 1]];
  if (tag === undefined || first === undefined || (tag & 31) === 31) throw new NotDer('an element');
  let at = from + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count < 1 || count > 4 || at + count > bytes.length || bytes[at] === 0) throw new NotDer('a length');
    length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
    if (length < 0x80) throw new NotDer('a length');
    at += count;
  }
  const next = at + length;
  if (next > bytes.length) throw new NotDer('an element beyond the end');
  return { element: { tag, content: bytes.subarray(at, next), raw: bytes.subarray(from, next) }, next };
}

/** The elements of a content, one after the other. */
export class Cursor {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at === this.bytes.length;
  }

  next(): Element {
    const { element, next } = elementAt(this.bytes, this.at);
    this.at = next;
    return element;
  }

  take(tag: number): Element {
    const element = this.next();
    if (element.tag !== tag) throw new NotDer('another element');
    return element;
  }

  maybe(tag: number): Element | null {
    return this.bytes[this.at] === tag ? this.next() : null;
  }

  inner(tag: number): Cursor {
    return new Cursor(this.take(tag).content);
  }

  end(): void {
    if (!this.done) throw new NotDer('something after the end');
  }

  rest(): Element[] {
    const elements: Element[] = [];
    while (!this.done) elements.push(this.next());
    return elements;
  }
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const INTEGER = 0x02;
export const OID = 0x06;
export const OCTETS = 0x04;
export const BITS = 0x03;
export const BOOLEAN = 0x01;

/** The one element that the bytes are. */
export function only(bytes: Uint8Array, tag: number): Element {
  const cursor = new Cursor(bytes);
  const element = cursor.take(tag);
  cursor.end();
  return element;
}

export function integer(element: Element): bigint {
  const { content } = element;
  const [first, second] = [content[0], content[1]];
  if (first === undefined) throw new NotDer('an empty number');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) throw new NotDer('a number in another spelling');
  const value = content.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return first >= 0x80 ? value - (1n << BigInt(content.length * 8)) : value;
}

export function boolean(element: Element): boolean {
  if (element.content.length !== 1 || (element.content[0] !== 0 && element.content[0] !== 0xff)) throw new NotDer('a boolean');
  return element.content[0] === 0xff;
}

/** A bit string without unused bits. */
export function wholeBits(element: Element): Uint8Array {
  if (element.content[0] !== 0) throw new NotDer('unused bits');
  return element.content.subarray(1);
}

/** Dotted, for comparing; as bytes where it is not of its form, which no rule asks for. */
export function oid(element: Element): string {
  const { content } = element;
  if (content.length === 0 || (content.at(-1) ?? 0x80) >= 0x80) return hex(content);
  const arcs: bigint[] = [];
  let value = 0n;
  let starts = true;
  for (const byte of content) {
    if (starts && byte === 0x80) return hex(content);
    value = (value << 7n) | BigInt(byte & 0x7f);
    starts = byte < 0x80;
    if (starts) {
      if (arcs.length === 0) {
        const top = value < 40n ? 0n : value < 80n ? 1n : 2n;
        arcs.push(top, value - top * 40n);
      } else arcs.push(value);
      value = 0n;
    }
  }
  return arcs.join('.');
}

export interface Algorithm {
  oid: string;
  /** Null where there are none, or NULL. */
  parameters: Element | null;
}

export function algorithm(element: Element): Algorithm {
  const cursor = new Cursor(element.content);
  const id = oid(cursor.take(OID));
  const parameters = cursor.done ? null : cursor.next();
  cursor.end();
  if (parameters?.tag === 0x05 && parameters.content.length === 0) return { oid: id, parameters: null };
  return { oid: id, parameters };
}

/** Seconds since 1970 of a date and time that exist. */
function seconds(parts: number[]): bigint {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!real) throw new NotDer('a time that is none');
  return BigInt(date.getTime() / 1000);
}

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 64));

/** Nanoseconds since 1970; a fraction only where it may stand. */
export function generalizedTime(element: Element, fraction: boolean): bigint {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/.exec(ascii(element.content));
  if (!parts || (parts[7] !== undefined && !fraction)) throw new NotDer('a time');
  return seconds(parts.slice(1, 7).map(Number)) * 1_000_000_000n + BigInt((parts[7] ?? '').padEnd(9, '0'));
}

/** UTCTime or GeneralizedTime of a certificate, seconds since 1970. */
export function certificateTime(element: Element): bigint {
  if (element.tag === 0x18) return generalizedTime(element, false) / 1_000_000_000n;
  const parts = element.tag === 0x17 ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(ascii(element.content)) : null;
  if (!parts) throw new NotDer('a time');
  const [year = 0, ...rest] = parts.slice(1).map(Number);
  return seconds([year < 50 ? 2000 + year : 1900 + year, ...rest]);
}
