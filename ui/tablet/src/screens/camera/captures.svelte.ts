/** Photos on their way to the engine, one after another. A photo counts when the engine has said that it is durable;
 *  one that it could not store is kept here to be tried again, and the shutter waits for that alone. */

import type { CaptureArgs } from '@fieldseal/shared/bindings.ts';
import { capture, Problem } from '../../host.ts';

/** Stills held in memory at most; more would only hide a slow disk. */
const MOST_WAITING = 4;

interface Waiting {
  photo: Promise<Blob>;
  args: Omit<CaptureArgs, 'draft'>;
}

export class Captures {
  draft = $state<string | undefined>();
  /** Photos the draft has, as the engine last said. */
  stored = $state(0);
  /** Stored photos by shot; '' are those outside the list. */
  counts = $state.raw<Record<string, number>>({});
  /** The shots of the photos still on their way. */
  pending = $state.raw<string[]>([]);
  /** How long the last one took to become durable. */
  lastMs = $state<number | null>(null);
  failure = $state.raw<Problem | null>(null);
  /** The newest photo, for the corner of the screen. */
  newest = $state<string | null>(null);

  private readonly queue: Waiting[] = [];
  private busy = false;

  constructor(draft: string | undefined) {
    this.draft = draft;
  }

  get waiting(): number {
    return this.pending.length;
  }

  get ready(): boolean {
    return this.failure === null && this.waiting < MOST_WAITING;
  }

  add(photo: Promise<Blob>, args: Omit<CaptureArgs, 'draft'>): void {
    this.queue.push({ photo, args });
    this.look();
    void this.run();
  }

  /** Tries the photo that failed once more. */
  retry(): void {
    this.failure = null;
    void this.run();
  }

  /** Lets go of the photo that was not stored: the officer takes that shot again. */
  drop(): string | null {
    const dropped = this.queue.shift();
    this.look();
    this.retry();
    return dropped?.args.shot ?? null;
  }

  close(): void {
    if (this.newest) URL.revokeObjectURL(this.newest);
    this.newest = null;
  }

  private async run(): Promise<void> {
    if (this.busy || this.failure) return;
    this.busy = true;
    for (let next = this.queue[0]; next; next = this.queue[0]) {
      try {
        const photo = await next.photo;
        const start = performance.now();
        const answer = await capture(photo, this.draft ? { ...next.args, draft: this.draft } : next.args);
        this.lastMs = performance.now() - start;
        this.draft = answer.draft;
        this.stored = answer.count;
        const key = next.args.shot ?? '';
        this.counts = { ...this.counts, [key]: (this.counts[key] ?? 0) + 1 };
        this.show(photo);
        this.queue.shift();
      } catch (thrown) {
        this.failure = Problem.from(thrown);
        break;
      } finally {
        this.look();
      }
    }
    this.busy = false;
  }

  private look(): void {
    this.pending = this.queue.map(({ args }) => args.shot ?? '');
  }

  private show(photo: Blob): void {
    if (this.newest) URL.revokeObjectURL(this.newest);
    this.newest = URL.createObjectURL(photo);
  }
}
