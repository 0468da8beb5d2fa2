import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const { decide, ApiError } = vi.hoisted(() => {
  class ApiError extends Error {
    constructor(
      readonly code: string,
      readonly status = 0,
    ) {
      super(code);
    }
  }
  return { decide: vi.fn<(id: string, request: unknown) => Promise<void>>(), ApiError };
});
vi.mock('../src/api', () => ({ decide, ApiError, currentSession: vi.fn(), signIn: vi.fn(), signOut: vi.fn() }));

const { GRACE_MS, pending, whenSent } = await import('../src/state/pending.svelte');
type Waiting = NonNullable<typeof pending.waiting>;

const decision = (id: string): Waiting => ({ id, title: `packet ${id}`, decision: 'accepted', reason: null, packetDigest: 'ab'.repeat(32) });
const asked = (): string[] => decide.mock.calls.map(([id]) => id);

describe('a decision', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    decide.mockReset().mockResolvedValue();
    whenSent(() => undefined);
  });
  afterEach(() => {
    pending.undo();
    pending.failed = [];
    vi.useRealTimers();
  });

  it('waits five seconds before it is sent, and is bound to the digest that was seen', async () => {
    pending.put(decision('a'));
    await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
    expect(asked()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(decide).toHaveBeenCalledWith('a', { decision: 'accepted', reason: null, packet_digest: 'ab'.repeat(32) });
    expect(pending.waiting).toBeNull();
  });

  it('that is undone is never sent', async () => {
    pending.put(decision('a'));
    expect(pending.undo()?.id).toBe('a');
    await vi.advanceTimersByTimeAsync(10 * GRACE_MS);
    expect(asked()).toEqual([]);
  });

  it('sends the one before it at once, in order', async () => {
    pending.put(decision('a'));
    pending.put(decision('b'));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect(asked()).toEqual(['a', 'b']);
  });

  it('that could not be sent stays, and goes out once when sent again', async () => {
    decide.mockRejectedValueOnce(new ApiError('offline'));
    pending.put(decision('a'));
    await pending.flush();
    expect(pending.failed.map(({ what, code }) => [what.id, code])).toEqual([['a', 'offline']]);
    const [entry] = pending.failed;
    if (entry) pending.retry(entry.what);
    await pending.flush();
    expect(pending.failed).toEqual([]);
    expect(asked()).toEqual(['a', 'a']);
  });

  it('never goes out in the name of another who signs in', async () => {
    decide.mockRejectedValueOnce(new ApiError('unauthenticated'));
    pending.put(decision('a'));
    await pending.flush();
    pending.put(decision('b'));
    pending.forget();
    await vi.advanceTimersByTimeAsync(10 * GRACE_MS);
    expect(asked()).toEqual(['a']);
    expect(pending.failed).toEqual([]);
  });

  it('counts as gone while it waits or is under way, and no longer when it failed', async () => {
    decide.mockRejectedValueOnce(new ApiError('conflict'));
    pending.put(decision('a'));
    expect(pending.has('a')).toBe(true);
    const sent = pending.flush();
    expect(pending.has('a')).toBe(true);
    await sent;
    expect(pending.has('a')).toBe(false);
  });
});
