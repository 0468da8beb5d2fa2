/** Which findings are seen at a glance: all that failed or are not proved, and of the rest one for each code. */

import type { FindingView, Level } from '../wire';

export interface Glance {
  finding: FindingView;
  /** How many findings this line stands for. */
  count: number;
}

const ORDER: Level[] = ['failed', 'not-proved', 'info', 'ok'];

/** Worst first; the server's order within a level. */
export function worstFirst(findings: FindingView[]): FindingView[] {
  return ORDER.flatMap((level) => findings.filter((finding) => finding.level === level));
}

/** At most `mostOk` lines for what is verified; what failed or is not proved is never folded. */
export function atAGlance(findings: FindingView[], mostOk: number): Glance[] {
  const lines: Glance[] = [];
  let ok = 0;
  for (const finding of worstFirst(findings)) {
    const quiet = finding.level === 'info' || finding.level === 'ok';
    const known = quiet ? lines.find((line) => line.finding.code === finding.code && line.finding.level === finding.level) : undefined;
    if (known) known.count += 1;
    else if (finding.level !== 'ok' || (ok += 1) <= mostOk) lines.push({ finding, count: 1 });
  }
  return lines;
}
