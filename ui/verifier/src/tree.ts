/** The files of a packet or an export, by path below its top folder, whether they came as a zip or as a folder. */

import { byBytes } from './bytes';
import { digest } from './digests';
import type { Findings } from './report';
import { type Source, Unreadable, whole } from './source';
import { Stopped, type Work } from './stop';
import { sourceOf, topOf, type Zip } from './zip';

export interface File {
  path: string;
  source: Source;
  /** As the zip's directory says; null in a folder. */
  crc: number | null;
  /** Once it was gone through. */
  sha256: string | null;
  /** Likewise, where an SM3 manifest is there. */
  sm3?: string;
}

export type Tree = Map<string, File>;

export function treeOfZip(zip: Zip): Tree {
  const top = topOf(zip).length + 1;
  const tree: Tree = new Map();
  for (const entry of zip.entries) {
    if (!entry.folder) tree.set(entry.name.slice(top), { path: entry.name.slice(top), source: sourceOf(zip, entry), crc: entry.crc, sha256: null });
  }
  return tree;
}

const MOST_KEY_FILES = 256;

/** The files of a folder of keys that are read. */
export const keyFiles = (tree: Tree, folder: string): string[] => [...tree.keys()].filter((path) => path.startsWith(folder)).sort(byBytes).slice(0, MOST_KEY_FILES);

export const bytesIn = (tree: Tree): number => [...tree.values()].reduce((sum, file) => sum + file.source.size, 0);

/** Goes through every file once. What can't be read, or has another CRC than the zip says, is a finding. */
export async function digestAll(tree: Tree, findings: Findings, work: Work): Promise<void> {
  const withSm3 = tree.has('manifest-sm3.txt') || tree.has('tagmanifest-sm3.txt');
  for (const file of tree.values()) {
    try {
      const found = await digest(file.source, work, file.crc !== null, withSm3);
      file.sm3 = found.sm3;
      file.sha256 = found.sha256;
      if (file.crc !== null && file.crc !== found.crc) findings.add('zip-crc-mismatch', file.path);
    } catch (cause) {
      if (cause instanceof Stopped) throw cause;
      findings.add('file-unreadable', file.path, cause instanceof Unreadable ? cause.message : 'I/O');
    }
  }
}

/** The bytes of a file that is to be parsed; null where there is none, it is larger than that, or can't be read. */
export async function small(tree: Tree, path: string, most: number): Promise<Uint8Array | null> {
  const file = tree.get(path);
  if (!file || file.source.size > most) return null;
  try {
    return await whole(file.source);
  } catch {
    return null;
  }
}
