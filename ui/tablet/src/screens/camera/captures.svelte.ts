/** Photos on their way to the engine, one after another. A photo counts when the engine has said that it is durable;
 *  one that it could not store is kept here to be tried again, and the shutter waits for that alone. */

import type { CaptureArgs, CaptureView } from '@fieldseal/shared/bindings.ts';
import { call, capture, Problem } from '../../host.ts';
import { storedCue } from './cue.ts';

/** Stills held in memory at most, some megabytes each; more would only hide a slow disk. */
const MOST_WAITING = 8;
/** Of these, frames not yet made into a JPEG, some 50 MB each. */
const MOST_RAW = 2;

const LAST_DRAW_MS = 2000;

interface Waiting {
  /** None when the platform's own camera takes it. */
  photo: Promise<Blob> | null;
  /** Hands it to the engine; when it answers, the photo is durable. */
  store: (photo: Blob | null, args: CaptureArgs) => Promise<CaptureView>;
  args: Omit<CaptureArgs, 'draft'>;
}

type Take = (args: CaptureArgs) => Promise<CaptureView>;

/** The camera gave no picture: there is nothing that could be stored again. */
const noPicture = (): Problem => new Problem({ code: 'no-picture', message: 'no-picture', retriable: false, params: {} });

/** Marks the tap in the engine, so that the photo gets its time and place, and not those of the end of its way there. */
async function markTap(mark: string): Promise<void> {
  try {
    await call({ do: 'shutter', mark });
  } catch {
    // Then the photo has the time of its coming, and says so.
  }
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

  /** Stills still being made. */
  private raw = $state(0);
  private readonly queue: Waiting[] = [];
  private readonly pictures: string[] = [];
  private busy = false;

  constructor(draft: string | undefined) {
    this.draft = draft;
  }

  get waiting(): number {
    return this.pending.length;
  }

  get ready(): boolean {
    return this.failure === null && this.waiting < MOST_WAITING && this.raw < MOST_RAW;
  }

  add(photo: Promise<Blob>, args: Omit<CaptureArgs, 'draft'>): void {
    this.raw += 1;
    const made = (): void => {
      this.raw -= 1;
    };
    photo.then(made, made);
    const mark = args.source === 'camera' ? crypto.randomUUID() : null;
    // The engine knows of the tap before the photo comes, or can't be told.
    const marked = mark ? markTap(mark) : Promise.resolve();
    const store: Waiting['store'] = async (blob, given) => {
      await marked;
      return capture(blob ?? new Blob(), { ...given, mark });
    };
    this.queue.push({ photo, store, args });
    this.look();
    void this.run();
  }

  /** By the platform's own camera. The photo is taken when its turn has come, and that is then the moment of the tap: the screen
   *  lets one be on its way at a time. */
  addOwn(take: Take, args: Omit<CaptureArgs, 'draft'>): void {
    const store: Waiting['store'] = async (_, given) => {
      const mark = crypto.randomUUID();
      await markTap(mark);
      return take({ ...given, mark });
    };
    this.queue.push({ photo: null, store, args });
    this.look();
    void this.run();
  }

  /** Something else has been stored in this draft: a recording. */
  joined(answer: CaptureView, shot: string | null): void {
    this.draft = answer.draft;
    this.stored = answer.count;
    const key = shot ?? '';
    this.counts = { ...this.counts, [key]: (this.counts[key] ?? 0) + 1 };
    storedCue();
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

  /** The newest photo is drawn, or can't be: the ones before it are given back. Not earlier, or the page would ask for a
   *  picture that is gone. */
  drawn(picture: string): void {
    const older = this.pictures.splice(0, Math.max(0, this.pictures.indexOf(picture)));
    for (const one of older) URL.revokeObjectURL(one);
  }

  close(): void {
    const pictures = this.pictures.splice(0);
    // The page may be just about to draw one.
    setTimeout(() => pictures.forEach((one) => URL.revokeObjectURL(one)), LAST_DRAW_MS);
    this.newest = null;
  }

  private async run(): Promise<void> {
    if (this.busy || this.failure) return;
    this.busy = true;
    for (let next = this.queue[0]; next; next = this.queue[0]) {
      try {
        const photo = next.photo && (await next.photo.catch(() => Promise.reject(noPicture())));
        const start = performance.now();
        const answer = await next.store(photo, this.draft ? { ...next.args, draft: this.draft } : next.args);
        this.lastMs = performance.now() - start;
        this.draft = answer.draft;
        this.stored = answer.count;
        const key = next.args.shot ?? '';
        this.counts = { ...this.counts, [key]: (this.counts[key] ?? 0) + 1 };
        this.show(photo);
        storedCue();
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

  private show(photo: Blob | null): void {
    if (!photo) {
      // Its bytes never came here: the number alone is shown.
      this.newest = null;
      return;
    }
    this.newest = URL.createObjectURL(photo);
    this.pictures.push(this.newest);
  }
}
