/** Makers' certificates of a tablet's key: docs/spec/attestation.md. */

import { byBytes, equal, fromBase64, text } from './bytes';
import { type Key, spkiOf } from './keys';
import { hasSigned, isAuthority, isValidAt } from './path';
import type { Findings } from './report';
import { isEnrolled, type Entry, type Signed } from './signers';
import { small, type Tree } from './tree';
import { type Certificate, readable, Unsupported } from './x509';

const FOLDER = 'data/receipt/attestation/';
const MOST_FILES = 16;
const MOST_BYTES = 65_536;
const MOST_CERTIFICATES = 8;

/** The certificates of a PEM file; null where it is of another form. */
function certificatesIn(bytes: Uint8Array): Certificate[] | null {
  const blocks: (Uint8Array | null)[] = [];
  let open: string[] | null = null;
  for (const line of (text(bytes) ?? '').split('\n')) {
    const bare = line.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (open && bare === '-----END CERTIFICATE-----') {
      blocks.push(fromBase64(open.join('')));
      open = null;
    } else if (open) open.push(bare);
    else if (bare === '-----BEGIN CERTIFICATE-----') open = [];
  }
  if (open || blocks.length < 1 || blocks.length > MOST_CERTIFICATES) return null;
  const read = blocks.map((block) => block && readable(block));
  return read.includes(null) ? null : read.filter((certificate) => certificate !== null);
}

const issued = (issuer: Certificate, child: Certificate, between: number): boolean => equal(issuer.subject, child.issuer) && isAuthority(issuer, between) && hasSigned(issuer, child);

/** When the authority enrolled the key at the earliest, in nanoseconds. */
function enrolledAt(key: Key, entries: Entry[]): bigint | null {
  const times = entries.filter((entry) => isEnrolled(key, 'device', [entry])).map(({ enrolment }) => Date.parse(enrolment.at));
  return times.length === 0 ? null : BigInt(Math.min(...times)) * 1_000_000n;
}

type Outcome = { at: 'ok'; key: Key } | { at: 'invalid' | 'root-unknown'; why: string };
const invalid = (why: string): Outcome => ({ at: 'invalid', why });
const unknown = (why: string): Outcome => ({ at: 'root-unknown', why });

function judge(certificates: Certificate[] | null, { keys, entries }: Signed, roots: Uint8Array[]): Outcome {
  const [first] = certificates ?? [];
  if (!certificates || !first) return invalid('form');
  const key = keys.find((one) => equal(spkiOf(one) ?? new Uint8Array(), first.spki));
  if (!key) return invalid('another key');
  const end = certificates.findIndex(({ raw }) => roots.some((root) => equal(root, raw)));
  const chain = end < 0 ? certificates : certificates.slice(0, end + 1);
  try {
    for (const [n, child] of chain.entries()) {
      const issuer = chain[n + 1];
      if (issuer && !issued(issuer, child, n)) return invalid('links');
    }
  } catch (cause) {
    if (!(cause instanceof Unsupported)) throw cause;
    return unknown('algorithm');
  }
  if (chain.some(({ understood }) => !understood)) return unknown('extension');
  const at = enrolledAt(key, entries);
  if (at === null) return unknown('not enrolled');
  if (chain.some((certificate) => !isValidAt(certificate, at))) return invalid('not valid then');
  return end >= 0 || endsAtRoot(chain, roots, at) ? { at: 'ok', key } : unknown('no root');
}

/** Whether a root has issued the last certificate of the chain. */
function endsAtRoot(chain: Certificate[], roots: Uint8Array[], at: bigint): boolean {
  return roots
    .map(readable)
    .filter((certificate) => certificate !== null)
    .some((root) => {
      const last = chain.at(-1);
      try {
        return last !== undefined && root.understood && isValidAt(root, at) && issued(root, last, chain.length - 1);
      } catch (cause) {
        if (cause instanceof Unsupported) return false;
        throw cause;
      }
    });
}

export async function checkAttestations(tree: Tree, signed: Signed, roots: Uint8Array[], findings: Findings): Promise<void> {
  if (signed.keys.length === 0) return;
  const paths = [...tree.keys()].filter((path) => path.startsWith(FOLDER) && /^[^/]+\.pem$/.test(path.slice(FOLDER.length)));
  for (const path of paths.sort(byBytes).slice(0, MOST_FILES)) {
    const bytes = await small(tree, path, MOST_BYTES);
    const outcome = judge(bytes && certificatesIn(bytes), signed, roots);
    if (outcome.at === 'ok') findings.add('attestation-ok', outcome.key.name);
    else findings.add(outcome.at === 'invalid' ? 'attestation-invalid' : 'attestation-root-unknown', path, outcome.why);
  }
}
