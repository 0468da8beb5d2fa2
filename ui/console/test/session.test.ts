import { beforeEach, describe, expect, it, vi } from 'vitest';

const { signIn, ApiError } = vi.hoisted(() => {
  class ApiError extends Error {
    constructor(
      readonly code: string,
      readonly status = 0,
    ) {
      super(code);
    }
  }
  return { signIn: vi.fn<(account: string) => Promise<unknown>>(), ApiError };
});
vi.mock('../src/api', () => ({ signIn, ApiError, currentSession: vi.fn(), signOut: vi.fn() }));

const { account } = await import('../src/state/session.svelte');

describe('the session', () => {
  beforeEach(() => {
    signIn.mockImplementation((name) => Promise.resolve({ account: name, name, role: 'reviewer', csrf: 'c', origin: 'o' }));
  });

  it('tells when another account follows, and not when the same one comes back', async () => {
    const onOther = vi.fn();
    await account.enter('chen', 'p', onOther);
    await account.enter('chen', 'p', onOther);
    expect(onOther).not.toHaveBeenCalled();
    await account.enter('lu', 'p', onOther);
    expect(onOther).toHaveBeenCalledOnce();
  });

  it('ends when the server no longer knows it, and only then', async () => {
    await account.enter('chen', 'p', () => undefined);
    expect(account.noticed(new ApiError('offline'))).toBe('offline');
    expect(account.session?.account).toBe('chen');
    expect(account.noticed(new ApiError('unauthenticated', 401))).toBe('unauthenticated');
    expect(account.session).toBeNull();
    expect(account.expired).toBe(true);
  });

  it.each([
    ['reviewer', true, true, true],
    ['supervisor', true, true, true],
    ['auditor', false, true, true],
    ['administrator', false, false, true],
    ['dispatcher', false, false, false],
  ])('offers a %s what the server allows', async (role, decides, looks, quarantine) => {
    signIn.mockResolvedValue({ account: role, name: role, role, csrf: 'c', origin: 'o' });
    await account.enter(role, 'p', () => undefined);
    expect([account.decides, account.looks, account.seesQuarantine]).toEqual([decides, looks, quarantine]);
  });
});
