/** The queue behind the shutter: in order, into one draft, and a photo that was not stored is never dropped silently. */
import type { CaptureArgs, CaptureView } from '@fieldseal/shared/bindings.ts';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const host = vi.hoisted(() => {
  class Problem extends Error {
    code: string;
    constructor(view: string | { code: string }) {
      super('');
      this.code = typeof view === 'string' ? view : view.code;
    }
    static from(thrown: unknown): Problem {
      return thrown instanceof Problem ? thrown : new Problem('internal');
    }
  }
  return { Problem, capture: vi.fn(), call: vi.fn() };
});
vi.mock('../src/host.ts', () => host);
vi.mock('../src/screens/camera/cue.ts', () => ({ storedCue: (): void => undefined }));
const { Captures } = await import('../src/screens/camera/captures.svelte.ts');

const photo = (text: string): Promise<Blob> => Promise.resolve(new Blob([text]));
const args = { kind: 'billboard', shot: null, source: 'camera', originalName: null };
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
let seen: { text: string; draft: string | undefined }[];
let broken: boolean;

beforeEach(() => {
  seen = [];
  broken = false;
  host.capture.mockImplementation(async (blob: Blob, given: CaptureArgs) => {
    const text = await blob.text();
    if (broken) throw new host.Problem('disk-full');
    seen.push({ text, draft: given.draft ?? undefined });
    return { draft: 'd1', captureSeq: seen.length, sha256: '', sizeBytes: 1, count: seen.length };
  });
});

describe('captures', () => {
  it('go in the order of the shutter, the later ones into the draft the first one started', async () => {
    const captures = new Captures(undefined);
    for (const text of ['a', 'b', 'c']) captures.add(photo(text), args);
    await settled();
    expect(seen).toEqual([
      { text: 'a', draft: undefined },
      { text: 'b', draft: 'd1' },
      { text: 'c', draft: 'd1' },
    ]);
    expect(captures.stored).toBe(3);
    expect(captures.counts).toEqual({ '': 3 });
    expect(captures.waiting).toBe(0);
  });

  it('mark each tap of the camera before its photo goes, and a chosen file not', async () => {
    const asked: unknown[] = [];
    host.call.mockImplementation((request: unknown) => Promise.resolve(asked.push(request)));
    const marks: (string | null | undefined)[] = [];
    host.capture.mockImplementation((_: Blob, given: CaptureArgs) => {
      marks.push(given.mark);
      return Promise.resolve({ draft: 'd1', captureSeq: 1, sha256: '', sizeBytes: 1, count: 1 });
    });
    const captures = new Captures(undefined);
    captures.add(new Promise(() => undefined), args);
    expect(asked, 'at the tap, not when the still is made').toHaveLength(1);
    const files = new Captures(undefined);
    files.add(photo('b'), { ...args, source: 'file-input' });
    files.add(photo('c'), args);
    await settled();
    expect(marks[0]).toBeNull();
    expect(asked).toContainEqual({ do: 'shutter', mark: marks[1] });
    expect(asked).toHaveLength(2);
  });

  it('stop at one that was not stored, and store it once it can be', async () => {
    const captures = new Captures(undefined);
    broken = true;
    captures.add(photo('a'), args);
    captures.add(photo('b'), args);
    await settled();
    expect(captures.failure?.code).toBe('disk-full');
    expect(captures.ready).toBe(false);
    expect(captures.waiting).toBe(2);
    expect(captures.counts, 'nothing is ticked before it is stored').toEqual({});
    broken = false;
    captures.retry();
    await settled();
    expect(seen.map((one) => one.text)).toEqual(['a', 'b']);
    expect(captures.ready).toBe(true);
  });

  it('let go of the failed one alone when it is taken again', async () => {
    const captures = new Captures(undefined);
    broken = true;
    captures.add(photo('a'), { ...args, shot: 'panorama' });
    captures.add(photo('b'), args);
    await settled();
    broken = false;
    expect(captures.drop()).toBe('panorama');
    await settled();
    expect(seen.map((one) => one.text)).toEqual(['b']);
  });

  it('go in the order of the shutter whichever still is made first', async () => {
    const captures = new Captures(undefined);
    const late = new Promise<Blob>((resolve) => setTimeout(() => resolve(new Blob(['a'])), 20));
    captures.add(late, args);
    captures.add(photo('b'), args);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(seen.map((one) => one.text)).toEqual(['a', 'b']);
  });

  it('say that the camera gave no picture, and go on with the others once it is let go', async () => {
    const captures = new Captures(undefined);
    captures.add(Promise.reject(new Error('no frame')), { ...args, shot: 'panorama' });
    captures.add(photo('b'), args);
    await settled();
    expect(captures.failure?.code).toBe('no-picture');
    expect(captures.drop()).toBe('panorama');
    await settled();
    expect(seen.map((one) => one.text)).toEqual(['b']);
    expect(captures.ready).toBe(true);
  });

  it('grey the shutter while two stills are being made, and when eight wait', async () => {
    const making = new Captures(undefined);
    making.add(new Promise(() => undefined), args);
    expect(making.ready).toBe(true);
    making.add(new Promise(() => undefined), args);
    expect(making.ready).toBe(false);

    host.capture.mockImplementation(() => new Promise(() => undefined));
    const slow = new Captures(undefined);
    for (let n = 1; n <= 8; n++) {
      slow.add(photo(String(n)), args);
      await settled();
      expect(slow.ready, `${n} wait`).toBe(n < 8);
    }
  });

  it('by the platform’s own camera: the tap is marked when its turn comes, and no byte passes here', async () => {
    const asked: unknown[] = [];
    host.call.mockImplementation((request: unknown) => Promise.resolve(asked.push(request)));
    const given: CaptureArgs[] = [];
    const take = (args: CaptureArgs): Promise<CaptureView> => {
      given.push(args);
      if (broken) return Promise.reject(new host.Problem('not-stored'));
      return Promise.resolve({ draft: 'd1', captureSeq: 1, sha256: '', sizeBytes: 1, count: given.length });
    };
    const captures = new Captures(undefined);
    captures.addOwn(take, { ...args, shot: 'panorama' });
    await settled();
    expect(captures.stored).toBe(1);
    expect(captures.counts).toEqual({ panorama: 1 });
    expect(asked).toEqual([{ do: 'shutter', mark: given[0]?.mark }]);
    broken = true;
    captures.addOwn(take, args);
    await settled();
    expect(captures.failure?.code).toBe('not-stored');
    expect(given[1]?.draft).toBe('d1');
    expect(host.capture).not.toHaveBeenCalledWith(expect.anything(), given[1]);
    broken = false;
    captures.retry();
    await settled();
    expect(captures.waiting).toBe(0);
    expect(given[2]?.mark, 'another photo, another moment').not.toBe(given[1]?.mark);
  });
});
