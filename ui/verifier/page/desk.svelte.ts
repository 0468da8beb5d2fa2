/** The page's work: what is to be verified, what is being verified, and what came of it. */

import { hexDigestOf } from '../src/bytes';
import type { Report } from '../src/report';
import { several } from '../src/several';
import { Stopped } from '../src/stop';
import { parseTrust, type Trust } from '../src/trust';
import { type Given, verify } from '../src/verify';
import { type Dropped, sizeOf } from './given';

export interface TrustFile {
  name: string;
  print: string;
  trust: Trust;
}

export interface Busy {
  name: string;
  done: number;
  all: number;
}

const RANK = { failed: 0, 'not-proved': 1, verified: 2 } as const;
const MOST_TRUST = 1 << 20;

export class Desk {
  reports = $state.raw<Report[]>([]);
  trust = $state.raw<TrustFile | null>(null);
  busy = $state.raw<Busy | null>(null);
  waiting = $state.raw<Given[]>([]);
  stopped = $state.raw<string[]>([]);
  unusable = $state.raw<{ name: string; why: string }[]>([]);
  empty = $state.raw<string[]>([]);
  private kept: Given[] = [];
  private abort = new AbortController();

  /** With what they say of each other. */
  readonly told = $derived(several(this.reports));
  readonly worst = $derived([...this.told].sort((a, b) => RANK[a.verdict] - RANK[b.verdict]));

  async take(dropped: Dropped): Promise<void> {
    this.unusable = [];
    this.empty = dropped.empty;
    for (const file of dropped.others) await this.takeTrust(file);
    this.kept.push(...dropped.given);
    this.waiting = [...this.waiting, ...dropped.given];
    await this.run();
  }

  private async takeTrust(file: File): Promise<void> {
    try {
      if (file.size > MOST_TRUST) throw new Error('> 1 MiB');
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.trust = { name: file.name, print: hexDigestOf(bytes), trust: parseTrust(bytes) };
      this.again();
    } catch (cause) {
      this.unusable = [...this.unusable, { name: file.name, why: cause instanceof Error ? cause.message : '' }];
    }
  }

  withoutTrust(): void {
    this.trust = null;
    this.again();
    void this.run();
  }

  /** Everything once more, from the start. */
  again(): void {
    this.stop();
    this.stopped = [];
    this.reports = [];
    this.waiting = [...this.kept];
  }

  clear(): void {
    this.stop();
    this.kept = [];
    this.waiting = [];
    this.reports = [];
    this.stopped = [];
  }

  stop(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.waiting = [];
  }

  async run(): Promise<void> {
    if (this.busy) return;
    for (let given = this.waiting[0]; given; given = this.waiting[0]) {
      this.waiting = this.waiting.slice(1);
      const busy: Busy = { name: given.path, done: 0, all: Math.max(1, sizeOf(given)) };
      this.busy = busy;
      const { signal } = this.abort;
      let told = 0;
      let done = 0;
      const onbytes = (bytes: number): void => {
        done += bytes;
        // Not oftener than the eye can follow.
        if (done - told < 8 << 20) return;
        told = done;
        this.busy = { ...busy, done: Math.min(done, busy.all) };
      };
      try {
        const report = await verify(given, this.trust?.trust ?? null, { onbytes, signal });
        if (!signal.aborted) this.reports = [...this.reports, report];
      } catch (cause) {
        if (!(cause instanceof Stopped)) throw cause;
        if (this.kept.includes(given) && !this.waiting.includes(given)) this.stopped = [...this.stopped, given.path];
      }
      this.busy = null;
    }
  }
}
