/** BagIt as docs/spec/packet.md, "The bag", bounds it: declaration, bag-info, manifests, and the two file sets. */

import { isDigest, text } from './bytes';
import type { Findings } from './report';
import { small, type Tree } from './tree';

const DECLARATION = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';
const MOST_MANIFEST = 16 << 20;
const MOST_INFO = 1 << 20;
export const MANIFEST = 'manifest-sha256.txt';
export const TAG_MANIFEST = 'tagmanifest-sha256.txt';
export const SM3_TAG_MANIFEST = 'tagmanifest-sm3.txt';

export interface Bag {
  /** External-Identifier of bag-info.txt. */
  identifier: string | null;
  /** Whether every file is as the manifests say, and there are no others. */
  whole: boolean;
}

/** Path → digest; null where the manifest is not to be used. */
async function manifestIn(tree: Tree, name: string, findings: Findings): Promise<Map<string, string> | null> {
  if (!tree.has(name)) {
    findings.add('manifest-missing', name);
    return null;
  }
  const read = await small(tree, name, MOST_MANIFEST);
  const content = read && text(read);
  const refuse = (why: string): null => {
    findings.add('manifest-malformed', name, why);
    return null;
  };
  if (content === null) return refuse('not text');
  if (content !== '' && !content.endsWith('\n')) return refuse('no newline at its end');
  const lines = new Map<string, string>();
  for (const [n, line] of content.split('\n').slice(0, -1).entries()) {
    const [digest, path] = [line.slice(0, 64), line.slice(66)];
    if (!isDigest(digest) || line.slice(64, 66) !== '  ' || path === '') return refuse(`line ${String(n + 1)}`);
    if (lines.has(path)) return refuse(`line ${String(n + 1)} names a path a second time`);
    lines.set(path, digest);
  }
  return lines;
}

/** Labels and values of bag-info.txt; a line that begins with a space goes on with the one before. */
function infoOf(content: string): Map<string, string[]> | null {
  const info = new Map<string, string[]>();
  let last: string[] | null = null;
  for (const line of content.split('\n').slice(0, -1)) {
    if (/^[ \t]/.test(line)) {
      if (!last) return null;
      last.push(`${last.pop() ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) return null;
    const label = line.slice(0, colon);
    last = info.get(label) ?? [];
    last.push(line.slice(colon + 1).trim());
    info.set(label, last);
  }
  return content.endsWith('\n') ? info : null;
}

async function checkInfo(tree: Tree, findings: Findings): Promise<string | null> {
  const read = await small(tree, 'bag-info.txt', MOST_INFO);
  const content = read && text(read);
  const info = content === null ? null : infoOf(content);
  if (!info) {
    findings.add('bag-info', '', 'missing or malformed');
    return null;
  }
  const only = (label: string): string | null => {
    const values = info.get(label);
    return values?.length === 1 ? (values[0] ?? null) : null;
  };
  for (const label of ['External-Identifier', 'Bagging-Date', 'BagIt-Profile-Identifier', 'Payload-Oxum']) if (only(label) === null) findings.add('bag-info', '', label);
  const payload = [...tree.values()].filter(({ path }) => path.startsWith('data/'));
  const oxum = `${String(payload.reduce((sum, { source }) => sum + source.size, 0))}.${String(payload.length)}`;
  if (only('Payload-Oxum') !== oxum) findings.add('bag-info', '', 'Payload-Oxum');
  return only('External-Identifier');
}

/** @param outside paths that no manifest need list. */
export async function checkBag(tree: Tree, outside: Set<string>, findings: Findings): Promise<Bag> {
  const before = findings.list.filter(({ level }) => level === 'failed').length;
  const declared = await small(tree, 'bagit.txt', 4096);
  if (!declared || text(declared) !== DECLARATION) findings.add('bag-declaration');
  const payload = await manifestIn(tree, MANIFEST, findings);
  const tags = await manifestIn(tree, TAG_MANIFEST, findings);
  for (const [manifest, below] of [[payload, true], [tags, false]] as const) {
    for (const [path, digest] of manifest ?? []) {
      const file = tree.get(path);
      if (!file || path.startsWith('data/') !== below) findings.add('file-missing', path);
      else if (file.sha256 !== null && file.sha256 !== digest) findings.add(path.startsWith('data/items/') ? 'item-mismatch' : 'file-mismatch', path);
    }
  }
  for (const path of tree.keys()) {
    const manifest = path.startsWith('data/') ? payload : tags;
    if (manifest && !manifest.has(path) && path !== TAG_MANIFEST && !outside.has(path)) findings.add('file-unlisted', path);
    const other = /^(?:tag)?manifest-([^/]*)\.txt$/.exec(path)?.[1];
    if (other === undefined || other === 'sha256' || !tags?.has(path)) continue;
    if (other === 'sm3') findings.add('sm3-not-checked');
    else findings.add('manifest-not-checked', path);
  }
  const identifier = await checkInfo(tree, findings);
  return { identifier, whole: findings.list.filter(({ level }) => level === 'failed').length === before && !findings.has('zip-crc-mismatch', 'file-unreadable') };
}
