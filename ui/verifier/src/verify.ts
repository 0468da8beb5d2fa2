/**
 * One path to one report, whatever the bytes: a packet zip or folder, an export zip or folder. Written from docs/spec
 * alone, so that two programs can disagree.
 */

import { checkAttestations } from './attestation';
import { checkBag } from './bag';
import { hexDigestOf, utf8 } from './bytes';
import { challenges, sayCaptures } from './challenge';
import { checkChildren } from './children';
import { checkCms } from './cms';
import { digest } from './digests';
import { checkAfter, checkConsistency, checkDecisions, checkInclusion, checkParts, checkReceipt, type Inner, takeRevocations } from './export';
import { boundedItems, checkHeartbeats, type Reach } from './heartbeats';
import { interval, lowerBound, upperBound } from './interval';
import { Keys } from './keys';
import { checkContinued, followRotations } from './logkeys';
import { checkContent, checkSeal, type Packet, SEAL, takeExportKeys, takePacketKeys } from './packet';
import { Findings, type Place, type Report, verdictOf, worstFirst } from './report';
import { rangesOf, type Seal } from './seal';
import { type Hand, isEnrolled, type Signed } from './signers';
import { ready } from './sm';
import type { Source } from './source';
import { Stopped, type Work } from './stop';
import { digestAll, small, type Tree, treeOfZip } from './tree';
import type { Trust } from './trust';
import { isCanonical, openZip, topOf, type Zip, ZipRefused } from './zip';

/** What is verified: one file, or a folder's files by their path below it. */
export type Given = { path: string; zip: Source } | { path: string; folder: Map<string, Source> };

/** A packet, with the interval where it is known. */
type Checked = Packet & Partial<Pick<Report, 'sealed_after' | 'logged_before' | 'packetDigest' | 'place'>>;

const PACKET_ZIP = /^data\/packet-([^/]*)\.zip$/;
const MOST_SEAL = 64 << 10;

/** An export holds a packet or a receipt, and no seal of its own. */
const isExport = (tree: Tree): boolean => !tree.has(SEAL) && [...tree.keys()].some((path) => PACKET_ZIP.test(path) || path === 'data/receipt/receipt');

function handOf(trust: Trust | null): Hand {
  const keys = new Keys();
  for (const key of trust?.keys.all() ?? []) keys.add(key);
  return { keys, anchors: trust ? trust.keys.copy() : keys, trust, entries: [], revoked: [], anchorUsed: false };
}

async function opened(source: Source, findings: Findings): Promise<Zip | null> {
  try {
    return await openZip(source);
  } catch (cause) {
    if (cause instanceof Stopped) throw cause;
    if (cause instanceof ZipRefused) findings.add(cause.code, '', cause.detail);
    else findings.add('file-unreadable', '', cause instanceof Error ? cause.message : 'I/O');
    return null;
  }
}

/** What stands on the zip itself, once its packet is known. */
function aboutZip(zip: Zip, seal: Packet['seal'], findings: Findings): void {
  if (seal && topOf(zip) !== `packet-${seal.packet}`) findings.add('zip-top-folder');
  else findings.add('zip-ok');
  if (!isCanonical(zip)) findings.add('zip-not-canonical');
}

function aboutTrust(hand: Hand, origin: string, findings: Findings): void {
  if (!hand.trust) findings.add('trust-anchor-self-supplied');
  else if (!hand.trust.origins.has(origin)) findings.add('trust-anchor-other-origin', origin);
  else findings.add(hand.anchorUsed ? 'trust-anchor-ok' : 'trust-anchor-unused');
}

/** By what the packet is compared with others; under a trust file it counts by an enrolled key alone. */
function placeOf(seal: Seal, digest: string, { keys, entries }: Signed, trust: Trust | null, reach: Reach[] = []): Place {
  const names = [...new Set(seal.note.lines.map(({ name }) => name))].filter((name) => name.startsWith(`${seal.origin}/device/`));
  const counts = keys.find((key) => !trust || isEnrolled(key, 'device', entries))?.name ?? null;
  return { names, device: counts, seq: seal.deviceSeq, prev: seal.devicePrev, digest, text: hexDigestOf(utf8(seal.note.text)), captures: rangesOf(seal.captures) ?? [], reach };
}

async function packetAlone(tree: Tree, zip: Zip | null, trust: Trust | null, findings: Findings, work: Work): Promise<Checked> {
  const packet = await checkContent(tree, findings, work);
  if (zip) aboutZip(zip, packet.seal, findings);
  if (!packet.seal) return packet;
  const hand = handOf(trust);
  await takePacketKeys(tree, hand, findings);
  const signed = await checkSeal(packet, packet.seal, tree, hand, null, findings);
  await checkCms(tree, signed.keys, trust?.roots.cms ?? [], packet.seal.closedAt, findings);
  aboutTrust(hand, packet.seal.origin, findings);
  for (const name of hand.keys.conflicts) findings.add('key-conflict', name);
  findings.add('log-inclusion-absent');
  findings.add('timestamp-absent');
  findings.add('receipt-absent');
  const lower = await lowerBound(tree, packet.seal, trust?.roots.timestamps ?? [], findings);
  sayCaptures(challenges(packet.log, packet.record?.items ?? [], packet.seal, lower.tokens, findings), new Map(), findings);
  const digest = hexDigestOf((await small(tree, SEAL, MOST_SEAL)) ?? new Uint8Array());
  return { ...packet, packetDigest: digest, place: placeOf(packet.seal, digest, signed, trust), ...interval(lower.bound, null, packet.seal.closedAt, findings) };
}

async function exported(tree: Tree, trust: Trust | null, findings: Findings, work: Work): Promise<Checked> {
  await digestAll(tree, findings, work);
  const bag = await checkBag(tree, new Set(), false, findings, 0);
  const packets = [...tree.keys()].filter((path) => PACKET_ZIP.test(path));
  const file = packets.length === 1 ? tree.get(packets[0] ?? '') : undefined;
  if (!file) {
    findings.add('export-packet-missing');
    if (bag.whole) findings.add('files-ok', '', String(tree.size));
    return { id: bag.identifier, seal: null, record: null, log: null };
  }
  if (bag.whole) findings.add('export-ok', '', String(tree.size));
  checkParts(tree, findings);
  const hand = handOf(trust);
  await takeExportKeys(tree, hand, findings);
  const zip = await opened(file.source, findings);
  if (!zip) return { id: null, seal: null, record: null, log: null };
  const inside = treeOfZip(zip);
  const packet = await checkContent(inside, findings, work);
  aboutZip(zip, packet.seal, findings);
  const { seal } = packet;
  if (!seal) return { ...packet, id: null };
  if (file.path !== `data/packet-${seal.packet}.zip`) findings.add('export-packet-mismatch', '', file.path);
  if (bag.identifier !== null && bag.identifier !== seal.packet) findings.add('export-packet-mismatch', '', 'External-Identifier');
  await followRotations(tree, seal.origin, hand, findings);
  await takePacketKeys(inside, hand, findings);
  await takeRevocations(tree, seal.origin, hand);
  const inner: Inner = {
    seal,
    sealBytes: (await small(inside, SEAL, MOST_SEAL)) ?? new Uint8Array(),
    zipSha256: file.sha256 ?? (await digest(file.source, work, false)).sha256,
    zipSize: file.source.size,
  };
  const proved = await checkInclusion(tree, inner, hand, findings);
  const signed = await checkSeal(packet, seal, inside, hand, proved.said, findings);
  await checkContinued(tree, seal.origin, hand, findings);
  await checkConsistency(tree, seal, proved, findings);
  await checkReceipt(tree, inner, proved, hand, findings);
  const documents = await checkDecisions(tree, inner, hand, findings);
  await checkAfter(tree, inner, proved, documents, findings);
  await checkChildren(tree, { seal, sealBytes: inner.sealBytes, files: inside, entries: signed.entries }, hand, findings);
  const roots = trust?.roots ?? { timestamps: [], cms: [], attestation: [] };
  await checkAttestations(tree, signed, roots.attestation, findings);
  await checkCms(inside, signed.keys, roots.cms, seal.closedAt, findings);
  const beats = await checkHeartbeats(tree, { seal, signed, log: packet.log, checkpoint: proved.checkpoint }, roots.timestamps, hand, findings);
  aboutTrust(hand, seal.origin, findings);
  for (const name of hand.keys.conflicts) findings.add('key-conflict', name);
  const lower = await lowerBound(inside, seal, roots.timestamps, findings);
  const upper = await upperBound(tree, proved.index !== null && !findings.has('checkpoint-invalid'), roots.timestamps, findings);
  const items = packet.record?.items ?? [];
  sayCaptures(challenges(packet.log, items, seal, lower.tokens, findings), boundedItems(items, packet.log, inside, beats.bounds), findings);
  const packetDigest = hexDigestOf(inner.sealBytes);
  return { ...packet, packetDigest, place: placeOf(seal, packetDigest, signed, trust, beats.reach), ...interval(lower.bound, upper, seal.closedAt, findings) };
}

async function reported(given: Given, trust: Trust | null, findings: Findings, work: Work): Promise<Checked | null> {
  let tree: Tree;
  let zip: Zip | null = null;
  if ('zip' in given) {
    zip = await opened(given.zip, findings);
    if (!zip) return null;
    tree = treeOfZip(zip);
  } else {
    tree = new Map([...given.folder].map(([path, source]) => [path, { path, source, crc: null, sha256: null }]));
  }
  return isExport(tree) ? await exported(tree, trust, findings, work) : await packetAlone(tree, zip, trust, findings, work);
}

/** A report for any input. Rejects with [`Stopped`] when it was stopped, and never otherwise. */
export async function verify(given: Given, trust: Trust | null, work: Work = {}): Promise<Report> {
  const findings = new Findings();
  await ready();
  let found: Checked | null = null;
  try {
    found = await reported(given, trust, findings, work);
  } catch (cause) {
    if (cause instanceof Stopped) throw cause;
    findings.add('file-unreadable', '', cause instanceof Error ? cause.message : 'unexpected');
  }
  return {
    path: given.path,
    id: found?.id ?? null,
    verdict: verdictOf(findings.list),
    sealed_after: found?.sealed_after ?? null,
    logged_before: found?.logged_before ?? null,
    findings: worstFirst(findings.list),
    packetDigest: found?.packetDigest ?? null,
    place: found?.place ?? null,
  };
}
