/** Who is signed in. `unknown` until the server has been asked once. */

import { ApiError, currentSession, signIn, signOut } from '../api';
import type { Session } from '../wire';

class Account {
  session = $state<Session | null>(null);
  asked = $state(false);
  /** The server could not be reached when asked. */
  offline = $state(false);
  /** A session that ran out in the middle of work: the sign-in screen says so. */
  expired = $state(false);
  private last: string | null = null;

  /** Who may decide, look at packets, see the quarantine. The server keeps it; the screens only don't offer what it refuses. */
  get decides(): boolean {
    return this.is('reviewer', 'supervisor');
  }

  get looks(): boolean {
    return this.is('reviewer', 'supervisor', 'auditor');
  }

  get seesQuarantine(): boolean {
    return this.is('reviewer', 'supervisor', 'administrator', 'auditor');
  }

  get administers(): boolean {
    return this.is('administrator');
  }

  private is(...roles: string[]): boolean {
    return this.session !== null && roles.includes(this.session.role);
  }

  async ask(): Promise<void> {
    this.offline = false;
    try {
      this.session = await currentSession();
      this.last = this.session.account;
    } catch (cause) {
      this.session = null;
      this.offline = cause instanceof ApiError && cause.code === 'offline';
    }
    this.asked = true;
  }

  /** Signs in. `onOther` runs first when this is another account than the one before it in this page. */
  async enter(name: string, password: string, onOther: () => void): Promise<void> {
    const session = await signIn(name, password);
    if (this.last !== null && this.last !== session.account) onOther();
    this.last = session.account;
    this.session = session;
    this.expired = false;
  }

  async leave(): Promise<void> {
    await signOut();
    this.session = null;
  }

  /** Every failed request passes here: an expired session leads back to the sign-in screen. */
  noticed(cause: unknown): string {
    const code = cause instanceof ApiError ? cause.code : 'internal';
    if (code === 'unauthenticated' && this.session) {
      this.session = null;
      this.expired = true;
    }
    return code;
  }
}

export const account = new Account();
