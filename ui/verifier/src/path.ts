/** Paths from a signer's certificate to a root: docs/spec/time.md, "Path". */

import { equal } from './bytes';
import { type Certificate, keyVerifies, signatureBy, Unsupported } from './x509';

const MOST_PATH = 8;
const MOST_STEPS = 10_000;
export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
export const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
export const ANY_PURPOSE = '2.5.29.37.0';
const SECOND = 1_000_000_000n;

/** @param time nanoseconds since 1970. */
export const isValidAt = (certificate: Certificate, time: bigint): boolean => certificate.notBefore * SECOND <= time && time < (certificate.notAfter + 1n) * SECOND;

/** Whether this may have issued a certificate with so many between it and the signer's, its purposes apart. */
export function isAuthority(issuer: Certificate, between: number): boolean {
  return issuer.ca && (issuer.pathLength === null || issuer.pathLength >= BigInt(between)) && (issuer.usage === null || issuer.usage[5] === true);
}

/** Whether the issuer's key has signed the child. Throws [`Unsupported`]. */
export const hasSigned = (issuer: Certificate, child: Certificate): boolean => keyVerifies(issuer.spki, signatureBy(child.signature.algorithm, null), child.tbs, child.signature.bytes);

export class Paths {
  private steps = 0;
  passedOver = false;
  private readonly signed = new Map<string, boolean>();

  constructor(
    private readonly all: Certificate[],
    private readonly roots: Uint8Array[],
    private readonly time: bigint,
    private readonly purpose: string,
  ) {}

  private isRoot(certificate: Certificate): boolean {
    return this.roots.some((root) => equal(root, certificate.raw));
  }

  private mayIssue(issuer: Certificate, between: number): boolean {
    const purposes = issuer.purposes?.oids;
    return isAuthority(issuer, between) && (!purposes || purposes.includes(this.purpose) || purposes.includes(ANY_PURPOSE));
  }

  private by(child: Certificate, issuer: Certificate): boolean {
    const pair = `${String(this.all.indexOf(child))} ${String(this.all.indexOf(issuer))}`;
    const known = this.signed.get(pair);
    if (known !== undefined) return known;
    let right = false;
    try {
      right = hasSigned(issuer, child);
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw cause;
      this.passedOver = true;
    }
    this.signed.set(pair, right);
    return right;
  }

  /** Whether a path leads from here to a root. */
  found(path: Certificate[], whenever: boolean): boolean {
    const last = path.at(-1);
    this.steps += 1;
    if (!last || this.steps > MOST_STEPS) return false;
    if (!last.understood) {
      this.passedOver = true;
      return false;
    }
    if (!whenever && !isValidAt(last, this.time)) return false;
    if (this.isRoot(last)) return true;
    if (path.length >= MOST_PATH) return false;
    return this.all.some((issuer) => !path.includes(issuer) && equal(issuer.subject, last.issuer) && this.mayIssue(issuer, path.length - 1) && this.by(last, issuer) && this.found([...path, issuer], whenever));
  }

  again(): this {
    this.steps = 0;
    return this;
  }
}
