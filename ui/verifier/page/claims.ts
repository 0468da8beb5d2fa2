/** The six things that a proof can say, as far as the findings bear them out. */

import type { Code, Report } from '../src/report';

export type Claim = 'bytes' | 'device' | 'officers' | 'after' | 'logged' | 'before';
export type State = 'proved' | 'open' | 'wrong';

interface Rule {
  /** All of them, at least once. */
  needs: Code[];
  /** Any of them undoes it. */
  wrong: RegExp;
  open: RegExp;
}

const RULES: Record<Claim, Rule> = {
  bytes: { needs: ['files-ok', 'seal-ok'], wrong: /^(zip-|bag-|manifest-m|file-|item-|seal-m|seal-tag|seal-p|sm3-mismatch|custody-(m|c|i)|record-(m|p|i))/, open: /^$/ },
  device: { needs: ['device-line-ok', 'device-enrolled', 'trust-anchor-ok'], wrong: /^(device-line-invalid|record-device|enrolment-invalid|key-(conflict|revoked-before-seal)|device-prev|seal-equivocation)/, open: /^(device-|key-revoked-before-logging)/ },
  officers: { needs: ['two-officers-ok', 'officer-enrolled', 'trust-anchor-ok'], wrong: /^(officer-line-invalid|officers-same|enrolment-invalid|key-(conflict|revoked-before-seal))/, open: /^(officer-|second-officer|key-revoked-before-logging)/ },
  after: { needs: ['lower-bound-ok'], wrong: /^seen-/, open: /^$/ },
  logged: { needs: ['log-inclusion-ok', 'trust-anchor-ok'], wrong: /^(log-inclusion-invalid|checkpoint-|consistency-invalid|proof-)/, open: /^(consistency-|log-key|witness-absent)/ },
  before: { needs: ['timestamp-ok'], wrong: /^timestamp-invalid/, open: /^$/ },
};

export const CLAIMS = Object.keys(RULES) as Claim[];

export function stateOf(claim: Claim, report: Report): State {
  const { needs, wrong, open } = RULES[claim];
  const codes = (level: string): string[] => report.findings.filter((finding) => finding.level === level).map(({ code }) => code);
  if (codes('failed').some((code) => wrong.test(code))) return 'wrong';
  if (codes('not-proved').some((code) => open.test(code))) return 'open';
  return needs.every((code) => report.findings.some((finding) => finding.code === code)) ? 'proved' : 'open';
}
