/**
 * Differential fuzzing: mutants of packets and exports through both verifiers, which must agree on verdict, codes and
 * subjects. `main.mjs [--count N] [--seed S] [--from N]`: mutants S and N to N + count; each disagreement, with as few mutations
 * as it takes, is left in target/differential/found as the zip and what the two said of it.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ready } from '../src/sm';
import { made, type Mutant, mutant } from './mutant';
import { run } from './runs';
import { TRUST, TRUST_OTHER, TRUST_WITNESSED } from './signing';

const MOST_MS = 20_000;
/** Every so many mutants a run of several packets. */
const RUNS = 16;
const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

interface Said {
  verdict: string;
  id: string | null;
  times: string;
  /** `level code subject`, sorted, each once. */
  findings: string[];
}

function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
}

interface Packet {
  verdict: string;
  id: string | null;
  sealed_after: string | null;
  logged_before: string | null;
  findings: { level: string; code: string; subject: string }[];
}

/** What is said of each path; as one where there is but one. */
function saidIn(json: string): Said {
  const { packets } = JSON.parse(json) as { packets: Packet[] };
  const tag = (n: number): string => (packets.length > 1 ? `#${String(n)} ` : '');
  const findings = packets.flatMap((packet, n) => packet.findings.map(({ level, code, subject }) => `${tag(n)}${level} ${code} ${subject}`));
  return {
    verdict: packets.map(({ verdict }) => verdict).join(' '),
    id: packets.map(({ id }) => id).join(' '),
    times: packets.map((packet) => `${String(packet.sealed_after)} ${String(packet.logged_before)}`).join(' '),
    findings: [...new Set(findings)].sort(),
  };
}

const broken = (why: string): Said => ({ verdict: why, id: null, times: '', findings: [] });
/** The slowest of each verifier, and its number; the most memory that the second one's process had. */
const most = { rust: { ms: 0, n: 0 }, ts: { ms: 0, n: 0 }, rss: 0 };
const timed = (of: { ms: number; n: number }, since: number, n: number): void => {
  const ms = Math.round(performance.now() - since);
  if (ms > of.ms) [of.ms, of.n] = [ms, n];
};

/** The Rust verifier: a process for each, so that a panic, a hang or greed is that mutant's own. */
function rust(program: string, paths: string[], trust: string | null, n: number): Promise<Said> {
  return new Promise((resolve) => {
    const since = performance.now();
    const child = spawn('prlimit', ['--as=2147483648', program, 'verify', '--json', ...(trust === null ? [] : ['--trust', trust]), ...paths], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      timed(most.rust, since, n);
      if (signal !== null || code === null || ![0, 1, 3].includes(code)) resolve(broken(`rust ended with ${String(signal ?? code)}: ${err.slice(0, 300)}`));
      else resolve(saidIn(out));
    });
  });
}

/** The TypeScript verifier in a worker of bounded memory, replaced when it dies or hangs. */
class Other {
  private worker: Worker;

  constructor(private readonly program: string) {
    this.worker = this.fresh();
  }

  private fresh(): Worker {
    return new Worker(this.program, { resourceLimits: { maxOldGenerationSizeMb: 192 } });
  }

  said(paths: string[], trust: string | null, n: number): Promise<Said> {
    return new Promise((resolve) => {
      const since = performance.now();
      const { worker } = this;
      const done = (said: Said, replace: boolean): void => {
        clearTimeout(timer);
        timed(most.ts, since, n);
        worker.off('message', onmessage);
        worker.off('error', onerror);
        if (replace) {
          void worker.terminate();
          this.worker = this.fresh();
        }
        resolve(said);
      };
      const timer = setTimeout(() => done(broken('ts hangs'), true), MOST_MS);
      const onmessage = ({ json, rss }: { json: string; rss: number }): void => {
        most.rss = Math.max(most.rss, rss);
        done(saidIn(json), false);
      };
      const onerror = (cause: unknown): void => done(broken(`ts threw: ${String(cause)}`), true);
      worker.on('message', onmessage);
      worker.on('error', onerror);
      worker.postMessage({ paths, trust });
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

export async function main(): Promise<void> {
  await ready();
  const [program, seed, count, from] = [option('rust', 'target/debug/fieldseal'), Number(option('seed', '1')), Number(option('count', '10000')), Number(option('from', '0'))];
  const out = option('out', 'target/differential/found');
  const work = mkdtempSync(join(tmpdir(), 'differential-'));
  rmSync(out, { recursive: true, force: true });
  const trusts: Record<Mutant['trust'], string | null> = { none: null, given: join(work, 'trust'), other: join(work, 'trust-other'), witnessed: join(work, 'trust-witnessed') };
  writeFileSync(join(work, 'trust'), TRUST);
  writeFileSync(join(work, 'trust-other'), TRUST_OTHER);
  writeFileSync(join(work, 'trust-witnessed'), TRUST_WITNESSED);
  const others = [new Other(WORKER), new Other(WORKER)];
  const disagreements: { n: number; names: string[] }[] = [];
  const verdicts = new Map<string, number>();
  const codes = new Set<string>();
  let next = from;

  const both = async (zips: Uint8Array[], trust: string | null, lane: number, n: number): Promise<[Said, Said]> => {
    const paths = zips.map((bytes, k) => {
      const path = join(work, `${String(lane)}-${String(k)}.zip`);
      writeFileSync(path, bytes);
      return path;
    });
    return await Promise.all([rust(program, paths, trust, n), others[lane]?.said(paths, trust, n) ?? broken('no worker')]);
  };
  const differ = ([a, b]: [Said, Said]): boolean => a.verdict !== b.verdict || a.id !== b.id || a.times !== b.times || a.findings.join('\n') !== b.findings.join('\n');

  const keep = async (one: Mutant, lane: number): Promise<void> => {
    // Fewer mutations, as long as they still disagree.
    let least = one;
    for (const mutation of one.mutations) {
      const fewer = { ...least, mutations: least.mutations.filter((other) => other !== mutation) };
      if (fewer.mutations.length > 0 && differ(await both([made(seed, fewer)], trusts[one.trust], lane, one.n))) least = fewer;
    }
    const bytes = made(seed, least);
    tell(one, least.mutations.map(({ name }) => name), [bytes], await both([bytes], trusts[one.trust], lane, one.n));
  };

  const tell = ({ n, kind, trust }: Pick<Mutant, 'n' | 'trust'> & { kind?: Mutant['kind'] }, names: string[], zips: Uint8Array[], [a, b]: [Said, Said]): void => {
    mkdirSync(out, { recursive: true });
    const stem = join(out, `${String(seed)}-${String(n)}`);
    for (const [k, zip] of zips.entries()) writeFileSync(zips.length > 1 ? `${stem}-${String(k)}.zip` : `${stem}.zip`, zip);
    const only = (x: Said, y: Said): string[] => x.findings.filter((finding) => !y.findings.includes(finding));
    writeFileSync(`${stem}.json`, JSON.stringify({ mutations: names, kind, trust, rust: { verdict: a.verdict, id: a.id, only: only(a, b) }, ts: { verdict: b.verdict, id: b.id, only: only(b, a) } }, null, 1));
    disagreements.push({ n, names });
    process.stdout.write(`differ: mutant ${String(n)} (${names.join('; ')}; trust ${trust})\n   rust ${a.verdict} ${String(a.id)} ${only(a, b).join(' | ')}\n   ts   ${b.verdict} ${String(b.id)} ${only(b, a).join(' | ')}\n`);
  };

  const lane = async (which: number): Promise<void> => {
    while (next < from + count) {
      const one = mutant(seed, next);
      next += 1;
      // Now and then several at once.
      const zips = one.n % RUNS === RUNS - 1 ? run(seed, one.n) : null;
      const pair = await both(zips ?? [made(seed, one)], trusts[one.trust], which, one.n);
      for (const verdict of pair[0].verdict.split(' ')) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      for (const finding of pair[0].findings) codes.add(finding.replace(/^#\d+ /, '').split(' ')[1] ?? '');
      if (differ(pair)) await (zips ? tell({ n: one.n, trust: one.trust }, ['several'], zips, pair) : keep(one, which));
      if (next % 1000 === 0) process.stdout.write(`${String(next - from)} of ${String(count)}\n`);
    }
  };
  await Promise.all([lane(0), lane(1)]);
  await Promise.all(others.map((other) => other.end()));
  rmSync(work, { recursive: true, force: true });
  const table = [...verdicts].map(([verdict, n]) => `${verdict} ${String(n)}`).join(', ');
  process.stdout.write(`${String(count)} mutants (${table}; ${String(codes.size)} codes met), ${String(disagreements.length)} disagreements; slowest: rust ${String(most.rust.ms)} ms (mutant ${String(most.rust.n)}), ts ${String(most.ts.ms)} ms (mutant ${String(most.ts.n)}); memory of the second verifier and the maker together at most ${String(Math.round(most.rss / 2 ** 20))} MiB\n`);
  // Every mutant is one part of one test: a campaign counts as one.
  process.stdout.write(disagreements.length > 0 ? '0 passed, 1 failed\n' : '1 passed, 0 failed\n');
  process.exitCode = disagreements.length > 0 ? 1 : 0;
}

await main();
