/** BagIt as docs/spec/packet.md, "The bag", bounds it: declaration, bag-info, manifests, and the two file sets. */

import { isTime, text } from './bytes';
import type { Findings } from './report';
import { small, type Tree } from './tree';

const DECLARATION = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';
const MOST_MANIFEST = 16 << 20;
/** RFC 8493 lets readers meet more spellings than our writer has. */
const LINE = /^([0-9a-fA-F]{64})[ \t]+\*?([^ \t][^]*)$/;
const MOST_INFO = 1 << 20;
export const MANIFEST = 'manifest-sha256.txt';
export const TAG_MANIFEST = 'tagmanifest-sha256.txt';
export const SM3_MANIFEST = 'manifest-sm3.txt';
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
  const lines = new Map<string, string>();
  for (const [n, line] of content.replace(/\n$/, '').split('\n').entries()) {
    if (line === '' && content === '') break;
    const [, digest, spelt] = LINE.exec(line.replace(/\r$/, '')) ?? [];
    const path = spelt?.replace(/%(0A|0D|25)/gi, (code) => decodeURIComponent(code));
    if (digest === undefined || path === undefined || path === '') return refuse(`line ${String(n + 1)}`);
    if (lines.has(path)) return refuse(`line ${String(n + 1)} names a path a second time`);
    lines.set(path, digest.toLowerCase());
  }
  return lines;
}

export const failures = (findings: Findings): number => findings.list.filter(({ level }) => level === 'failed').length;

/** The first value of each label of bag-info.txt: RFC 8493 lets labels repeat, and lets others write what they like. */
function infoOf(content: string): Map<string, string> {
  const info = new Map<string, string>();
  let open: string | null = null;
  for (const line of content.split('\n')) {
    // A line that begins with white space goes on with the one before.
    if (/^[ \t]/.test(line)) {
      if (open !== null) info.set(open, `${info.get(open) ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    const label = line.slice(0, colon).toLowerCase();
    open = colon > 0 && !info.has(label) ? label : null;
    if (open !== null) info.set(open, line.slice(colon + 1).trim());
  }
  return info;
}

const PROFILE = 'urn:fieldseal:bagit-profile:packet:1';
const isDay = (day: string): boolean => isTime(`${day}T00:00:00.000Z`);

async function checkInfo(tree: Tree, findings: Findings): Promise<Map<string, string> | null> {
  const read = await small(tree, 'bag-info.txt', MOST_INFO);
  const content = read && text(read);
  if (content === null) {
    findings.add('bag-info', '', 'missing or not text');
    return null;
  }
  const info = infoOf(content);
  const payload = [...tree.values()].filter(({ path }) => path.startsWith('data/'));
  const oxum = `${String(payload.reduce((sum, { source }) => sum + source.size, 0))}.${String(payload.length)}`;
  if (info.get('payload-oxum') !== oxum) findings.add('bag-info', '', 'Payload-Oxum');
  return info;
}

/** The second pair of manifests, where its first is there. */
async function checkSm3(tree: Tree, outside: Set<string>, findings: Findings): Promise<void> {
  if (!tree.has(SM3_MANIFEST)) return;
  const before = failures(findings);
  const others = tree.has(SM3_TAG_MANIFEST) ? await manifestIn(tree, SM3_TAG_MANIFEST, findings) : null;
  const payload = await manifestIn(tree, SM3_MANIFEST, findings);
  const inPayload = (path: string): boolean => path.startsWith('data/');
  const inTags = (path: string): boolean => !inPayload(path) && path !== TAG_MANIFEST && path !== SM3_TAG_MANIFEST && !outside.has(path);
  let listed = 0;
  for (const [manifest, belongs] of [[payload, inPayload], [others, inTags]] as const) {
    if (!manifest) continue;
    for (const [path, digest] of manifest) {
      listed += 1;
      if (!belongs(path) || tree.get(path)?.sm3 !== digest) findings.add('sm3-mismatch', path);
    }
    for (const path of tree.keys()) if (belongs(path) && !manifest.has(path)) findings.add('sm3-mismatch', path);
  }
  if (failures(findings) === before) findings.add('sm3-ok', '', String(listed));
}

/** @param before findings that failed before the files were gone through: what came since counts against the bag. */
export async function checkBag(tree: Tree, outside: Set<string>, packet: boolean, findings: Findings, before: number): Promise<Bag> {
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
    const other = /^manifest-([^/]*)\.txt$/.exec(path)?.[1];
    if (other === undefined || other === 'sha256' || other === 'sm3') continue;
    findings.add('manifest-not-checked', path);
  }
  await checkSm3(tree, outside, findings);
  const info = await checkInfo(tree, findings);
  const whole = failures(findings) === before;
  // An export's own labels are for people.
  if (packet && info && (!isDay(info.get('bagging-date') ?? '') || info.get('bagit-profile-identifier') !== PROFILE)) findings.add('bag-info', '', 'Bagging-Date, BagIt-Profile-Identifier');
  return { identifier: info?.get('external-identifier') ?? null, whole };
}
