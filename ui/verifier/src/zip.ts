/**
 * Stored zips, read by their directory and checked against it byte for byte: docs/spec/packet.md, "The zip". Nothing is
 * extracted; an entry is a stretch of the file.
 */

import { byBytes, equal, text } from './bytes';
import { CHUNK, partOf, type Source } from './source';
import type { Code } from './report';

export interface Entry {
  name: string;
  folder: boolean;
  crc: number;
  size: number;
  /** Where its local header stands, and where its bytes begin. */
  header: number;
  start: number;
  /** Whether headers and attributes are those of rule 2. */
  plain: boolean;
}

export interface Zip {
  entries: Entry[];
  source: Source;
}

/** Why a zip is refused: one finding, and nothing is looked at further. */
export class ZipRefused extends Error {
  constructor(
    readonly code: Code,
    readonly detail = '',
  ) {
    super(detail);
  }
}

const MOST_BYTES = 256 * 2 ** 30;
const MOST_DIRECTORY = 32 << 20;
const MOST_ENTRIES = 20_000;
const MOST_NAME = 512;
const IN_ZIP64 = 0xffffffff;

const malformed = (why: string): ZipRefused => new ZipRefused('zip-malformed', why);
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function large(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw malformed('a number beyond all files');
  return value;
}

interface Directory {
  count: number;
  start: number;
  size: number;
}

async function directoryOf(source: Source): Promise<Directory> {
  if (source.size > MOST_BYTES) throw new ZipRefused('zip-limit', 'size');
  if (source.size < 22) throw malformed('too short to be a zip');
  const end = source.size - 22;
  const view = viewOf(await source.read(end, 22));
  if (view.getUint32(0, true) !== 0x06054b50 || view.getUint16(20, true) !== 0) throw malformed('no end record at the very end');
  if (view.getUint16(4, true) !== 0 || view.getUint16(6, true) !== 0) throw malformed('more than one volume');
  const here = view.getUint16(8, true);
  const said = { count: view.getUint16(10, true), size: view.getUint32(12, true), start: view.getUint32(16, true) };
  if (here !== said.count) throw malformed('two numbers of entries');
  const big = said.count === 0xffff || said.size === IN_ZIP64 || said.start === IN_ZIP64;
  const found = big ? await directory64Of(source, end, said) : { ...said, end };
  if (found.count > MOST_ENTRIES) throw new ZipRefused('zip-limit', 'entries');
  if (found.size > MOST_DIRECTORY) throw new ZipRefused('zip-limit', 'directory');
  if (found.start + found.size !== found.end) throw malformed('the directory is not where the end record says');
  return found;
}

async function directory64Of(source: Source, end: number, said: Directory): Promise<Directory & { end: number }> {
  const at = end - 20 - 56;
  if (at < 0) throw malformed('no zip64 end record');
  const view = viewOf(await source.read(at, 76));
  const right =
    view.getUint32(0, true) === 0x06064b50 &&
    large(view, 4) === 44 &&
    view.getUint32(16, true) === 0 &&
    view.getUint32(20, true) === 0 &&
    large(view, 24) === large(view, 32) &&
    view.getUint32(56, true) === 0x07064b50 &&
    view.getUint32(60, true) === 0 &&
    large(view, 64) === at &&
    view.getUint32(72, true) === 1;
  if (!right) throw malformed('the zip64 end record');
  const found = { count: large(view, 32), size: large(view, 40), start: large(view, 48), end: at };
  const fits = (small: number, most: number, value: number): boolean => small === most || small === value;
  if (!fits(said.count, 0xffff, found.count) || !fits(said.size, IN_ZIP64, found.size) || !fits(said.start, IN_ZIP64, found.start)) throw malformed('two end records that differ');
  return found;
}

/** zip64 sizes and offset; refuses fields other than zip64's and those that tell times and owners. */
function extraOf(bytes: Uint8Array, wanted: number): number[] {
  const view = viewOf(bytes);
  let values: number[] | null = null;
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw malformed('an extra field that is cut off');
    const [id, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    at += 4;
    if (at + size > bytes.length) throw malformed('an extra field that is cut off');
    if (id === 0x0001) {
      if (values || wanted === 0 || size !== wanted * 8) throw malformed('a zip64 field');
      values = [];
      for (let n = 0; n < wanted; n += 1) values.push(large(view, at + n * 8));
    } else if (id !== 0x5455 && id !== 0x7875) throw malformed('an extra field');
    at += size;
  }
  if (wanted > 0 && !values) throw malformed('no zip64 field');
  return values ?? [];
}

/** The name, where no system could take it for something else than a path below the folder. */
function nameOf(bytes: Uint8Array): string {
  const name = text(bytes);
  const unsafe = new ZipRefused('zip-name-unsafe');
  if (name === null || bytes.length > MOST_NAME) throw unsafe;
  // eslint-disable-next-line no-control-regex -- those are what is refused
  if (/[\\:\u0000-\u001f\u007f-\u009f]/.test(name)) throw unsafe;
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) throw unsafe;
  return name;
}

function kindOf(view: DataView, at: number, name: string): boolean {
  const folder = name.endsWith('/');
  const attributes = view.getUint32(at + 38, true);
  const unix = view.getUint16(at + 4, true) >>> 8 === 3;
  const kind = unix ? (attributes >>> 16) & 0o170000 : 0;
  if (![0, 0o040000, 0o100000].includes(kind)) throw new ZipRefused('zip-entry-kind');
  return folder;
}

interface Listed extends Entry {
  flags: number;
  central: Uint8Array;
}

function entryAt(bytes: Uint8Array, view: DataView, at: number): { entry: Listed; next: number } {
  if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw malformed('an entry of the directory');
  const [nameSize, extraSize, commentSize] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
  const next = at + 46 + nameSize + extraSize + commentSize;
  if (next > bytes.length) throw malformed('an entry of the directory');
  if (commentSize !== 0) throw malformed('a comment');
  const name = nameOf(bytes.subarray(at + 46, at + 46 + nameSize));
  const flags = view.getUint16(at + 8, true);
  if ((flags & ~0x0800) !== 0 || view.getUint16(at + 10, true) !== 0) throw new ZipRefused('zip-method');
  let [packed, size, header] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint32(at + 42, true)];
  const wanted = [size, packed, header].filter((value) => value === IN_ZIP64).length;
  const values = extraOf(bytes.subarray(at + 46 + nameSize, at + 46 + nameSize + extraSize), wanted);
  if (size === IN_ZIP64) size = values.shift() ?? 0;
  if (packed === IN_ZIP64) packed = values.shift() ?? 0;
  if (header === IN_ZIP64) header = values.shift() ?? 0;
  if (packed !== size) throw malformed('a stored entry with two sizes');
  if (view.getUint16(at + 34, true) !== 0) throw malformed('more than one volume');
  const folder = kindOf(view, at, name);
  const plain =
    view.getUint16(at + 4, true) === 0x032d &&
    view.getUint16(at + 6, true) === (wanted > 0 ? 45 : 20) &&
    flags === 0x0800 &&
    view.getUint32(at + 12, true) === 0x00210000 &&
    extraSize === (wanted > 0 ? 4 + wanted * 8 : 0) &&
    view.getUint16(at + 36, true) === 0 &&
    view.getUint32(at + 38, true) === (0o100644 << 16) >>> 0;
  const central = bytes.subarray(at, next);
  return { entry: { name, folder, crc: view.getUint32(at + 16, true), size, header, start: 0, plain, flags, central }, next };
}

/** Compares an entry's own header with the directory's, and says where its bytes begin. */
async function followed(source: Source, entry: Listed): Promise<void> {
  if (entry.header + 30 > source.size) throw malformed('a header beyond the end');
  const nameSize = viewOf(entry.central).getUint16(28, true);
  const fixed = viewOf(await source.read(entry.header, 30));
  const extraSize = fixed.getUint16(28, true);
  if (fixed.getUint32(0, true) !== 0x04034b50 || fixed.getUint16(26, true) !== nameSize) throw malformed('a header that contradicts the directory');
  entry.start = entry.header + 30 + nameSize + extraSize;
  if (entry.start + entry.size > source.size) throw malformed('an entry beyond the end');
  const rest = await source.read(entry.header + 30, nameSize + extraSize);
  const [packed, size] = [fixed.getUint32(18, true), fixed.getUint32(22, true)];
  const wanted = [size, packed].filter((value) => value === IN_ZIP64).length;
  const values = extraOf(rest.subarray(nameSize), wanted);
  const sizes = [size === IN_ZIP64 ? values.shift() : size, packed === IN_ZIP64 ? values.shift() : packed];
  const central = viewOf(entry.central);
  const same =
    equal(rest.subarray(0, nameSize), entry.central.subarray(46, 46 + nameSize)) &&
    fixed.getUint16(6, true) === entry.flags &&
    fixed.getUint16(8, true) === 0 &&
    fixed.getUint32(14, true) === entry.crc &&
    sizes.every((value) => value === entry.size);
  if (!same) throw malformed('a header that contradicts the directory');
  entry.plain &&=
    fixed.getUint16(4, true) === (wanted > 0 ? 45 : 20) && fixed.getUint32(10, true) === central.getUint32(12, true) && extraSize === (wanted > 0 ? 4 + wanted * 8 : 0);
}

function refuseEqualNames(entries: Entry[]): void {
  const files = new Set<string>();
  for (const { name, folder } of entries) {
    const folded = name.normalize('NFC').toLowerCase();
    if (folder) continue;
    if (files.has(folded)) throw new ZipRefused('zip-name-duplicate');
    files.add(folded);
  }
  // Nor may a file have the name of a folder, be it there or only a part of a path.
  for (const { name } of entries) {
    const folded = name.normalize('NFC').toLowerCase();
    for (let slash = folded.indexOf('/'); slash >= 0; slash = folded.indexOf('/', slash + 1)) if (files.has(folded.slice(0, slash))) throw new ZipRefused('zip-name-duplicate');
  }
}

/** The bytes under local headers are read in large parts: twenty thousand small reads would take minutes. */
function ahead(source: Source): Source {
  let from = 0;
  let held = new Uint8Array();
  return {
    size: source.size,
    async read(start, length) {
      if (start < from || start + length > from + held.length) {
        held = new Uint8Array(await source.read(start, Math.min(Math.max(length, CHUNK >> 4), source.size - start)));
        from = start;
      }
      return held.subarray(start - from, start - from + length);
    },
  };
}

export async function openZip(source: Source): Promise<Zip> {
  const directory = await directoryOf(source);
  const bytes = await source.read(directory.start, directory.size);
  const view = viewOf(bytes);
  const entries: Listed[] = [];
  let at = 0;
  for (let n = 0; n < directory.count; n += 1) {
    const { entry, next } = entryAt(bytes, view, at);
    entries.push(entry);
    at = next;
  }
  if (at !== bytes.length) throw malformed('the directory holds more than its entries');
  const headers = ahead(source);
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.header - b.header)) {
    if (entry.header !== end) throw malformed('a gap or an overlap between entries');
    await followed(headers, entry);
    end = entry.start + entry.size;
  }
  if (end !== directory.start) throw malformed('bytes between the last entry and the directory');
  if (entries.every(({ folder }) => folder)) throw malformed('no files');
  if (entries.some(({ folder, size }) => folder && size !== 0)) throw new ZipRefused('zip-entry-kind');
  const own = entries.filter(({ folder }) => !folder);
  if (new Set(own.map(({ name }) => name)).size !== own.length) throw new ZipRefused('zip-name-duplicate');
  const tops = new Set(entries.map(({ name }) => name.split('/')[0]));
  if (tops.size !== 1 || entries.some(({ name }) => !name.includes('/'))) throw new ZipRefused('zip-top-folder');
  refuseEqualNames(entries);
  return { entries, source };
}

export const topOf = (zip: Zip): string => zip.entries[0]?.name.split('/')[0] ?? '';

const ORDER = ['bagit.txt', 'bag-info.txt', 'manifest-sha256.txt', 'manifest-sm3.txt', 'tagmanifest-sha256.txt', 'tagmanifest-sm3.txt', 'data/record.json', 'data/form.json', 'data/custody.log'];

/** The group of rule 3 that a path stands in. */
function groupOf(path: string): number {
  const named = ORDER.indexOf(path);
  if (named >= 0) return named;
  if (path === 'seal/packet.seal') return 30;
  if (path === 'seal/tagmanifest.p7s') return 31;
  if (path === 'seen/checkpoint') return 22;
  for (const [n, start] of ['data/items/', 'data/', '', 'seen/', 'seal/keys/'].entries()) if (start !== '' && path.startsWith(start)) return 20 + n;
  return 29;
}

/** Whether the zip is written by rules 1 to 3. */
export function isCanonical(zip: Zip): boolean {
  const top = topOf(zip);
  const paths = zip.entries.map(({ name }) => name.slice(top.length + 1));
  const inOrder = [...paths].sort((a, b) => groupOf(a) - groupOf(b) || byBytes(a, b));
  const inPlace = zip.entries.every((entry, n) => n === 0 || entry.header > (zip.entries[n - 1]?.header ?? 0));
  return inPlace && zip.entries.every((entry) => entry.plain && !entry.folder) && paths.every((path, n) => path === inOrder[n]);
}

export const sourceOf = (zip: Zip, entry: Entry): Source => partOf(zip.source, entry.start, entry.size);
