/**
 * The entries of a stored zip, found by its central directory. A packet is stored plainly, so an entry's bytes lie in the
 * file as they are. Whatever is compressed, named twice or outside the file is refused: nothing here guesses.
 */

export class ZipUnreadable extends Error {}

export interface Stretch {
  start: number;
  size: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const IN_ZIP64 = 0xffffffff;
const MOST_ENTRIES = 20_000;

/** A 64-bit number that is exact in JavaScript. */
function large(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw new ZipUnreadable('a size');
  return value;
}

function endOf(view: DataView): { count: number; start: number } {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at -= 1) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) !== view.byteLength) continue;
    const count = view.getUint16(at + 10, true);
    const start = view.getUint32(at + 16, true);
    if (at < 20 || view.getUint32(at - 20, true) !== END64_LOCATOR) return { count, start };
    const end = large(view, at - 12);
    if (view.getUint32(end, true) !== END64) throw new ZipUnreadable('the end');
    return { count: large(view, end + 32), start: large(view, end + 48) };
  }
  throw new ZipUnreadable('the end');
}

/** Sizes and offset, which an entry may keep in its zip64 field. */
function placeOf(view: DataView, at: number, name: number): { packed: number; size: number; local: number } {
  let packed = view.getUint32(at + 20, true);
  let size = view.getUint32(at + 24, true);
  let local = view.getUint32(at + 42, true);
  const extraEnd = at + 46 + name + view.getUint16(at + 30, true);
  for (let field = at + 46 + name; field + 4 <= extraEnd; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    let value = field + 4;
    const next = (): number => {
      value += 8;
      return large(view, value - 8);
    };
    if (size === IN_ZIP64) size = next();
    if (packed === IN_ZIP64) packed = next();
    if (local === IN_ZIP64) local = next();
  }
  return { packed, size, local };
}

function entries(bytes: Uint8Array): Map<string, Stretch> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start } = endOf(view);
  if (count > MOST_ENTRIES) throw new ZipUnreadable('the number of files');
  const found = new Map<string, Stretch>();
  const text = new TextDecoder('utf-8', { fatal: true });
  let at = start;
  for (let n = 0; n < count; n += 1) {
    if (view.getUint32(at, true) !== CENTRAL) throw new ZipUnreadable('the directory');
    const nameLength = view.getUint16(at + 28, true);
    const name = text.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const { packed, size, local } = placeOf(view, at, nameLength);
    if (view.getUint16(at + 10, true) !== 0 || packed !== size) throw new ZipUnreadable('a packed file');
    if (view.getUint32(local, true) !== LOCAL) throw new ZipUnreadable('a file');
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (from + size > start || found.has(name)) throw new ZipUnreadable('a name or a size');
    found.set(name, { start: from, size });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

/** Name → where its bytes are. Throws [`ZipUnreadable`] and nothing else. */
export function listZip(bytes: Uint8Array): Map<string, Stretch> {
  try {
    return entries(bytes);
  } catch (cause) {
    if (cause instanceof ZipUnreadable) throw cause;
    throw new ZipUnreadable('the structure');
  }
}
