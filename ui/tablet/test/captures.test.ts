/** The queue behind the shutter: in order, into one draft, and a photo that was not stored is never dropped silently. */
import type { CaptureArgs } from '@fieldseal/shared/bindings.ts';
import { beforeEach, describe, expect, it, vi } from 'vitest';

const host = vi.hoisted(() => {
  class Problem extends Error {
    code: string;
    constructor(code: string) {
      super(code);
      this.code = code;
    }
    static from(thrown: unknown): Problem {
      return thrown instanceof Problem ? thrown : new Problem('internal');
    }
  }
  return { Problem, capture: vi.fn(), call: vi.fn() };
});
vi.mock('../src/host.ts', () => host);
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

  it('grey the shutter when too many wait', () => {
    const captures = new Captures(undefined);
    for (let i = 0; i < 4; i++) captures.add(new Promise(() => undefined), args);
    expect(captures.ready).toBe(false);
  });
});
