/**
 * The digests of a packet once more, in the reviewer's own browser, over the zip's bytes: item → manifest → tag manifest →
 * seal → packet digest. It knows nothing of signatures, enrolment or the log: those stay the server's findings.
 */

import type { FindingView, PacketDetail } from '../wire';
import { listZip, ZipUnreadable } from './zip';

export interface Recheck {
  /** Files whose digest was computed. */
  files: number;
  items: number;
  /** What differs: paths, or `packet.seal`. Empty when every digest agrees. */
  wrong: string[];
  /** The zip could not be taken apart at all. */
  unreadable: boolean;
}

/** What the packet is said to be by the server: what the decision will name. */
export type Said = Pick<PacketDetail, 'packet_digest' | 'zip_sha256' | 'items'>;

const LINE = /^([0-9a-f]{64}) {2}(.+)$/;
const SEAL = 'seal/packet.seal';
const TAG_MANIFEST = 'tagmanifest-sha256.txt';
const MANIFEST = 'manifest-sha256.txt';

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as BufferSource);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Path → digest; a line that is none, or a path named twice, is left to be reported as the manifest itself. */
function manifestOf(text: string, name: string, wrong: Set<string>): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, digest, path] = LINE.exec(line) ?? [];
    if (digest === undefined || path === undefined || lines.has(path)) wrong.add(name);
    else lines.set(path, digest);
  }
  if (!text.endsWith('\n')) wrong.add(name);
  return lines;
}

/** Everything beside the tag manifest and the seal is in one of the two manifests, and neither names more. */
async function compare(files: Map<string, Uint8Array>, said: Said): Promise<Recheck> {
  const wrong = new Set<string>();
  const text = (name: string): string => new TextDecoder().decode(files.get(name) ?? new Uint8Array());
  for (const name of [MANIFEST, TAG_MANIFEST, SEAL]) if (!files.has(name)) wrong.add(name);
  const payload = manifestOf(text(MANIFEST), MANIFEST, wrong);
  const tags = manifestOf(text(TAG_MANIFEST), TAG_MANIFEST, wrong);
  const outside = new Set([TAG_MANIFEST, SEAL, 'seal/tagmanifest.p7s']);
  if (text(SEAL).includes('\ntagmanifest-sm3 ')) outside.add('tagmanifest-sm3.txt');
  for (const [name, bytes] of files) {
    const listed = (name.startsWith('data/') ? payload : tags).get(name);
    if (listed === undefined ? !outside.has(name) : listed !== (await sha256(bytes))) wrong.add(name);
  }
  for (const name of [...payload.keys(), ...tags.keys()]) if (!files.has(name)) wrong.add(name);
  for (const item of said.items) if (payload.get(item.path) !== item.sha256) wrong.add(item.path);
  const seal = files.get(SEAL);
  const tagManifest = files.get(TAG_MANIFEST);
  if (seal && (await sha256(seal)) !== said.packet_digest) wrong.add(SEAL);
  if (tagManifest && !text(SEAL).includes(`\ntagmanifest-sha256 ${await sha256(tagManifest)}\n`)) wrong.add(TAG_MANIFEST);
  return { files: files.size, items: said.items.length, wrong: [...wrong].sort(), unreadable: false };
}

/** Computes every digest of the zip anew. */
export async function recheck(zip: Uint8Array, said: Said): Promise<Recheck> {
  if ((await sha256(zip)) !== said.zip_sha256) return { files: 0, items: 0, wrong: ['zip'], unreadable: false };
  try {
    const entries = [...listZip(zip)];
    const top = entries[0]?.[0].split('/')[0] ?? '';
    const files = new Map<string, Uint8Array>();
    for (const [name, { start, size }] of entries) {
      if (!name.startsWith(`${top}/`)) throw new ZipUnreadable('a second top folder');
      files.set(name.slice(top.length + 1), zip.subarray(start, start + size));
    }
    return await compare(files, said);
  } catch (cause) {
    if (cause instanceof ZipUnreadable) return { files: 0, items: 0, wrong: [], unreadable: true };
    throw cause;
  }
}

/** Findings about bytes and digests: what this file checks too. */
const BYTES = new Set(['file-missing', 'file-mismatch', 'item-mismatch', 'file-unlisted', 'manifest-missing', 'manifest-malformed', 'seal-missing', 'seal-tagmanifest-mismatch']);
/** Findings that explain a difference here, but may also be about grammar, which is the server's to judge. */
const EITHER = new Set(['record-item-mismatch', 'seal-malformed']);

/** Whether server and browser say the same of the bytes. Both are shown when they don't, and nothing is decided. */
export function agrees(found: Recheck, findings: FindingView[]): boolean {
  const failed = findings.filter((finding) => finding.level === 'failed').map((finding) => finding.code);
  if (found.unreadable) return failed.length > 0;
  if (failed.some((code) => code.startsWith('zip-') || code === 'file-unreadable')) return true;
  const served = failed.some((code) => BYTES.has(code));
  return found.wrong.length > 0 ? served || failed.some((code) => EITHER.has(code)) : !served;
}
