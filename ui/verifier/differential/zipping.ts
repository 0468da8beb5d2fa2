/** Zips as the specification has them, or nearly: each header's fields can be set. */

import { joined, utf8 } from '../src/bytes';

export interface Put {
  name: string;
  bytes: Uint8Array;
  /** What to write instead of what is right, in both headers or in one. */
  both?: Fields;
  local?: Fields;
  central?: Fields;
}

export interface Fields {
  version?: number;
  flags?: number;
  method?: number;
  time?: number;
  crc?: number;
  packed?: number;
  size?: number;
  extra?: Uint8Array;
  comment?: Uint8Array;
  madeBy?: number;
  disk?: number;
  internal?: number;
  external?: number;
  header?: number;
  name?: Uint8Array;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = ((TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)) >>> 0;
  return (crc ^ 0xffffffff) >>> 0;
}

/** Numbers of two or four bytes, little-endian. */
function packed(...fields: [number, 2 | 4][]): Uint8Array {
  return joined(...fields.map(([value, size]) => Uint8Array.from({ length: size }, (_, n) => (value >>> (8 * n)) & 0xff)));
}

export interface End {
  count?: number;
  here?: number;
  size?: number;
  start?: number;
  comment?: Uint8Array;
  /** Bytes between the last entry and the directory, or before the first. */
  gap?: Uint8Array;
  before?: Uint8Array;
}

export function zipped(puts: Put[], end: End = {}): Uint8Array {
  const locals: Uint8Array[] = [end.before ?? new Uint8Array()];
  const centrals: Uint8Array[] = [];
  let at = locals[0]?.length ?? 0;
  for (const put of puts) {
    const base = { version: 20, flags: 0x0800, method: 0, time: 0x00210000, crc: crc32(put.bytes), packed: put.bytes.length, size: put.bytes.length, name: utf8(put.name), extra: new Uint8Array(), comment: new Uint8Array() };
    const l = { ...base, ...put.both, ...put.local };
    const c = { ...base, madeBy: 0x032d, disk: 0, internal: 0, external: (0o100644 << 16) >>> 0, header: at, ...put.both, ...put.central };
    const local = joined(packed([0x04034b50, 4], [l.version, 2], [l.flags, 2], [l.method, 2], [l.time, 4], [l.crc, 4], [l.packed, 4], [l.size, 4], [l.name.length, 2], [l.extra.length, 2]), l.name, l.extra, put.bytes);
    centrals.push(
      joined(
        packed([0x02014b50, 4], [c.madeBy, 2], [c.version, 2], [c.flags, 2], [c.method, 2], [c.time, 4], [c.crc, 4], [c.packed, 4], [c.size, 4], [c.name.length, 2], [c.extra.length, 2], [c.comment.length, 2], [c.disk, 2], [c.internal, 2], [c.external, 4], [c.header, 4]),
        c.name,
        c.extra,
        c.comment,
      ),
    );
    locals.push(local);
    at += local.length;
  }
  const gap = end.gap ?? new Uint8Array();
  const directory = joined(...centrals);
  const comment = end.comment ?? new Uint8Array();
  const last = packed([0x06054b50, 4], [0, 2], [0, 2], [end.here ?? end.count ?? puts.length, 2], [end.count ?? puts.length, 2], [end.size ?? directory.length, 4], [end.start ?? at + gap.length, 4], [comment.length, 2]);
  return joined(...locals, gap, directory, last, comment);
}
