/** What was dropped or chosen, as what can be verified: zips, folders that are bags, and a trust file. */

import { ofBlob, type Source } from '../src/source';
import type { Given } from '../src/verify';

export interface Dropped {
  given: Given[];
  /** Neither zip nor bag: perhaps a trust file. */
  others: File[];
  /** Folders in which there was nothing. */
  empty: string[];
}

const isZip = (name: string): boolean => name.toLowerCase().endsWith('.zip');

/** A folder's files by their path below it, sorted into bags, single zips and the rest. */
function sorted(name: string, files: Map<string, File>, into: Dropped): void {
  const bags = [...files.keys()].filter((path) => path === 'bagit.txt' || path.endsWith('/bagit.txt')).map((path) => path.slice(0, -'bagit.txt'.length));
  const tops = bags.filter((bag) => !bags.some((other) => other !== bag && bag.startsWith(other)));
  for (const top of tops) {
    const folder = new Map<string, Source>();
    for (const [path, file] of files) if (path.startsWith(top)) folder.set(path.slice(top.length), ofBlob(file));
    into.given.push({ path: `${name}/${top}`.replace(/\/$/, ''), folder });
  }
  const zips = [...files].filter(([path]) => isZip(path) && !tops.some((top) => path.startsWith(top)));
  for (const [path, file] of zips) into.given.push({ path: `${name}/${path}`, zip: ofBlob(file) });
  if (tops.length + zips.length === 0) into.empty.push(name);
}

/** Files chosen one by one, or a folder chosen whole. */
export function ofFiles(files: Iterable<File>): Dropped {
  const dropped: Dropped = { given: [], others: [], empty: [] };
  const folders = new Map<string, Map<string, File>>();
  for (const file of files) {
    const [top, ...rest] = file.webkitRelativePath.split('/');
    if (top !== undefined && top !== '' && rest.length > 0) {
      const folder = folders.get(top) ?? new Map<string, File>();
      folder.set(rest.join('/'), file);
      folders.set(top, folder);
    } else if (isZip(file.name)) dropped.given.push({ path: file.name, zip: ofBlob(file) });
    else dropped.others.push(file);
  }
  for (const [name, folder] of folders) sorted(name, folder, dropped);
  return dropped;
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));

async function walk(entry: FileSystemDirectoryEntry, below: string, into: Map<string, File>): Promise<void> {
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) {
      const path = `${below}${one.name}`;
      if (one.isDirectory) await walk(one as FileSystemDirectoryEntry, `${path}/`, into);
      else into.set(path, await fileOf(one as FileSystemFileEntry));
    }
  }
}

export async function ofDrop(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const single: File[] = [];
  const folders: [string, Map<string, File>][] = [];
  for (const entry of entries) {
    if (entry.isDirectory) {
      const files = new Map<string, File>();
      await walk(entry as FileSystemDirectoryEntry, '', files);
      folders.push([entry.name, files]);
    } else single.push(await fileOf(entry as FileSystemFileEntry));
  }
  const dropped = ofFiles(single);
  for (const [name, files] of folders) sorted(name, files, dropped);
  return dropped;
}

export const sizeOf = (given: Given): number => ('zip' in given ? given.zip.size : [...given.folder.values()].reduce((sum, { size }) => sum + size, 0));
