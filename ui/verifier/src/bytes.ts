/** Text, hex and base64 in the one spelling that the specification allows each. */

import { sha256 } from '@noble/hashes/sha2.js';

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

export const utf8 = (text: string): Uint8Array => ENCODER.encode(text);

/** The text, or null where the bytes are not UTF-8. A byte order mark stays in it. */
export function text(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes);
  } catch {
    return null;
  }
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const digestOf = (bytes: Uint8Array): Uint8Array => sha256(bytes);
export const hexDigestOf = (bytes: Uint8Array): string => hex(sha256(bytes));

export const isDigest = (value: string): boolean => /^[0-9a-f]{64}$/.test(value);

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Standard base64 with padding, in the one spelling: what is written back must be what was read. */
export function fromBase64(spelt: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(spelt) || spelt.length % 4 !== 0) return null;
  try {
    const binary = atob(spelt);
    if (btoa(binary) !== spelt) return null;
    return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
}

const MOST = (1n << 64n) - 1n;

/** A decimal number without leading zeros, up to 2^64 − 1. */
export function decimal(spelt: string): bigint | null {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(spelt)) return null;
  const value = BigInt(spelt);
  return value <= MOST ? value : null;
}

/** RFC 3339 in UTC with exactly three digits of fraction, of a day that exists. */
export function isTime(spelt: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.\d{3}Z$/.exec(spelt);
  if (!parts) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= ([31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

/** An id of a packet: a UUID of version 7 in lower case. */
export const isPacketId = (id: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id);

/** Texts in the order of their UTF-8. */
export function byBytes(a: string, b: string): number {
  const [x, y] = [utf8(a), utf8(b)];
  for (let n = 0; n < Math.min(x.length, y.length); n += 1) if (x[n] !== y[n]) return (x[n] ?? 0) - (y[n] ?? 0);
  return x.length - y.length;
}
