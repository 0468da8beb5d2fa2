/** The list of packets: what is asked for, what came, which row is chosen. Kept while a packet is open, so Back returns to it. */

import { packets } from '../api';
import type { PacketSummary, QueueName, Verdict, VerdictCounts } from '../wire';
import { account } from './session.svelte';

export class Queue {
  verdict = $state<Verdict | null>(null);
  words = $state('');
  rows = $state<PacketSummary[]>([]);
  total = $state(0);
  counts = $state<VerdictCounts>({ all: 0, failed: 0, not_proved: 0, verified: 0 });
  chosen = $state<string | null>(null);
  loaded = $state(false);
  busy = $state(false);
  problem = $state<string | null>(null);
  private page = 0;
  private asking: AbortController | undefined;

  constructor(readonly name: QueueName) {}

  get chosenRow(): PacketSummary | undefined {
    return this.rows.find((row) => row.id === this.chosen);
  }

  get hasMore(): boolean {
    return this.rows.length < this.total;
  }

  /** Asks anew from the first page on; the rows shown stay until the answer is here. */
  async load(): Promise<void> {
    await this.fetchPage(0);
  }

  async more(): Promise<void> {
    if (this.busy || !this.hasMore) return;
    await this.fetchPage(this.page + 1);
  }

  filter(verdict: Verdict | null): void {
    this.verdict = verdict;
    void this.load();
  }

  search(words: string): void {
    this.words = words;
    void this.load();
  }

  /** Leaves nothing of what an earlier account has seen. */
  forget(): void {
    this.asking?.abort();
    this.verdict = null;
    this.words = '';
    this.rows = [];
    this.total = 0;
    this.chosen = null;
    this.loaded = false;
    this.problem = null;
  }

  /** Moves the choice by one and says which row it is now. */
  move(by: 1 | -1): PacketSummary | undefined {
    const at = this.rows.findIndex((row) => row.id === this.chosen);
    const next = this.rows[Math.min(Math.max(at + by, 0), this.rows.length - 1)];
    if (next) this.chosen = next.id;
    return next;
  }

  private async fetchPage(page: number): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.busy = true;
    try {
      const query = { queue: this.name, verdict: this.verdict, q: this.words.trim(), page };
      const answer = await packets(query, asking.signal);
      if (asking !== this.asking) return;
      this.take(answer.packets, page);
      this.total = answer.total;
      this.counts = answer.counts;
      this.problem = null;
      this.loaded = true;
    } catch (cause) {
      if (!asking.signal.aborted) this.problem = account.noticed(cause);
    } finally {
      if (asking === this.asking) this.busy = false;
    }
  }

  private take(fresh: PacketSummary[], page: number): void {
    const known = page === 0 ? [] : this.rows;
    this.page = page;
    this.rows = [...known, ...fresh.filter((row) => !known.some((other) => other.id === row.id))];
    if (!this.rows.some((row) => row.id === this.chosen)) this.chosen = this.rows[0]?.id ?? null;
  }
}

export const queues: Record<QueueName, Queue> = { open: new Queue('open'), done: new Queue('done') };
