/**
 * Bytes that can be read from anywhere, in small parts: a dropped file, an entry of a stored zip, a packet inside an
 * export. Nothing here ever holds a whole file unless it was asked for with a limit.
 */

export interface Source {
  readonly size: number;
  /** Exactly `length` bytes from `from` on. Rejects when they can't be had. */
  read(from: number, length: number): Promise<Uint8Array>;
}

/** The bytes are not there, or the device under them failed. */
export class Unreadable extends Error {}

/** How much is read at a time where a file is gone through whole. */
export const CHUNK = 4 << 20;

export function ofBlob(blob: Blob): Source {
  return {
    size: blob.size,
    async read(from, length) {
      const bytes = new Uint8Array(await blob.slice(from, from + length).arrayBuffer());
      if (bytes.length !== length) throw new Unreadable('the file is shorter than it was');
      return bytes;
    },
  };
}

export function ofBytes(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    read(from, length) {
      if (from < 0 || from + length > bytes.length) return Promise.reject(new Unreadable('beyond the end'));
      return Promise.resolve(bytes.subarray(from, from + length));
    },
  };
}

/** A stretch of another source: how an entry of a stored zip is read where it lies. */
export function partOf(source: Source, start: number, size: number): Source {
  return {
    size,
    read(from, length) {
      if (from < 0 || from + length > size) return Promise.reject(new Unreadable('beyond the end'));
      return source.read(start + from, length);
    },
  };
}

export const whole = (source: Source): Promise<Uint8Array> => source.read(0, source.size);
