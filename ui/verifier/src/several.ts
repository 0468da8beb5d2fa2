/** What several packets of one run say of each other: docs/spec/findings.md, rules 8 and 9. */

import { FINDINGS } from './findings';
import { type Code, type Finding, type Place, type Report, verdictOf, worstFirst } from './report';

const MOST_RANGES = 100;

type Range = [bigint, bigint];

/** The seals that count for one device. */
class Met {
  readonly seals: Place[] = [];
  private readonly bySeq = new Map<bigint, Place[]>();

  add(place: Place): void {
    this.seals.push(place);
    this.bySeq.set(place.seq, [...this.under(place.seq), place]);
  }

  under(seq: bigint): Place[] {
    return this.bySeq.get(seq) ?? [];
  }

  /** Whether the seals under the number before are in hand, and this one follows none of them. */
  strays({ seq, prev }: Place): boolean {
    const predecessors = this.under(seq - 1n);
    return predecessors.length > 0 && predecessors.every(({ digest }) => digest !== prev);
  }
}

/** The numbers between the lowest and the highest, or what they are said to reach, that are in none of the ranges. */
function missing(ranges: Range[], reach: bigint): Range[] {
  const gaps: Range[] = [];
  let next: bigint | null = null;
  for (const [from, to] of [...ranges].sort(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    if (next !== null && from > next) gaps.push([next, from - 1n]);
    if (next === null || to >= next) next = to + 1n;
  }
  if (next !== null && reach >= next) gaps.push([next, reach]);
  return gaps;
}

const most = (numbers: bigint[]): bigint => numbers.reduce((a, b) => (a > b ? a : b), 0n);

const spelt = (ranges: Range[]): string =>
  ranges
    .slice(0, MOST_RANGES)
    .map(([from, to]) => (from === to ? String(from) : `${String(from)}-${String(to)}`))
    .join(',') + (ranges.length > MOST_RANGES ? ',…' : '');

/** What this packet, the newest of those met, contradicts. */
function contradictions(place: Place, met: Met): Code[] {
  const codes: Code[] = [];
  if (met.under(place.seq).some(({ text }) => text !== place.text)) codes.push('seal-equivocation');
  if ([place, ...met.under(place.seq + 1n)].some((one) => met.strays(one))) codes.push('device-prev-mismatch');
  return codes;
}

/** The reports of one run, in the order given, with what each says against those before it, and what is missing between them. */
export function several(reports: Report[]): Report[] {
  const devices = new Map<string, Met>();
  const more = reports.map((): Finding[] => []);
  const say = (at: number, code: Code, subject: string, detail = ''): void => {
    more[at]?.push({ code, level: FINDINGS[code].level, subject, detail });
  };
  const last = new Map<string, number>();
  for (const [n, { place }] of reports.entries()) {
    for (const name of place?.names ?? []) last.set(name, n);
    if (!place || place.device === null) continue;
    const met = devices.get(place.device) ?? new Met();
    devices.set(place.device, met);
    met.add(place);
    for (const code of contradictions(place, met)) say(n, code, place.device);
  }
  for (const [device, { seals }] of reports.length > 1 ? devices : []) {
    const said = seals.flatMap(({ reach }) => reach).filter((one) => one.device === device);
    const gaps = [
      ['packets-missing', missing(seals.map(({ seq }): Range => [seq, seq]), most(said.map(({ seq }) => seq)))],
      ['captures-missing', missing(seals.flatMap(({ captures }) => captures), most(said.map(({ capture }) => capture)))],
    ] as const;
    for (const [code, ranges] of gaps) if (ranges.length > 0) say(last.get(device) ?? 0, code, device, spelt(ranges));
  }
  return reports.map((report, n) => {
    const added = more[n] ?? [];
    if (added.length === 0) return report;
    const fresh = added.filter(({ code, subject }) => !report.findings.some((known) => known.code === code && known.subject === subject));
    const findings = worstFirst([...report.findings, ...fresh]);
    return { ...report, findings, verdict: verdictOf(findings) };
  });
}
