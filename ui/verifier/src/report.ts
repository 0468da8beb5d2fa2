/** The report: findings as they are met, and the verdict that follows from them (docs/spec/findings.md). */

import { FINDINGS } from './findings';

export type Code = keyof typeof FINDINGS;
export type Level = 'failed' | 'not-proved' | 'ok' | 'info';
export type Verdict = 'verified' | 'failed' | 'not-proved';

export interface Finding {
  code: Code;
  level: Level;
  subject: string;
  detail: string;
}

export interface Report {
  path: string;
  id: string | null;
  verdict: Verdict;
  sealed_after: string | null;
  logged_before: string | null;
  findings: Finding[];
  /** sha256 of the file `packet.seal`: the digest that stands on paper. Not in the JSON. */
  packetDigest: string | null;
  /** By what the packet is compared with others; null without a seal that reads. Not in the JSON. */
  place: Place | null;
}

/** A packet's place among those of its device, as its seal has it. */
export interface Place {
  /** The devices that have a line on the seal, right or wrong, and the one for which it counts. */
  names: string[];
  device: string | null;
  seq: bigint;
  prev: string;
  /** sha256 of the file `packet.seal`, and of the text alone. */
  digest: string;
  text: string;
  captures: [bigint, bigint][];
  /** How far devices say in heartbeats that they had got. */
  reach: { device: string; seq: bigint; capture: bigint }[];
}

export class Findings {
  readonly list: Finding[] = [];

  /** One finding; said once, however often it is met. */
  add(code: Code, subject = '', detail = ''): void {
    if (!this.list.some((known) => known.code === code && known.subject === subject && known.detail === detail)) {
      this.list.push({ code, level: FINDINGS[code].level, subject, detail });
    }
  }

  has(...codes: Code[]): boolean {
    return this.list.some((finding) => codes.includes(finding.code));
  }
}

const RANK: Record<Level, number> = { failed: 0, 'not-proved': 1, ok: 2, info: 3 };

/** Worst first; within a level as they were met. */
export function worstFirst(findings: Finding[]): Finding[] {
  return [...findings].sort((a, b) => RANK[a.level] - RANK[b.level]);
}

export function verdictOf(findings: Finding[]): Verdict {
  if (findings.some((finding) => finding.level === 'failed')) return 'failed';
  return findings.some((finding) => finding.level === 'not-proved') ? 'not-proved' : 'verified';
}

export type Language = 'zh' | 'en';

const stem = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');

export function sentence(finding: Finding, language: Language): string {
  return FINDINGS[finding.code][language]
    .replaceAll('{subject}', () => finding.subject)
    .replaceAll('{detail}', () => finding.detail)
    .replaceAll('{name}', () => stem(finding.subject));
}

/** One packet as `verify --json` writes it. */
export function asJson(report: Report, language: Language = 'en'): Record<string, unknown> {
  const { path, id, verdict, sealed_after, logged_before } = report;
  const findings = report.findings.map((finding) => ({ code: finding.code, level: finding.level, subject: finding.subject, text: sentence(finding, language) }));
  return { path, id, verdict, sealed_after, logged_before, findings };
}
